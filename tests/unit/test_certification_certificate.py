"""A certificate's number is recorded for somebody competent, and belongs to one person for ever."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.certification import certificate, verify_code
from services.certification.certificate import Standing, expiry, standing
from shared.cells import Cell
from shared.contracts.certification import CertificateIssued, CertificateRevoked
from shared.judging import RowRefused
from tests.unit.certification_examples import FIRST_DAY, SECOND_DAY, SIGNED, assess, certify, competent, trainee

NUMBER = "62019 2513 4 0005747 2030"
OTHER_NUMBER = "62019 2513 4 0005748 2030"


def test_a_certificate_is_recorded_with_its_body_and_published() -> None:
    person = competent()
    change = certify(person, certificate_no=f" {NUMBER} ", verify_code="ABC")
    assert change is not None
    [event] = change.events
    assert isinstance(event, CertificateIssued)
    assert (event.certificate_no, event.scheme, event.certification_body) == (NUMBER, "Juru las", "LSP Logam")
    assert (event.issued_on, event.valid_until) == (date(2030, 7, 20), date(2033, 7, 20))
    assert event.verify_code == "ABC"
    assert event.certificate_id == person.certificates[0].certificate_id
    assert change.warnings == []


def test_the_file_may_state_another_expiry() -> None:
    person = competent()
    certify(person, valid_until="31 Desember 2035")
    assert person.certificates[0].valid_until == date(2035, 12, 31)


@given(issued_on=st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_certificates_are_valid_for_three_years(issued_on: date) -> None:
    last = expiry(issued_on)
    assert last.year == issued_on.year + 3
    assert last == issued_on.replace(year=last.year) if (issued_on.month, issued_on.day) != (2, 29) else last.day == 28


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"certificate_no": None}, "certificate_no", "missing"),
        ({"certificate_no": 6.2019251340005747e20}, "certificate_no", "digits_lost"),
        ({"issued_on": None}, "issued_on", "missing"),
        ({"valid_until": "?"}, "valid_until", "not_a_date"),
        ({"valid_until": "2030-07-19"}, "valid_until", "before_issue"),
        ({"scheme": "Juru las bawah air"}, "scheme", "other_scheme"),
        ({"scheme": None}, "scheme", "missing"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_naming_its_column(
    cells: dict[str, Cell], column: str, reason: str
) -> None:
    person = competent()
    with pytest.raises(RowRefused) as refusal:
        certify(person, cells)
    assert [(problem.column, problem.reason) for problem in refusal.value.problems] == [(column, reason)]
    assert person.certificates == []


def test_nobody_unassessed_or_not_yet_competent_is_certified() -> None:
    person = trainee()
    with pytest.raises(RowRefused, match="not_competent"):
        certify(person)
    assess(person, "K BK")
    with pytest.raises(RowRefused, match="not_competent"):
        certify(person)


def test_competence_after_retraining_is_enough() -> None:
    person = trainee()
    assess(person, "BK", assessed_on=FIRST_DAY)
    assess(person, "K", assessed_on=SECOND_DAY)
    assert certify(person) is not None


def test_competence_in_another_class_is_not_enough() -> None:
    person = competent()
    person.class_code = "LAS-2"
    with pytest.raises(RowRefused, match="not_competent"):
        certify(person, scheme="Juru las bawah air")


def test_a_number_that_belongs_to_somebody_else_is_refused() -> None:
    with pytest.raises(RowRefused, match="number_taken"):
        certify(competent(), holder="a-2")


@pytest.mark.parametrize(
    ("cells", "warnings"),
    [
        ({"certificate_no": "62019 2513 0005747 2030"}, []),
        ({"certificate_no": "123/LSP/2030"}, ["unusual_number"]),
        ({"lsp": "LSP Lain"}, ["other_lsp"]),
        ({"lsp": None}, []),
        ({"lsp": "lsp  LOGAM"}, []),
    ],
)
def test_odd_looking_certificates_are_taken_with_a_warning(cells: dict[str, Cell], warnings: list[str]) -> None:
    change = certify(competent(), cells)
    assert change is not None
    assert [warning.reason for warning in change.warnings] == warnings


@pytest.mark.parametrize("written", [NUMBER, "62019  2513 4\u00a00005747 2030", "ABC-1", "abc-1"])
def test_the_same_certificate_again_changes_nothing_however_it_is_written(written: str) -> None:
    person = competent()
    certify(person, certificate_no="Abc-1" if "1" in written[-1:] else NUMBER)
    assert certify(person, certificate_no=written, holder="a-1") is None


def test_corrected_dates_keep_the_verification_code_and_an_expiry_stated_before() -> None:
    person = competent()
    certify(person, valid_until="2035-01-01", verify_code="FIRST")
    assert certify(person, valid_until=None, verify_code="SECOND") is None
    change = certify(person, issued_on="2030-07-21", verify_code="SECOND")
    assert change is not None
    assert [warning.reason for warning in change.warnings] == ["corrected"]
    assert [(held.verify_code, held.valid_until) for held in person.certificates] == [("FIRST", date(2033, 7, 21))]
    assert person.ledger[-1].detail["before"]["valid_until"] == date(2035, 1, 1)


def test_a_second_certificate_is_refused_while_the_first_is_valid() -> None:
    person = competent()
    certify(person)
    with pytest.raises(RowRefused, match="already_certified"):
        certify(person, certificate_no=OTHER_NUMBER, issued_on="2033-07-20")
    assert certify(person, certificate_no=OTHER_NUMBER, issued_on="2033-07-21") is not None


def test_a_revoked_certificate_may_be_replaced_but_not_come_back() -> None:
    person = competent()
    certify(person)
    held = person.certificates[0].certificate_id
    change = certificate.revoke(person, held, "salah cetak", SIGNED, date(2030, 8, 1))
    assert change is not None
    assert change.events == [
        CertificateRevoked(applicant_id="a-1", programme_code="LAS-2030", certificate_id=held, reason="salah cetak")
    ]
    assert certificate.revoke(person, held, "lagi", SIGNED, date(2030, 8, 2)) is None
    assert certify(person) is None
    with pytest.raises(RowRefused, match="revoked"):
        certify(person, issued_on="2030-07-21")
    assert certify(person, certificate_no=OTHER_NUMBER) is not None


def test_a_certificate_is_valid_through_its_last_day_unless_revoked() -> None:
    person = competent()
    certify(person)
    [held] = person.certificates
    assert standing(held, held.valid_until) is Standing.VALID
    assert standing(held, held.valid_until + timedelta(days=1)) is Standing.EXPIRED
    certificate.revoke(person, held.certificate_id, "dipalsukan", SIGNED, date(2030, 8, 1))
    assert standing(held, held.valid_until) is Standing.REVOKED


@given(st.lists(st.sampled_from("0O0o1I1l7 7-AaZz"), min_size=1))
def test_a_verification_code_is_found_as_people_type_it(typed: list[str]) -> None:
    meant = {"O": "0", "o": "0", "I": "1", "l": "1", " ": "", "-": ""}
    assert verify_code.as_issued("".join(typed)) == "".join(meant.get(letter, letter.upper()) for letter in typed)


def test_verification_codes_differ_and_are_short_enough_to_type() -> None:
    assert {len(verify_code.fresh()) for _ in range(100)} == {10}
    assert len({verify_code.fresh() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("3376014107990012", "looks_like_nik"),
        ("NIK 3376.0141.0799.0012", "looks_like_nik"),
        ("… 123", "names_somebody"),
    ],
)
def test_what_is_somebodys_nik_or_name_is_no_number(written: str, reason: str) -> None:
    person = competent()
    with pytest.raises(RowRefused) as refusal:
        certify(person, certificate_no=written)
    assert [(one.column, one.reason) for one in refusal.value.problems] == [("certificate_no", reason)]
    assert person.certificates == []
