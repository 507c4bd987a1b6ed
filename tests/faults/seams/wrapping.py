"""Puts a function of ours around one of the product's, where the product looks it up."""

import importlib
from collections.abc import Callable
from typing import Any

Wrapped = Callable[..., Any]


def wrap(where: str, around: Callable[[Wrapped], Wrapped]) -> None:
    """Replace `module:name` or `module:Class.name` by what `around` makes of it. Raises as `find` does."""
    owner, function = find(where)
    setattr(owner, function, around(getattr(owner, function)))


def find(where: str) -> tuple[Any, str]:
    """What holds the function, and its name there.

    Raises AttributeError when it has moved: a seam that is not there any more must not be passed over in silence.
    """
    module, _, name = where.partition(":")
    owner: Any = importlib.import_module(module)
    *within, function = name.split(".")
    for part in within:
        owner = getattr(owner, part)
    getattr(owner, function)
    return owner, function
