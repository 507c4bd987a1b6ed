"""How a service stops: whoever waits for an answer is told to ask again; a task that ends takes the process with it."""

import asyncio
import os

import httpx
import pytest
from fastapi import FastAPI

from shared.service import Stopping, _report


async def test_a_request_that_is_cut_off_is_answered_503_with_retry_after() -> None:
    app = FastAPI()
    app.add_middleware(Stopping)

    @app.post("/long")
    async def cut_off() -> None:
        raise asyncio.CancelledError  # as uvicorn cancels what is not done in time

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://uji") as client:
        answer = await client.post("/long")
    assert (answer.status_code, answer.json()["code"]) == (503, "stopping")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("error", [asyncio.CancelledError(), LookupError()])
async def test_a_background_task_that_ends_unasked_ends_the_process(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)

    async def ends() -> None:
        raise error

    task = asyncio.create_task(ends())
    task.add_done_callback(_report)
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert codes == [1]
