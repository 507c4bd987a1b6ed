"""What can happen to RabbitMQ as a whole, to its connections, and to single queues."""

import contextlib
import signal
from collections.abc import Iterator

from aio_pika.abc import AbstractChannel

from deploy import topology as everything
from shared import topology
from tests.faults.faults import Scene, counted, fault
from tests.faults.system import System

_BACK_S = 90
# longer than two missed heartbeats of ten seconds
_FROZEN_S = (23, 27)


def _comes_back(scene: Scene, before: int | None) -> None:
    scene.until(lambda: scene.system.pid("rabbitmq") not in (None, before), _BACK_S)
    scene.until(scene.system.broker_answers, _BACK_S)


@fault("broker killed", counted("restarts", "reconnects"))
def kill(scene: Scene) -> None:
    before = scene.system.pid("rabbitmq")
    scene.system.kill("rabbitmq")
    _comes_back(scene, before)


@fault("broker restarted", counted("restarts", "reconnects"))
def restart(scene: Scene) -> None:
    before = scene.system.pid("rabbitmq")
    scene.system.kill("rabbitmq", signal.SIGTERM)
    _comes_back(scene, before)


@fault("broker frozen", counted("reconnects"))
def freeze(scene: Scene) -> None:
    scene.system.freeze("rabbitmq")
    try:
        scene.pause(*_FROZEN_S)
    finally:
        scene.system.thaw("rabbitmq")


@fault("broker's application stopped", counted("reconnects"))
def stop_application(scene: Scene) -> None:
    scene.system.rabbitmqctl("stop_app")
    try:
        scene.pause(3, 6)
    finally:
        scene.system.rabbitmqctl("start_app")


def _resource(kind: str, name: str) -> str:
    return f'rabbit_misc:r(<<"/">>, {kind}, <<"{name}">>)'


_LOG = _resource("queue", topology.LOG)
_IS_IN_KHEPRI = "erlang:function_exported(rabbit_khepri, is_enabled, 0) andalso rabbit_khepri:is_enabled()."
_WITHOUT_LOG = {
    "Mnesia": f"ok = mnesia:dirty_delete(rabbit_queue, {_LOG}).",
    "Khepri": (
        f"{{ok, Found}} = rabbit_db_queue:get({_LOG}), persistent_term:put(uji_log, Found), "
        f"ok = rabbit_khepri:delete(rabbit_db_queue:khepri_queue_path({_LOG}))."
    ),
}
_WITH_LOG = {
    "Mnesia": (
        f"[Found] = mnesia:dirty_read(rabbit_durable_queue, {_LOG}), "
        "rabbit_amqqueue:ensure_rabbit_queue_record_is_initialized(Found), ok."
    ),
    # there a queue takes its bindings along
    "Khepri": (
        f"ok = rabbit_khepri:put(rabbit_db_queue:khepri_queue_path({_LOG}), persistent_term:get(uji_log)), "
        f'Binding = {{binding, {_resource("exchange", topology.EVENTS)}, <<"#">>, {_LOG}, []}}, '
        'ok = rabbit_binding:add(Binding, <<"uji">>).'
    ),
}


def keeps_queues_in(system: System) -> str:
    """`Khepri`, as RabbitMQ 4.3 does, or `Mnesia`, as those before do."""
    return "Khepri" if system.rabbitmqctl("eval", _IS_IN_KHEPRI).strip() == "true" else "Mnesia"


@contextlib.contextmanager
def without_log(system: System) -> Iterator[None]:
    """What each start of RabbitMQ 3.10 has for some tenths of a second, for longer: connections, but no stream yet.

    It enters streams among the queues it routes to when their writers run, after it takes connections; what is
    published before is confirmed without them.
    """
    store = keeps_queues_in(system)
    with _nobody_connected(system):
        system.rabbitmqctl("eval", _WITHOUT_LOG[store])
    try:
        yield
    finally:
        with _nobody_connected(system):
            system.rabbitmqctl("eval", _WITH_LOG[store])


@contextlib.contextmanager
def _nobody_connected(system: System) -> Iterator[None]:
    system.rabbitmqctl("suspend_listeners")
    try:
        system.rabbitmqctl("close_all_connections", "a fault")
        yield
    finally:
        system.rabbitmqctl("resume_listeners")


@fault("broker has its log late", counted("reconnects"))
def come_without_log(scene: Scene) -> None:
    with without_log(scene.system):
        scene.pause(2, 4)


@fault("connections closed", counted("reconnects"))
def close_connections(scene: Scene) -> None:
    for _ in range(3):
        scene.system.rabbitmqctl("close_all_connections", "a fault")
        scene.pause(1, 3)


@fault("queue full", lambda scene: f"{scene.notes['nacks']} publishes refused" if scene.notes.get("nacks") else "")
def fill_queue(scene: Scene) -> None:
    """A queue with room for one message, of a service that does not take any."""
    system = scene.system
    system.freeze("certification")
    try:
        limit = ("set_policy", "fault", r"^certification\..*\.v1$", '{"max-length": 1}', "--apply-to", "queues")
        system.rabbitmqctl(*limit)
        scene.until(lambda: system.broker.counts["nacks"] > 0, 25)
        scene.pause(2, 4)
    finally:
        system.rabbitmqctl("clear_policy", "fault")
        system.thaw("certification")
    scene.notes["nacks"] = system.broker.counts["nacks"]


def _queues(scene: Scene) -> list[str]:
    """Busy queues of services, in an order drawn by chance."""
    names = [
        "selection.applicant_registered.v1",
        "certification.selection_decided.v1",
        "placement.applicant_registered.v1",
        "gateway.applicant_screened.v1",
        "gateway.applicant_registered.v1",
    ]
    return scene.random.sample(names, len(names))


def _missed(scene: Scene) -> str:
    return f"{scene.notes['name']} missed up to {scene.notes['told']} events" if scene.notes.get("told") else ""


@fault("queue deleted", _missed, phases=("register",))
def delete_queue(scene: Scene) -> None:
    """A queue goes, with what is in it and what comes before its service has made it anew."""
    system = scene.system
    # its service is held back, and through a gateway that is held back nobody would tell anything
    name = scene.notes["name"] = next(name for name in _queues(scene) if not name.startswith("gateway."))
    service = name.split(".")[0]
    system.freeze(service)
    before = system.end_of_log()
    try:
        scene.pause(1, 2)
        system.on_channel(lambda channel: channel.queue_delete(name))
        scene.pause(0.5, 1)
        scene.notes["told"] = system.end_of_log() - before
    finally:
        system.thaw(service)


@fault("queue unbound", _missed, phases=("register",))
def unbind_queue(scene: Scene) -> None:
    """A queue stays, and gets nothing any more."""
    name = scene.notes["name"] = _queues(scene)[0]
    exchange, _, key = next(
        binding
        for part in everything.everything()
        for binding in part.bindings
        if binding[:2] == (topology.EVENTS, name)
    )

    async def unbind(channel: AbstractChannel) -> None:
        queue = await channel.get_queue(name, ensure=False)
        await queue.unbind(exchange, key)

    before = scene.system.end_of_log()
    scene.system.on_channel(unbind)
    scene.pause(1, 2)
    scene.notes["told"] = scene.system.end_of_log() - before
