"""A peer: a Celery worker that does for each task what a step does, with the same guarantees.

Each message is acknowledged late, from a quorum queue; its write is journaled by a majority; what it publishes to the
same exchange is persistent and confirmed before the task ends. As a worker process it is told by the environment where
its servers are.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import kombu
from celery import Celery
from pymongo import MongoClient, WriteConcern

from shared import topology
from tests.conftest import Urls

QUEUE = "bench.celery"
_POOLS = {"prefork": ("--pool=prefork", "--concurrency=2"), "solo": ("--pool=solo",)}

app = Celery(broker=os.environ.get("BENCH_AMQP_URL"))
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue=QUEUE,
    task_default_queue_type="quorum",
    task_default_exchange_type="topic",
    worker_prefetch_multiplier=100,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@cache
def _effects() -> Any:
    """One client a process, made after the fork."""
    client: MongoClient[dict[str, Any]] = MongoClient(os.environ["BENCH_MONGO_URL"])
    concern = WriteConcern(w="majority", j=True)
    return client.get_database(os.environ["BENCH_DATABASE"], write_concern=concern)["effects"]


@app.task(name="step")  # type: ignore[untyped-decorator]
def step(registered: dict[str, Any], key: str, answer: dict[str, Any], headers: dict[str, Any]) -> None:
    applicant_id = registered["applicant_id"]
    _effects().update_one({"_id": applicant_id}, {"$set": {"registered": registered}}, upsert=True)
    with app.producer_or_acquire() as producer:
        producer.publish(
            json.dumps({**answer, "applicant_id": applicant_id}),
            exchange=kombu.Exchange(topology.EVENTS, type="topic", durable=True, no_declare=True),
            routing_key=key,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            headers=headers,
            declare=[],
        )


def fill(urls: Urls, tasks: list[tuple[Any, ...]]) -> None:
    """Queue one task each."""
    with kombu.Connection(urls.amqp) as connection, connection.Producer() as producer:
        for arguments in tasks:
            step.apply_async(arguments, producer=producer)


@contextlib.asynccontextmanager
async def worker(pool: str, urls: Urls, database: str) -> AsyncIterator[None]:
    """A worker process with that pool, ended afterwards."""
    environment = {"BENCH_AMQP_URL": urls.amqp, "BENCH_MONGO_URL": urls.mongo, "BENCH_DATABASE": database}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "celery", "-A", __name__, "worker", *_POOLS[pool]),
        *("--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        env={**os.environ, **environment, "C_FORCE_ROOT": "1", "PYTHONWARNINGS": "ignore"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
