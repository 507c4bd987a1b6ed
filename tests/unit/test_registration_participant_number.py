"""The participant number of BPJS Ketenagakerjaan: how it may be written, and how it is kept, changed and forgotten."""

import pytest

from services.registration import participant_number
from services.registration.applicant import Applicant
from services.registration.erasure import erase
from services.registration.participant_number import NumberOvertaken, clean, masked, record, shown
from shared.cells import BadCell, Cell
from shared.problems import Conflict
from tests.unit.registration_examples import PROGRAMME
from tests.unit.test_registration_erasure import SIGNED, VAULT, registered

KPJ, OTHER = "25063771204", "25063771212"


@pytest.mark.parametrize("written", [KPJ, " 2506 3771-204", "'25063771204", 25063771204, 25063771204.0])
def test_a_number_is_read_however_it_is_grouped(written: Cell) -> None:
    assert clean(written) == KPJ


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        *((None, "missing"), (" - ", "missing"), ("2506377120", "kpj_length"), (5063771204, "kpj_length")),
        *(("2506377120A", "kpj_not_digits"), ("2.50637712E+10", "kpj_not_digits"), ("٢٥٠٦٣٧٧١٢٠٤", "kpj_not_digits")),
    ],
)
def test_what_is_no_number_is_told(written: Cell, reason: str) -> None:
    with pytest.raises(BadCell) as bad:
        clean(written)
    assert bad.value.reason == reason


def with_number() -> Applicant:
    applicant, _ = registered()
    assert record(applicant, VAULT, KPJ, SIGNED, seen=0) == []
    return applicant


def test_it_is_kept_sealed_and_shown_by_its_end() -> None:
    applicant = with_number()
    assert applicant.revealed(VAULT, ["kpj"]) == {"kpj": KPJ} and applicant.person(VAULT).kpj == KPJ
    assert shown(applicant, VAULT) == {"kpj": "*******1204", "changes": 1, "erased": False, "unreadable": []}
    assert KPJ not in applicant.model_dump_json() and masked(KPJ) not in applicant.model_dump_json()
    assert (applicant.ledger[-1].what, applicant.ledger[-1].detail) == (
        "participant_number_recorded",
        {"personal_fields": ["kpj"]},
    )


def test_repeating_it_changes_nothing_and_a_look_that_is_old_neither() -> None:
    applicant = with_number()
    assert record(applicant, VAULT, KPJ, SIGNED, seen=0) is None
    with pytest.raises(NumberOvertaken):
        record(applicant, VAULT, OTHER, SIGNED, seen=0)
    assert record(applicant, VAULT, OTHER, SIGNED, seen=1) == []
    assert record(applicant, VAULT, None, SIGNED, seen=2) == []
    assert "kpj" not in applicant.sealed and applicant.kpj_token is None
    assert participant_number.changes(applicant) == 3
    assert applicant.ledger[-1].what == "participant_number_removed"


def test_a_correction_of_something_else_keeps_it_and_can_not_state_it() -> None:
    applicant = with_number()
    token = applicant.kpj_token
    applicant.correct(VAULT, PROGRAMME, {"name": "Siti Aminah", "kpj": OTHER}, f"kata kartu {KPJ}", SIGNED)
    assert applicant.revealed(VAULT, ["kpj"]) == {"kpj": KPJ} and applicant.kpj_token == token is not None
    assert (applicant.ledger[-1].reason, applicant.ledger[-1].detail["personal_fields"]) == ("kata kartu …", ["name"])


def test_it_is_erased_with_the_rest_and_does_not_come_back() -> None:
    applicant = with_number()
    erase(applicant, VAULT, "diminta", SIGNED)
    assert (applicant.sealed, applicant.kpj_token) == ({}, None)
    with pytest.raises(Conflict):
        record(applicant, VAULT, KPJ, SIGNED)
    assert shown(applicant, VAULT) == {"kpj": None, "changes": 1, "erased": True, "unreadable": []}
