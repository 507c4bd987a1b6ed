"""Certificates: a number that a certification body issued is recorded for somebody competent, and may be revoked."""

import hashlib
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from services.certification import enrolment
from services.certification.assessment import check_scheme
from services.certification.trainee import Certificate, Revocation, Trainee
from shared.cells import BadCell, Cell, day, text, word
from shared.contracts.certification import CertificateIssued, CertificateRevoked
from shared.contracts.registration import Programme
from shared.free_text import HIDDEN, holds_nik
from shared.judging import Change, RowRefused, Text, optional, read, refused
from shared.ledger import Signature
from shared.rows import Problem

_USUAL_NUMBER: Final = re.compile(r"\d{5} \d{4}( \d)? \d{5,8} \d{4}", re.ASCII)
_VALID_YEARS: Final = 3
_DEEDS: Final = frozenset({"certificate_recorded", "certificate_corrected", "certificate_revoked"})
_DIGITS_A_SPREADSHEET_KEEPS: Final = 15


class Standing(StrEnum):
    """What a certificate is worth on a day."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


def number(cell: Cell) -> str:
    """A certificate's number as written, single-spaced; it is published, so it may be nobody's NIK and no name.

    Raises BadCell: "missing", "digits_lost", "looks_like_nik"; "names_somebody" where registration has hidden a name.
    """
    written = text(cell)
    if written is None:
        raise BadCell("missing")
    if isinstance(cell, int | float) and len(written) > _DIGITS_A_SPREADSHEET_KEEPS:
        raise BadCell("digits_lost")
    if holds_nik(written):
        raise BadCell("looks_like_nik")
    if HIDDEN in written:
        raise BadCell("names_somebody")
    return written


class CertificateRow(BaseModel):
    scheme: Text
    lsp: Text
    certificate_no: Annotated[str, BeforeValidator(number), Field(max_length=100)]
    issued_on: Annotated[date, BeforeValidator(day)]
    valid_until: Annotated[date | None, BeforeValidator(optional(day))]


def number_key(certificate_no: Cell) -> str:
    """What numbers are compared by: two that differ in case or spacing only are one."""
    return word(certificate_no)


def certificate_id(key: str) -> str:
    """The id of the certificate whose number has that key."""
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def expiry(issued_on: date) -> date:
    """The last day of a certificate that does not say: three years on (28 February for one of the 29th)."""
    try:
        return issued_on.replace(year=issued_on.year + _VALID_YEARS)
    except ValueError:
        return issued_on.replace(year=issued_on.year + _VALID_YEARS, day=28)


def standing(certificate: Certificate, on: date) -> Standing:
    if certificate.revocation is not None:
        return Standing.REVOKED
    return Standing.EXPIRED if certificate.valid_until < on else Standing.VALID


def record(
    trainee: Trainee,
    cells: dict[str, Cell],
    programme: Programme,
    signed: Signature,
    *,
    holder: str | None,
    verify_code: str,
) -> Change | None:
    """Record one certificate (scheme, lsp, certificate_no, issued_on, valid_until), or correct what it states.

    `holder` is the applicant who has this number now, `verify_code` a fresh one in case the certificate is new.
    None when it is known already. Raises RowRefused or RowWaits.
    """
    row = read(CertificateRow, cells)
    if row.valid_until is not None and row.valid_until < row.issued_on:
        raise refused("before_issue", "valid_until", cells.get("valid_until"))
    offer = enrolment.class_of(trainee, programme)
    check_scheme(row.scheme, offer)
    if holder not in (None, trainee.id):
        raise number_taken(cells)
    if not trainee.competent_in(offer.code):
        raise refused("not_competent")
    key = number_key(row.certificate_no)
    known = next((held for held in trainee.certificates if held.number_key == key), None)
    certificate = Certificate(
        certificate_id=certificate_id(key),
        class_code=offer.code,
        scheme=offer.scheme,
        certification_body=offer.lsp,
        certificate_no=row.certificate_no if known is None else known.certificate_no,
        number_key=key,
        issued_on=row.issued_on,
        valid_until=row.valid_until or _unless_stated(known, row.issued_on),
        verify_code=verify_code if known is None else known.verify_code,
        revocation=None if known is None else known.revocation,
    )
    if certificate == known:
        return None
    if known is not None and known.revocation is not None:
        raise refused("revoked", "certificate_no", cells.get("certificate_no"))
    _check_only_one(trainee, certificate, cells)
    if known is None:
        trainee.certificates.append(certificate)
        trainee.write(signed, "certificate_recorded", **certificate.model_dump(exclude={"verify_code", "revocation"}))
    else:
        trainee.certificates[trainee.certificates.index(known)] = certificate
        trainee.write(signed, "certificate_corrected", before=known.model_dump(), after=certificate.model_dump())
    return Change([_issued(trainee, certificate)], _warnings(row, offer.lsp, cells, corrected=known is not None))


def revoke(trainee: Trainee, certificate_id: str, reason: str, signed: Signature, on: date) -> Change | None:
    """Withdraw a certificate that the trainee holds; None when it is withdrawn already."""
    held = next(held for held in trainee.certificates if held.certificate_id == certificate_id)
    if held.revocation is not None:
        return None
    held.revocation = Revocation(reason=reason, revoked_on=on)
    trainee.write(signed, "certificate_revoked", reason, certificate_no=held.certificate_no)
    revoked = CertificateRevoked(
        applicant_id=trainee.id, programme_code=trainee.programme_code, certificate_id=certificate_id, reason=reason
    )
    return Change([revoked], [])


def changes(trainee: Trainee) -> int:
    """How often certificates of the trainee were recorded, corrected and revoked: whoever has seen as many has seen
    the latest.
    """
    return sum(one.what in _DEEDS for one in trainee.ledger)


def number_taken(cells: dict[str, Cell]) -> RowRefused:
    """The refusal of a number that belongs to somebody else."""
    return refused("number_taken", "certificate_no", cells.get("certificate_no"))


def _unless_stated(known: Certificate | None, issued_on: date) -> date:
    return known.valid_until if known is not None and known.issued_on == issued_on else expiry(issued_on)


def _check_only_one(trainee: Trainee, certificate: Certificate, cells: dict[str, Cell]) -> None:
    for held in trainee.certificates:
        overlaps = held.issued_on <= certificate.valid_until and certificate.issued_on <= held.valid_until
        if held.number_key != certificate.number_key and held.revocation is None and overlaps:
            raise refused("already_certified", "certificate_no", cells.get("certificate_no"))


def _warnings(row: CertificateRow, lsp: str, cells: dict[str, Cell], *, corrected: bool) -> list[Problem]:
    found = {
        ("certificate_no", "unusual_number"): not _USUAL_NUMBER.fullmatch(row.certificate_no),
        ("lsp", "other_lsp"): bool(word(row.lsp)) and word(row.lsp) != word(lsp),
        ("certificate_no", "corrected"): corrected,
    }
    return [
        Problem(column=column, reason=reason, value=cells.get(column)) for (column, reason), odd in found.items() if odd
    ]


def _issued(trainee: Trainee, certificate: Certificate) -> CertificateIssued:
    return CertificateIssued(
        applicant_id=trainee.id,
        programme_code=trainee.programme_code,
        **certificate.model_dump(include=set(CertificateIssued.model_fields)),
    )
