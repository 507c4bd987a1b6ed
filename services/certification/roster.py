"""A class as its trainees make it up: days, results and certificates of each."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.certification import certificate, cover, daily, training, training_certificate
from services.certification.trainee import Presence, Trainee
from shared.contracts.registration import ClassOffer, Programme


def roster(trainees: Sequence[Trainee], offer: ClassOffer, programme: Programme, today: date) -> dict[str, Any]:
    """The class, its days, and per trainee what is known; notes are left out, because people write them freely."""
    return {
        "class_code": offer.code,
        "starts": programme.training.starts,
        "ends": programme.training.ends,
        "minimum_attendance": programme.training.minimum_attendance,
        "held": daily.held(trainees),
        "cover": cover.counts(trainees, offer, programme),
        "people": [_person(trainee, offer.code, today) for trainee in trainees],
    }


def _person(trainee: Trainee, class_code: str, today: date) -> dict[str, Any]:
    attendance = trainee.attendance
    marks = list(trainee.daily.values())
    return {
        "applicant_id": trainee.id,
        "withdrawn": trainee.withdrawn,
        "daily": trainee.daily,
        "marked": {mark.value: marks.count(mark) for mark in Presence},
        "attendance": attendance
        and {
            **attendance.model_dump(exclude={"note", "class_code"}),
            "dropped_out": training.dropped_out(attendance.note),
        },
        "changes": trainee.changes(),
        "attempts": [
            one.model_dump(exclude={"recommendation", "class_code"})
            for one in trainee.attempts
            if one.class_code == class_code
        ],
        "competent": trainee.competent_in(class_code),
        "certificates": [
            {
                **one.model_dump(exclude={"number_key", "revocation", "class_code"}),
                "status": certificate.standing(one, today),
                "reason": one.revocation and one.revocation.reason,
            }
            for one in trainee.certificates
            if one.class_code == class_code
        ],
        "training_certificates": [
            training_certificate.shown(trainee, one)
            for one in trainee.training_certificates
            if one.class_code == class_code
        ],
    }
