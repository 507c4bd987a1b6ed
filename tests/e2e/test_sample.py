"""Both sample programmes through the public API, what an outside subscriber saw of them, and what the audit says."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import openpyxl
import pytest
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from deploy.local.runner import LocalStack
from services.gateway import figures
from services.gateway.cli import app
from services.gateway.client import Client
from shared import topology
from shared.contracts import BY_TYPE
from shared.contracts.certification import AssessmentRecorded
from shared.contracts.registration import ApplicantRegistered
from shared.contracts.selection import SelectionDecided
from tests.e2e.programme_files import Step, steps
from tests.events import until

_ARRIVED_WITHIN_S = 20.0
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
                tried = _try(gateway, step) if code == "LPKS-2025" else None
                reports[f"{code} {step.name}"] = report = _send(gateway, step)
                assert tried is None or tried == _foretold(report), step.name

    messages = asyncio.run(_while_listening(stack.amqp_url, play, gateway))
    return Played(Client.from_credentials(stack.credentials), reports, messages)


def _send(gateway: httpx.Client, step: Step) -> dict[str, Any]:
    answer = step.send(gateway)
    assert answer.is_success, (step.name, answer.text)
    report: dict[str, Any] = answer.json()
    assert len(report.get("refused", [])) == step.refused, (step.name, report["refused"])
    return report


def _try(gateway: httpx.Client, step: Step) -> dict[str, Any] | None:
    """What a dry run of an import says, as soon as what its rows build on has arrived; None for other steps."""
    if not step.of_a_sheet:
        return None
    deadline = time.monotonic() + _ARRIVED_WITHIN_S
    while True:
        gateway.params = {"dry_run": "true"}
        answer = step.send(gateway)
        gateway.params = {}
        assert answer.is_success, (step.name, answer.text)
        if len(answer.json()["refused"]) == step.refused or time.monotonic() > deadline:
            return _foretold(answer.json())
        time.sleep(0.5)


def _foretold(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the numbers of those who are registered by another row of the same sheet."""
    return report | {"duplicate_rows": [one["row"] for one in report["duplicate_rows"]]}


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
    not_in_the_samples = {"ApplicantCorrected", "ApplicantWithdrawn", "CertificateRevoked", "MatchAnswered"}
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


SERVICES = ("registration", "selection", "certification", "placement", "gateway")


