"""A sheet's rows go to their owner as JSON lines, and its verdicts come back so, or a problem in their middle."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.calling import Caller
from services.gateway.services import Refused, Services
from services.gateway.settings import Settings
from shared.context import Actor
from shared.problems import Away
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS

CALLER = Caller(Actor("petugas", "admin"))


def services(answer: httpx.Response, received: list[bytes]) -> Services:
    async def handle(request: httpx.Request) -> httpx.Response:
        received.append(await request.aread())
        return answer

    nowhere = {"amqp_url": "amqp://x", "mongo_url": "mongodb://x"}
    keys = {"actor_public_keys": ACTOR_PUBLIC_KEYS, "actor_private_key": ACTOR_KEY}
    first = {"admin_password": "a password that is long", "admin_token": "t" * 20}
    settings = Settings.load(**nowhere, **keys, **first, spool_dir=Path())
    return Services(settings, httpx.MockTransport(handle))


async def rows() -> AsyncIterator[bytes]:
    yield b'{"rows":[]}\n'
    yield b'{"rows":[]}\n'


async def exchanged(answer: httpx.Response) -> tuple[list[Any], bytes]:
    received: list[bytes] = []
    told = services(answer, received).exchange("registration", "/x", CALLER, rows(), key="k")
    return [line async for line in told], received[0]


async def test_the_lines_of_the_answer_are_told_one_by_one() -> None:
    told, received = await exchanged(httpx.Response(200, content=b'{"results":[1]}\n{"results":[2]}\n'))
    assert told == [{"results": [1]}, {"results": [2]}]
    assert received == b'{"rows":[]}\n' * 2


async def test_a_problem_after_the_first_verdicts_is_no_end_of_them() -> None:
    problem = b'{"problem":{"code":"storage_away","detail":"The database does not answer at the moment."}}\n'
    with pytest.raises(Away) as told:
        await exchanged(httpx.Response(200, content=b'{"results":[]}\n' + problem))
    assert told.value.code == "storage_away"


async def test_what_is_refused_as_a_whole_is_told_as_that() -> None:
    document = {"code": "rows_not_unique", "detail": "Two rows have the same number."}
    with pytest.raises(Refused) as told:
        await exchanged(httpx.Response(422, json=document))
    assert (told.value.status, told.value.code) == (422, "rows_not_unique")
