"""Control runs: one protection switched off, the fault it is there for, and the invariant that must then be violated.

They show that the suite can fail. They are no part of the registry, for what they do is meant not to be survived.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.faults import Fault, Scene
from tests.faults.injected.messages import every_event_again
from tests.faults.seams import protections
from tests.faults.seams.control import Arm


@dataclass(frozen=True)
class ControlRun:
    """`protection` is off while `meanwhile` happens; `violated` names the invariant that must not hold then.

    It begins in `phase` of the load, which ends with the phase `last`.
    """

    protection: str
    violated: str
    meanwhile: Callable[[Scene], None]
    phase: str = "register"
    last: str = "register"

    @property
    def fault(self) -> Fault:
        return Fault(f"without {self.protection}", self._inject, self._bit, phases=(self.phase,))

    def _inject(self, scene: Scene) -> None:
        control = scene.system.seams
        before = control.bitten()[self.protection]
        control.switch_off(self.protection)
        try:
            self.meanwhile(scene)
        finally:
            control.clear()
        scene.notes["missed"] = control.bitten()[self.protection] - before

    def _bit(self, scene: Scene) -> str:
        return f"would have worked {scene.notes['missed']} times" if scene.notes["missed"] else ""


def _lose_what_is_published(scene: Scene) -> None:
    scene.system.broker.swallow(up=True)
    scene.pause(3, 4)
    scene.system.broker.heal()


def _kill(*arms: Arm) -> Callable[[Scene], None]:
    def inject(scene: Scene) -> None:
        scene.system.seams.arm(*arms)
        scene.until(lambda: all(scene.system.seams.fired(arm) for arm in arms), 30)

    return inject


def _all_again(scene: Scene) -> None:
    every_event_again(scene)
    scene.pause(4, 5)


def _let_it_work(scene: Scene) -> None:
    scene.pause(6, 8)


def _until_decided(scene: Scene) -> None:
    before = scene.system.seams.bitten()[protections.SEATS]
    scene.until(lambda: scene.system.seams.bitten()[protections.SEATS] > before, 60)


CONTROLS = (
    ControlRun(protections.CONFIRMS, "each_committed_version_yields_exactly_its_events", _lose_what_is_published),
    ControlRun(protections.MARKS, "no_event_is_applied_twice", _all_again, "withdraw", "withdraw"),
    ControlRun(
        protections.ONE_WRITE,
        "every_effect_is_told_exactly_once_and_nothing_else",
        _kill(Arm("after the write", "registration", nth=4)),
    ),
    ControlRun(protections.ORDER, "events_of_one_aggregate_come_in_order", _let_it_work),
    ControlRun(
        protections.SAME_IDS,
        "each_committed_version_yields_exactly_its_events",
        _kill(*(Arm("before the pull", service) for service in ("registration", "selection"))),
    ),
    ControlRun(protections.SEATS, "seats_never_exceed_capacity", _until_decided, "score", "decide"),
)
