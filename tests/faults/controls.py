"""Control runs: one protection switched off, the fault it is there for, and the invariant that must then be violated.

They show that the suite can fail. They are no part of the registry, for what they do is meant not to be survived.
"""

from collections.abc import Callable
from dataclasses import dataclass

from deploy import topology
from tests.faults.faults import Fault, Scene
from tests.faults.injected.broker import come_without_log
from tests.faults.injected.messages import every_event_again
from tests.faults.seams import protections
from tests.faults.seams.control import Arm

_CONSUMERS = sum(len(on.subscriptions) for on in topology.subscriptions())


@dataclass(frozen=True)
class ControlRun:
    """`protections` are off while `meanwhile` happens; `violated` names the invariant that must not hold then.

    None when another protection makes good what the missing one would have prevented: then all of them must hold.
    It begins in `phase` of the load, which ends with the phase `last`.
    """

    protections: tuple[str, ...]
    violated: str | None
    meanwhile: Callable[[Scene], None]
    phase: str = "register"
    last: str = "register"

    @property
    def name(self) -> str:
        return f"without {' and '.join(self.protections)}"

    @property
    def fault(self) -> Fault:
        return Fault(self.name, self._inject, self._bit, phases=(self.phase,))

    def _inject(self, scene: Scene) -> None:
        control = scene.system.seams
        before = control.bitten()
        control.switch_off(*self.protections)
        try:
            self.meanwhile(scene)
        finally:
            control.clear()
        scene.notes["missed"] = control.bitten() - before

    def _bit(self, scene: Scene) -> str:
        missed = scene.notes["missed"]
        every = all(missed[protection] for protection in self.protections)
        return f"would have worked {sum(missed.values())} times" if every else ""


def _lose_what_is_published(scene: Scene) -> None:
    control = scene.system.seams
    before = control.bitten()[protections.CONFIRMS]
    scene.system.broker.swallow(up=True)
    scene.pause(3, 4)
    scene.system.broker.heal()
    scene.until(lambda: control.bitten()[protections.CONFIRMS] > before, 10)  # the services notice a moment later


def _kill(*arms: Arm) -> Callable[[Scene], None]:
    def inject(scene: Scene) -> None:
        scene.system.seams.arm(*arms)
        scene.until(lambda: all(scene.system.seams.fired(arm) for arm in arms), 30)

    return inject


def _rename_and_die(scene: Scene) -> None:
    """Each dies with events of names of their own on record at the broker, which it is to publish again."""
    before = scene.system.seams.bitten()[protections.SAME_IDS]
    scene.until(lambda: scene.system.seams.bitten()[protections.SAME_IDS] > before, 30)
    _kill(*(Arm("before the pull", service) for service in ("registration", "selection")))(scene)


def _acknowledge_early_and_die(scene: Scene) -> None:
    """Each dies with a message that the broker holds for done and that has had no effect."""
    system = scene.system

    def consumed_anew() -> int:
        return system.seams.bitten()[protections.LATE_ACKNOWLEDGEMENT]

    before = consumed_anew()
    system.broker.break_all()  # how a message is acknowledged is settled when a consumer connects
    scene.until(lambda: consumed_anew() >= before + _CONSUMERS, 60)
    _kill(Arm("before the effect", "selection", nth=5), Arm("before the effect", "gateway", nth=5))(scene)
    # who follows the log passes by what was lost, or does not
    end = system.end_of_log()
    scene.until(lambda: not system.behind(end), 120)
    system.seams.clear()
    system.broker.break_all()


def _all_again(scene: Scene) -> None:
    every_event_again(scene)
    scene.pause(4, 5)


def _let_it_work(scene: Scene) -> None:
    scene.pause(6, 8)


def _until_decided(scene: Scene) -> None:
    before = scene.system.seams.bitten()[protections.SEATS]
    scene.until(lambda: scene.system.seams.bitten()[protections.SEATS] > before, 60)


CONTROLS = (
    ControlRun((protections.CONFIRMS,), "each_committed_version_yields_exactly_its_events", _lose_what_is_published),
    ControlRun((protections.LOG_FIRST,), "each_committed_version_yields_exactly_its_events", come_without_log),
    ControlRun((protections.MARKS,), "no_event_is_applied_twice", _all_again, "withdraw", "withdraw"),
    ControlRun(
        (protections.ONE_WRITE,),
        "every_effect_is_told_exactly_once_and_nothing_else",
        _kill(Arm("after the write", "registration", nth=4)),
    ),
    ControlRun((protections.ORDER,), "events_of_one_aggregate_come_in_order", _let_it_work),
    ControlRun(
        (protections.SAME_IDS,),
        "each_committed_version_yields_exactly_its_events",
        _rename_and_die,
    ),
    ControlRun(
        (protections.LATE_ACKNOWLEDGEMENT, protections.HEARING),
        "what_was_confirmed_is_applied_or_parked",
        _acknowledge_early_and_die,
    ),
    # and whoever follows the log makes it good
    ControlRun((protections.LATE_ACKNOWLEDGEMENT,), None, _acknowledge_early_and_die),
    ControlRun((protections.SEATS,), "seats_never_exceed_capacity", _until_decided, "score", "decide"),
)
