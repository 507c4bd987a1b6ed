"""One parked message, as it is told to people: why it is parked, what is in it, and its id, the same at each look."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from aio_pika.abc import AbstractIncomingMessage

from shared import meta
from shared.meta import BadHeaders, Meta
from shared.retries import Forged

_UNKNOWN = "unknown"
_CAUSE = re.compile(r"[A-Za-z_]\w{0,59}")


@dataclass(frozen=True)
class Parked:
    """A message of `<queue>.parked`. Any headers and any body: what is parked may be none of ours."""

    queue: str
    message: AbstractIncomingMessage

    @cached_property
    def id(self) -> str:
        """`<queue>:<digest>`. The broker's own headers count each look, so they are no part of it."""
        told = [self.message.message_id, sorted((name, repr(value)) for name, value in self.headers.items())]
        digest = hashlib.sha256(json.dumps(told).encode() + b"\n" + self.message.body)
        return f"{self.queue}:{digest.hexdigest()[:20]}"

    @cached_property
    def headers(self) -> dict[str, Any]:
        """Those it came with and those that retrying added, without the broker's own."""
        return {name: value for name, value in self.message.headers.items() if not name.startswith("x-")}

    @cached_property
    def about(self) -> Meta | None:
        """What its headers say of the event; None when they are not an event's."""
        try:
            return meta.read(self.message.headers)
        except BadHeaders:
            return None

    @property
    def reason(self) -> str:
        """Why it is parked: the error's name and text, or what the broker says (`delivery_limit`)."""
        return str(self.headers.get(meta.REASON) or self._by_broker or _UNKNOWN)

    @property
    def cause(self) -> str:
        """The kind of the reason, by which messages are grouped: the error's name."""
        found = _CAUSE.match(self.reason)
        return found.group() if found else _UNKNOWN

    @property
    def forged(self) -> bool:
        """Whether somebody else than its publisher has sent it: nothing it says of itself is to be believed."""
        return self.cause == Forged.__name__

    @property
    def attempts(self) -> int:
        """How often a consumer has tried in all, before and after replays."""
        return _count(self.headers.get(meta.ATTEMPT)) + _count(self.headers.get(meta.ATTEMPTS_BEFORE))

    @property
    def parked_at(self) -> str:
        """ISO time, UTC; empty when the broker itself has parked it."""
        return str(self.headers.get(meta.PARKED_AT, ""))

    @cached_property
    def body(self) -> Any:
        """The JSON in it; None when it holds none."""
        try:
            return orjson.loads(self.message.body)
        except ValueError:
            return None

    @property
    def programme_code(self) -> str:
        """The programme it is about; empty when it is about none, or cannot be read."""
        code = self.body.get("programme_code") if isinstance(self.body, dict) else None
        return code if isinstance(code, str) else ""

    def line(self) -> dict[str, Any]:
        """What a list shows of it."""
        about = self.about
        return {
            "id": self.id,
            "queue": self.queue,
            "cause": self.cause,
            "reason": self.reason,
            "attempts": self.attempts,
            "parked_at": self.parked_at,
            "message_id": self.message.message_id,
            "type": about and about.type,
            "subject": about and about.subject,
            "time": about and about.time,
            "bytes": len(self.message.body),
        }

    def whole(self) -> dict[str, Any]:
        """Everything in it. `body` is the JSON, `text` what stands there instead of JSON."""
        return {
            **self.line(),
            "headers": {name: _plain(value) for name, value in sorted(self.message.headers.items())},
            "content_type": self.message.content_type,
            "body": self.body,
            "text": None if self.body is not None else self.message.body.decode("utf-8", "replace"),
        }

    @property
    def _by_broker(self) -> object:
        deaths = self.message.headers.get("x-death")
        if isinstance(deaths, list) and deaths and isinstance(deaths[0], Mapping):
            return deaths[0].get("reason")
        return self.message.headers.get("x-first-death-reason")


def _count(value: object) -> int:
    try:
        return max(0, int(str(value)))
    except ValueError:
        return 0


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    finite = not isinstance(value, float) or math.isfinite(value)
    return value if finite and isinstance(value, str | int | float | None) else str(value)
