"""What many candidates have alike is one object for all of them: a third of the memory of a large run."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from sys import intern


@lru_cache(maxsize=20_000)
def texts(written: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(intern, written))


@lru_cache(maxsize=20_000)  # 0 to 100, with two decimals, twice
def score(written: str) -> Decimal:
    """By its digits: 80 and 80.00 are equal, and are not written alike."""
    return Decimal(written)


def moment(at: datetime) -> datetime:
    """The same moment, written the same; readers make a zone of its own for each."""
    offset = at.utcoffset()
    return at if offset is None else at.replace(tzinfo=_zone(offset))


@lru_cache(maxsize=100)
def _zone(offset: timedelta) -> timezone:
    return timezone(offset)
