"""A TCP proxy of the test: between the services and the broker, or before the replicas of one service."""

import asyncio
import contextlib
import struct
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_HOST = "127.0.0.1"
_CHUNK = 1 << 16
_HEAD = struct.Struct(">BHI")  # of an AMQP frame: type, channel, length of what follows
_METHOD = 1
_CONFIRM = struct.pack(">HH", 60, 80)  # basic.ack, which a broker only sends to confirm


class Network:
    """An event loop in a thread of its own, where proxies and listeners live whatever the test waits for."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        """Run a coroutine there and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def start(self, work: Coroutine[Any, Any, Any]) -> Callable[[], bool]:
        """Let a coroutine run there; call the answer to cancel it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).cancel

    def close(self) -> None:
        async def end() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Proxy:
    """Listens on a free port and passes on to `targets`, one after the other; who refuses is skipped.

    What it does to the traffic is set by its attributes, at any time and from any thread; `heal` ends it all.
    `counts` tells what it did: opened, refused, broken (connections), swallowed (bytes), confirms (lost).
    """

    def __init__(self, targets: Sequence[int], *, amqp: bool = False) -> None:
        self.port = 0
        self.counts: Counter[str] = Counter()
        self.delay_s = 0.0
        self.targets = list(targets)
        self._amqp = amqp
        self._turn = 0
        self._refusing = self._silent_up = self._silent_down = self._unconfirming = False
        self._open: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._serve, _HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Break every connection and let nobody through until `heal`."""
        self._refusing = True
        self.break_all()

    def break_all(self) -> None:
        """Break every connection there is; new ones are welcome."""
        assert self._loop
        asyncio.run_coroutine_threadsafe(self._break_all(), self._loop).result(10)

    def swallow(self, *, up: bool = False, down: bool = False) -> None:
        """Let what goes up to the server, or comes down from it, vanish while connections stand."""
        self._silent_up, self._silent_down = up, down

    def lose_confirms(self) -> None:
        """Take the broker's confirms out of what comes down from it; everything else passes."""
        assert self._amqp
        self._unconfirming = True

    def heal(self) -> None:
        """Pass everything on again. Connections that have lost bytes are of no use and are broken."""
        lossy = self._silent_up or self._silent_down
        self._refusing = self._silent_up = self._silent_down = self._unconfirming = False
        self.delay_s = 0.0
        if lossy:
            self.break_all()

    async def _break_all(self) -> None:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        self.counts["broken"] += len(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            opened = None if self._refusing else await self._reach()
            if opened is None:
                self.counts["refused"] += 1
                return
            self.counts["opened"] += 1
            server_in, server_out = opened
            try:
                ways = [
                    asyncio.ensure_future(self._pass_on(client_in, server_out, down=False)),
                    asyncio.ensure_future(self._pass_on(server_in, client_out, down=True)),
                ]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            finally:
                server_out.transport.abort() if self._refusing else server_out.close()
        except asyncio.CancelledError:
            client_out.transport.abort()
        finally:
            self._open.discard(task)
            client_out.close()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.targets:
            self._turn += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(_HOST, self.targets[self._turn % len(self.targets)])
        return None

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, down: bool) -> None:
        frames = _Frames() if down and self._amqp else None
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if frames is not None:
                    data, lost = frames.next(data, keep_confirms=not self._unconfirming)
                    self.counts["confirms"] += lost
                if self._silent_down if down else self._silent_up:
                    self.counts["swallowed"] += len(data)
                    continue
                sink.write(data)
                await sink.drain()


class _Frames:
    """Cuts what a broker sends into whole frames, so that some can be left out."""

    def __init__(self) -> None:
        self._rest = b""

    def next(self, data: bytes, *, keep_confirms: bool) -> tuple[bytes, int]:
        """The whole frames so far, confirms among them or not, and how many confirms were left out."""
        data = self._rest + data
        at = lost = 0
        kept: list[bytes] = []
        while len(data) - at >= _HEAD.size:
            type_, _, length = _HEAD.unpack_from(data, at)
            end = at + _HEAD.size + length + 1
            if end > len(data):
                break
            frame = data[at:end]
            if not keep_confirms and type_ == _METHOD and frame[_HEAD.size :].startswith(_CONFIRM):
                lost += 1
            else:
                kept.append(frame)
            at = end
        self._rest = data[at:]
        return b"".join(kept), lost
