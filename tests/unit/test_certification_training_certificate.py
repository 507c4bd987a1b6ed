from datetime import date
from typing import Any

import pytest

from services.certification import training_certificate
from services.certification.trainee import Trainee
from services.certification.training_certificate import Numbered, following
from shared.problems import Conflict, NotFound
from tests.unit.certification_examples import SIGNED, attend, programme, trainee

TODAY, LATER = date(2030, 6, 10), date(2030, 7, 1)


def issue(person: Trainee, number: int = 1, *, on: date = TODAY, again: bool = False) -> Any:
    numbered = Numbered(number, 0)
    return training_certificate.issue(person, "LAS-1", programme(), numbered, f"CODE{number}", on, SIGNED, again=again)


def completed() -> Trainee:
    person = trainee()
    attend(person)
    return person


@pytest.mark.parametrize(
    ("given", "skipped", "number"),
    [
        ([], 0, 1),
        ([Numbered(1, 0), Numbered(2, 0)], 0, 3),
        ([Numbered(2, 0)], 0, 3),  # none is filled in behind the others
        ([], 50, 51),  # restored: as many may have been given since the backup
        ([Numbered(7, 0)], 50, 58),
        ([Numbered(7, 0), Numbered(58, 50)], 50, 59),  # and are left out once
        ([Numbered(58, 50)], 80, 89),
    ],
)
def test_numbers_go_on_above_all_that_may_have_been_given(given: list[Numbered], skipped: int, number: int) -> None:
    assert following(given, skipped) == Numbered(number, skipped)


def test_issued_again_it_is_the_same_and_nothing_is_published() -> None:
    person = completed()
    change = issue(person)
    assert change is not None and change.events == []
    [held] = person.training_certificates
    assert (held.certificate_no, held.days, held.present) == ("LAS-2030/LAS-1/0001", 20, 18)
    assert issue(person, 2, on=LATER) is None and issue(person, 2, again=True) is None
    assert person.training_certificates == [held]
    assert person.certificates == []
    assert [one.what for one in person.ledger] == ["attendance_recorded", "training_certificate_issued"]
    assert "verify_code" not in person.ledger[-1].detail


@pytest.mark.parametrize("attendance", [None, {"present": 9}, {"note": "Mengundurkan diri"}])
def test_only_who_has_completed_gets_one(attendance: dict[str, Any] | None) -> None:
    person = trainee()
    if attendance is not None:
        attend(person, attendance, minimum=0.8)
    with pytest.raises(Conflict) as refused:
        issue(person)
    assert refused.value.code == "training_not_completed"
    assert person.training_certificates == []


def test_who_withdraws_afterwards_has_completed_still() -> None:
    person = completed()
    person.withdrawn = True
    assert issue(person) is not None


def test_one_that_states_other_days_is_outdated_and_stays_as_it_was_issued() -> None:
    person = completed()
    issue(person)
    [held] = person.training_certificates
    assert training_certificate.shown(person, held)["outdated"] is False
    attend(person, present=17)
    assert issue(person, 2) is None
    told = training_certificate.shown(person, held)
    assert (told["present"], told["outdated"], told["status"]) == (18, True, "valid")


def test_revoked_it_stays_so_and_another_one_has_another_number() -> None:
    person = completed()
    issue(person)
    no = "LAS-2030/LAS-1/0001"
    assert training_certificate.revoke(person, no, "Salah hari", LATER, SIGNED) is not None
    assert training_certificate.revoke(person, no, "Salah hari", LATER, SIGNED) is None
    with pytest.raises(Conflict, match="another reason"):
        training_certificate.revoke(person, no, "Lain", LATER, SIGNED)
    with pytest.raises(NotFound):
        training_certificate.revoke(person, "LAS-2030/LAS-1/0002", "Lain", LATER, SIGNED)
    with pytest.raises(Conflict) as refused:
        issue(person, 2)
    assert refused.value.code == "training_certificate_revoked"

    assert issue(person, 2, again=True) is not None
    told = [training_certificate.shown(person, one) for one in person.training_certificates]
    assert [(one["certificate_no"], one["status"], one["reason"]) for one in told] == [
        (no, "revoked", "Salah hari"),
        ("LAS-2030/LAS-1/0002", "valid", None),
    ]
    assert issue(person, 3, again=True) is None
