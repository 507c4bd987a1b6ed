"""What the routes work with."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from services.gateway.audits import Audits
from services.gateway.cookies import Cookies
from services.gateway.generations import Generations
from services.gateway.import_jobs import ImportJobs
from services.gateway.importing import Importing
from services.gateway.kept_forms import KeptForms
from services.gateway.live import LiveFeed
from services.gateway.lockout import Lockout
from services.gateway.outside import Outside
from services.gateway.parked import ParkedEverywhere
from services.gateway.previews import Previews
from services.gateway.programmes import Programmes
from services.gateway.rates import Rates
from services.gateway.services import Services
from services.gateway.sessions import Sessions
from services.gateway.sheets_in_hand import SheetsInHand
from services.gateway.signing_in import SigningIn
from services.gateway.store import Store
from services.gateway.uploads import Spool
from services.gateway.webhook_places import Places
from services.gateway.webhooks import Webhooks


@dataclass(frozen=True)
class Gateway:
    """The parts that `app.py` has wired together."""

    store: Store
    services: Services
    programmes: Programmes
    spool: Spool
    importing: Importing
    in_hand: SheetsInHand
    previews: Previews
    jobs: ImportJobs
    feed: LiveFeed
    sessions: Sessions
    signing_in: SigningIn
    cookies: Cookies
    rates: Rates
    audits: Audits
    parked: ParkedEverywhere
    generations: Generations
    webhooks: Webhooks
    webhook_places: Places
    drafts: KeptForms
    looking_up: Lockout
    interrupted: KeptForms
    outside: Outside
    public_url: str
    # each takes a file in the spool, and a core while it is packed
    exporting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


async def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


TheGateway = Annotated[Gateway, Depends(_gateway)]
