"""A TCP proxy of the test: between the services and the broker, or before the replicas of one service."""

import asyncio
import contextlib
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_HOST = "127.0.0.1"
_CHUNK = 1 << 16
_HEAD = struct.Struct(">BHI")  # of an AMQP frame: type, channel, length of what follows
_METHOD = 1
_CONFIRM = struct.pack(">HH", 60, 80)  # basic.ack, which a broker only sends to confirm
_REFUSAL = struct.pack(">HH", 60, 120)  # basic.nack, likewise
_CHANNEL_CLOSED = struct.pack(">HH", 20, 40)
_END = b"\xce"
_GREETING = 8  # bytes with which a client begins
# acknowledges what was never delivered: the broker closes the channel for it
_NONSENSE = _CONFIRM + struct.pack(">QB", 1 << 40, 0)


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
    `counts` tells what it did and saw: opened, refused, broken (connections), delayed (chunks), swallowed (bytes),
    confirms (lost), nacks (publishes the broker refused), channels closed (by the broker).
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
        self._spoiling = 0
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

    def spoil_channels(self) -> None:
        """Make the broker close every channel on which its client says something next."""
        assert self._amqp
        self._spoiling += 1

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
        frames = _Frames(0 if down else _GREETING)
        # from now on: what is asked for before a connection is made does not concern it
        since = self._spoiling
        spoiled: dict[int, int] = defaultdict(lambda: since)
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                if self.delay_s:
                    self.counts["delayed"] += 1
                    await asyncio.sleep(self.delay_s)
                if self._amqp:
                    whole = frames.next(data)
                    data = b"".join(self._heard(whole) if down else self._said(whole, spoiled))
                if self._silent_down if down else self._silent_up:
                    self.counts["swallowed"] += len(data)
                    continue
                sink.write(data)
                await sink.drain()

    def _heard(self, frames: list[bytes]) -> Iterator[bytes]:
        """What the broker says, without the confirms that are to be lost."""
        for frame in frames:
            if frame[0] == _METHOD:
                method = frame[_HEAD.size : _HEAD.size + 4]
                self.counts["nacks"] += method == _REFUSAL
                self.counts["channels closed"] += method == _CHANNEL_CLOSED
                if self._unconfirming and method == _CONFIRM:
                    self.counts["confirms"] += 1
                    continue
            yield frame

    def _said(self, frames: list[bytes], spoiled: dict[int, int]) -> Iterator[bytes]:
        """What the client says, and behind it, once each time and channel, what the broker cannot forgive."""
        for frame in frames:
            yield frame
            type_, channel, _ = _HEAD.unpack_from(frame) if len(frame) > _GREETING else (0, 0, 0)
            whole = type_ == _METHOD and frame[_HEAD.size :].startswith(_CONFIRM)
            # behind an acknowledgement, since a publish goes on in the frames that follow
            if channel and whole and spoiled[channel] < self._spoiling:
                spoiled[channel] = self._spoiling
                yield _HEAD.pack(_METHOD, channel, len(_NONSENSE)) + _NONSENSE + _END


class _Frames:
    """Cuts a stream into whole frames; a client's begins with a greeting."""

    def __init__(self, greeting: int) -> None:
        self._rest = b""
        self._greeting = greeting

    def next(self, data: bytes) -> list[bytes]:
        """The frames that are whole by now."""
        data = self._rest + data
        at = 0
        whole: list[bytes] = []
        if self._greeting and len(data) >= self._greeting:
            at, self._greeting = self._greeting, 0
            whole.append(data[:at])
        while not self._greeting and len(data) - at >= _HEAD.size:
            end = at + _HEAD.size + _HEAD.unpack_from(data, at)[2] + 1
            if end > len(data):
                break
            whole.append(data[at:end])
            at = end
        self._rest = data[at:]
        return whole
