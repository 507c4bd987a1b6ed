"""How the services stand, for whoever runs them: `jalur doctor` asks."""

import asyncio
from typing import Any, get_args

from fastapi import APIRouter

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.kinds import Owner
from services.gateway.roles import PREFIX
from shared import VERSION

router = APIRouter(prefix=f"{PREFIX}/deployment", tags=["deployment"])


@router.get("")
async def show(gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """The gateway's version, and what each service says of itself: null when it does not answer."""
    names: tuple[Owner, ...] = get_args(Owner)
    answers = await asyncio.gather(*map(gateway.services.readiness, names))
    return {"version": VERSION, "services": dict(zip(names, answers, strict=True))}
