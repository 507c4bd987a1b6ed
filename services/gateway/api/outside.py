"""Subscribers over AMQP: who hears what, and how each fares; `jalur subscribers` makes them, on the broker's host."""

from fastapi import APIRouter
from pydantic import BaseModel

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.outside import OutsideSubscriber
from services.gateway.roles import PREFIX

router = APIRouter(prefix=PREFIX, tags=["subscribers"])


class SubscriberList(BaseModel):
    items: list[OutsideSubscriber]
    next_cursor: None = None


@router.get("/subscribers")
async def list_subscribers(gateway: TheGateway, caller: Known) -> SubscriberList:
    """Each with the events it hears, its queues, its connections and how much is still to be carried over to it.

    409 `broker_api_unset` where the gateway was not told where to look, 503 `broker_api_away`.
    """
    return SubscriberList(items=await gateway.outside.all())
