"""What both sides say to a proposal: said twice is once, a refusal is for good, and nobody is overruled unseen."""

from typing import Any

import pytest

from services.placement import by_hand, match_list
from services.placement.graduate import Answer, Certificate, Graduate
from services.placement.match import Answered, Match
from services.placement.match_list import Standing
from services.placement.vacancy import Vacancy, read_terms
from services.placement.vacancy_list import Listed, Seats, listed
from shared.cells import day
from shared.contracts.placement import Party, Status
from shared.problems import Conflict, NotFound
from tests.unit.certification_examples import programme
from tests.unit.placement_examples import SIGNED, row

PROPOSED: dict[str, Any] = {
    "match_id": "m-1",
    "run_id": "r",
    "vacancy_id": "v-1",
    "employer": "PT X",
    "position": "Las",
}
ON = day("2030-08-01")


def proposed(**fields: Any) -> Graduate:
    held = {"match": Match(**PROPOSED, score=70, reasons=[]), "completed": True, "class_code": "LAS-1"}
    return Graduate.model_validate({"_id": "a-1", "programme_code": "LAS-2030", **held, **fields})


def said(party: str = "graduate", accepted: bool = True, seen: int = 0) -> Answered:
    return Answered(party=Party(party), accepted=accepted, seen=seen)


def test_a_match_is_agreed_when_both_have_accepted() -> None:
    graduate = proposed()
    first = graduate.answer("m-1", said(), None, SIGNED)
    assert first is not None and (first.party, first.accepted, first.agreed) == (Party.GRADUATE, True, False)
    assert graduate.match and match_list.standing(graduate.match) is Standing.ACCEPTED
    second = graduate.answer("m-1", said("employer", seen=1), None, SIGNED)
    assert second is not None and second.agreed
    assert graduate.match and match_list.standing(graduate.match) is Standing.AGREED
    assert [(one.what, one.detail["party"]) for one in graduate.ledger] == [
        ("match_accepted", "graduate"),
        ("match_accepted", "employer"),
    ]


def test_the_same_answer_again_changes_nothing() -> None:
    graduate = proposed()
    assert graduate.answer("m-1", said(), None, SIGNED) is not None
    assert graduate.answer("m-1", said(), None, SIGNED) is None
    assert graduate.answer("m-1", said(accepted=False, seen=1), "jauh", SIGNED) is not None
    assert graduate.answer("m-1", said(accepted=False, seen=1), "jauh", SIGNED) is None
    assert len(graduate.ledger) == 2


def test_a_refusal_is_for_good_and_the_pair_is_not_proposed_again() -> None:
    graduate = proposed()
    assert graduate.match is not None
    again = graduate.match.model_copy()
    refused = graduate.answer("m-1", said(accepted=False), "terlalu jauh", SIGNED)
    assert refused is not None and not refused.accepted and not refused.agreed
    assert graduate.match is None and graduate.refuses == {"v-1"}
    assert (graduate.ledger[-1].what, graduate.ledger[-1].reason) == ("match_refused", "terlalu jauh")
    assert graduate.propose(again, SIGNED) is None
    assert graduate.propose(again.model_copy(update={"vacancy_id": "v-2", "match_id": "m-2"}), SIGNED) is not None
    with pytest.raises(Conflict) as over:
        graduate.answer("m-1", said("employer", seen=0), None, SIGNED)
    assert over.value.code == "match_over" and over.value.extra["answers"] == [{"party": "graduate", "accepted": False}]


def test_whoever_has_not_seen_the_latest_answer_is_told_of_it() -> None:
    graduate = proposed()
    graduate.answer("m-1", said(), None, SIGNED)
    with pytest.raises(Conflict) as changed:
        graduate.answer("m-1", said("employer", accepted=False, seen=0), "penuh", SIGNED)
    assert changed.value.code == "changed_meanwhile"
    assert changed.value.extra["answers"] == [{"party": "graduate", "accepted": True}]
    assert graduate.match is not None and len(graduate.match.answers) == 1


def test_nobody_answers_what_was_not_proposed() -> None:
    with pytest.raises(NotFound):
        proposed(match=None).answer("m-1", said(), None, SIGNED)


def offered(taken: int = 0, **cells: Any) -> Listed:
    [one] = listed([Vacancy(_id="v-1", terms=read_terms(row(**cells)))], {"v-1": Seats(taken)}, ON)
    return one


@pytest.mark.parametrize(
    ("fields", "taken", "reason"),
    [
        ({}, 0, None),
        ({"withdrawn": True}, 0, "withdrawn"),
        ({"completed": None}, 0, "not_a_graduate"),
        ({"match": Match(**PROPOSED, score=1, reasons=[])}, 0, "already_proposed"),
        ({"answers": [Answer(wave=3, status=Status.EMPLOYED, employer=None, started_on=None)]}, 0, "already_placed"),
        ({"refused": [Match(**PROPOSED, score=1, reasons=[])]}, 0, "refused_before"),
        ({}, 2, "no_seat_left"),
    ],
)
def test_what_even_staff_cannot_propose(fields: dict[str, Any], taken: int, reason: str | None) -> None:
    assert by_hand.forbidden(proposed(**{"match": None, **fields}), offered(taken)) == reason


def test_staff_are_warned_of_what_the_rules_would_not_let_through() -> None:
    held = Certificate(certificate_id="c", issued_on=day("2030-07-20"), valid_until=day("2033-07-20"))
    fine = proposed(match=None, education="SMK", certificates=[held])
    assert by_hand.warnings(fine, programme(), offered(), ON) == []
    poor = proposed(match=None, education="SD")
    assert by_hand.warnings(poor, programme(), offered(vocation="Menjahit", closes_on="31/07/2030"), ON) == [
        "other_vocation",
        "education_too_low",
        "no_valid_certificate",
        "vacancy_expired",
    ]
