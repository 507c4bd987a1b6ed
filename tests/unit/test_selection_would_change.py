"""Who would be screened or rated otherwise by other rules, and who would not."""

from decimal import Decimal
from typing import Any

from services.selection import eligibility
from services.selection.applicant import Applicant
from services.selection.programme import OpenProgramme
from services.selection.scoring import Scores
from services.selection.would_change import MOST_SHOWN, Comparison, Kind
from shared.contracts.registration import Programme
from tests.builders import facts, programme

HELD = programme()


def somebody(number: int = 1, written: str | None = None, interview: str | None = None, **changes: Any) -> Applicant:
    """Screened by `HELD`; with scores where they are given."""
    found = Applicant(_id=f"a{number}", registration_no=f"UJI-1-{number:04}", facts=facts(**changes))
    eligibility.screen(found, OpenProgramme(_id="UJI-1", revision=1, definition=HELD), [])
    if written and interview:
        found.scores = Scores(written=Decimal(written), interview=Decimal(interview), total=None)
    return found


def compared(wanted: Programme, *people: Applicant, trained_in: tuple[str, ...] = ()) -> dict[str, Any]:
    comparison = Comparison(held=HELD, wanted=wanted)
    for one in people:
        comparison.take(one, trained_in)
    return comparison.told()


def rules(**changes: Any) -> Programme:
    return programme(eligibility=HELD.eligibility.model_dump() | changes)


def weights(**changes: Any) -> Programme:
    return programme(selection=HELD.selection.model_dump() | changes)


def kinds(told: dict[str, Any]) -> dict[Kind, int]:
    return {kind: people for kind, people in told["counts"].items() if people}


def test_the_same_rules_change_nobody() -> None:
    told = compared(HELD, somebody(1), somebody(2, age=16), somebody(3, written="50", interview="50"))
    assert (told["screened"], kinds(told), told["items"], told["left_out"]) == (3, {}, [], 0)


def test_a_stricter_rule_refuses_and_a_looser_one_lets_pass_or_leaves_other_reasons() -> None:
    people = somebody(1, age=20), somebody(2, age=17), somebody(3, age=17, occupation="employed")
    stricter = compared(rules(minimum_age=21), *people)
    assert kinds(stricter) == {Kind.WOULD_BE_REFUSED: 1}
    assert [(one["registration_no"], one["now"]["reasons"], one["then"]["reasons"]) for one in stricter["items"]] == [
        ("UJI-1-0001", [], ["under_age"])
    ]
    looser = compared(rules(minimum_age=None), *people)
    assert kinds(looser) == {Kind.WOULD_PASS: 1, Kind.OTHER_REASONS: 1}
    assert looser["items"][1]["now"]["reasons"] == ["under_age", "employed"]
    assert looser["items"][1]["then"]["reasons"] == ["employed"]


def test_what_staff_overruled_stays_overruled_and_known_training_counts() -> None:
    let_in = somebody(1, age=20)
    let_in.overruled = {"under_age": "izin"}
    assert kinds(compared(rules(minimum_age=30), let_in)) == {}
    assert kinds(compared(HELD, somebody(1), trained_in=("Las 2024",))) == {Kind.WOULD_BE_REFUSED: 1}


def test_other_weights_move_people_across_the_pass_mark() -> None:
    good_writer, good_speaker = somebody(1, "60", "40"), somebody(2, "40", "70")
    # totals 52 and 52 by 60:40, and below 55; 56 and 46 by 80:20; 46 and 64 by 20:80
    told = compared(weights(written_weight=0.8, interview_weight=0.2), good_writer, good_speaker)
    assert (kinds(told), told["totals_changed"]) == ({Kind.WOULD_RISE_ABOVE: 1}, 2)
    assert told["items"][0]["now"] == {"reasons": [], "total": 52.0, "below_pass_mark": True}
    assert told["items"][0]["then"] == {"reasons": [], "total": 56.0, "below_pass_mark": False}
    lower = compared(weights(pass_mark=50), good_writer, good_speaker)
    assert (kinds(lower), lower["totals_changed"]) == ({Kind.WOULD_RISE_ABOVE: 2}, 0)
    higher = compared(weights(pass_mark=70), somebody(1, "60", "70"))
    assert kinds(higher) == {Kind.WOULD_FALL_BELOW: 1}


def test_whoever_is_refused_either_way_is_not_told_for_their_total() -> None:
    refused = somebody(1, "60", "70", age=16)
    assert kinds(compared(weights(pass_mark=70), refused)) == {}


def test_the_first_are_shown_whatever_the_order_and_the_others_counted() -> None:
    people = [somebody(number) for number in range(MOST_SHOWN + 5, 0, -1)]
    told = compared(rules(minimum_age=30), *people)
    assert [one["registration_no"] for one in told["items"]] == [f"UJI-1-{n:04}" for n in range(1, MOST_SHOWN + 1)]
    assert (told["counts"][Kind.WOULD_BE_REFUSED], told["left_out"]) == (MOST_SHOWN + 5, 5)


def test_whoever_is_not_screened_yet_is_counted_apart() -> None:
    told = compared(rules(minimum_age=30), Applicant(_id="a1", facts=facts()), Applicant(_id="a2"))
    assert (told["screened"], told["unscreened"]) == (0, 2)
