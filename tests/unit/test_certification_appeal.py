"""Appeals: which results can be appealed against, who may judge one, and what upholding one changes."""

from datetime import date

import pytest

from services.certification import appeal
from services.certification.appeal import Filing, Outcome, same_person
from services.certification.trainee import Trainee
from shared.contracts.certification import AssessmentRecorded, Result
from shared.judging import Change, RowRefused
from shared.problems import Conflict, Invalid, NotFound
from tests.unit.certification_examples import FIRST_DAY, SECOND_DAY, SIGNED, assess, competent, programme, trainee

TODAY = date(2030, 6, 20)
FILING = Filing(explained=True, discussed=False, others_involved=False, reason="Unit kedua tidak diamati")


def failed(assessor: str | None = "Budi Santoso, S.T.") -> Trainee:
    person = trainee()
    assess(person, "K BK BK", assessor=assessor)
    return person


def file(person: Trainee, attempt: int = 1, filing: Filing = FILING) -> Change | None:
    return appeal.file(person, attempt, filing, programme(), TODAY, 14, SIGNED)


def filed() -> Trainee:
    person = failed()
    file(person)
    return person


def decide(person: Trainee, outcome: Outcome, *units: str, reason: str = "Sudah diamati") -> Change | None:
    return appeal.decide(person, 1, outcome, frozenset(units), reason, TODAY, SIGNED)


def test_an_appeal_has_a_day_on_which_it_is_due_and_is_filed_once() -> None:
    person = filed()
    [one] = person.appeals
    assert (one.due_on, one.scheme, one.decision) == (date(2030, 7, 4), "Juru las", None)
    assert person.ledger[-1].what == "appeal_filed" and person.ledger[-1].reason == FILING.reason
    assert file(person) is None
    with pytest.raises(Conflict, match="appealed_before"):
        file(person, filing=FILING.model_copy(update={"reason": "lain"}))


def test_only_the_latest_result_that_is_not_competent_can_be_appealed_against() -> None:
    with pytest.raises(Conflict, match="not_appealable"):
        file(competent())
    person = failed()
    assess(person, "K BK BK", assessed_on=SECOND_DAY)
    with pytest.raises(Conflict, match="not_appealable"):
        file(person)
    assert file(person, attempt=2) is not None
    with pytest.raises(NotFound, match="unknown_attempt"):
        file(person, attempt=3)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Budi Santoso, S.T.", "Drs. BUDI SANTOSO", True),
        ("Budi Santoso", "Muhammad Budi Santoso, M.T.", True),
        ("Budi Santoso", "Budi Hartono", False),
        ("Ir.", "Drs.", False),
    ],
)
def test_names_are_compared_without_titles(one: str, other: str, *, same: bool) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same


def test_whoever_tested_the_appellant_judges_no_appeal_of_theirs() -> None:
    person = filed()
    with pytest.raises(Conflict, match="assessor_tested"):
        appeal.assign(person, 1, "Drs. Budi Santoso", "", SIGNED)
    assert appeal.assign(person, 1, "Rina Wati", "", SIGNED) == Change([], [])
    assert appeal.assign(person, 1, "rina  wati", "", SIGNED) is None
    assert "Rina" not in person.ledger[-1].model_dump_json()


def test_nobody_s_choice_of_an_assessor_is_overwritten_unseen() -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    with pytest.raises(Conflict, match="assigned_meanwhile") as overtaken:
        appeal.assign(person, 1, "Dewi Lestari", "", SIGNED)
    told = overtaken.value.extra
    assert (told["theirs"], told["by"], told["at"]) == ("Rina Wati", SIGNED.by, SIGNED.at.isoformat())
    assert appeal.assign(person, 1, "Rina Wati", "", SIGNED) is None
    assert appeal.assign(person, 1, "Dewi Lestari", "RINA WATI", SIGNED) == Change([], [])
    assert person.appeals[0].assessor == "Dewi Lestari"


def test_an_earlier_assessor_and_one_whose_result_was_corrected_are_refused_too() -> None:
    person = failed()
    assess(person, "K BK K", assessor="Tono Wijaya")  # a correction: who was named first may have tested all the same
    file(person)
    with pytest.raises(Conflict, match="assessor_tested"):
        appeal.assign(person, 1, "Budi Santoso", "", SIGNED)


def test_nobody_judges_while_it_is_unknown_who_tested() -> None:
    person = failed(assessor=None)
    file(person)
    with pytest.raises(Conflict, match="assessor_not_recorded"):
        appeal.assign(person, 1, "Rina Wati", "", SIGNED)


def test_an_appeal_is_decided_by_an_assessor_and_once() -> None:
    person = filed()
    with pytest.raises(Conflict, match="no_assessor"):
        decide(person, Outcome.DISMISSED)
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    assert decide(person, Outcome.DISMISSED) == Change([], [])
    assert person.attempts[0].result is Result.NOT_YET_COMPETENT
    assert decide(person, Outcome.DISMISSED) is None
    with pytest.raises(Conflict, match="appeal_decided"):
        decide(person, Outcome.UPHELD, "U.2", "U.3")
    with pytest.raises(Conflict, match="appeal_decided"):
        appeal.assign(person, 1, "Orang Lain", "", SIGNED)


def test_an_upheld_appeal_supersedes_the_result_under_the_same_attempt() -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    change = decide(person, Outcome.UPHELD, "U.2", "U.3")
    assert change is not None
    [event] = change.events
    assert isinstance(event, AssessmentRecorded)
    assert (event.attempt, event.result) == (1, Result.COMPETENT)
    assert [one.result for one in person.superseded] == [Result.NOT_YET_COMPETENT]
    assert [entry.what for entry in person.ledger[-2:]] == ["appeal_decided", "assessment_corrected"]


def test_upholding_a_part_leaves_somebody_not_yet_competent() -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    decide(person, Outcome.UPHELD, "U.2")
    assert person.attempts[0].result is Result.NOT_YET_COMPETENT
    assert [unit.competent for unit in person.attempts[0].units] == [True, True, False]


@pytest.mark.parametrize("units", [(), ("U.1",), ("U.9",)])
def test_upholding_names_units_that_were_lacking(units: tuple[str, ...]) -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    with pytest.raises(Invalid, match="nothing_upheld"):
        decide(person, Outcome.UPHELD, *units)


def test_no_sheet_takes_back_what_an_appeal_has_changed() -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    decide(person, Outcome.UPHELD, "U.2", "U.3")
    assert assess(person, "K BK BK", assessed_on=FIRST_DAY) is None
    with pytest.raises(RowRefused, match="decided_on_appeal"):
        assess(person, "BK K K", assessed_on=FIRST_DAY)
    assert person.attempts[0].result is Result.COMPETENT


def test_units_that_are_named_beside_a_dismissal_change_nothing() -> None:
    person = filed()
    appeal.assign(person, 1, "Rina Wati", "", SIGNED)
    assert decide(person, Outcome.DISMISSED, "J.24SMW00.006.1") == Change([], [])
    assert decide(person, Outcome.DISMISSED) is None
    [one] = person.appeals
    assert one.decision is not None and one.decision.competent == []
    assert assess(person, "K K K") is not None  # the body may still correct its result
