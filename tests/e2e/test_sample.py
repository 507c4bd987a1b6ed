"""Both sample programmes through the public API, and what an outside subscriber saw of them."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import openpyxl
import pytest

from deploy.local.runner import LocalStack
from services.gateway import figures
from services.gateway.client import Client
from shared import topology
from shared.contracts import BY_TYPE
from shared.contracts.certification import AssessmentRecorded
from shared.contracts.registration import ApplicantRegistered
from shared.contracts.selection import SelectionDecided
from tests.e2e.programme_files import Step, steps
from tests.events import until

PROGRAMMES = {"LPKS-2025": "lpks-2025", "DBHCHT-2-2025": "dbhcht-2-2025"}

Message = tuple[str, dict[str, Any], dict[str, Any]]  # routing key, headers, data


class Played:
    """What came of playing both programmes."""

    def __init__(self, client: Client, reports: dict[str, dict[str, Any]], messages: list[Message]) -> None:
        self.client = client
        self.reports = reports
        self.messages = messages

    def data(self, event: type[Any]) -> list[dict[str, Any]]:
        return [data for _, headers, data in self.messages if headers["ce-type"] == event.ce_type()]


@pytest.fixture(scope="module")
def played(stack: LocalStack, gateway: httpx.Client, sample: Path) -> Played:
    """An outside subscriber binds its queue first; then both programmes are played, each step once."""
    reports: dict[str, dict[str, Any]] = {}

    def play() -> None:
        for code, folder in PROGRAMMES.items():
            expected = json.loads((sample / folder / "expected.json").read_text("utf-8"))
            for step in steps(sample / folder, expected):
                reports[f"{code} {step.name}"] = _send(gateway, step)

    messages = asyncio.run(_while_listening(stack.amqp_url, play, gateway))
    return Played(Client.from_credentials(stack.credentials), reports, messages)


def _send(gateway: httpx.Client, step: Step) -> dict[str, Any]:
    answer = step.send(gateway)
    assert answer.is_success, (step.name, answer.text)
    report: dict[str, Any] = answer.json()
    assert len(report.get("refused", [])) == step.refused, (step.name, report["refused"])
    return report


async def _while_listening(amqp_url: str, play: Any, gateway: httpx.Client) -> list[Message]:
    messages: list[Message] = []
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(topology.EVENTS, "#")

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            messages.append((str(message.routing_key), dict(message.headers), json.loads(message.body)))

        await queue.consume(take, no_ack=True)
        await asyncio.to_thread(play)
        await until(lambda: _placed(gateway, "DBHCHT-2-2025") == 130 and _placed(gateway, "LPKS-2025") == 178, 30)
    return messages


def _placed(gateway: httpx.Client, code: str) -> int:
    return sum(gateway.get(f"/programmes/{code}/funnel").json()["placed"].values())


@pytest.mark.parametrize("code", PROGRAMMES)
def test_every_count_is_as_expected(played: Played, sample: Path, code: str) -> None:
    expected = json.loads((sample / PROGRAMMES[code] / "expected.json").read_text("utf-8"))
    applicants, certificates = (played.reports[f"{code} {kind}"] for kind in ("applicants", "certificates"))
    measured = figures.measure(played.client, code, applicants, certificates)
    assert figures.differences(measured, expected) == []
    assert measured.keys() == expected.keys()


def test_nobody_is_accepted_twice_across_programmes(played: Played) -> None:
    accepted = [one["person_id"] for one in played.data(SelectionDecided) if one["outcome"] == "accepted"]
    assert len(accepted) == len(set(accepted)) == 196 + 144


def test_numbers_run_in_order_of_submission_without_gaps(played: Played) -> None:
    for code, count in (("LPKS-2025", 336), ("DBHCHT-2-2025", 402)):
        mine = [one for one in played.data(ApplicantRegistered) if one["programme_code"] == code]
        mine.sort(key=lambda one: str(one["registered_at"]))
        assert [one["registration_no"] for one in mine] == [f"{code}-{number:04}" for number in range(1, count + 1)]


def test_every_message_has_the_headers_and_the_body_of_its_contract(played: Played) -> None:
    for routing_key, headers, data in played.messages:
        contract = BY_TYPE[headers["ce-type"]]
        contract.model_validate(data)
        assert routing_key == contract.routing_key()
        assert headers["ce-source"] == f"/jalur/{contract.service}"
        service, rest = headers["ce-id"].split(".", 1)
        _, subject, version, _ = rest.rsplit(":", 3)
        assert (service, subject) == (contract.service, headers["ce-subject"])
        assert (len(headers["ce-sequence"]), int(headers["ce-sequence"])) == (12, int(version))
        assert headers["ce-correlationid"]
    not_in_the_samples = {"ApplicantCorrected", "ApplicantWithdrawn", "CertificateRevoked"}
    seen = {BY_TYPE[headers["ce-type"]].event_name for _, headers, _ in played.messages}
    assert seen == {contract.event_name for contract in BY_TYPE.values()} - not_in_the_samples


def test_the_history_is_complete_and_each_event_came_once(played: Played) -> None:
    ids = [headers["ce-id"] for _, headers, _ in played.messages]
    assert len(ids) == len(set(ids))
    assert len(played.data(AssessmentRecorded)) == 196 + 141
    for _, headers, data in played.messages:
        if "applicant_id" in data:
            assert data["programme_code"] in PROGRAMMES, headers["ce-id"]


def test_no_event_names_anybody(played: Played, sample: Path) -> None:
    everything = json.dumps(played.messages).casefold()
    digits = re.sub(r"\D+", " ", everything)
    for folder in PROGRAMMES.values():
        heading, *rows = openpyxl.load_workbook(sample / folder / "pendaftar.xlsx").active.iter_rows(values_only=True)
        column = {name: place for place, name in enumerate(heading)}
        for row in rows:
            nik = re.sub(r"\D", "", str(row[column["NIK"]]))
            phone = re.sub(r"\D", "", str(row[column["Nomor HP (WhatsApp)"]])).removeprefix("62").removeprefix("0")
            assert len(nik) < 15 or nik not in digits
            assert phone not in digits
            assert f'"{row[column["Nama Lengkap (sesuai KTP)"]]}"'.casefold() not in everything
            assert str(row[column["Alamat"]]).casefold() not in everything


def test_an_applicant_can_be_followed_from_registration_to_a_job(played: Played) -> None:
    placed = next(one for one in played.client.applicants("LPKS-2025") if one["stage"] == "placed")
    dossier = played.client.get(f"/applicants/{placed['applicant_id']}")
    what = [one["what"] for one in dossier["ledger"]]
    for step in ("registered", "screened", "scores_recorded", "decided"):
        assert step in what, what
    assert what.index("registered") < what.index("screened") < what.index("scores_recorded") < what.index("decided")
    times = [one["at"] for one in dossier["ledger"]]
    assert times == sorted(times)


def test_a_withdrawal_in_time_promotes_the_first_reserve(played: Played, gateway: httpx.Client) -> None:
    before = _class(gateway, "BTK-1")
    leaver = before["accepted"][0]
    body = {"reason": "bekerja di luar kota", "withdrawn_on": "2025-06-10"}
    assert gateway.post(f"/applicants/{leaver}/withdrawal", json=body).status_code == 200
    asyncio.run(until(lambda: before["reserves"][0] in _class(gateway, "BTK-1")["accepted"]))
    after = _class(gateway, "BTK-1")
    assert leaver not in after["accepted"]
    assert (len(after["accepted"]), after["reserves"]) == (20, before["reserves"][1:])
    assert gateway.get(f"/applicants/{leaver}").json()["ledger"][-1]["what"] == "withdrawn"


def _class(gateway: httpx.Client, code: str) -> dict[str, Any]:
    found = gateway.get("/programmes/LPKS-2025/classes").json()
    return next(one for one in found.get("classes", found.get("items", [])) if one["code"] == code)
