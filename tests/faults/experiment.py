"""One experiment: load, a fault in the middle of it, quiet, and then the ledger against every invariant."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.errors import PyMongoError

from tests.faults import injected as _injected  # noqa: F401 - enters the faults into the registry
from tests.faults.client import Client, GaveUp
from tests.faults.faults import Fault, Scene
from tests.faults.invariants import violations, waiting
from tests.faults.ledger import Ledger, Sent
from tests.faults.load import PHASES, Play, Stream
from tests.faults.people import Town
from tests.faults.recorder import Recorder
from tests.faults.system import System

_PATIENCE_S = 240
_QUIET_S = 120


@dataclass(frozen=True)
class Outcome:
    """What became of one experiment, which `took_s` altogether. `held`: commands a second while the fault lasted."""

    fault: str
    violations: dict[str, list[str]]
    bites: list[tuple[str, str]]
    commands: int
    held: float
    lasted_s: float
    recovery_s: float | None
    took_s: float

    @property
    def evidence(self) -> str:
        """What shows that it bit; empty when it did not. Of a mixture some have to bite, not all."""
        bits = [bit for _, bit in self.bites if bit]
        if len(self.bites) == 1 or not bits:
            return "".join(bits)
        return f"{len(bits)} of {len(self.bites)} faults bit"

    @property
    def survived(self) -> bool:
        return bool(self.evidence) and not any(self.violations.values())

    def told(self) -> str:
        """What went wrong, in lines."""
        lines = [f"{name}: {wrong}" for name, several in self.violations.items() for wrong in several]
        lines += [f"{name} did not bite" for name, bit in self.bites if not (bit or self.evidence)]
        return "\n".join(f"{self.fault}: {line}" for line in lines)


class Laboratory:
    """A running system and what watches it; experiments follow one another on it."""

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.random = random.Random(seed)
        self.town = Town(seed)
        self._recorder = Recorder(system)
        self._canaries = 0

    def close(self) -> None:
        self._recorder.close()

    async def forget(self) -> None:
        """Leave out of what is compared next whatever has happened until now."""
        await self._quiet()
        await asyncio.to_thread(self._recorder.forget)

    async def experiment(
        self, turns: Iterable[Sequence[Fault]], people: int, *, name: str, until: float = 0
    ) -> Outcome:
        """Play a programme, inject the turn's faults into it at the same time, and compare in the end.

        Turns follow one another; when a programme has ended, the next is played. With `until` turns are taken up to
        that moment (monotonic). A stream of registrations goes on all the while.
        """
        client = Client(self.system.gateways, self.system.token, _PATIENCE_S)
        before, started = self._counts(client), time.monotonic()
        stream = Stream(client, self.town)
        streaming = asyncio.create_task(stream.run())
        played, problems, scenes = [stream.sent], list[str](), list[tuple[Fault, Scene]]()
        lasted, during, recoveries = 0.0, 0, list[float | None]()
        playing: asyncio.Task[None] | None = None
        for turn in turns:
            if playing is None or playing.done():
                problems += await _ended(playing) if playing else []
                play = Play(client, self.town, people)
                played.append(play.sent)
                playing = asyncio.create_task(play.run())
                await self._moment(play, turn[0], playing)
            these = [(fault, Scene(self.system, random.Random(self.random.random()))) for fault in turn]
            counted, began = self._counts(client), time.monotonic()
            await asyncio.gather(*(asyncio.to_thread(fault.inject, scene) for fault, scene in these))
            ended = time.monotonic()
            recoveries.append(await self._back(client, ended))
            lasted += ended - began
            during += sum(began <= moment <= ended for moment in client.accepted)
            for _, scene in these:
                scene.counts = self._counts(client) - counted
            scenes += these
            if until and time.monotonic() > until:
                break
        problems += await _ended(playing) if playing else []
        for _, scene in these:  # what clients noticed of the last ones they may have noticed later
            scene.counts = self._counts(client) - counted
        stream.end()
        problems += await _ended(streaming)
        await self._quiet()
        ledger = await asyncio.to_thread(self._recorder.ledger, played, [*client.problems, *problems])
        took = [one for one in recoveries if one is not None]
        ledger.recovery_s = max(took, default=0.0) if len(took) == len(recoveries) else None
        ledger.counts = self._counts(client) - before
        for _, scene in scenes:
            scene.counts["republished"] = len(ledger.logged) - len({one.id for one in ledger.logged})
        found = await asyncio.to_thread(violations, ledger)
        await client.close()
        return Outcome(
            name,
            found,
            [(fault.name, fault.bit(scene)) for fault, scene in scenes],
            len(client.accepted),
            during / lasted if lasted else 0.0,
            lasted,
            ledger.recovery_s,
            time.monotonic() - started,
        )

    async def ledger(self, played: Sequence[Sent], problems: Sequence[str]) -> Ledger:
        """What there is to compare after load that ran undisturbed."""
        await self._quiet()
        ledger = await asyncio.to_thread(self._recorder.ledger, played, problems)
        ledger.recovery_s = 0.0
        return ledger

    async def _moment(self, play: Play, fault: Fault, playing: asyncio.Task[None]) -> None:
        """Return at a moment drawn by chance, in one of the phases the fault is for."""
        wanted = self.random.choice([phase for phase in PHASES if phase in fault.phases])
        reached = asyncio.create_task(play.reached(wanted))
        await asyncio.wait({reached, playing}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        await asyncio.sleep(self.random.uniform(0, 0.3))

    async def _back(self, client: Client, ended: float) -> float | None:
        """Seconds from the fault's end until everybody is ready, what had waited is published, and new events arrive.

        None when that did not happen in the time there was.
        """
        moment = datetime.now(UTC)
        self._canaries += 1
        definition = {**self.town.programme(4), "code": f"KENARI-{self._canaries}"}
        singing = asyncio.create_task(client.post("/programmes", definition))
        try:
            while time.monotonic() < ended + _QUIET_S:
                if await asyncio.to_thread(self._is_back, definition["code"], moment):
                    return time.monotonic() - ended
                await asyncio.sleep(0.2)
            return None
        finally:
            singing.cancel()

    def _is_back(self, canary: str, moment: datetime) -> bool:
        system = self.system
        try:
            return (
                all(
                    system.database(name)["programmes"].find_one({"_id": canary, "version": {"$gt": 0}})
                    for name in ("registration", "selection", "certification", "placement", "gateway")
                )
                and not system.pending(moment)
                and all(system.is_ready(name) for name in system.services)
            )
        except PyMongoError:
            return False

    async def _quiet(self) -> None:
        """Return when all is done, or after all the time there is: then the ledger will show it.

        Outboxes and queues are empty, and everybody has followed the log to its end, which makes good what was lost.
        """
        deadline = time.monotonic() + _QUIET_S
        calm = 0
        while time.monotonic() < deadline and calm < 2:
            calm = calm + 1 if await asyncio.to_thread(self._is_quiet) else 0
            await asyncio.sleep(0.3)

    def _is_quiet(self) -> bool:
        system = self.system
        return not system.pending() and not waiting(system.queues()) and not system.behind(system.end_of_log())

    def _counts(self, client: Client) -> Counter[str]:
        """What only ever grows."""
        system = self.system
        proxied = Counter(system.broker.counts)
        proxied["reconnects"] = proxied.pop("opened", 0)
        errors = [kind for kind in client.statuses if not kind.isdigit()]
        return proxied + Counter(
            {
                "refusals": client.statuses["503"],
                "errors": sum(client.statuses[kind] for kind in errors),
                "restarts": system.restarts(),
            }
        )


async def _ended(load: asyncio.Task[None]) -> list[str]:
    """Wait for it; what it could not bring to happen."""
    problems: list[str] = []
    try:
        await load
    except* GaveUp as gave_up:
        problems += [f"gave up: {one}" for one in _leaves(gave_up)]
    return problems


def _leaves(group: BaseExceptionGroup[GaveUp]) -> list[BaseException]:
    return [
        leaf for one in group.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]
