"""How lists of applicants are filtered and sorted: any filter is one facet, any sort one index.

An applicant carries a *facet* for each combination of filters that finds them. So any list is one range of one index,
and a page of it costs what is on it, however many applicants there are and however far down the page is.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, Literal, NamedTuple, get_args

from services.gateway.readmodel import Applicant
from shared.problems import Invalid
from shared.storage import IndexModel

SortName = Literal[
    "registration_no", "-registration_no", "registered_at", "-registered_at", "total", "-total", "rank", "-rank"
]
SORTS = get_args(SortName)

# where a sort finds its value; whoever has none comes last, whatever the direction
_FIELDS = {
    "registration_no": "number",
    "registered_at": "registered_us",
    "total": "scores.total",
    "rank": "decision.rank",
}
_NUMBER = "number"  # breaks ties: no two in a programme have the same
_HIGHEST = 1 << 53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """Of an applicant in a sorted list: the value it is sorted by, and the number."""

    value: float | None
    number: int


class Stretch(NamedTuple):
    """A part of a list that lies in one piece in an index."""

    where: dict[str, Any]
    order: list[tuple[str, int]]


def facet(stage: str | None = None, class_code: str | None = None, reason: str | None = None) -> str:
    """What finds those in a stage, in a class and with a reason, each if given."""
    return f"{stage or ''}|{reason or ''}|{class_code or ''}"


def facets(stage: str, class_code: str | None, reasons: Iterable[str]) -> list[str]:
    """All that find one applicant."""
    found = product(dict.fromkeys((None, stage)), dict.fromkeys((None, class_code)), dict.fromkeys((None, *reasons)))
    return [facet(*combined) for combined in found]


def indexes() -> list[IndexModel]:
    """One a sort; both directions use it."""
    return [
        IndexModel([(one, 1) for one in dict.fromkeys(("programme_code", "facets", field, _NUMBER))], name=f"by_{name}")
        for name, field in _FIELDS.items()
    ]


def index_of(sort: SortName) -> str:
    return f"by_{sort.removeprefix('-')}"


def stretches(sort: SortName, behind: Place | None) -> list[Stretch]:
    """What stands behind that place, from the first stretch to the last; without one, everything."""
    field, direction = _FIELDS[sort.removeprefix("-")], -1 if sort.startswith("-") else 1
    by_number = [(_NUMBER, direction)]
    by_value = [(field, direction), *by_number]
    beyond = "$lt" if direction < 0 else "$gt"
    if field == _NUMBER:
        return [Stretch({_NUMBER: {beyond: behind.number}} if behind else {}, by_number)]
    without = Stretch({field: None}, by_number)
    if behind is None:
        return [Stretch({field: {"$ne": None}}, by_value), without]
    tied = Stretch({field: behind.value, _NUMBER: {beyond: behind.number}}, by_number)
    return [tied] if behind.value is None else [tied, Stretch({field: {beyond: behind.value}}, by_value), without]


def place(applicant: Applicant, sort: SortName) -> Place:
    """Where somebody stands in a list sorted like this."""
    found: Any = applicant
    for step in _FIELDS[sort.removeprefix("-")].split("."):
        found = getattr(found, step) if found is not None else None
    return Place(found, applicant.number)


def cursor(last: Applicant, sort: SortName) -> str:
    """Where the page behind `last` begins."""
    return base64.urlsafe_b64encode(json.dumps([sort, *place(last, sort)]).encode()).decode()


def behind(cursor: str | None, sort: SortName) -> Place | None:
    """The place behind which a page begins. Raises Invalid for a cursor that we did not give, or for another sort."""
    if cursor is None:
        return None
    try:
        of, value, number = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        is_ours = of == sort and _is_number(number) and (value is None or _is_number(value))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        is_ours = False
    if not is_ours:
        raise Invalid("bad_cursor", "The cursor is not one of ours, or of a list in another order.")
    return Place(value, number)


def microseconds(at: datetime) -> int:
    """Since 1970; texts of times with and without a fraction do not sort as the times do."""
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= _HIGHEST
