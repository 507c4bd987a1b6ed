"""RabbitMQ as installed, seen without the plugins that are not used: the node then starts in two thirds of the time.

Erlang looks for each of some thousand modules in one plugin's directory after the other.
"""

import re
import shutil
from pathlib import Path

_PLUGIN = "rabbitmq_"
_WANTED = ("rabbit", "rabbitmq_prelaunch", "rabbitmq_management", "rabbitmq_prometheus", "rabbitmq_shovel")


def view(script: Path, directory: Path) -> Path:
    """Link what `script` belongs to into `directory`, made anew, without plugins that nothing wanted depends on.

    Returns the directory of the scripts to call: that of `script` itself where the installation looks unfamiliar, and
    where `directory` has a blank in its path, which RabbitMQ's scripts do not quote.
    """
    installed = script.resolve().parent.parent
    applications = {path.name.partition("-")[0]: path for path in (installed / "plugins").glob("*-*")}
    if " " in str(directory) or not (installed / "sbin").is_dir() or not set(_WANTED) <= set(applications):
        return script.resolve().parent
    needed = _with_dependencies(applications)
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "plugins").mkdir(parents=True)
    for part in ("sbin", "escript"):
        (directory / part).symlink_to(installed / part)
    for name, path in applications.items():
        if name in needed or not name.startswith(_PLUGIN):
            (directory / "plugins" / path.name).symlink_to(path)
    return directory / "sbin"


def _with_dependencies(applications: dict[str, Path]) -> set[str]:
    needed: set[str] = set()
    open_ = list(_WANTED)
    while open_:
        name = open_.pop()
        if name in applications and name not in needed:
            needed.add(name)
            description = applications[name] / "ebin" / f"{name}.app"
            open_ += re.findall(r"rabbitmq_\w+", description.read_text()) if description.exists() else []
    return needed
