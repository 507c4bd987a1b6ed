"""A sheet that is only looked at changes nothing: whoever takes in a kind of sheet knows of `dry_run`."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, APIRouter

from services.gateway.kinds import BY_NAME, Kind


def _routes(service: str) -> Iterator[APIRoute]:
    package = importlib.import_module(f"services.{service}")
    for found in pkgutil.iter_modules(package.__path__):
        if found.name == "__main__":
            continue
        router = getattr(importlib.import_module(f"services.{service}.{found.name}"), "router", None)
        if isinstance(router, APIRouter):
            yield from (route for route in router.routes if isinstance(route, APIRoute))


@pytest.mark.parametrize("kind", BY_NAME.values(), ids=lambda kind: kind.name)
def test_the_owner_of_each_kind_can_judge_without_keeping(kind: Kind) -> None:
    takes_it = [route for route in _routes(kind.owner) if route.path == kind.path and "POST" in (route.methods or ())]
    assert [inspect.signature(route.endpoint).parameters["dry_run"].default for route in takes_it] == [False]
