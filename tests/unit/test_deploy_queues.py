"""Queues are declared as soon as the broker lets us, and what will never work is said at once."""

import aiormq
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from deploy import topology
from deploy.local import queues
from deploy.local.supervision import StartFailed

URL = "amqp://nobody@127.0.0.1:1/"


class Broker:
    """Answers each attempt to declare with the next of these errors, then with success."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *errors: aiormq.AMQPError) -> None:
        self.errors = list(errors)
        self.attempts = 0
        monkeypatch.setattr(topology, "declare", self.declare)

    async def declare(self, amqp_url: str) -> None:
        assert amqp_url == URL
        self.attempts += 1
        if self.errors:
            raise ExceptionGroup("channels", [self.errors.pop(0)])


def test_a_broker_whose_queues_are_not_back_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch, *(ChannelNotFoundEntity("home node of durable queue is down") for _ in range(3)))
    queues.declare(URL)
    assert broker.attempts == 4


def test_a_queue_that_exists_with_other_arguments_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch, ChannelPreconditionFailed("inequivalent arg 'x-message-ttl'"))
    with pytest.raises(StartFailed, match="inequivalent arg"):
        queues.declare(URL)
    assert broker.attempts == 1


async def test_it_works_where_a_loop_is_running(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(monkeypatch)
    queues.declare(URL)
    assert broker.attempts == 1
