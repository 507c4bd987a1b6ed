"""JSON lines: bodies too long to be read, or held, as one."""

from collections.abc import AsyncIterable, AsyncIterator

NDJSON = "application/x-ndjson"


async def lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The lines of a body however it was cut up on its way, without blank ones."""
    parts: list[bytes] = []
    async for chunk in chunks:
        end, *beginnings = chunk.split(b"\n")
        parts.append(end)
        for beginning in beginnings:
            if line := b"".join(parts):
                yield line
            parts = [beginning]
    if line := b"".join(parts):
        yield line
