"""Services killed between two of their steps: a fault is a group of seams, each in every service that has it."""

import time
from collections.abc import Callable, Sequence

from tests.faults.faults import Scene, fault
from tests.faults.seams import failpoints
from tests.faults.seams.control import Arm, Control

_ALL_FIRED_S = 240
_NOTHING_MORE_S = 60  # without a death: what is left is not reached by this load
_BY_CHANCE = 3
# at which of several times a seam is reached it is to happen: in the middle of a batch, a run, a file
_IN_THE_MIDDLE = {
    "after the write": 3,
    "before the pull": 2,
    "before the effect": 9,
    "after the effect": 17,
    "between two registrations": 23,
    "between two claims": 5,
    "facts taken in, not settled": 12,
    "between two proposals": 2,
}

WRITE = ("before the write", "after the write", failpoints.PUBLISHED, "before the pull", "after the pull")
DELIVERY = ("before the effect", "after the effect", "before the acknowledgement", "after the acknowledgement")
REGISTRATION = ("numbers taken", "between two registrations")
DECISION = (
    *("decision begun", "inputs stored", "between two claims", "outcome stored"),
    *("between two classes", "classes filled", "outcome told"),
)
WITHDRAWAL = (
    *("facts taken in, not settled", "withdrawn, seat not freed", "seat freed, nobody promoted"),
    *("reserve claimed, not promoted", "promoted, claim not released"),
)
MATCHING = ("matching planned", "matching decided", "between two proposals", "matching applied")
IMPORT = ("rows resolved", "rows posted")


def arms(seams: Sequence[str]) -> list[Arm]:
    """One death at each of these seams, in each service that has it."""
    return [Arm(seam, service, _IN_THE_MIDDLE.get(seam, 1)) for seam in seams for service in services_at(seam)]


def services_at(seam: str) -> tuple[str, ...]:
    if seam == failpoints.PUBLISHED:
        return failpoints.PUBLISHERS
    return next(one.services for one in failpoints.SEAMS if one.name == seam)


def killing(seams: Sequence[str]) -> Callable[[Scene], None]:
    """Kill at these seams, and wait until it has happened at each."""

    def inject(scene: Scene) -> None:
        _kill(scene, arms(seams))

    return inject


def _kill(scene: Scene, armed: Sequence[Arm]) -> None:
    control = scene.system.seams
    try:
        control.arm(*armed)
        scene.until(lambda: _is_over(control, armed), _ALL_FIRED_S)
    finally:
        control.disarm()
    scene.notes["not reached"] = [f"{arm.seam} of {arm.service}" for arm in armed if not control.fired(arm)]
    scene.notes["killed"] = len(armed) - len(scene.notes["not reached"])


def killed(scene: Scene) -> str:
    """The evidence: a death at every seam of every service that has it."""
    if missed := scene.notes["not reached"]:
        print(f"nobody died {', '.join(missed)}")
        return ""
    return f"{scene.notes['killed']} deaths"


def _is_over(control: Control, armed: Sequence[Arm]) -> bool:
    last = max((one["at"] for one in control.fired()), default=0.0)
    return all(control.fired(arm) for arm in armed) or time.time() - max(last, control.armed_at) > _NOTHING_MORE_S


for _name, _seams, _phase in (
    ("a write", WRITE, "register"),
    ("a delivery", DELIVERY, "define"),
    ("a registration", REGISTRATION, "define"),
    ("a decision", DECISION, "score"),
    ("a withdrawal", WITHDRAWAL, "score"),
    ("a matching", MATCHING, "certify"),
    ("an import", IMPORT, "define"),
):
    fault(f"killed at each seam of {_name}", killed, phases=(_phase,), mixed=False)(killing(_seams))


@fault("killed at seams drawn by chance", killed)
def kill_by_chance(scene: Scene) -> None:
    """At some of those that any registration passes."""
    passed = [arm for arm in arms((*WRITE, *DELIVERY)) if arm.service in ("registration", "selection", "gateway")]
    _kill(scene, scene.random.sample(passed, _BY_CHANCE))
