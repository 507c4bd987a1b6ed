"""The seams: places between two steps of the product at which a process can be made to die.

Each is before or after a function of the product, which is wrapped where it is looked up. The product knows nothing
of it; a function that has moved makes `install` fail, and with it the service's start.
"""

import asyncio
import functools
from dataclasses import dataclass
from typing import Any

from shared import topology
from tests.faults.seams.control import Controlled
from tests.faults.seams.wrapping import Wrapped, wrap

BEHIND = ("registration", "selection", "certification", "placement")
CONSUMERS = ("selection", "certification", "placement", "gateway")
# the gateway publishes nothing: its relay finds nothing to do
PUBLISHERS = BEHIND


@dataclass(frozen=True)
class Seam:
    """`where` is `module:name` or `module:Class.name`; `side` is what of the function has happened: nothing or all."""

    name: str
    services: tuple[str, ...]
    where: str
    side: str


SEAMS = (
    # a command, and its events on their way out
    Seam("before the write", (*BEHIND, "gateway"), "shared.storage:Documents._save_batch", "before"),
    Seam("after the write", (*BEHIND, "gateway"), "shared.storage:Documents._save_batch", "after"),
    Seam("before the pull", PUBLISHERS, "shared.storage:Documents.pull", "before"),
    Seam("after the pull", PUBLISHERS, "shared.storage:Documents.pull", "after"),
    Seam("in the audit, not pulled", BEHIND, "shared.audit.trail:Trail.append", "after"),
    # an event on its way in
    Seam("before the effect", CONSUMERS, "shared.messaging:Subscriptions._deliver", "before"),
    Seam("after the effect", CONSUMERS, "shared.messaging:Subscriptions._deliver", "after"),
    Seam("before the acknowledgement", CONSUMERS, "aio_pika.message:IncomingMessage.ack", "before"),
    Seam("after the acknowledgement", CONSUMERS, "aio_pika.message:IncomingMessage.ack", "after"),
    Seam("after the retry's confirm", CONSUMERS, "shared.retries:Retries.after_failure", "after"),
    # registration: several documents of one command
    Seam(
        "programme defined, ages not",
        ("registration",),
        "services.registration.programmes_api:count_ages_again",
        "before",
    ),
    Seam("numbers taken", ("registration",), "services.registration.numbering:Numbers.block", "after"),
    Seam("between two registrations", ("registration",), "services.registration.sheet_intake:save", "after"),
    # selection: a decision is a run of many writes
    Seam("decision begun", ("selection",), "services.selection.deciding:_start", "before"),
    Seam("inputs stored", ("selection",), "services.selection.deciding:_start", "after"),
    Seam("between two claims", ("selection",), "services.selection.applying:claim_person", "after"),
    Seam("outcome stored", ("selection",), "services.selection.deciding:_allocate", "after"),
    Seam("between two classes", ("selection",), "services.selection.applying:_fill", "after"),
    Seam("classes filled", ("selection",), "services.selection.applying:side_by_side", "before"),
    Seam("outcome told", ("selection",), "services.selection.deciding:apply", "after"),
    # selection: what follows from one event in several documents
    Seam("facts taken in, not settled", ("selection",), "services.selection.rescreening:settle", "before"),
    Seam("withdrawn, seat not freed", ("selection",), "services.selection.withdrawing:_free_seat", "before"),
    Seam("seat freed, nobody promoted", ("selection",), "services.selection.withdrawing:accept", "before"),
    Seam("reserve claimed, not promoted", ("selection",), "services.selection.promoting:claim_person", "after"),
    Seam("promoted, claim not released", ("selection",), "services.selection.withdrawing:release", "before"),
    # placement: a matching is a run of many writes
    Seam("matching planned", ("placement",), "services.placement.turn:Turn.decide", "before"),
    Seam("matching decided", ("placement",), "services.placement.turn:Turn.decide", "after"),
    Seam("between two proposals", ("placement",), "services.placement.running:_apply", "after"),
    Seam("matching applied", ("placement",), "services.placement.turn:Turn.done", "before"),
    # gateway: an import calls two services, row by row or in chunks
    Seam("import taken up", ("gateway",), "services.gateway.import_jobs:ImportJobs._claim", "after"),
    Seam("rows resolved", ("gateway",), "services.gateway.imports:_resolve", "after"),
    Seam("rows posted", ("gateway",), "services.gateway.imports:_post", "after"),
    Seam("import finished, sheet kept", ("gateway",), "services.gateway.import_jobs:ImportJobs._finish", "after"),
)

# these lie inside a call of a library: what is sent has left the process, and nobody has heard yet that it arrived
PUBLISHED = "after the publish, before the confirm"
RETRY_PUBLISHED = "after the retry's publish, before its confirm"
_UNTIL_SENT_S = 0.02


def install(controlled: Controlled) -> None:
    """Lay open every seam that this service has."""
    for seam in SEAMS:
        if controlled.service in seam.services:
            wrap(seam.where, functools.partial(_before if seam.side == "before" else _after, controlled, seam.name))
    wrap("aiormq.channel:Channel.basic_publish", functools.partial(_half_published, controlled))


def _before(controlled: Controlled, name: str, function: Wrapped) -> Wrapped:
    @functools.wraps(function)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        controlled.reached(name)
        return await function(*arguments, **named)

    return wrapped


def _after(controlled: Controlled, name: str, function: Wrapped) -> Wrapped:
    @functools.wraps(function)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        answer = await function(*arguments, **named)
        controlled.reached(name)
        return answer

    return wrapped


def _half_published(controlled: Controlled, publish: Wrapped) -> Wrapped:
    @functools.wraps(publish)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        outgoing = topology.outgoing(controlled.service)
        name = PUBLISHED if named.get("exchange") == outgoing else RETRY_PUBLISHED
        arm = controlled.due(name)
        if arm is None:
            return await publish(*arguments, **named)
        sending = asyncio.ensure_future(publish(*arguments, **named))
        await asyncio.wait({sending}, timeout=_UNTIL_SENT_S)
        controlled.die(arm)
        return await sending

    return wrapped
