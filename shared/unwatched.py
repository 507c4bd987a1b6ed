"""Work that holds very many objects at once, without the garbage collector stopping everybody to look at them."""

import contextlib
import gc
from collections.abc import Iterator

_NEVER = 1 << 30
_NEW = 10_000  # objects after which the collector looks at the new ones; a batch of events makes some thousands

_blocks = 0
_usual = gc.get_threshold()


def settle() -> None:
    """From now on the collector does not look at what there is now: after its start, what a service consists of.

    To look at those hundreds of thousands of objects, time and again, takes 100 to 200 ms in which nobody is served.
    At what is new it looks more seldom: while a batch of events is handled, nearly all of it is still in use.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW, *gc.get_threshold()[1:])


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """Within the block the collector looks at what is new, and not at what has been looked at twice.

    A full collection takes as long as there are objects: of a hundred thousand rows that is most of a second, now and
    then, in which no thread runs. They are freed as ever when nobody refers to them; only rings of them have to wait
    until the last such block has ended.
    """
    global _blocks, _usual
    if not _blocks:
        _usual = gc.get_threshold()
        gc.set_threshold(*_usual[:2], _NEVER)
    _blocks += 1
    try:
        yield
    finally:
        _blocks -= 1
        if not _blocks:
            gc.set_threshold(*_usual)
