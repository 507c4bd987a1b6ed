"""What travels around an event's data: CloudEvents 1.0 attributes, in the headers of an AMQP message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SPEC_VERSION = "1.0"
# ours; RabbitMQ 4 ignores an x-death set by a client
ATTEMPT = "ce-attempt"  # how often a consumer has tried since the event was published or replayed
ATTEMPTS_BEFORE = "ce-attemptsbefore"  # how often before it was last replayed
REASON = "ce-reason"
ROUTING_KEY = "ce-routingkey"  # the one under which it was published
PARKED_AT = "ce-parkedat"
TRACE = "ce-traceparent"  # the trace that has caused it, if that is traced
_SEQUENCE_DIGITS = 12
_MOST = 2**63 - 1  # what a document's mark can hold
_MOST_ATTEMPTS = 1_000_000
_OUR_TYPE = re.compile(r"jalur\.[a-z]{1,40}\.[A-Za-z]{1,60}\.v[0-9]{1,4}")


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
    traceparent: str | None = None

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
    if "trace" in entry:
        result[TRACE] = entry["trace"]
    return result


def read(found: Mapping[str, Any]) -> Meta:
    """The attributes in a message's headers.

    Raises BadHeaders when one is missing or unreadable; the text names the header and none of its value, which may be
    anything.
    """
    id_, type_ = _needed(found, "ce-id"), _needed(found, "ce-type")
    if not _OUR_TYPE.fullmatch(type_):
        raise BadHeaders("ce-type is not one of ours")
    return Meta(
        id=id_,
        source=_needed(found, "ce-source"),
        type=type_,
        subject=_needed(found, "ce-subject"),
        time=_needed(found, "ce-time"),
        sequence=_number("ce-sequence", _needed(found, "ce-sequence")),
        n=_number("ce-id", id_.rpartition(":")[2]),
        correlation_id=_text(found.get("ce-correlationid")),
        causation_id=_text(found.get("ce-causationid")),
        attempt=attempt(found),
        traceparent=_text(found.get(TRACE)),
    )


def attempt(found: Mapping[str, Any]) -> int:
    """How often consumers have tried; 0 when that is no number, which is no reason to refuse an event."""
    try:
        return min(_number(ATTEMPT, str(found.get(ATTEMPT, 0))), _MOST_ATTEMPTS)
    except BadHeaders:
        return 0


def age_s(found: Mapping[str, Any]) -> float | None:
    """Seconds since it happened, by its publisher's clock and ours; None when that is not in these headers."""
    try:
        return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(str(found.get("ce-time")))).total_seconds())
    except (ValueError, TypeError):  # anybody's message may lie in a queue
        return None


def _needed(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is None:
        raise BadHeaders(f"{name} is missing")
    return str(value)


def _number(name: str, written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= len(str(_MOST))) or int(written) > _MOST:
        raise BadHeaders(f"{name} has no number in its place")
    return int(written)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
