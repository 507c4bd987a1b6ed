"""Lets messages overtake each other on their way to the handlers, as they may on any way."""

import asyncio
import functools
import random
from typing import Any

from tests.faults.seams.control import Controlled
from tests.faults.seams.wrapping import Wrapped, wrap

ORDER_OF_DELIVERY = "order of delivery"
_AT_MOST_S = 0.4


def install(controlled: Controlled) -> None:
    """Make every message wait for a moment of its own, when that is wanted."""
    latest: dict[tuple[str, str], str] = {}

    def around(deliver: Wrapped) -> Wrapped:
        @functools.wraps(deliver)
        async def wrapped(subscriptions: Any, subscription: Any, message: Any) -> Any:
            if not controlled.plan.get("shuffled"):
                return await deliver(subscriptions, subscription, message)
            await asyncio.sleep(random.uniform(0, _AT_MOST_S))
            # of one subject, whichever event it is: queues overtake each other too
            subject, sequence = str(message.headers.get("ce-subject")), str(message.headers.get("ce-sequence"))
            key = (str(message.headers.get("ce-source")), subject)
            if sequence < latest.get(key, ""):
                controlled.bites(ORDER_OF_DELIVERY)
            latest[key] = max(sequence, latest.get(key, ""))
            return await deliver(subscriptions, subscription, message)

        return wrapped

    wrap("shared.messaging:Subscriptions._deliver", around)
