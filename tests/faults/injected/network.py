"""What can happen between the services and the broker."""

from tests.faults.faults import Scene, counted, fault


@fault("network cut", counted("refused", "reconnects"))
def cut(scene: Scene) -> None:
    scene.system.broker.cut()
    try:
        scene.pause(5, 10)
    finally:
        scene.system.broker.heal()


@fault("network slow", counted("delayed"))
def slow(scene: Scene) -> None:
    scene.system.broker.delay_s = 0.2
    try:
        scene.pause(5, 10)
    finally:
        scene.system.broker.heal()


@fault("network silent", counted("swallowed", "reconnects"))
def swallow(scene: Scene) -> None:
    """What the broker says vanishes; what is said to it arrives."""
    scene.system.broker.swallow(down=True)
    try:
        scene.pause(5, 10)
    finally:
        scene.system.broker.heal()


@fault("confirm lost", counted("confirms", "republished"))
def lose_confirms(scene: Scene) -> None:
    """The broker has the events and says so; nobody hears it."""
    scene.system.broker.lose_confirms()
    try:
        scene.until(lambda: scene.system.broker.counts["confirms"] > 0, 30)
        scene.pause(2, 12)
    finally:
        scene.system.broker.heal()


@fault("channel error", counted("channels closed"))
def channel_error(scene: Scene) -> None:
    """The broker closes each channel there is, for an acknowledgement of a message it has never delivered."""
    for _ in range(3):
        scene.system.broker.spoil_channels()
        scene.pause(1, 3)
