"""Serves an app on a port of its own, as `shared.service.run` does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import uvicorn
from fastapi import FastAPI

from shared.serving import OPTIONS
from tests.events import until


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The app's URL, when it is ready."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, **OPTIONS))
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url) as client:

            async def is_ready() -> bool:
                return (await client.get("/health/ready")).status_code == httpx.codes.OK

            await until(is_ready, 30)
        yield url
    finally:
        server.should_exit = True
        await serving
