"""Messages that ought not to come, or not so: poison, every event again, in any order, of an older or later schema."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from deploy import topology as everything
from shared import topology
from shared.contracts import Event
from shared.contracts.registration import ApplicantRegistered
from tests.contract.golden_events import GOLDEN, golden
from tests.events import message
from tests.faults.faults import Scene, fault
from tests.faults.seams import shuffling

# stands in everything that is injected as poison, and may stand in nothing that tells of it
SECRET = "3375014101990007"
_PARKED_S = 60
_LOG_READ_S = 1.0
_AT_ONCE = 200


# ---- every event again


def every_event_again(scene: Scene) -> None:
    """Publish all of the log once more, old and new, in an order drawn by chance."""

    async def republish(channel: AbstractChannel) -> int:
        events = [one for one in await _read_log(channel) if one.message_id]
        scene.random.shuffle(events)
        exchange = await channel.get_exchange(topology.EVENTS, ensure=False)

        async def publish(event: AbstractIncomingMessage) -> None:
            again = aio_pika.Message(
                event.body,
                headers={name: value for name, value in event.headers.items() if name.startswith("ce-")},
                content_type=event.content_type,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=event.message_id,
                type=event.type,
            )
            await exchange.publish(again, str(event.routing_key))

        for start in range(0, len(events), _AT_ONCE):
            await asyncio.gather(*map(publish, events[start : start + _AT_ONCE]))
        return len(events)

    scene.notes["published again"] = scene.notes.get("published again", 0) + scene.system.on_channel(republish)


async def _read_log(channel: AbstractChannel) -> list[AbstractIncomingMessage]:
    """What there is by now; more keeps coming."""
    began = datetime.now(UTC).isoformat()
    await channel.set_qos(prefetch_count=1000)
    log = await channel.get_queue(topology.LOG, ensure=False)
    found: list[AbstractIncomingMessage] = []
    arrived = asyncio.Event()

    async def take(event: AbstractIncomingMessage) -> None:
        found.append(event)
        await event.ack()
        arrived.set()

    tag = await log.consume(take, arguments={"x-stream-offset": "first"})
    while True:
        arrived.clear()
        try:
            await asyncio.wait_for(arrived.wait(), _LOG_READ_S)
        except TimeoutError:
            break
        if str(found[-1].headers.get("ce-time")) > began:
            break
    await log.cancel(tag)
    return found


fault(
    "every event published again, in any order",
    lambda scene: f"{scene.notes['published again']} events again" if scene.notes.get("published again") else "",
    phases=("withdraw", "attend", "certify", "match"),
    mixed=False,
)(every_event_again)


# ---- out of order


@fault(
    "deliveries out of order",
    lambda scene: f"{scene.notes['overtaken']} overtaken by a later one" if scene.notes["overtaken"] else "",
    phases=("register", "score"),
)
def out_of_order(scene: Scene) -> None:
    """Every message waits for a moment of its own before it is handled."""
    seams = scene.system.seams
    before = seams.bitten()[shuffling.ORDER_OF_DELIVERY]
    seams.shuffle(on=True)
    try:
        scene.until(lambda: seams.bitten()[shuffling.ORDER_OF_DELIVERY] > before + 10, 25)
    finally:
        seams.shuffle(on=False)
    scene.notes["overtaken"] = seams.bitten()[shuffling.ORDER_OF_DELIVERY] - before


# ---- schemas


@fault(
    "events of older and later schemas",
    lambda scene: f"{scene.notes['schemas']} messages" if scene.notes.get("schemas") else "",
    mixed=False,
)
def other_schemas(scene: Scene) -> None:
    """Every committed example of every version, as it is, and with fields that nobody here knows.

    Not to selection, which would tell of those people, who are in no programme that is played here.
    """

    async def send(channel: AbstractChannel) -> int:
        sent = 0
        for path in GOLDEN:
            example = golden(path)
            later = example.data | {"not_known_yet": {"deep": [1, None, "x"]}, "note": "later"}
            for queue in _queues_of(type(example.event)) - {topology.queue_of("selection", type(example.event))}:
                for data in (example.data, later):
                    one = message(example.event, example.subject, example.sequence)
                    one.body = orjson.dumps(data)
                    await _hand_in(channel, queue, one)
                    sent += 1
        return sent

    scene.notes["schemas"] = scene.system.on_channel(send)
    registered = next(one for one in map(golden, GOLDEN) if isinstance(one.event, ApplicantRegistered))
    for service, collection in (("placement", "graduates"), ("gateway", "applicants")):
        documents = scene.system.database(service)[collection]
        absorbed = scene.until(lambda found=documents: found.find_one({"_id": registered.subject}) is not None)  # type: ignore[misc]
        assert absorbed, f"{service} has not taken the example of ApplicantRegistered"


# ---- poison


@fault(
    "poison in every queue",
    lambda scene: (
        f"{scene.notes['poison']} parked once, with a reason that quotes nothing" if scene.notes.get("poison") else ""
    ),
    phases=("register",),
    mixed=False,
)
def poison(scene: Scene) -> None:
    """Among good messages: each must be parked once, at once, and told of without quoting it."""

    async def send(channel: AbstractChannel) -> dict[str, dict[str, str]]:
        sent: dict[str, dict[str, str]] = {}
        for queue, example in _examples():
            for why, one in _poisoned(example):
                one.message_id = uuid.uuid4().hex
                sent.setdefault(queue, {})[one.message_id] = why
                await _hand_in(channel, queue, one)
        return sent

    sent = scene.system.on_channel(send)
    total = sum(map(len, sent.values()))
    found: dict[str, list[AbstractIncomingMessage]] = {}

    def all_there() -> bool:
        for queue, some in scene.system.on_channel(lambda channel: _take_parked(channel, sent)).items():
            found.setdefault(queue, []).extend(some)
        return sum(map(len, found.values())) >= total

    complete = scene.until(all_there, _PARKED_S)
    for queue, whys in sent.items():
        parked = [str(one.message_id) for one in found.get(queue, [])]
        missing = sorted(why for id_, why in whys.items() if id_ not in parked)
        assert complete and not missing, f"{queue}: not parked: {missing}"
        assert len(parked) == len(set(parked)), f"{queue}: parked twice"
        for one in found[queue]:
            why, reason = whys[str(one.message_id)], str(one.headers.get("ce-reason"))
            assert reason.startswith("Permanent: "), f"{queue}: {why} took the ladder: {reason}"
            assert SECRET not in reason, f"{queue}: the reason quotes what came: {why}"
    telling = [log.name for log in scene.system.home.log.glob("*.log*") if SECRET in log.read_text(errors="replace")]
    assert not [name for name in telling if not name.startswith(("rabbitmq", "mongod"))], f"quoted in {telling}"
    scene.notes["poison"] = total


def _poisoned(event: Event) -> Iterator[tuple[str, aio_pika.Message]]:
    """Messages that look more or less like this event and are none, each with what is wrong about it."""
    data = event.model_dump(mode="json")
    bodies = {
        "empty": b"",
        "not JSON": f"nik={SECRET}".encode(),
        "cut short": orjson.dumps(data)[:-5],
        "not UTF-8": b'{"nik": "\xff\xfe' + SECRET.encode() + b'"}',
        "a list": f'["{SECRET}"]'.encode(),
        "a number": SECRET.encode(),
        "null": b"null",
        "not a number": b'{"total": NaN}',
        "half a character": b'{"applicant_id": "\\ud800"}',
        "nested deeply": b"[" * 100_000 + b"]" * 100_000,
        "nested deeply in a field": b'{"applicant_id": ' + b"[" * 900 + b"]" * 900 + b"}",
        "no field right": orjson.dumps({name: {SECRET: SECRET} for name in data}),
        "all fields lists": orjson.dumps({name: [SECRET] for name in data}),
        "all fields missing": orjson.dumps({"nik": SECRET}),
        "huge": orjson.dumps({"nik": SECRET * 100_000}),
    }
    good = message(event, "racun", 1)
    for why, body in bodies.items():
        yield why, aio_pika.Message(body, headers=dict(good.headers), content_type="application/json")
    headers: dict[str, dict[str, Any]] = {
        "later version": {"ce-type": event.ce_type().rsplit(".", 1)[0] + ".v2"},
        "another event": {"ce-type": "jalur.placement.Whatever.v1"},
        "no type of ours": {"ce-type": SECRET},
        "no number in its id": {"ce-id": f"{SECRET}:x"},
        "no number for its sequence": {"ce-sequence": f"{SECRET}x"},
        "a sequence beyond measure": {"ce-sequence": SECRET * 3},
        "a table for its type": {"ce-type": {"nik": SECRET}},
    }
    for why, changed in headers.items():
        yield why, aio_pika.Message(good.body, headers={**good.headers, **changed})
    for name in ("ce-id", "ce-type", "ce-source", "ce-subject", "ce-sequence", "ce-time"):
        left = {key: value for key, value in good.headers.items() if key != name}
        yield f"no {name}", aio_pika.Message(good.body, headers={**left, "nik": SECRET})
    yield "no headers", aio_pika.Message(good.body)


# ---- queues


def _queues_of(contract: type[Event]) -> set[str]:
    return {topology.queue_of(on.service, contract) for on in everything.subscriptions() if contract in on.contracts}


def _examples() -> Iterator[tuple[str, Event]]:
    """Every queue, with an event that belongs into it."""
    examples = {type(one.event): one.event for one in map(golden, GOLDEN)}
    for on in everything.subscriptions():
        for contract in on.contracts:
            yield topology.queue_of(on.service, contract), examples[contract]


async def _hand_in(channel: AbstractChannel, queue: str, one: aio_pika.Message) -> None:
    """Into this queue alone, by the way that retried messages take: the log keeps nothing of it."""
    back = await channel.get_exchange(topology.returning(queue.split(".", 1)[0]), ensure=False)
    await back.publish(one, queue)


async def _take_parked(
    channel: AbstractChannel, sent: dict[str, dict[str, str]]
) -> dict[str, list[AbstractIncomingMessage]]:
    """Take what was sent out of the parking places; what else is there stays."""
    found: dict[str, list[AbstractIncomingMessage]] = {}
    for name, mine in sent.items():
        queue = await channel.get_queue(topology.parked(name), ensure=False)
        others = []
        while (one := await queue.get(fail=False)) is not None:
            if one.message_id in mine:
                found.setdefault(name, []).append(one)
                await one.ack()
            else:
                others.append(one)
        for other in others:
            await other.nack(requeue=True)
    return found
