"""FastStream holds the same declarations as the batched consumer: a handler's logic can be tried in memory."""

from datetime import date

from faststream.rabbit import TestRabbitBroker

from shared.contracts.registration import ApplicantWithdrawn
from shared.messaging import Subscriptions
from shared.meta import Meta
from tests.events import message


async def test_a_handler_gets_its_typed_event_and_attributes_through_faststream() -> None:
    on = Subscriptions("uji")
    seen: list[tuple[ApplicantWithdrawn, int]] = []

    @on(ApplicantWithdrawn)
    async def take(event: ApplicantWithdrawn, meta: Meta, store: object) -> None:
        seen.append((event, meta.sequence))

    event = ApplicantWithdrawn(applicant_id="a", programme_code="UJI-1", reason="x", withdrawn_on=date(2030, 1, 1))
    headers = message(event, "a", 7).headers
    async with TestRabbitBroker(on.broker) as broker:
        await broker.publish(
            event, exchange="jalur.events", routing_key=ApplicantWithdrawn.routing_key(), headers=dict(headers)
        )
    assert seen == [(event, 7)]
