"""What can happen to the services' own processes, alone and as replicas."""

import contextlib
import os
import signal
import subprocess
import time
from typing import Any

from deploy.local import services
from tests.faults.faults import Scene, counted, fault
from tests.faults.seams.control import Arm

_READY_S = 60
# the lease of a turn to match, and time to end its run
_TURN_S = 60


@fault("services killed", counted("restarts"))
def kill(scene: Scene) -> None:
    """Each service once, at moments drawn by chance."""
    for name in scene.random.sample(scene.system.services, len(scene.system.services)):
        if scene.system.pid(name) is not None:
            scene.system.kill(name)
        scene.pause(0.5, 2)


@fault("rolling restart", counted("restarts"), replicas=2)
def rolling_restart(scene: Scene) -> None:
    """One replica after the other is asked to stop, and is ready again before the next."""
    for name in scene.system.services:
        _replace(scene, name)


def _replace(scene: Scene, name: str) -> None:
    before = scene.system.pid(name)
    scene.system.kill(name, signal.SIGTERM)
    scene.until(lambda: scene.system.pid(name) not in (None, before), _READY_S)
    scene.until(lambda: scene.system.is_ready(name), _READY_S)


@fault("two replicas of each", lambda scene: scene.notes.get("spread", ""), replicas=2)
def two_replicas(scene: Scene) -> None:
    """No fault but their number: both consume, both answer, both sweep."""
    scene.pause(4, 8)
    twice: list[str] = []

    def spread() -> bool:
        # another fault may have stopped the broker at this moment
        with contextlib.suppress(subprocess.CalledProcessError):
            twice[:] = [name for name, counts in scene.system.queues().items() if counts["consumers"] >= 2]
        return bool(twice)

    scene.until(spread, _READY_S)
    scene.notes["spread"] = f"{len(twice)} queues have two consumers" if twice else ""


@fault("replicas killed", counted("restarts"), replicas=2)
def kill_replicas(scene: Scene) -> None:
    """One replica of each service, at moments drawn by chance."""
    for name in scene.random.sample(services.ALL, len(services.ALL)):
        victim = scene.random.choice([name, f"{name}-2"])
        if scene.system.pid(victim) is not None:
            scene.system.kill(victim)
        scene.pause(0.5, 2)


@fault("sweeper paused", lambda scene: scene.notes.get("passed", ""), replicas=2)
def pause_sweeper(scene: Scene) -> None:
    """Who holds the sweeper's lease sleeps until another has it, and goes on as if nothing had happened."""
    name = scene.random.choice(services.BEHIND)
    lease = scene.system.database(name)["leases"]

    def holder() -> Any:
        return (lease.find_one({"_id": "sweeper"}) or {}).get("holder")

    for replica in (name, f"{name}-2"):
        before = holder()
        scene.system.freeze(replica)
        try:
            deadline = time.monotonic() + 9
            while time.monotonic() < deadline and holder() == before:
                time.sleep(0.2)
        finally:
            scene.system.thaw(replica)
        if holder() != before:
            scene.notes["passed"] = f"the lease of {name} passed on"
            return


@fault("run's holder paused", lambda scene: scene.notes.get("passed", ""), replicas=2, phases=("match",), mixed=False)
def pause_run(scene: Scene) -> None:
    """Who holds the turn to match sleeps in the middle of it until another has ended its run, and goes on with it."""
    asleep = Arm("between two proposals", "placement", signal=signal.SIGSTOP)
    lease = scene.system.database("placement")["leases"]

    def is_done() -> bool:
        return "run_id" not in (lease.find_one({"_id": "matching"}) or {})

    scene.system.seams.arm(asleep)
    try:
        scene.until(lambda: bool(scene.system.seams.fired(asleep)), 60)
        scene.system.seams.disarm()
        scene.until(is_done, _TURN_S)
        scene.notes["passed"] = "another ended the run of who slept" if is_done() else ""
    finally:
        scene.system.seams.disarm()
        for one in scene.system.seams.fired(asleep):
            os.kill(one["pid"], signal.SIGCONT)
