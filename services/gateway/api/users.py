"""Users of the gateway: adding one, and who there is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints

from services.gateway.api.gateway import TheGateway
from services.gateway.calling import Known
from services.gateway.roles import Role

router = APIRouter(tags=["users"])

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]


class NewUser(BaseModel):
    name: Name
    role: Role


class UserWithToken(NewUser):
    """The token is shown this once."""

    token: str


class ShownUser(BaseModel):
    name: str
    role: Role
    created_at: datetime | None


class UserList(BaseModel):
    items: list[ShownUser]
    next_cursor: None = None


@router.post("/users", status_code=201)
async def add(user: NewUser, gateway: TheGateway, caller: Known) -> UserWithToken:
    """Add a user and get their token, which is not kept."""
    token = await gateway.store.users.add(user.name, user.role, caller.idempotency_key)
    return UserWithToken(name=user.name, role=user.role, token=token)


@router.get("/users")
async def list_users(gateway: TheGateway, caller: Known) -> UserList:
    """Everybody who may use the gateway."""
    found = await gateway.store.users.all()
    return UserList(items=[ShownUser(name=one.id, role=one.role, created_at=one.created_at) for one in found])
