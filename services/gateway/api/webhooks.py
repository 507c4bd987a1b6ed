"""Webhooks: which there are, how they fare, and every change to one."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Known
from services.gateway.roles import PREFIX
from services.gateway.webhook import NAME, State, Webhook
from services.gateway.webhook_places import Place
from shared.ledger import Entry

router = APIRouter(prefix=f"{PREFIX}/webhooks", tags=["webhooks"])

_MOST_HOURS = 24 * 30
_MOST_OFFSET = 2**62

Name = Annotated[str, StringConstraints(pattern=NAME)]
Url = Annotated[str, StringConstraints(max_length=2000)]
Patterns = Annotated[
    list[Annotated[str, StringConstraints(max_length=200)]],
    Field(min_length=1, max_length=50, description="Routing keys, as in a binding: `placement.#`."),
]


class NewWebhook(BaseModel):
    name: Name
    url: Url
    events: Patterns


class Secret(BaseModel):
    """Shown this once."""

    name: str
    secret: str


class ShownWebhook(Place):
    """Everything below `offset` in the log was delivered; how often in a row something was not, and when it goes on."""

    name: str
    url: str
    events: list[str]
    state: State
    why_disabled: str | None
    created_at: datetime | None


class WebhookList(BaseModel):
    items: list[ShownWebhook]
    next_cursor: None = None


class WebhookWithLedger(ShownWebhook):
    ledger: list[Entry]


class Change(BaseModel):
    url: Url | None = None
    events: Patterns | None = None
    enabled: bool | None = None


class Rotation(BaseModel):
    keep_old_hours: int = Field(default=24, ge=0, le=_MOST_HOURS)


class From(BaseModel):
    """The first event to be posted again: behind an `offset`, or as of a time; the first of the log if neither."""

    after: Annotated[int, Field(ge=0, le=_MOST_OFFSET)] | None = None
    since: AwareDatetime | None = None

    @model_validator(mode="after")
    def _not_both(self) -> "From":
        if self.after is not None and self.since is not None:
            raise ValueError("`after` or `since`, not both")
        return self


@router.post("", status_code=201)
async def add(wanted: NewWebhook, gateway: TheGateway, caller: Known) -> Secret:
    """Post these events to a URL, from now on. Answers the secret that signs them, this once."""
    secret = await gateway.webhooks.add(wanted.name, wanted.url, wanted.events, caller.idempotency_key)
    return Secret(name=wanted.name, secret=secret)


@router.get("")
async def list_webhooks(gateway: TheGateway, caller: Known) -> WebhookList:
    """All of them, and how each fares."""
    return WebhookList(items=[await _shown(gateway, one) for one in await gateway.webhooks.all()])


@router.get("/{name}")
async def show(name: str, gateway: TheGateway, caller: Known) -> WebhookWithLedger:
    """One, with what was done about it by whom."""
    return await _with_ledger(gateway, await gateway.webhooks.known(name))


@router.patch("/{name}")
async def change(name: str, wanted: Change, gateway: TheGateway, caller: Known) -> WebhookWithLedger:
    """Another URL, other events, on or off. What waits for its next attempt is tried at once."""
    webhook = await gateway.webhooks.change(name, wanted.url, wanted.events, wanted.enabled)
    return await _with_ledger(gateway, webhook)


@router.delete("/{name}", status_code=204)
async def remove(name: str, gateway: TheGateway, caller: Known) -> None:
    """Post nothing there any more."""
    await gateway.webhooks.remove(name)


@router.post("/{name}/secret")
async def rotate(name: str, gateway: TheGateway, caller: Known, wanted: Rotation | None = None) -> Secret:
    """A new secret, shown this once; for a while the old one signs too, so that the receiver can change over."""
    hours = (wanted or Rotation()).keep_old_hours
    return Secret(name=name, secret=await gateway.webhooks.rotate(name, hours, caller.idempotency_key))


@router.post("/{name}/replay", status_code=202)
async def replay(name: str, gateway: TheGateway, caller: Known, wanted: From | None = None) -> WebhookWithLedger:
    """Post what was posted before again, in order, and then go on."""
    wanted = wanted or From()
    start = wanted.since if wanted.after is None else wanted.after + 1
    return await _with_ledger(gateway, await gateway.webhooks.replay(name, start))


async def _shown(gateway: Gateway, webhook: Webhook) -> ShownWebhook:
    place = await gateway.webhook_places.of(webhook)
    return ShownWebhook(
        name=webhook.id,
        url=webhook.url,
        events=webhook.keys,
        state=webhook.state,
        why_disabled=webhook.why_disabled,
        created_at=webhook.created_at,
        **place.model_dump(),
    )


async def _with_ledger(gateway: Gateway, webhook: Webhook) -> WebhookWithLedger:
    shown = await _shown(gateway, webhook)
    return WebhookWithLedger(**shown.model_dump(), ledger=webhook.ledger)
