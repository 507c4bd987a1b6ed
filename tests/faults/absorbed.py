"""Where each consumer keeps what it has absorbed of each event: how one sees in its documents that it was applied."""

from collections.abc import Callable, Mapping
from typing import Any

from deploy import topology
from tests.faults.ledger import Seen

Documents = Mapping[str, Mapping[str, Mapping[str, Any]]]
Applied = Callable[[Mapping[str, Any], Seen], bool]

# the collection whose document an event about an applicant changes
_OF_APPLICANTS = {
    "selection": "applicants",
    "certification": "trainees",
    "placement": "graduates",
    "gateway": "applicants",
}
_OF_PEOPLE = {"selection": "persons", "gateway": "people"}

# (service, collection, entry of a document's ledger, the event that writes it)
WRITES = (
    ("registration", "applicants", "registered", "ApplicantRegistered"),
    ("registration", "applicants", "withdrawn", "ApplicantWithdrawn"),
    ("selection", "applicants", "withdrawn", "ApplicantWithdrawn"),
    ("selection", "applicants", "scores_recorded", "ScoresRecorded"),
    ("selection", "applicants", "decided", "SelectionDecided"),
    ("certification", "trainees", "selection_decided", "SelectionDecided"),
    ("certification", "trainees", "withdrawn", "ApplicantWithdrawn"),
    ("certification", "trainees", "attendance_recorded", "TrainingCompleted"),
    ("certification", "trainees", "assessment_recorded", "AssessmentRecorded"),
    ("certification", "trainees", "certificate_recorded", "CertificateIssued"),
    ("placement", "graduates", "withdrawn", "ApplicantWithdrawn"),
    ("placement", "graduates", "training_completed", "TrainingCompleted"),
    ("placement", "graduates", "certificate_issued", "CertificateIssued"),
    ("placement", "graduates", "proposed", "JobMatched"),
)


def listeners(event: Seen) -> list[str]:
    """The services that listen to an event of this type."""
    return _LISTENERS.get(event.type, [])


def has_applied(held: Documents, service: str, event: Seen) -> bool:
    """Whether a service's documents show this event, or a later one that took its place."""
    if event.name == "ProgrammeOpened":
        document = held["programmes"].get(event.body["programme_code"])
    elif event.name == "PriorTrainingRecorded":
        document = held[_OF_PEOPLE[service]].get(event.body["person_id"])
    else:
        document = held[_OF_APPLICANTS[service]].get(event.body["applicant_id"])
    return document is not None and _ACCUMULATING.get((service, event.name), _marked)(document, event)


def _marked(document: Mapping[str, Any], event: Seen) -> bool:
    mark = document["marks"].get(event.name)
    return mark is not None and tuple(mark) >= (event.sequence, event.n)


def _training(document: Mapping[str, Any], event: Seen) -> bool:
    return f"{event.body['programme_name']} ({event.body['year']})" in document["trainings"]


def _certificate(document: Mapping[str, Any], event: Seen) -> bool:
    held = document["certificates"]
    if isinstance(held, dict):  # the gateway's
        return bool(held.get(event.body["certificate_id"], {}).get("issued"))
    return any(one["certificate_id"] == event.body["certificate_id"] and one["issued_on"] for one in held)


def _revoked(document: Mapping[str, Any], event: Seen) -> bool:
    held = document["certificates"]
    of = [held.get(event.body["certificate_id"], {})] if isinstance(held, dict) else held
    return any(one.get("revoked") for one in of)


def _attempt(document: Mapping[str, Any], event: Seen) -> bool:
    return str(event.body["attempt"]) in document["attempts"]


def _match(document: Mapping[str, Any], event: Seen) -> bool:
    return event.body["match_id"] in document["matches"]


def _answered(document: Mapping[str, Any], event: Seen) -> bool:
    return event.body["accepted"] or event.body["match_id"] in document["refused_matches"]


def _placement(document: Mapping[str, Any], event: Seen) -> bool:
    return str(event.body["wave"] if event.body["wave"] is not None else event.body["source"]) in document["placements"]


_ACCUMULATING: dict[tuple[str, str], Applied] = {
    ("selection", "PriorTrainingRecorded"): _training,
    ("gateway", "PriorTrainingRecorded"): _training,
    ("placement", "CertificateIssued"): _certificate,
    ("placement", "CertificateRevoked"): _revoked,
    ("gateway", "AssessmentRecorded"): _attempt,
    ("gateway", "CertificateIssued"): _certificate,
    ("gateway", "CertificateRevoked"): _revoked,
    ("gateway", "JobMatched"): _match,
    ("gateway", "MatchAnswered"): _answered,
    ("gateway", "PlacementRecorded"): _placement,
}

_LISTENERS: dict[str, list[str]] = {}
for _on in topology.subscriptions():
    for _contract in _on.contracts:
        _LISTENERS.setdefault(_contract.ce_type(), []).append(_on.service)
