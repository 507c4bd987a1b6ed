"""How every service listens: within bounds, believing no proxy by itself, and saying nothing about its software."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 << 10  # the request line and all headers
_HEAD_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.5
_MOST_CONNECTIONS = 500  # beyond that 503, before there are no file descriptors left


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's fast parser, which alone would keep headers without end, and wait for them without end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if self._deadline is None:
                self._await_head()
            self._head_bytes += len(data)
        super().data_received(data)
        # what came together with the head's end is not the head's
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's headers are too long.")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        # of the next request; how long a connection may idle in between is uvicorn's to say
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(_HEAD_WITHIN_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class CalmServer(uvicorn.Server):
    """Looks twice a second whether it is to end, where uvicorn looks ten times: services are idle most of the time."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # the zeroth tick of a second also writes the date that answers bear
            await asyncio.sleep(_LOOK_EVERY_S)


# for uvicorn; whom a proxy speaks for is the gateway's to decide, from its settings
OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": BoundedHttp,
    "ws": "none",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
    "limit_concurrency": _MOST_CONNECTIONS,
    "timeout_graceful_shutdown": 5,
}
