"""The office's own certificates on a real RabbitMQ and MongoDB: numbered once, by two replicas, and verified."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection

from services.certification.app import build
from services.certification.settings import Settings
from shared.contracts.certification import TrainingCompleted
from tests.conftest import Running
from tests.events import Outsider, until
from tests.integration.test_certification import attendance, decide, known, send, verdicts
from tests.integration.test_certification_classes import CLASS, started

MakeSettings = Callable[..., Settings]
PEOPLE = [f"a{number:02}" for number in range(12)]


async def held(client: httpx.AsyncClient) -> dict[str, list[dict[str, Any]]]:
    """By applicant."""
    shown = (await client.get(CLASS)).json()
    return {one["applicant_id"]: one["training_certificates"] for one in shown["people"]}


async def test_issued_revoked_and_verified(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    outsider = await Outsider().listen(broker, "certification.#")
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1", "a2", "a3")
        rows = [("a1", attendance()), ("a2", attendance(note="Mengundurkan diri"))]
        assert verdicts(await send(client, "attendance", *rows)) == ["accepted", "accepted"]

        for issued in (1, 0):  # a button pressed twice
            answer = await client.post(f"{CLASS}/training-certificates", json={})
            assert (answer.status_code, answer.json()) == (200, {"issued": issued})
        [first] = (await held(client))["a1"]
        assert first["certificate_no"] == "UJI-1/A/0001"
        alone = "/applicants/a1/training-certificates"
        again = (await client.post(alone, json={})).json()
        assert again == {"issued": False, "applicant_id": "a1", "training_certificates": [first]}
        for nobody in ("a2", "a3"):
            refused = await client.post(f"/applicants/{nobody}/training-certificates", json={})
            assert (refused.status_code, refused.json()["code"]) == (409, "training_not_completed")
        assert (await client.post("/applicants/x/training-certificates", json={})).status_code == 404

        code = first["verify_code"]
        shown = (await client.get(f"/verify/{code[:5].lower()}-{code[5:].lower()}")).json()
        assert shown == {
            "kind": "pelatihan",
            "applicant_id": "a1",
            "status": "valid",
            "reason": None,
            "certificate_no": "UJI-1/A/0001",
            "issued_on": first["issued_on"],
            "programme_name": "Program uji",
            "class_name": "Kelas A",
            "provider": "BLK",
            "starts": date(2025, 3, 1).isoformat(),
            "ends": date(2025, 3, 31).isoformat(),
            "days": 20,
            "present": 18,
        }

        revocation = {"certificate_no": "UJI-1/A/0001", "reason": "milik 3375011206050059, salah cetak"}
        for _ in range(2):
            answer = await client.post(f"{alone}/revocation", json=revocation)
            assert answer.json()["training_certificates"][0]["reason"] == "milik …, salah cetak"
        other = await client.post(f"{alone}/revocation", json=revocation | {"reason": "lain"})
        assert other.json()["code"] == "already_revoked"
        unknown = await client.post(f"{alone}/revocation", json=revocation | {"certificate_no": "UJI-1/A/0002"})
        assert unknown.json()["code"] == "unknown_certificate"
        shown = (await client.get(f"/verify/{code}")).json()
        assert (shown["status"], shown["reason"]) == ("revoked", "milik …, salah cetak")

        # a whole class never gives one back to whoever's was revoked; one clerk may, under another number
        assert (await client.post(f"{CLASS}/training-certificates", json={})).json() == {"issued": 0}
        assert (await client.post(alone, json={})).json()["code"] == "training_certificate_revoked"
        numbers = [
            [
                one["certificate_no"]
                for one in (await client.post(alone, json={"again": True})).json()["training_certificates"]
            ]
            for _ in range(2)
        ]
        assert numbers == [["UJI-1/A/0001", "UJI-1/A/0002"]] * 2

        told = (await client.get("/applicants/a1")).json()
        assert [entry["what"] for entry in told["ledger"]][-3:] == [
            *("training_certificate_issued", "training_certificate_revoked", "training_certificate_issued")
        ]
        assert told["certificates"] == [] and told["ledger"][-3]["by"] == "petugas"
        progress = (await client.get("/internal/progress/UJI-1")).json()
        assert set(progress["published"]) == {TrainingCompleted.event_name}
        await until(lambda: len(outsider.data(TrainingCompleted)) == 2)
        assert {message.headers["ce-type"] for message in outsider.seen} == {TrainingCompleted.ce_type()}


async def test_a_class_is_numbered_in_the_order_asked_for(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    async with running(build, settings_for(Settings), "certification") as client:
        await started(client, broker, "a1", "a2", "a3", "a4")
        await send(client, "attendance", *((who, attendance()) for who in ("a1", "a2", "a3", "a4")))
        order = {"order": ["a3", "unknown", "a1"]}
        assert (await client.post(f"{CLASS}/training-certificates", json=order)).json() == {"issued": 4}
        numbers = {who: one["certificate_no"][-1] for who, [one] in (await held(client)).items()}
        assert numbers == {"a3": "1", "a1": "2", "a2": "3", "a4": "4"}


async def test_two_replicas_give_no_number_twice_and_leave_none_out(
    settings_for: MakeSettings, running: Running, broker: AbstractConnection
) -> None:
    settings = settings_for(Settings)
    async with (
        running(build, settings, "certification") as one,
        running(build, settings, "certification") as other,
    ):
        await started(one, broker, *PEOPLE)
        await send(one, "attendance", *((who, attendance()) for who in PEOPLE))
        whole_class = [client.post(f"{CLASS}/training-certificates", json={}) for client in (one, other, one, other)]
        single = [
            client.post(f"/applicants/{who}/training-certificates", json={})
            for who in PEOPLE
            for client in (one, other)
        ]
        answers = await asyncio.gather(*whole_class, *single)
        assert {answer.status_code for answer in answers} == {200}
        assert sum(answer.json()["issued"] for answer in answers) == len(PEOPLE)
        given = [certificates[0]["certificate_no"] for certificates in (await held(one)).values()]
        assert sorted(given) == [f"UJI-1/A/{number:04}" for number in range(1, len(PEOPLE) + 1)]
        before = await held(other)
        assert all(len(certificates) == 1 for certificates in before.values())

    # another process counts on from what is stored, and nothing that was given changes
    async with running(build, settings, "certification") as third:
        await decide(broker, "late")
        await until(lambda: known(third, "late"))
        await send(third, "attendance", ("late", attendance()))
        assert (await third.post(f"{CLASS}/training-certificates", json={})).json() == {"issued": 1}
        after = await held(third)
        assert after.pop("late")[0]["certificate_no"] == f"UJI-1/A/{len(PEOPLE) + 1:04}"
        assert after == before
