"""What travels around an event's data: CloudEvents 1.0 attributes, in the headers of an AMQP message."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SPEC_VERSION = "1.0"
ATTEMPT = "ce-attempt"  # ours: how often a consumer has tried; RabbitMQ 4 ignores an x-death set by a client
_SEQUENCE_DIGITS = 12


class BadHeaders(ValueError):
    """A message whose headers are not those of one of our events; it will never become one."""


@dataclass(frozen=True)
class Meta:
    """The attributes of one event as its consumer sees them."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    sequence: int
    n: int
    correlation_id: str | None
    causation_id: str | None
    attempt: int = 0

    @property
    def publisher(self) -> str:
        """`registration` of `jalur.registration.ApplicantRegistered.v1`."""
        return self.type.split(".")[1]

    @property
    def event_name(self) -> str:
        """`ApplicantRegistered` of `jalur.registration.ApplicantRegistered.v1`."""
        return self.type.split(".")[2]


def headers(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The headers of an outbox entry's message."""
    result = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": entry["id"],
        "ce-source": entry["source"],
        "ce-type": entry["type"],
        "ce-subject": entry["subject"],
        "ce-time": entry["time"],
        "ce-dataschema": f"urn:jalur:schema:{entry['key']}",
        "ce-sequence": str(entry["sequence"]).zfill(_SEQUENCE_DIGITS),
        "ce-correlationid": entry["correlation"],
    }
    if entry.get("causation"):
        result["ce-causationid"] = entry["causation"]
    return result


def read(found: Mapping[str, Any]) -> Meta:
    """The attributes in a message's headers; raises BadHeaders when one is missing or unreadable."""
    try:
        id_ = str(found["ce-id"])
        type_ = str(found["ce-type"])
        if type_.count(".") != 3:
            raise BadHeaders(f"ce-type is not one of ours: {type_[:80]}")
        return Meta(
            id=id_,
            source=str(found["ce-source"]),
            type=type_,
            subject=str(found["ce-subject"]),
            time=str(found["ce-time"]),
            sequence=int(str(found["ce-sequence"])),
            n=int(id_.rsplit(":", 1)[1]),
            correlation_id=_text(found.get("ce-correlationid")),
            causation_id=_text(found.get("ce-causationid")),
            attempt=int(found.get(ATTEMPT, 0)),
        )
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise BadHeaders(f"{type(error).__name__}: {error}") from error


def _text(value: object) -> str | None:
    return None if value is None else str(value)
