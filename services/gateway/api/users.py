"""Users of the gateway: who there is, and every change to an account."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from services.gateway.api.gateway import TheGateway
from services.gateway.api.session import Password, ShownSession, shown
from services.gateway.audits import SERVICES
from services.gateway.calling import EMPLOYER, PUBLIC, Known
from services.gateway.roles import PREFIX, Role
from services.gateway.user import DEFAULT_LABEL, NAME, User
from shared.context import SYSTEM
from shared.ledger import Entry
from shared.problems import Invalid

router = APIRouter(prefix=PREFIX, tags=["users"])

_MOST_DAYS = 3650
_SIGN_TOO = frozenset({SYSTEM.name, PUBLIC.actor.name, EMPLOYER.actor.name, *SERVICES})
Name = Annotated[str, StringConstraints(pattern=NAME)]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


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
    disabled: bool
    has_password: bool


class UserList(BaseModel):
    items: list[ShownUser]
    next_cursor: None = None


class ShownToken(BaseModel):
    label: str
    created_at: datetime
    expires_at: datetime | None


class Account(ShownUser):
    tokens: list[ShownToken]
    sessions: list[ShownSession]
    ledger: list[Entry]


class Change(BaseModel):
    role: Role | None = None
    disabled: bool | None = None


class Reset(BaseModel):
    password: Password


class WantedToken(BaseModel):
    label: Label = DEFAULT_LABEL
    expires_in_days: int | None = Field(default=None, ge=1, le=_MOST_DAYS)


class NewToken(ShownToken):
    """The token is shown this once."""

    token: str


@router.post("/users", status_code=201)
async def add(user: NewUser, gateway: TheGateway, caller: Known) -> UserWithToken:
    """Add a user and get their token, which is not kept. 422 `name_reserved`: services sign ledgers by their names."""
    if user.name in _SIGN_TOO:
        raise Invalid("name_reserved", "Ledgers are signed with this name by a part of the system.")
    token = await gateway.store.users.add(user.name, user.role, caller.idempotency_key)
    return UserWithToken(name=user.name, role=user.role, token=token)


@router.get("/users")
async def list_users(gateway: TheGateway, caller: Known) -> UserList:
    """Everybody who may use the gateway, and who no longer may."""
    return UserList(items=[_shown(one) for one in await gateway.store.users.all()])


@router.get("/users/{name}")
async def show_user(name: str, gateway: TheGateway, caller: Known) -> Account:
    """One account: its tokens, its sessions, and what was done to it by whom."""
    return await _account(gateway, name)


@router.patch("/users/{name}")
async def change_user(name: str, change: Change, gateway: TheGateway, caller: Known) -> Account:
    """Give another role, disable or enable; sessions end with it. 409 `last_administrator`."""
    users = gateway.store.users
    await users.known(name)
    if change.disabled is not None:
        await (users.disable(name) if change.disabled else users.enable(name))
    if change.role is not None:
        await users.give_role(name, change.role)
    return await _account(gateway, name)


@router.put("/users/{name}/password", status_code=204)
async def set_password(name: str, reset: Reset, gateway: TheGateway, caller: Known) -> None:
    """Give the user a password; their sessions end, their tokens stay."""
    await gateway.signing_in.set_password(name, reset.password.get_secret_value())


@router.post("/users/{name}/tokens", status_code=201)
async def new_token(name: str, gateway: TheGateway, caller: Known, wanted: WantedToken | None = None) -> NewToken:
    """A token for the user, in place of the one of that label; others stay."""
    wanted = wanted or WantedToken()
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=wanted.expires_in_days) if wanted.expires_in_days else None
    token = await gateway.store.users.new_token(name, wanted.label, expires_at)
    return NewToken(label=wanted.label, created_at=now, expires_at=expires_at, token=token)


@router.delete("/users/{name}/tokens/{label}", status_code=204)
async def revoke_token(name: str, label: str, gateway: TheGateway, caller: Known) -> None:
    """The token of that label works no longer."""
    await gateway.store.users.revoke_token(name, label)


@router.delete("/users/{name}/sessions", status_code=204)
async def end_sessions(name: str, gateway: TheGateway, caller: Known) -> None:
    """End all sessions of the user."""
    ended = await gateway.store.users.end_sessions(name)
    await gateway.sessions.forget(name, ended.generation)


async def _account(gateway: TheGateway, name: str) -> Account:
    user = await gateway.store.users.known(name)
    sessions = await gateway.sessions.of_user(name, user.generation)
    tokens = [ShownToken(**one.model_dump(exclude={"hash"})) for one in user.tokens]
    return Account(
        **_shown(user).model_dump(), tokens=tokens, sessions=[shown(one) for one in sessions], ledger=user.ledger
    )


def _shown(user: User) -> ShownUser:
    return ShownUser(
        name=user.id,
        role=user.role,
        created_at=user.created_at,
        disabled=user.disabled,
        has_password=user.password_hash is not None,
    )
