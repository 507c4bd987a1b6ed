"""Work that holds very many objects at once, without the garbage collector stopping everybody to look at them."""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_EVERY = 500  # items; what they leave is looked at once or twice, which takes a millisecond

_blocks = 0


@contextlib.contextmanager
def unwatched() -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """Yields `each`, which passes items on and takes what they have left behind out of the collector's sight.

    A full collection takes as long as there are objects: of a hundred thousand rows that is most of a second, now and
    then, in which no thread runs. They are freed as ever when nobody refers to them; only rings of them have to wait
    until the last such block has ended.
    """
    global _blocks
    _blocks += 1
    try:
        yield _each
    finally:
        _blocks -= 1
        if not _blocks:
            gc.unfreeze()


def _each(items: Iterable[T]) -> Iterator[T]:
    for place, item in enumerate(items):
        if place % _EVERY == 0:
            gc.freeze()
        yield item
