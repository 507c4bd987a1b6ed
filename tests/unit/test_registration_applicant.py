"""A registration is corrected, withdrawn and kept on record without naming anybody outside its sealed fields."""

import json
from datetime import UTC, date, datetime

import pytest

from services.registration.admission import Submission
from services.registration.applicant import Applicant
from services.registration.cleaning import Unusable, clean
from services.registration.discretion import naming_nobody
from services.registration.programme import parse
from services.registration.vault import Vault
from shared.cells import Cell, moment
from shared.contracts import Event
from shared.contracts.registration import ApplicantCorrected, ApplicantRegistered, ApplicantWithdrawn
from shared.ledger import Signature
from shared.problems import NotFound
from tests.unit.registration_examples import ON, PROGRAMME, ROW, changed

VAULT = Vault("k1:" + "f" * 32, "p" * 32)
SIGNED = Signature("petugas", datetime(2026, 2, 1, tzinfo=UTC))
PERSONAL = ("Siti", "AMINAH", "3376014107990012", "0987", "Melati", "1999")


def registered() -> tuple[Applicant, list[Event]]:
    cleaned = clean(ROW, PROGRAMME, ON)
    submission = Submission(2, moment("2026-01-10 08:00"), VAULT.person_id(cleaned.person.nik), cleaned)
    applicant = Applicant(_id="a1")
    events = applicant.register(VAULT, PROGRAMME, submission, 7, SIGNED)
    applicant.version = 1
    return applicant, events


def correct(applicant: Applicant, reason: str = "salah ketik", **cells: Cell) -> list[Event] | None:
    return applicant.correct(VAULT, PROGRAMME, cells, reason, SIGNED)


def names_nobody(written: str) -> bool:
    return not any(personal.casefold() in written.casefold() for personal in PERSONAL)


def test_registering_publishes_the_facts_and_nobody() -> None:
    applicant, [event] = registered()
    assert isinstance(event, ApplicantRegistered)
    assert (event.applicant_id, event.registration_no) == ("a1", "LAS-2026-0007")
    assert event.registered_at == datetime(2026, 1, 10, 1, 0, tzinfo=UTC)
    assert event.choices == ["LAS-2"]
    assert event.person_id == applicant.person_id == VAULT.person_id("3376014107990012")
    assert names_nobody(event.model_dump_json())


def test_what_is_stored_names_nobody_and_can_be_opened() -> None:
    applicant, _ = registered()
    stored = applicant.model_dump(mode="json")
    assert names_nobody(json.dumps({**stored, "sealed": [], "name_tokens": [], "phone_token": "", "person_id": ""}))
    assert applicant.person(VAULT) == clean(ROW, PROGRAMME, ON).person
    assert Applicant.model_validate({"_id": "a1", **stored}).person(VAULT).name == "Siti Nur AMINAH"


def test_only_the_fields_asked_for_are_opened() -> None:
    applicant, _ = registered()
    assert applicant.revealed(VAULT, ["phone", "email"]) == {"phone": "+6281234500987"}


def test_a_corrected_fact_is_published_with_all_the_others() -> None:
    applicant, _ = registered()
    [event] = correct(applicant, occupation="Kuliah") or []
    assert isinstance(event, ApplicantCorrected)
    assert (event.occupation, event.education, event.choices) == ("studying", "SMA", ["LAS-2"])
    assert event.previous_person_id == event.person_id
    assert applicant.ledger[-1].detail == {"personal_fields": [], "facts": {"occupation": ["none", "studying"]}}


def test_a_corrected_nik_is_another_person_and_the_same_applicant() -> None:
    applicant, _ = registered()
    before = applicant.person_id
    [event] = correct(applicant, nik="3376 0141 0799 0013") or []
    assert isinstance(event, ApplicantCorrected)
    assert (event.previous_person_id, event.person_id) == (before, VAULT.person_id("3376014107990013"))
    assert applicant.id == "a1" and applicant.registration_no == "LAS-2026-0007"
    assert names_nobody(applicant.ledger[-1].model_dump_json())


