"""The office's own certificate (Sertifikat Pelatihan): issued to whoever has completed the training, and revocable.

It is no certificate of competence: nothing is published about it, and nobody counts as certified because of it. What it
states is fixed when it is issued; to put something right it is revoked, and another one issued under its own number.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from services.certification.certificate import Standing
from services.certification.trainee import Revocation, Trainee, TrainingCertificate
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.ledger import Signature
from shared.problems import Conflict, NotFound


class Numbered(NamedTuple):
    """A number within a class, and how many numbers restores had skipped when it was given."""

    number: int
    skipped: int


def following(given: Iterable[Numbered], skipped: int) -> Numbered:
    """The number after those given in a class; what a restore may have forgotten is left out."""
    last = max(given, default=Numbered(0, 0))
    return Numbered(last.number + 1 + skipped - last.skipped, skipped)


def completed(trainee: Trainee, class_code: str) -> bool:
    """Whether somebody has completed the training of that class; whoever withdraws later has completed it still."""
    held = trainee.attendance
    return held is not None and held.completed and held.class_code == class_code


def standing_of(trainee: Trainee, class_code: str) -> TrainingCertificate | None:
    """The latest certificate of that class: the one that is valid, if any is."""
    return next((one for one in reversed(trainee.training_certificates) if one.class_code == class_code), None)


def issue(
    trainee: Trainee,
    class_code: str,
    programme: Programme,
    numbered: Numbered,
    verify_code: str,
    on: date,
    signed: Signature,
    *,
    again: bool,
) -> Change | None:
    """Issue a certificate under that number; None when the trainee holds a valid one, which stays as it is.

    Raises Conflict: "training_not_completed"; "training_certificate_revoked" unless another one is wanted (`again`).
    """
    held = standing_of(trainee, class_code)
    if held is not None and held.revocation is None:
        return None
    attendance, offer = trainee.attendance, programme.class_of(class_code)
    if attendance is None or offer is None or not completed(trainee, class_code):
        raise Conflict("training_not_completed", "This trainee has not completed the training.")
    if held is not None and not again:
        raise Conflict("training_certificate_revoked", "The certificate of this training was revoked.")
    issued = TrainingCertificate(
        certificate_no=f"{programme.code}/{class_code}/{numbered.number:04}",
        class_code=class_code,
        **numbered._asdict(),
        verify_code=verify_code,
        issued_on=on,
        programme_name=programme.name,
        class_name=offer.name,
        provider=offer.provider,
        starts=programme.training.starts,
        ends=programme.training.ends,
        days=attendance.days,
        present=attendance.present,
    )
    trainee.training_certificates.append(issued)
    # not the code: whoever reads the audit needs none
    detail = issued.model_dump(mode="json", include={"certificate_no", "class_code", "issued_on", "days", "present"})
    trainee.write(signed, "training_certificate_issued", **detail)
    return Change([], [])


def revoke(trainee: Trainee, certificate_no: str, reason: str, on: date, signed: Signature) -> Change | None:
    """Withdraw a certificate; None when it was withdrawn for this reason.

    Raises NotFound; Conflict: "already_revoked" for another one.
    """
    held = next((one for one in trainee.training_certificates if one.certificate_no == certificate_no), None)
    if held is None:
        raise NotFound("unknown_certificate", "There is no such certificate.")
    if held.revocation is not None:
        if held.revocation.reason == reason:
            return None
        raise Conflict("already_revoked", "The certificate was revoked before, for another reason.")
    held.revocation = Revocation(reason=reason, revoked_on=on)
    trainee.write(signed, "training_certificate_revoked", reason, certificate_no=certificate_no)
    return Change([], [])


def shown(trainee: Trainee, held: TrainingCertificate) -> dict[str, Any]:
    """What it states and is worth; `outdated` when the days on record are others by now."""
    attendance = trainee.attendance
    agrees = attendance is not None and (attendance.days, attendance.present) == (held.days, held.present)
    return {
        "status": Standing.VALID if held.revocation is None else Standing.REVOKED,
        "reason": held.revocation and held.revocation.reason,
        "outdated": not (agrees and completed(trainee, held.class_code)),
        **held.model_dump(exclude={"number", "skipped", "revocation"}),
    }
