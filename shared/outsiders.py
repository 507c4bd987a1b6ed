"""What other systems may hear of our events: the one rule, whatever way it reaches them."""

from collections.abc import Collection, Iterable
from typing import Final

from aio_pika.abc import AbstractIncomingMessage

from shared import meta, topology
from shared.contracts import ALL, BY_TYPE
from shared.meta import BadHeaders, Meta

TAG: Final = "jalur-subscriber"  # of the virtual host of one that listens over AMQP


class NotGranted(Exception):
    """A name that cannot be used, or events that cannot be granted; the message says why, in plain words."""


def outlet_of(name: str) -> str:
    """The queue from which events are carried over to the virtual host of a subscriber."""
    return f"outside.{name}"


def grantable() -> list[str]:
    """The routing keys that may be told to outsiders."""
    return [event.routing_key() for event in ALL if not event.touches_health]


def granted_by(patterns: Iterable[str]) -> list[str]:
    """The routing keys these patterns (as in a binding: `*` a word, `#` any words) stand for.

    Raises NotGranted when a pattern stands for none, or for one that touches health.
    """
    keys: set[str] = set()
    for pattern in patterns:
        found = [event for event in ALL if _matches(pattern, event.routing_key())]
        if not found:
            raise NotGranted(f"no event matches {pattern}; these can be granted: {', '.join(grantable())}")
        if refused := [event.routing_key() for event in found if event.touches_health]:
            raise NotGranted(
                f"{pattern} covers {', '.join(refused)}: facts that touch health stay between our services. "
                f"These can be granted: {', '.join(grantable())}"
            )
        keys.update(event.routing_key() for event in found)
    return sorted(keys)


def meant_for(message: AbstractIncomingMessage, keys: Collection[str]) -> Meta | None:
    """The attributes of a message from the log, if it is an event of these keys that its publisher has sent; or None.

    What was granted once and touches health by now is for nobody.
    """
    key = message.routing_key
    if key not in keys:
        return None
    try:
        about = meta.read(message.headers)
    except BadHeaders:
        return None
    event = BY_TYPE.get(about.type)
    # the log also takes what was routed by a key in a CC header, and that may be anything
    if event is None or event.routing_key() != key or event.touches_health:
        return None
    return about if topology.is_vouched_for(message.exchange, about.publisher, "outsiders") else None


def _matches(pattern: str, key: str) -> bool:
    def match(words: list[str], left: list[str]) -> bool:
        if not words:
            return not left
        if words[0] == "#":
            return any(match(words[1:], left[skipped:]) for skipped in range(len(left) + 1))
        return bool(left) and words[0] in ("*", left[0]) and match(words[1:], left[1:])

    return match(pattern.split("."), key.split("."))
