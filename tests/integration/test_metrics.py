"""What Prometheus is shown: figures that are true, labels that are few and name nobody, and nothing without a token."""

import re
from collections.abc import Callable
from typing import Any

import httpx
from aio_pika.abc import AbstractConnection
from prometheus_client.parser import text_string_to_metric_families

from services.selection import app as selection
from services.selection.settings import Settings
from shared.contracts.registration import ApplicantRegistered, ProgrammeOpened
from shared.topology import EVENTS
from tests.builders import programme
from tests.conftest import Running
from tests.events import applicant, message, publish, until
from tests.integration.gateway_alone import API, Alone, administrator, alone

__all__ = ["alone"]

TOKEN = "token-for-metrics-of-the-tests"
SCRAPING = {"Authorization": f"Bearer {TOKEN}"}
QUEUE = "selection.applicant_registered.v1"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(client: httpx.AsyncClient) -> Samples:
    answer = await client.get("/metrics", headers=SCRAPING)
    assert answer.status_code == httpx.codes.OK
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def one(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_events_are_counted_by_what_became_of_them_and_parked_ones_are_shown(
    settings_for: Callable[..., Any], running: Running, broker: AbstractConnection
) -> None:
    settings = settings_for(Settings, metrics_token=TOKEN)
    outcomes = [one("jalur_events_total", queue=QUEUE, outcome=name) for name in ("handled", "retried", "parked")]
    took, delay = (one(f"jalur_event_{of}_seconds_count", queue=QUEUE) for of in ("handling", "delay"))
    opened = ProgrammeOpened(programme_code="UJI-1", revision=1, programme=programme())
    async with running(selection.build, settings, "selection") as client:
        before = await scraped(client)

        async def since() -> tuple[list[float], Samples]:
            now = await scraped(client)
            return [now.get(name, 0) - before.get(name, 0) for name in (*outcomes, took, delay)], now

        await publish(broker, opened, "UJI-1")
        for number in range(3):
            event = ApplicantRegistered.model_validate(applicant(number))
            await publish(broker, event, event.applicant_id)
        unknown = ApplicantRegistered.model_validate(applicant(4, programme_code="LAIN"))
        await publish(broker, unknown, unknown.applicant_id)
        poison = message(ApplicantRegistered.model_validate(applicant(9)), "a0009")
        poison.body = b"{}"
        async with broker.channel(publisher_confirms=True) as channel:
            exchange = await channel.get_exchange(EVENTS)
            await exchange.publish(poison, ApplicantRegistered.routing_key())

        async def counted() -> bool:
            (handled, retried, parked, batches, delays), now = await since()
            done = handled == 3 and retried >= 1 and parked == 1
            assert not done or 1 <= batches == delays
            return done and now.get(one("jalur_parked_messages", queue=QUEUE)) == 1

        await until(counted, 30)
        now = await scraped(client)
        assert now[one("jalur_ready")] == 1
        assert now[one("jalur_outbox_documents")] == 0
        assert now[one("jalur_queue_messages", queue=QUEUE)] == 0
        assert now[one("jalur_queue_messages", queue="selection.retry.600s")] == 0


async def test_what_waits_in_an_outbox_is_shown_with_its_age(
    settings_for: Callable[..., Any], running: Running
) -> None:
    settings = settings_for(Settings, metrics_token=TOKEN)
    async with running(selection.build, settings, "selection") as client:
        storage = selection.build(settings).state.store.applicants._storage
        left = {"time": "2030-01-01T00:00:00+00:00", "id": "x", "key": "k"}
        # without `touched`: the sweeper leaves it alone
        await storage.collection("applicants").insert_one({"_id": "a", "pending": True, "outbox": [left]})

        async def shown() -> bool:
            now = await scraped(client)
            return now[one("jalur_outbox_documents")] == 1 and now[one("jalur_outbox_oldest_seconds")] != 0

        await until(shown, 10)


async def test_a_gateway_without_a_token_for_metrics_shows_them_to_nobody(alone: Alone) -> None:
    async with alone.gateway() as url, administrator(url) as admin:
        assert (await admin.get(f"{url}/metrics")).status_code == httpx.codes.UNAUTHORIZED


async def test_requests_are_counted_by_route_and_nothing_a_client_makes_up_is_a_label(alone: Alone) -> None:
    settings = alone.settings.model_validate(alone.settings.model_dump() | {"metrics_token": TOKEN})
    async with alone.gateway(metrics_token=settings.metrics_token) as url, administrator(url) as admin:
        await admin.get("/applicants/3375014101000001")
        for path in ("/made/up", "/3375014101000001"):
            await admin.get(path)
        await admin.request("BREW", "/programmes")
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            async with httpx.AsyncClient(base_url=url) as stranger:
                assert (await stranger.get("/metrics", headers=wrong)).status_code == httpx.codes.UNAUTHORIZED
        async with httpx.AsyncClient(base_url=url) as prometheus:
            now = await scraped(prometheus)
            text = (await prometheus.get("/metrics", headers=SCRAPING)).text
    routes = {dict(labels)["route"] for name, labels in now if name == "jalur_http_requests_total"}
    asked = f"{API}/applicants/{{applicant_id}}"
    assert {asked, "other", "/metrics"} <= routes
    assert one("jalur_http_request_seconds_count", method="GET", route=asked) in now
    text = re.sub(r" \S+$", "", text, flags=re.MULTILINE)  # numbers may have any digits
    assert "3375" not in text and "made" not in text and "BREW" not in text
