"""What erasing takes away and what it leaves, when it is refused, and when a programme's time is over."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.registration.admission import Submission
from services.registration.applicant import Applicant
from services.registration.cleaning import clean
from services.registration.erasure import erase, is_running
from services.registration.programme import BadDefinition, parse
from services.registration.retention import is_due, kept_until
from services.registration.rotation import seal_anew
from services.registration.vault import Unreadable, Vault
from shared.cells import JAKARTA
from shared.ledger import Signature
from shared.problems import Conflict
from tests.unit.registration_examples import DEFINITION, ON, PROGRAMME, ROW

VAULT = Vault("k1:" + "f" * 32, "p" * 32)
SIGNED = Signature("petugas", datetime(2026, 2, 1, tzinfo=UTC))
AT = datetime(2026, 1, 10, 8, tzinfo=JAKARTA)


def registered(**cells: Any) -> tuple[Applicant, Submission]:
    cleaned = clean({**ROW, **cells}, PROGRAMME, ON)
    submission = Submission(2, AT, VAULT.person_id(cleaned.person.nik), cleaned)
    applicant = Applicant(_id="a1", idempotency_key="siti-1")
    applicant.register(VAULT, PROGRAMME, submission, 1, SIGNED)
    applicant.version = 1
    return applicant, submission


def erased() -> Applicant:
    applicant, _ = registered()
    applicant.correct(VAULT, PROGRAMME, {"name": "Siti Nur Aminah"}, "ejaan nama Siti", SIGNED)
    assert erase(applicant, VAULT, "permintaan Siti Nur Aminah, 0812-3450-0987", SIGNED) == []
    return applicant


def test_erasing_leaves_nothing_that_says_who_it_was() -> None:
    applicant = erased()
    assert (applicant.sealed, applicant.name_tokens, applicant.phone_token) == ({}, [], None)
    assert (applicant.warnings, applicant.idempotency_key) == ([], None)
    assert [(one.what, one.reason) for one in applicant.ledger] == [
        ("registered", None),
        ("corrected", "ejaan nama …"),
        ("erased", "permintaan …, …"),
    ]
    left = applicant.model_dump_json()
    assert not any(said in left for said in ("Siti", "Aminah", "3376014107990012", "81234500987", "Melati"))


def test_an_erased_registration_keeps_its_number_facts_and_person_id() -> None:
    before, _ = registered()
    applicant = erased()
    assert applicant.registration_no == before.registration_no
    assert (applicant.facts, applicant.person_id) == (before.facts, before.person_id)


def test_erasing_again_changes_nothing() -> None:
    applicant = erased()
    assert erase(applicant, VAULT, "lagi", SIGNED) is None
    assert len(applicant.ledger) == 3


def test_somebody_whose_key_is_lost_can_be_erased() -> None:
    applicant, _ = registered()
    other = Vault("k9:" + "g" * 32, "p" * 32)
    assert erase(applicant, other, "kunci hilang, 0812-3450-0987", SIGNED) == []
    assert (applicant.sealed, applicant.ledger[-1].reason) == ({}, "kunci hilang, …")


def test_commands_about_an_erased_person_say_so() -> None:
    applicant = erased()
    commands: list[Callable[[], object]] = [
        lambda: applicant.correct(VAULT, PROGRAMME, {"name": "Ani"}, "salah", SIGNED),
        lambda: applicant.withdraw(VAULT, "pindah", ON, SIGNED),
    ]
    for command in commands:
        with pytest.raises(Conflict) as refused:
            command()
        assert refused.value.code == "erased"
    later = parse({**DEFINITION, "training": {"starts": "2027-02-16", "ends": "2027-03-13"}})
    assert applicant.count_age_again(VAULT, later, SIGNED) is None


def test_a_file_that_comes_again_finds_an_erased_person_whose_nik_was_corrected() -> None:
    applicant, submission = registered()
    applicant.correct(VAULT, PROGRAMME, {"nik": "3376014107990013"}, "salah ketik", SIGNED)
    erase(applicant, VAULT, "permintaan", SIGNED)
    assert applicant.handed_in(VAULT, submission)
    later = Submission(2, datetime(2026, 1, 11, tzinfo=JAKARTA), submission.person_id, submission.cleaned)
    assert not applicant.handed_in(VAULT, later)


def test_a_programme_runs_for_somebody_until_it_ends_or_they_withdraw() -> None:
    applicant, _ = registered()
    assert is_running(applicant, PROGRAMME, PROGRAMME.training.ends)
    assert not is_running(applicant, PROGRAMME, date(2026, 3, 14))
    applicant.withdraw(VAULT, "pindah", ON, SIGNED)
    assert not is_running(applicant, PROGRAMME, PROGRAMME.training.ends)


@pytest.mark.parametrize(
    ("ends", "months", "until"),
    [
        ("2026-03-13", 24, date(2028, 3, 13)),
        ("2026-03-31", 11, date(2027, 2, 28)),
        ("2026-12-31", 0, date(2026, 12, 31)),
    ],
)
def test_personal_data_are_kept_for_whole_months_after_the_end(ends: str, months: int, until: date) -> None:
    training = {"starts": "2026-02-16", "ends": ends}
    programme = parse({**DEFINITION, "training": training, "retention": {"personal_data_months": months}})
    assert kept_until(programme) == until
    assert not is_due(programme, until)
    assert is_due(programme, date.fromordinal(until.toordinal() + 1))


def test_without_a_retention_personal_data_are_kept() -> None:
    assert kept_until(PROGRAMME) is None
    assert not is_due(PROGRAMME, date(2100, 1, 1))


@pytest.mark.parametrize("wrong", [{"personal_data_months": -1}, {"personal_data_months": "24"}, {"months": 24}, 24])
def test_a_retention_that_says_nothing_is_refused(wrong: object) -> None:
    with pytest.raises(BadDefinition) as refused:
        parse({**DEFINITION, "retention": wrong})
    assert all(one.field.startswith("retention") for one in refused.value.errors)


def test_sealing_anew_changes_the_key_and_nothing_else() -> None:
    applicant, _ = registered()
    before = applicant.revealed(VAULT, applicant.sealed)
    assert seal_anew(applicant, VAULT) is None
    rotated = Vault("k2:" + "n" * 32 + ",k1:" + "f" * 32, "p" * 32)
    assert seal_anew(applicant, rotated) == []
    alone = Vault("k2:" + "n" * 32, "p" * 32)
    assert applicant.revealed(alone, applicant.sealed) == before
    assert seal_anew(applicant, rotated) is None


def test_a_key_that_was_taken_away_too_early_is_named() -> None:
    applicant, _ = registered()
    with pytest.raises(Unreadable) as missing:
        applicant.person(Vault("k2:" + "n" * 32, "p" * 32))
    assert (missing.value.code, missing.value.extra) == ("field_key_missing", {"key_id": "k1"})
    assert missing.value.status == 503


def test_fields_that_were_swapped_between_two_people_are_noticed() -> None:
    one, _ = registered()
    other = Applicant.model_validate({**one.model_dump(), "_id": "a2"})
    with pytest.raises(Unreadable) as damaged:
        other.person(VAULT)
    assert damaged.value.code == "sealed_value_damaged"
    one.sealed["birth_place"], one.sealed["address"] = one.sealed["address"], one.sealed["birth_place"]
    with pytest.raises(Unreadable):
        one.person(VAULT)
