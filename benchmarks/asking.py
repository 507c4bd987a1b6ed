"""How long others wait meanwhile: a service is asked whether it lives, every ten milliseconds."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence

EVERY_S = 0.01


@contextlib.asynccontextmanager
async def asking(urls: Mapping[str, str]) -> AsyncIterator[dict[str, list[float]]]:
    """Asks each of these services until the block ends; what each question had to wait, in milliseconds, by name.

    Also the questions that could not be asked because the one before was not answered yet: they would have waited too.
    """
    waits: dict[str, list[float]] = {name: [] for name in urls}
    tasks = [asyncio.create_task(_ask(url, waits[name])) for name, url in urls.items()]
    await asyncio.sleep(0.2)
    for found in waits.values():
        found.clear()
    try:
        yield waits
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def p99(waits: Sequence[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.99)]


async def _ask(url: str, waits: list[float]) -> None:
    # no HTTP client: it would need more of the machine than what it measures
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        while True:
            asked = time.perf_counter()
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split()[0]))
            wait = time.perf_counter() - asked
            missed = int(wait / EVERY_S)
            waits.extend((wait - EVERY_S * n) * 1000 for n in range(missed + 1))
            await asyncio.sleep(EVERY_S - wait % EVERY_S)
    finally:
        writer.close()
