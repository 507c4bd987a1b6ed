"""Made-up people for the benchmarks of reading: the events of a life in a programme, and the document they become."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.gateway import sorting
from services.gateway.derive import derive
from services.gateway.readmodel import Applicant
from shared.contracts import Event
from shared.contracts.certification import AssessmentRecorded, CertificateIssued, TrainingCompleted
from shared.contracts.placement import JobMatched, PlacementRecorded
from shared.contracts.registration import ApplicantRegistered
from shared.contracts.selection import ApplicantScreened, ScoresRecorded, SelectionDecided
from shared.meta import Meta
from tests.builders import facts

CLASSES = ("BARISTA", "LAS", "MENJAHIT", "TATA-BOGA")
_REFUSED_FOR = ("under_age", "not_resident", "employed", "studying", "trained_before", "not_healthy")
_DAY = date(2030, 3, 1)
_OPENED = datetime(2030, 1, 1, tzinfo=UTC)
_PHASES = 9


def life(number: int, code: str) -> list[Event]:
    """What happens to the `number`th of a programme: a fifth is refused, a third gets a seat, most of those a job."""
    chance = random.Random(number)  # noqa: S311 - the same people in every run
    who, person = f"{code}-{number:032x}", f"{chance.getrandbits(256):064x}"
    told: list[Event] = []

    def happens(event: type[Event], **data: Any) -> None:
        told.append(event.model_validate({"applicant_id": who, "programme_code": code, **data}))

    at = _OPENED + timedelta(seconds=number // 2, milliseconds=chance.randrange(1000))
    known = facts(choices=chance.sample(CLASSES, 2)).model_dump()
    number_of = f"{code}-{number:04}"
    happens(ApplicantRegistered, person_id=person, registration_no=number_of, registered_at=at, **known)
    refused = chance.random() < 0.2
    reasons = chance.sample(_REFUSED_FOR, chance.choice((1, 1, 2))) if refused else []
    happens(ApplicantScreened, passed=not refused, reasons=reasons, rule_version=1)
    decision = {"person_id": person, "rule_version": 1}
    if refused:
        happens(SelectionDecided, **decision, outcome="rejected", stage="administration", reasons=reasons)
        return told
    total = round(chance.uniform(30, 100), 2)
    happens(ScoresRecorded, written=total, interview=total, total=total)
    decision |= {"stage": "ranking", "rank": number, "total": total}
    if total < 70:
        why = "below_pass_mark" if total < 55 else "no_seat"
        happens(SelectionDecided, **decision, outcome="rejected", reasons=[why])
        return told
    taken = chance.choice(CLASSES)
    happens(SelectionDecided, **decision, outcome="accepted", class_code=taken)
    completed = chance.random() < 0.9
    happens(TrainingCompleted, person_id=person, class_code=taken, completed=completed, days_present=20, days=20)
    body = {"scheme": "Skema", "certification_body": "LSP Uji"}
    result = "competent" if chance.random() < 0.8 else "not_yet_competent"
    units = [{"code": "U.1", "competent": True}]
    happens(AssessmentRecorded, **body, class_code=taken, attempt=1, units=units, result=result, assessed_on=_DAY)
    valid = {"issued_on": _DAY, "valid_until": _DAY, "verify_code": f"V{number}"}
    happens(CertificateIssued, **body, **valid, certificate_id=f"c-{who}", certificate_no=str(number))
    job = {"vacancy_id": "v-1", "employer": "Toko", "position": "Juru", "score": 80.0, "reasons": ["near"]}
    happens(JobMatched, **job, match_id=f"m-{who}")
    status = chance.choice(("employed", "self_employed", "studying", "unemployed"))
    happens(PlacementRecorded, status=status, source="tracer", wave=3)
    return told


def log_of(people: int, a_programme: int = 1000) -> Iterator[tuple[Event, int]]:
    """Events with their sequences as a log holds them: programme after programme, in each step after step."""
    for first in range(0, people, a_programme):
        code = f"UJI-{first // a_programme}"
        lives = [life(number, code) for number in range(1, min(a_programme, people - first) + 1)]
        for phase in range(_PHASES):
            yield from ((told[phase], phase + 1) for told in lives if phase < len(told))


def documents(people: int, code: str, kinds: int = 2000) -> Iterator[dict[str, Any]]:
    """As many applicants of one programme, as the gateway keeps them; of so many `kinds`, else each their own."""
    like = [_document(number, code) for number in range(1, min(kinds, people) + 1)]
    for number in range(1, people + 1):
        at = _OPENED + timedelta(seconds=number // 2)
        one = like[number % len(like)] | {
            "_id": f"{code}-{number:032x}",
            "number": number,
            "registration_no": f"{code}-{number:04}",
            "person_id": f"{number:064x}",
            "registered_at": at.isoformat().replace("+00:00", "Z"),
            "registered_us": sorting.microseconds(at),
        }
        if one["decision"] and one["decision"]["rank"]:
            one["decision"] = one["decision"] | {"rank": number}
        yield one


def _document(number: int, code: str) -> dict[str, Any]:
    applicant = Applicant(_id=f"{code}-{number:032x}", programme_code=code)
    for sequence, event in enumerate(life(number, code), start=1):
        _absorb(applicant, event, Meta(f"x:{sequence}:0", "/x", event.ce_type(), "x", "", sequence, 0, None, None))
    derive(applicant)
    return applicant.model_dump(mode="json", exclude={"id"}) | {"version": 1}


def _absorb(applicant: Applicant, event: Event, meta: Meta) -> None:
    match event:
        case ApplicantRegistered():
            applicant.registered(event, meta)
        case ApplicantScreened():
            applicant.screened(event, meta)
        case ScoresRecorded():
            applicant.scored(event)
        case SelectionDecided():
            applicant.decided(event, meta)
        case TrainingCompleted():
            applicant.trained(event)
        case AssessmentRecorded():
            applicant.assessed(event, meta)
        case CertificateIssued():
            applicant.certified(event)
        case JobMatched():
            applicant.matched(event)
        case PlacementRecorded():
            applicant.placed(event, meta)
    applicant.mark(meta)
