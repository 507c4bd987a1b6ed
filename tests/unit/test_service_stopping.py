"""A process that stops tells whoever still waits for an answer to ask again."""

import asyncio

import httpx
from fastapi import FastAPI

from shared.service import Stopping


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
