"""Stands first on the PYTHONPATH of a service under test: once a service has been imported, its seams are laid open.

Python imports this by its name at every start. Without JALUR_SEAMS, and in processes that are no service, it does
nothing.
"""

import os
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_COMPOSITION_ROOT = re.compile(r"services\.(\w+)\.app")


class AfterImport(MetaPathFinder):
    """Lets `services.<name>.app`, and with it all of the service, be imported as it is, and patches it then."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root = _COMPOSITION_ROOT.fullmatch(fullname)
        spec = PathFinder.find_spec(fullname, path, target) if root else None
        if root is None or spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            from tests.faults.seams import installing

            installing.install(root[1], os.environ["JALUR_SEAMS"])

        spec.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return spec


if "JALUR_SEAMS" in os.environ:
    sys.meta_path.insert(0, AfterImport())
