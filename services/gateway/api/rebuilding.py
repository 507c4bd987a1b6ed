"""Building the read models anew from the log."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.generations import Serving
from services.gateway.roles import PREFIX
from shared.free_text import discreet

router = APIRouter(prefix=f"{PREFIX}/rebuild", tags=["rebuild"])


class Wanted(BaseModel):
    reason: Annotated[str, AfterValidator(discreet), Field(min_length=1, max_length=500, pattern=r"\S")]


@router.post("", status_code=202)
async def ask(wanted: Wanted, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """Build the read models anew, while the present ones stay in service; one under way is not begun again."""
    return _shown(await gateway.generations.ask(wanted.reason))


@router.get("")
async def show(gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """How far it is."""
    return _shown(await gateway.generations.now())


def _shown(serving: Serving) -> dict[str, Any]:
    shown = {"state", "generation", "offset", "end", "skipped", "failure", "asked_at", "switched_at"}
    return serving.model_dump(mode="json", include=shown)
