"""The first administrator: made from the settings, and recovered by changing them."""

from pydantic import SecretStr

from services.gateway.passwords import Passwords
from services.gateway.roles import Role
from services.gateway.secret import fingerprint
from services.gateway.user import Applied, Token, User
from services.gateway.users import Users
from shared import ledger
from shared.contracts import Event

ADMINISTRATOR = "admin"
TOKEN_LABEL = "settings"


async def ensure_administrator(users: Users, passwords: Passwords, password: SecretStr, token: SecretStr) -> None:
    """Put the settings to effect when they are new, that is, differ from what was put to effect last.

    So a password changed since then stays changed, and whoever has lost it changes the setting and starts again.
    """
    held = await users.documents.get(ADMINISTRATOR)
    applied = held.applied if held else None
    token_hash = fingerprint(token.get_secret_value())
    new_token = applied is None or applied.token_hash != token_hash
    new_password = applied is None or not await passwords.fits(password.get_secret_value(), applied.password_hash)
    if new_token or new_password or applied is None:
        hashed = await passwords.hash(password.get_secret_value())

        def decide(user: User) -> list[Event] | None:
            if user.applied != applied:
                return None  # another replica was quicker
            signed = ledger.signature()
            user.role, user.disabled, user.created_at = Role.ADMIN, False, user.created_at or signed.at
            if new_token:
                user.put_token(Token(label=TOKEN_LABEL, hash=token_hash, created_at=signed.at))
            if new_password:
                user.password_hash = hashed
                user.end_sessions()
            user.applied = Applied(password_hash=hashed, token_hash=token_hash)
            user.ledger.append(ledger.entry(signed, "set_from_settings", password=new_password, token=new_token))
            return []

        await users.documents.change(ADMINISTRATOR, decide)
    users.administrator_ready.set()
