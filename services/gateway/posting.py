"""Posts one event to one webhook, within bounds, and says what came of it."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import NamedTuple

import httpcore
import httpx
import orjson
from aio_pika.abc import AbstractIncomingMessage

from services.gateway import signatures
from services.gateway.reach import GuardedBackend, Reach
from shared.meta import Meta

_WITHIN_S = 15.0
_MOST_CONNECTIONS = 400
_MOST_ANSWER_BYTES = 64 << 10  # more is not read, and the connection not used again
_GONE = 410


class Failure(NamedTuple):
    """`why` names a status or a kind of error and repeats nothing of the answer; `gone` says: never again."""

    why: str
    gone: bool = False


class Poster:
    """One pool of connections; it follows no redirect and believes no proxy of the environment."""

    def __init__(self, reach: Reach) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),  # SSL_CERT_FILE names an office's own authority
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=_MOST_CONNECTIONS // 4,
            keepalive_expiry=30,
            network_backend=GuardedBackend(reach),
        )

    async def post(self, url: str, signing: Iterable[str], webhook_id: str, body: bytes) -> Failure | None:
        """None when it was taken: answered 2xx in time."""
        signed = signatures.headers(signing, webhook_id, int(time.time()), body)
        headers = [*signed.items(), ("Content-Type", "application/json"), ("User-Agent", "Jalur")]
        try:
            async with asyncio.timeout(_WITHIN_S):
                async with self._pool.stream("POST", url, headers=headers, content=body) as answer:
                    await _read_a_little(answer)
                    status = answer.status
        except TimeoutError:
            return Failure(f"no answer within {_WITHIN_S:.0f} s")
        except httpcore.ConnectError as error:
            return Failure(f"no connection: {error}"[:200])
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return Failure(type(error).__name__)
        if 200 <= status < 300:
            return None
        return Failure(f"answered {status}", gone=status == _GONE)

    async def close(self) -> None:
        await self._pool.aclose()


def body_of(message: AbstractIncomingMessage, about: Meta) -> bytes:
    """What is posted: `type`, `timestamp` and `data` as Standard Webhooks has them, and where the event belongs.

    Raises ValueError for a message that is no JSON.
    """
    return orjson.dumps(
        {
            "type": about.type,
            "timestamp": about.time,
            "id": about.id,
            "source": about.source,
            "subject": about.subject,
            "sequence": about.sequence,
            "dataschema": f"urn:jalur:schema:{message.routing_key}",
            "data": orjson.loads(message.body),
        }
    )


async def _read_a_little(answer: httpcore.Response) -> None:
    read = 0
    async with contextlib.aclosing(answer.aiter_stream()) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            read += len(chunk)
            if read > _MOST_ANSWER_BYTES:
                return
