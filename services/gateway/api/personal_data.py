"""Personal data as a whole: who looked at how many people, what is due to be erased, and which key seals them."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.roles import PREFIX

router = APIRouter(prefix=PREFIX, tags=["personal data"])


class Retention(BaseModel):
    dry_run: bool = Field(default=True, description="Only tell what is due.")


class Rotation(BaseModel):
    after: str = Field(default="", max_length=100, description="Where to go on: `next` of the answer before.")


@router.get("/reveals")
async def reveals(gateway: TheGateway, caller: Known, on: date | None = None) -> Any:
    """Who was shown how many people's personal fields on a day, or searched people by these; today unless given."""
    return await gateway.services.get("registration", f"/reveals?on={on}" if on else "/reveals", caller)


@router.post("/retention")
async def retention(asked: Retention, gateway: TheGateway, caller: Known) -> Any:
    """Programmes whose personal data are due to be erased; without `dry_run` the next 500 people are."""
    return await gateway.services.post("registration", "/retention", caller, asked.model_dump())


@router.get("/keys")
async def keys(gateway: TheGateway, caller: Known) -> Any:
    """Which keys seal personal fields, and how many applicants each; nothing of the keys themselves."""
    return await gateway.services.get("registration", "/keys", caller)


@router.post("/keys/rotation")
async def rotate(asked: Rotation, gateway: TheGateway, caller: Known) -> Any:
    """Seal the next 500 applicants with the first key; repeat with `next` until that is null."""
    return await gateway.services.post("registration", "/keys/rotation", caller, asked.model_dump())
