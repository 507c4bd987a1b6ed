"""What the live feed tells of an event, by the role of who listens."""

from datetime import date
from types import SimpleNamespace
from typing import cast

from aio_pika.abc import AbstractIncomingMessage

from services.gateway import live
from shared import topology
from shared.contracts.registration import ApplicantWithdrawn
from tests.events import message


def test_what_somebody_wrote_is_for_roles_that_may_see_health() -> None:
    event = ApplicantWithdrawn(
        applicant_id="a", programme_code="U-1", reason="in hospital", withdrawn_on=date(2030, 1, 1)
    )
    sent = message(event, "a", 3)
    arrived = SimpleNamespace(body=sent.body, headers=sent.headers, exchange=topology.outgoing("registration"))
    heard = cast(AbstractIncomingMessage, arrived)
    assert live._told(heard, health=True)["data"]["reason"] == "in hospital"
    assert live._told(heard, health=False)["data"] == {**event.model_dump(mode="json"), "reason": "…"}
