"""Parked messages of all services through the gateway: one list, who sees what, and what becomes of them."""

import json
from datetime import date

import aio_pika
import httpx
from aio_pika.abc import AbstractConnection

from shared import topology
from shared.contracts.registration import ApplicantWithdrawn
from tests.events import message, until
from tests.integration.test_gateway import Whole, whole

__all__ = ["whole"]

QUEUES = {f"{name}.applicant_withdrawn.v1" for name in ("selection", "certification", "placement", "gateway")}
OK = httpx.codes.OK


async def publish_poison(broker: AbstractConnection, who: str) -> None:
    event = ApplicantWithdrawn(applicant_id=who, programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))
    sent = message(event, who)
    body = {"applicant_id": who, "programme_code": "UJI-1", "reason": "sakit keras", "health_certificate": False}
    poison = aio_pika.Message(json.dumps(body).encode(), headers=sent.headers, message_id=sent.message_id)
    async with broker.channel(publisher_confirms=True) as channel:
        await (await channel.get_exchange(topology.EVENTS)).publish(poison, ApplicantWithdrawn.routing_key())


async def test_one_list_of_all_services_and_deeds_that_reach_each(whole: Whole, broker: AbstractConnection) -> None:
    async with whole.gateway() as admin:
        added = await admin.post("/api/v1/users", json={"name": "operator-1", "role": "operator"})
        operator = {"Authorization": f"Bearer {added.json()['token']}"}
        for who in ("a", "b"):
            await publish_poison(broker, who)

        async def groups() -> set[tuple[str, int]]:
            found = (await admin.get("/api/v1/parked", headers=operator)).json()
            assert found["unavailable"] == []
            return {(group["queue"], group["messages"]) for group in found["groups"]}

        async def all_there() -> bool:
            return await groups() == {(queue, 2) for queue in QUEUES}

        await until(all_there, 30)

        # page by page, each once
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await admin.get("/api/v1/parked", params={"limit": 3, "cursor": cursor}, headers=operator)).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 8

        for queue in QUEUES:
            id_ = next(one for one in seen if one.startswith(queue))
            hidden = (await admin.get(f"/api/v1/parked/{id_}", headers=operator)).json()
            assert (hidden["body"]["applicant_id"][0] in "ab", "health_certificate" in hidden["body"]) == (True, False)
            assert "sakit" not in json.dumps(hidden)
            shown = (await admin.get(f"/api/v1/parked/{id_}")).json()
            assert shown["body"]["reason"] == "sakit keras"
            wanted = {"queue": queue, "cause": "Permanent", "reason": "a mistake of ours"}
            done = await admin.post("/api/v1/parked/discard", json=wanted, headers=operator)
            assert (done.status_code, done.json()) == (OK, {"messages": 2})
        assert await groups() == set()

        for bad in ("nonsense", "selection.applicant_withdrawn.v1:00", "gateway.applicant_withdrawn.v1:00"):
            assert (await admin.get(f"/api/v1/parked/{bad}")).status_code == httpx.codes.NOT_FOUND
            single = {"ids": [bad], "reason": "why"}
            assert (await admin.post("/api/v1/parked/replay", json=single)).status_code == httpx.codes.NOT_FOUND
        unexplained = {"ids": [seen[0]], "reason": " "}
        answer = await admin.post("/api/v1/parked/replay", json=unexplained)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY

        async def told() -> bool:
            ready = (await admin.get("/health/ready")).json()
            return (ready["parked"], ready["oldest_outbox_entry_s"]) == (0, 0.0)

        await until(told, 20)
