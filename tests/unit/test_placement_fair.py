"""A job fair: which vacancies attend, who counts as having come, and what came of it."""

from datetime import date
from typing import Any

import pytest

from services.placement import fair_outcomes
from services.placement.fair import Details, Fair, Visit, cannot_come, fair_id
from services.placement.fair_outcomes import Visitor, Work
from services.placement.graduate import Graduate
from shared.problems import Conflict
from tests.unit.placement_examples import SIGNED

DAY = date(2030, 7, 10)


def details(**changes: Any) -> Details:
    return Details.model_validate({"name": "Bursa Kota", "held_on": DAY, "place": "GOR Jetayu", **changes})


def announced() -> Fair:
    fair = Fair(_id="f1")
    assert fair.announce(details(), 0, SIGNED, new=True) == []
    return fair


def visitor(number: int, answers: list[dict[str, Any]] | None = None, **matches: Any) -> Visitor:
    given = [{"wave": 3, "employer": None, "started_on": None, **one} for one in answers or []]
    return Visitor.model_validate({"_id": f"a{number}", "answers": given, **matches})


def match(vacancy: str, *accepted: bool, fair: str | None = "f1") -> dict[str, Any]:
    parties = ("graduate", "employer")
    answers = [{"party": parties[n], "accepted": one, "seen": n} for n, one in enumerate(accepted)]
    made = {"match_id": vacancy, "run_id": None, "fair_id": fair, "vacancy_id": vacancy, "answers": answers}
    return {**made, "employer": "PT", "position": "Juru las", "score": 1.0, "reasons": []}


def test_a_fair_is_the_same_by_name_and_day_and_two_clerks_do_not_overwrite_each_other() -> None:
    assert fair_id(details(name="bursa  KOTA", place="Lain")) == fair_id(details())
    assert fair_id(details(held_on=date(2030, 7, 11))) != fair_id(details())
    fair = announced()
    assert fair.announce(details(), 0, SIGNED, new=True) is None  # sent twice
    with pytest.raises(Conflict) as known:
        fair.announce(details(place="Lain"), 0, SIGNED, new=True)
    assert (known.value.code, known.value.extra["fair_id"]) == ("fair_known", "f1")
    fair.attend(["v1"], SIGNED)  # is no change of the details
    assert fair.announce(details(place="Alun-alun"), 1, SIGNED, new=False) == []
    with pytest.raises(Conflict) as changed:
        fair.announce(details(name="Lain"), 1, SIGNED, new=False)
    assert (changed.value.code, changed.value.extra["now"]["place"]) == ("changed_meanwhile", "Alun-alun")
    assert fair.announce(details(place="Alun-alun"), 1, SIGNED, new=False) is None
    assert [one.what for one in fair.ledger] == ["fair_announced", "fair_vacancies_added", "fair_changed"]
    assert fair.ledger[-1].detail["before"]["place"] == "GOR Jetayu"


def test_vacancies_attend_once_and_can_be_taken_out() -> None:
    fair = announced()
    assert fair.attend(["v1", "v2", "v1"], SIGNED) == []
    assert fair.attend(["v2"], SIGNED) is None
    assert fair.stay_away(["v3"], SIGNED) is None
    assert fair.stay_away(["v1", "v3"], SIGNED) == []
    assert fair.vacancies == ["v2"]
    assert [one.detail.get("vacancies") for one in fair.ledger] == [None, ["v1", "v2"], ["v1"]]


def test_nobody_has_come_before_the_day() -> None:
    with pytest.raises(Conflict, match="has not come"):
        announced().check_begun(date(2030, 7, 9))
    announced().check_begun(DAY)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"completed": True}, None),
        ({"completed": False}, "not_a_graduate"),
        ({}, "completion_unknown"),
        ({"completed": True, "withdrawn": True}, "withdrawn"),
    ],
)
def test_only_graduates_count_as_having_come(known: dict[str, Any], why: str | None) -> None:
    assert cannot_come(Graduate(_id="a1", **known)) == why


def test_a_visit_is_noted_once_and_can_be_retracted_and_noted_anew() -> None:
    visit, graduate = Visit(_id="f1:a1"), Graduate(_id="a1", programme_code="UJI-1", completed=True)
    assert visit.retract("salah", SIGNED) is None
    assert [visit.note(announced(), graduate, SIGNED) for _ in range(2)] == [[], None]
    assert [visit.retract("salah orang", SIGNED) for _ in range(2)] == [[], None]
    assert (visit.came, visit.ledger[-1].reason) == (False, "salah orang")
    assert visit.note(announced(), graduate, SIGNED) == []
    assert (visit.came, visit.fair_id, visit.applicant_id, visit.programme_code) == (True, "f1", "a1", "UJI-1")
    assert [one.what for one in visit.ledger] == ["fair_visited", "fair_visit_retracted", "fair_visited"]


@pytest.mark.parametrize(
    ("answers", "work"),
    [
        ([], Work.UNKNOWN),
        ([{"status": "unreachable"}], Work.UNKNOWN),
        ([{"status": "employed", "started_on": DAY}], Work.SINCE),
        ([{"status": "self_employed", "started_on": date(2030, 8, 1)}], Work.SINCE),
        ([{"status": "employed", "started_on": date(2030, 7, 9)}], Work.BEFORE),
        ([{"status": "employed"}], Work.START_UNKNOWN),
        ([{"status": "studying", "started_on": DAY}], Work.NO),
        ([{"status": "employed", "started_on": DAY, "wave": 3}, {"status": "unemployed", "wave": 6}], Work.NO),
    ],
)
def test_somebody_works_since_a_fair_only_when_the_start_is_known(answers: list[dict[str, Any]], work: Work) -> None:
    assert visitor(1, answers).work(DAY) is work


def test_outcomes_count_people_out_of_those_who_came() -> None:
    everybody = [
        visitor(1, [{"status": "employed", "started_on": DAY}], match=match("v1", True, True)),
        visitor(2, match=match("v2", True), refused=[match("v1", True, False)]),
        visitor(3, refused=[match("v1", False), match("v2", False)]),
        visitor(4, [{"status": "employed"}], match=match("v1", True, True, fair=None)),  # not at the fair
        visitor(5, [{"status": "employed", "started_on": DAY}], match=match("v9", True, True, fair="f2")),
    ]
    assert fair_outcomes.outcomes(everybody, "f1", DAY).model_dump() == {
        "came": 5, "proposed": 3, "proposals": 5, "agreed": 1, "refused": 1, "working": 2, "start_unknown": 1,
    }  # fmt: skip
    per_vacancy = fair_outcomes.per_vacancy(everybody, "f1")
    assert {one: (found.proposed, found.agreed) for one, found in per_vacancy.items()} == {"v1": (3, 1), "v2": (2, 0)}
    assert fair_outcomes.outcomes([], "f1", DAY).came == 0
