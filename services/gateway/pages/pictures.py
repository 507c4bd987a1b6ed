"""Who applied, as bars: each a group with those who registered, and those of them who got a place."""

from collections.abc import Sequence
from typing import NamedTuple

from services.gateway.portraits import Counted, Portrait

_MOST_BARS = 10


class Bar(NamedTuple):
    """`of` is how many there are at most in one bar of its picture; `note` tells more, such as a district's city."""

    label: str
    note: str
    counted: Counted
    of: int


class Pictures(NamedTuple):
    """Labels of `gender` are codes; of `ages` "20–24"; of `places` a district, or "" where nobody stated one."""

    gender: list[Bar]
    ages: list[Bar]
    places: list[Bar]
    elsewhere: Counted


def pictures(portrait: Portrait) -> Pictures:
    gender = [(code, "", counted) for code, counted in sorted(portrait.gender.items())]
    ages = [(_ages(band.youngest, band.oldest), "", band) for band in portrait.ages]
    places = [(place.district or "", place.city, place) for place in portrait.places]
    rest = [portrait.elsewhere, *(counted for _, _, counted in places[_MOST_BARS:])]
    elsewhere = Counted(registered=sum(one.registered for one in rest), accepted=sum(one.accepted for one in rest))
    return Pictures(_bars(gender), _bars(ages), _bars(places[:_MOST_BARS]), elsewhere)


def _bars(groups: Sequence[tuple[str, str, Counted]]) -> list[Bar]:
    most = max((counted.registered for _, _, counted in groups), default=0)
    return [Bar(label, note, counted, most) for label, note, counted in groups]


def _ages(youngest: int, oldest: int | None) -> str:
    if not youngest:
        return f"< {(oldest or 0) + 1}"
    return f"{youngest}–{oldest}" if oldest else f"≥ {youngest}"
