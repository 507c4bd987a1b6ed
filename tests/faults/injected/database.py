"""What can happen to MongoDB."""

import contextlib

from pymongo.errors import PyMongoError

from tests.faults.faults import Scene, counted, fault

_BACK_S = 60


def _primary(scene: Scene) -> bool:
    try:
        return bool(scene.system.mongo.admin.command("hello")["isWritablePrimary"])
    except PyMongoError:
        return False


def _disturbed(scene: Scene) -> str:
    """Clients were refused, or had to wait for an answer."""
    return counted("refusals")(scene) or counted("errors")(scene)


@fault("database killed", counted("restarts"))
def kill(scene: Scene) -> None:
    before = scene.system.pid("mongod")
    scene.system.kill("mongod")
    scene.until(lambda: scene.system.pid("mongod") not in (None, before), _BACK_S)
    scene.until(lambda: _primary(scene), _BACK_S)


@fault("database frozen", _disturbed)
def freeze(scene: Scene) -> None:
    scene.system.freeze("mongod")
    try:
        scene.pause(6, 10)
    finally:
        scene.system.thaw("mongod")


@fault("primary stepped down", _disturbed)
def step_down(scene: Scene) -> None:
    with contextlib.suppress(PyMongoError):  # it may close the connection instead of answering
        scene.system.mongo.admin.command("replSetStepDown", 6, force=True)
    scene.pause(1, 2)
    scene.until(lambda: _primary(scene), _BACK_S)