@pytest.fixture
def command(stack: LocalStack, gateway: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`jalur`, as the administrator."""
    monkeypatch.setenv("JALUR_URL", stack.gateway_url)
    monkeypatch.setenv("JALUR_TOKEN", gateway.headers["authorization"].removeprefix("Bearer "))
    return lambda *arguments: CliRunner().invoke(app, [*arguments], env={"COLUMNS": "500"})


@pytest.fixture
def jalur(command: Any) -> Any:
    """`jalur audit`, as the administrator."""
    return lambda *arguments: command("audit", *arguments)


def heads(result: Result) -> dict[str, str]:
    """The heads that `jalur audit verify` printed, by service."""
    return {head.partition(":")[0]: head for head in re.findall(r"head (\w+:\d+:[0-9a-f]{64})", result.output)}


def entries(gateway: httpx.Client, service: str, **asked: str) -> list[dict[str, Any]]:
    answer = gateway.get("/audit/entries", params={"service": service, "limit": "200", **asked})
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_all_of_it_is_intact_and_can_be_held_to_heads_written_down(played: Played, jalur: Any) -> None:
    first = jalur("verify")
    assert first.exit_code == 0, first.output
    written = heads(first)
    assert set(written) == set(SERVICES)
    told = {service: int(re.search(rf"{service} (\d+) entries", first.output).group(1)) for service in SERVICES}  # type: ignore[union-attr]
    # a registration, a screening and scores or a refusal of each, and of those refused or ranked a decision
    assert told["registration"] >= 336 + 402
    assert told["selection"] >= 2 * (336 + 402)
    assert told["certification"] >= 340
    assert told["gateway"] >= 1
    again = jalur("verify", *(part for head in written.values() for part in ("--expect", head)))
    assert again.exit_code == 0, again.output
    other = written["selection"][:-1] + ("0" if written["selection"][-1] != "0" else "1")
    refused = jalur("verify", "--service", "selection", "--expect", other)
    assert refused.exit_code == 1
    assert "is not the expected one" in refused.output
    assert jalur("verify", "--service", "seleksi").exit_code == 1


def test_the_record_says_who_refused_or_accepted_somebody_and_from_what_facts(
    played: Played, gateway: httpx.Client, jalur: Any
) -> None:
    people = list(played.client.applicants("LPKS-2025"))
    refused = next(one for one in people if one["stage"] == "refused")
    screened, decided = (
        next(one for one in entries(gateway, "selection", about=refused["applicant_id"]) if one["what"] == what)
        for what in ("screened", "decided")
    )
    assert (screened["by"], screened["role"]) == (decided["by"], decided["role"]) == ("selection", "service")
    assert (
        [reason for reason, _ in screened["detail"]["findings"]] == decided["detail"]["reasons"] == refused["reasons"]
    )
    assert screened["detail"]["rules"]["resident_of"] == "Kota Pekalongan"
    assert screened["detail"]["facts"]["city"]
    registered = next(one for one in entries(gateway, "registration", about=refused["applicant_id"]))
    assert (registered["what"], registered["by"], registered["role"]) == ("registered", "admin", "admin")
    assert registered["correlation"] == screened["correlation"]  # one request caused both

    accepted = next(one for one in people if one["outcome"] == "accepted")
    decided = [
        one for one in entries(gateway, "selection", about=accepted["applicant_id"]) if one["what"] == "decided"
    ][-1]
    assert (decided["by"], decided["role"]) == ("admin", "admin")
    assert (decided["detail"]["stage"], decided["detail"]["class_code"]) == ("ranking", accepted["class_code"])
    assert float(decided["detail"]["total"]) == accepted["total"]
    run_id = decided["detail"]["run_id"]
    begun = next(one for one in entries(gateway, "selection", about="LPKS-2025") if one["what"] == "decision_begun")
    assert (begun["detail"]["run_id"], begun["by"]) == (run_id, "admin")
    replayed = jalur("replay", "LPKS-2025", run_id)
    assert replayed.exit_code == 0, replayed.output
    assert "decision by admin (admin) at " in replayed.output
    proposed = next(one for one in entries(gateway, "placement", by="admin") if one["what"] == "proposed")
    replayed = jalur("replay", proposed["programme_code"], proposed["detail"]["run_id"], "--matching")
    assert replayed.exit_code == 0, replayed.output
    assert "matching by admin (admin) at " in replayed.output

    shown = jalur("show", "--applicant", accepted["applicant_id"])
    assert shown.exit_code == 0
    steps = ["registered", "screened", "scores_recorded", "decided", "attendance_recorded"]
    assert [what for what in re.findall(r"Z (\w+) by ", shown.output) if what in steps][: len(steps)] == steps
    assert "registered by admin (admin)" in shown.output


def test_the_record_names_nobody_but_staff(played: Played, gateway: httpx.Client, stack: LocalStack) -> None:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        kept = [str(list(client[f"{stack.db_prefix}_{name}_audit"]["audit"].find())) for name in SERVICES]
    assert sum(map(len, kept)) > 100_000
    everything = " ".join(kept).casefold()
    people = gateway.get("/programmes/LPKS-2025/applicants?limit=200&reveal=nik,name,phone").json()["items"]
    assert len(people) == 200
    for one in people:
        assert one["nik"] not in everything
        assert one["phone"].removeprefix("+62") not in everything
        assert f"'{one['name'].casefold()}'" not in everything


def test_an_operator_reads_and_verifies_it_without_what_touches_health(
    played: Played, gateway: httpx.Client, stack: LocalStack
) -> None:
    secrets = {
        role: gateway.post("/users", json={"name": f"{role}-audit", "role": role}).json()["token"]
        for role in ("operator", "registrar")
    }
    address = f"{stack.gateway_url}/api/v1/audit"
    sick = next(one for one in played.client.applicants("LPKS-2025") if "not_healthy" in one["reasons"])
    query = {"service": "selection", "about": sick["applicant_id"]}
    mine = httpx.get(f"{address}/entries", params=query, headers={"Authorization": f"Bearer {secrets['operator']}"})
    assert mine.is_success
    assert [one["what"] for one in mine.json()["items"]][:2] == ["screened", "decided"]
    assert "not_healthy" not in mine.text and "health_certificate" not in mine.text
    assert "not_healthy" in str(entries(gateway, "selection", about=sick["applicant_id"]))
    for path in ("entries?service=gateway", "verify"):
        refused = httpx.get(f"{address}/{path}", headers={"Authorization": f"Bearer {secrets['registrar']}"})
        assert refused.status_code == 403
    deeds = entries(gateway, "gateway", about="operator-audit")
    assert [(one["what"], one["by"]) for one in deeds] == [("user_added", "admin")]


def test_tampering_in_a_database_is_found_through_the_command(played: Played, stack: LocalStack, jalur: Any) -> None:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        applicants = client[f"{stack.db_prefix}_selection"]["applicants"]
        victim = applicants.find_one({"decision.outcome": "rejected"}, {"ledger": 1})
        assert victim is not None
        forged = {"$set": {"ledger.1.detail.outcome": "accepted"}}
        applicants.update_one({"_id": victim["_id"]}, forged)
        found = jalur("verify")
        applicants.update_one({"_id": victim["_id"]}, {"$set": {"ledger": victim["ledger"]}})
    assert found.exit_code == 1
    assert f"is not what applicants {victim['_id']} holds at place 1: detail (outcome)" in found.output
    assert jalur("verify").exit_code == 0


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


def test_the_read_model_is_built_anew_from_the_log_document_by_document(
    played: Played, stack: LocalStack, gateway: httpx.Client, command: Any
) -> None:
    with MongoClient[dict[str, Any]](stack.mongo_url) as client:
        database = client[f"{stack.db_prefix}_gateway"]

        def held(generation: str = "") -> dict[str, dict[str, Any]]:
            return {
                name: {one.pop("_id"): one for one in database[name + generation].find({}, {"version": 0})}
                for name in ("applicants", "people", "programmes")
            }

        live = held()
        assert (len(live["applicants"]), len(live["programmes"])) == (336 + 402, 2)
        # the counts follow the documents a moment later
        reserves = sum(
            one["programme_code"] == "LPKS-2025" and not one["withdrawn"] and one["decision"]["outcome"] == "reserve"
            for one in live["applicants"].values()
            if one["decision"]
        )
        asyncio.run(until(lambda: gateway.get("/programmes/LPKS-2025/funnel").json()["reserve"] == reserves))
        database["applicants"].insert_one({"_id": "nobody", "programme_code": "LPKS-2025", "version": 1})
        database["applicants"].update_many({"decision.outcome": "rejected"}, {"$set": {"decision.outcome": "accepted"}})
        assert held() != live
        funnels = {code: gateway.get(f"/programmes/{code}/funnel").json() for code in PROGRAMMES}
        rebuilt = command("rebuild", "gateway", "--reason", "somebody has written into the database")
        assert rebuilt.exit_code == 0, rebuilt.output
        assert "in service: generation 1" in rebuilt.output
        assert held("_1") == live
    assert {code: gateway.get(f"/programmes/{code}/funnel").json() for code in PROGRAMMES} == funnels
    assert len(list(played.client.applicants("LPKS-2025"))) == 336
    told = [one for one in entries(gateway, "gateway") if one["what"] == "rebuild_asked"]
    assert [(one["by"], one["reason"]) for one in told] == [("admin", "somebody has written into the database")]
