"""What the page of a class's cover holds: what was typed, what is wrong with it, and how covers are told together."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, get_args

from starlette.datastructures import FormData

from services.gateway.api.cover import INSURANCES, MOST_PEOPLE, CoverState, Typed
from shared.problems import Invalid

STATES: Final[tuple[CoverState, ...]] = get_args(CoverState)
DAY_FAULTS: Final = {"ends_before_it_starts": "akhir", "cover_too_long": "akhir", "cover_outside_training": "mulai"}
_SEEN, _NUMBER = "dilihat:", "kpj:"  # dilihat:<applicant>; kpj:<applicant>:<how often it had changed>
_LONGEST_REASON: Final = 500
_ROW: Final = "baris-"  # the row of an applicant
_NONE: Final = "-"  # as a number: take it away


class Period(NamedTuple):
    """Days and insurances that somebody of the class has, and how many have it in which state."""

    starts: str
    ends: str
    insurances: Sequence[str]
    states: Mapping[str, int]


class Filled(NamedTuple):
    """What stands in the form of a cover."""

    starts: str
    ends: str
    insurances: Sequence[str]
    state: str
    reason: str
    ticked: frozenset[str]


class Wrong(NamedTuple):
    """A fault of a form: the field it is at, the code, whom it concerns, and who was there first."""

    field: str
    code: str
    applicant_id: str = ""
    by: str = ""


def read_cover(form: FormData) -> tuple[Filled, dict[str, int], list[Wrong]]:
    """What was typed, for whom with how many changes seen, and what is wrong with it.

    With `semua` it is for everybody who has to be covered (`wajib`), else for whoever is ticked. Raises Invalid for a
    field that the page does not have.
    """
    seen = {name.removeprefix(_SEEN): str(value) for name, value in form.multi_items() if name.startswith(_SEEN)}
    filled = Filled(
        str(form.get("mulai", "")),
        str(form.get("akhir", "")),
        [one for one in map(str, form.getlist("jaminan")) if one in INSURANCES],
        str(form.get("keadaan", "")),
        str(form.get("alasan", "")).strip()[:_LONGEST_REASON],
        frozenset(map(str, form.getlist("wajib" if form.get("semua") else "orang"))),
    )
    people = {who: _times(written) for who, written in seen.items() if who in filled.ticked}
    _refuse_too_many(people)
    return filled, people, _faults(filled, people)


def read_numbers(form: FormData) -> dict[str, Typed]:
    """The numbers that were typed, by applicant; an empty field is none, a dash takes a number away.

    Raises Invalid for a field that the page does not have.
    """
    typed: dict[str, Typed] = {}
    for name, value in form.multi_items():
        written = str(value).strip()
        if name.startswith(_NUMBER) and written:
            _, applicant_id, seen = (*name.split(":"), "", "")[:3]
            typed[applicant_id] = Typed(kpj=None if written == _NONE else written[:100], seen=_times(seen))
    _refuse_too_many(typed)
    return typed


def refused_rows(refused: Iterable[Mapping[str, Any]]) -> list[Wrong]:
    """Who did not get the cover that was typed; days that are wrong for everybody are told once, at their field."""
    days = {one["reason"]: None for one in refused if one["reason"] in DAY_FAULTS}
    return [Wrong(DAY_FAULTS[reason], reason) for reason in days] + [
        Wrong(f"{_ROW}{one['applicant_id']}", one["reason"], one["applicant_id"], one.get("by", ""))
        for one in refused
        if one["reason"] not in DAY_FAULTS
    ]


def alike(wrong: Iterable[Wrong]) -> list[tuple[Wrong, list[str]]]:
    """The faults, each with the applicants it is told of: what is the same of many rows is told once, at the first."""
    found: dict[tuple[str, str, str], tuple[Wrong, list[str]]] = {}
    for one in wrong:
        place = _ROW if one.field.startswith(_ROW) else one.field
        found.setdefault((place, one.code, one.by), (one, []))[1].append(one.applicant_id)
    return list(found.values())


def _times(written: str) -> int:
    """How often something had changed when the page was made. Raises Invalid."""
    if not re.fullmatch(r"[0-9]{1,9}", written):
        raise Invalid("invalid", "The table is not as the page made it.")
    return int(written)


def _refuse_too_many(people: Mapping[str, Any]) -> None:
    if len(people) > MOST_PEOPLE:
        raise Invalid("too_many_people", f"{MOST_PEOPLE} people at most are recorded at once.")


def as_typed(number: Typed) -> str:
    return _NONE if number.kpj is None else str(number.kpj)


def suggested(
    chosen: Period | None, shown: Mapping[str, Any], people: Iterable[Mapping[str, Any]], cancel_of: str = ""
) -> Filled:
    """The form as it is opened: with the days of the training and everybody who lacks cover, or with that period and
    whoever of the class has it: theirs that was cancelled does not come to life again unless somebody ticks them.
    With `cancel_of` that period is to be cancelled, of that person alone.
    """
    if chosen is None:
        lacking = frozenset(one["applicant_id"] for one in people if one["gaps"])
        return Filled(shown["starts"], shown["ends"], INSURANCES, "requested", "", lacking)
    if cancel_of:
        return Filled(*chosen[:3], "cancelled", "", frozenset({cancel_of}))
    holders = frozenset(
        one["applicant_id"]
        for one in people
        for held in one["covers"]
        if one["has_place"] and _period(held) == chosen[:3] and held["state"] != "cancelled"
    )
    return Filled(*chosen[:3], "active", "", holders)


def _faults(filled: Filled, people: Mapping[str, int]) -> list[Wrong]:
    found = [
        Wrong(field, "not_a_date")
        for field, day in (("mulai", filled.starts), ("akhir", filled.ends))
        if not _is_day(day)
    ]
    if not found and filled.ends < filled.starts:
        found.append(Wrong("akhir", "ends_before_it_starts"))
    if not filled.insurances:
        found.append(Wrong("jaminan", "insurance_missing"))
    if filled.state not in STATES:
        found.append(Wrong("keadaan", "state_missing"))
    if filled.state == "cancelled" and not filled.reason:
        found.append(Wrong("alasan-batal", "cancel_reason_missing"))
    if not people:
        found.append(Wrong("peserta", "nobody_ticked"))
    return found


def _is_day(written: str) -> bool:
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _period(held: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    return held["starts"], held["ends"], sorted(held["insurances"])


def periods(people: Iterable[Mapping[str, Any]]) -> list[Period]:
    counted: dict[tuple[str, str, tuple[str, ...]], Counter[str]] = {}
    for one in people:
        for held in one["covers"]:
            starts, ends, insurances = _period(held)
            counted.setdefault((starts, ends, tuple(insurances)), Counter())[held["state"]] += 1
    return [Period(*known, states) for known, states in sorted(counted.items())]
