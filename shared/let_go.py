"""Goes through very many things, of which nobody needs those that have had their turn."""

from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


def let_go(things: list[T]) -> Iterator[T]:
    """Each in its order; the list holds none of them any more when it has come."""
    things.reverse()
    while things:
        yield things.pop()
