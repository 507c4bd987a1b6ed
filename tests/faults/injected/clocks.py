"""A service whose clock is an hour off, ahead or behind, for a while."""

from collections.abc import Callable

from tests.faults.faults import Scene, fault
from tests.faults.seams.failpoints import BEHIND

_HOUR_S = 3600


def _off_by(seconds: int, *services: str) -> Callable[[Scene], None]:
    def inject(scene: Scene) -> None:
        seams = scene.system.seams
        before = seams.bitten()["clock"]
        seams.set_clocks(**dict.fromkeys(services, seconds))
        try:
            scene.pause(6, 9)
        finally:
            seams.set_clocks()
        scene.notes["read"] = seams.bitten()["clock"] - before

    return inject


def _read(scene: Scene) -> str:
    return f"{scene.notes['read']} times read wrong" if scene.notes["read"] else ""


for _what, _services in (("all but the gateway's", BEHIND), ("the gateway's", ("gateway",))):
    for _side, _seconds in (("ahead", _HOUR_S), ("behind", -_HOUR_S)):
        fault(f"clocks an hour {_side}: {_what}", _read)(_off_by(_seconds, *_services))