def test_what_came_in_under_a_mistyped_nik_stays_the_applicants() -> None:
    applicant, _ = registered()
    correct(applicant, nik="3376 0141 0799 0013")

    def handed_in(at: str, **cells: Cell) -> bool:
        cleaned = clean({**ROW, **cells}, PROGRAMME, ON)
        return applicant.handed_in(VAULT, Submission(9, moment(at), VAULT.person_id(cleaned.person.nik), cleaned))

    assert handed_in("2026-01-10 08:00")
    assert handed_in("2026-01-12 09:30", name="siti nur aminah")
    assert not handed_in("2026-01-12 09:30", name="Siti Nur Azizah")  # whose NIK it is
    assert not handed_in("2026-01-10 08:00", nik="3376 0141 0799 0099")
    correct(applicant, nik="3376 0141 0799 0012")
    assert not handed_in("2026-01-10 08:00")


def test_a_corrected_phone_number_is_nobody_elses_business() -> None:
    applicant, _ = registered()
    token = applicant.phone_token
    assert correct(applicant, phone="081399911122") == []
    assert applicant.person(VAULT).phone == "+6281399911122"
    assert applicant.phone_token != token
    assert applicant.ledger[-1].detail["personal_fields"] == ["phone"]


def test_a_corrected_birth_date_counts_the_age_again() -> None:
    applicant, _ = registered()
    [event] = correct(applicant, birth_date="2009-07-01") or []
    assert isinstance(event, ApplicantCorrected) and event.age == 16


def test_a_correction_that_changes_nothing_is_none() -> None:
    applicant, _ = registered()
    assert correct(applicant, city="kota tegal", nik="3376.0141.0799.0012") is None
    assert len(applicant.ledger) == 1


def test_an_unusable_correction_changes_nothing() -> None:
    applicant, _ = registered()
    before = applicant.model_dump(mode="json", exclude={"sealed"})
    with pytest.raises(Unusable):
        correct(applicant, choice_1="Menjahit")
    assert applicant.model_dump(mode="json", exclude={"sealed"}) == before


def test_withdrawing_twice_keeps_the_first() -> None:
    applicant, _ = registered()
    [event] = applicant.withdraw(VAULT, "Siti diterima kerja, telp 0812-3450-0987", date(2026, 2, 1), SIGNED) or []
    assert isinstance(event, ApplicantWithdrawn)
    assert event.reason == "… diterima kerja, telp …"
    assert applicant.withdraw(VAULT, "lagi", date(2026, 2, 9), SIGNED) is None
    assert applicant.withdrawn_on == date(2026, 2, 1)


def test_nobody_unknown_is_corrected_or_withdrawn() -> None:
    with pytest.raises(NotFound):
        correct(Applicant(_id="nobody"), city="Kota Tegal")
    with pytest.raises(NotFound):
        Applicant(_id="nobody").withdraw(VAULT, "pindah", date(2026, 2, 1), SIGNED)


def test_a_moved_training_start_counts_ages_again() -> None:
    applicant, _ = registered()
    definition = changed("training.starts", "2027-08-01")
    definition["training"]["ends"] = "2027-09-01"
    moved = parse(definition)
    [event] = applicant.count_age_again(VAULT, moved, SIGNED) or []
    assert isinstance(event, ApplicantCorrected) and (event.age, event.reason) == (28, "training_start_moved")
    assert applicant.count_age_again(VAULT, moved, SIGNED) is None


def test_a_reason_names_nobody() -> None:
    person = clean({**ROW, "email": "siti@contoh.id"}, PROGRAMME, ON).person
    written = "NIK 3376.0141.0799.0012 milik siti nur aminah (siti@contoh.id), lahir 01/07/1999, situasi tetap"
    said = naming_nobody(written, person)
    assert names_nobody(said)
    assert "situasi tetap" in said
