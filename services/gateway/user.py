"""A user of the gateway: role, password, tokens, and the ledger of what was done to the account."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.gateway.roles import Role
from shared.documents import Document
from shared.ledger import Entry

NAME = r"^[a-z0-9][a-z0-9._@-]{0,63}$"
DEFAULT_LABEL = "default"
MOST_BROWSERS = 10


class Token(BaseModel):
    """An API token: what it is for, and the SHA-256 of its 256 random bits."""

    label: str
    hash: str
    created_at: datetime
    expires_at: datetime | None = None


class Applied(BaseModel):
    """The first administrator's settings as they were last put to effect, hashed."""

    password_hash: str
    token_hash: str


class User(Document):
    """`id` is the name. A session is good while its `generation` is the user's; `browsers` are those that signed in."""

    role: Role = Role.VIEWER
    disabled: bool = False
    password_hash: str | None = None
    generation: int = 0
    tokens: list[Token] = Field(default_factory=list)
    browsers: list[str] = Field(default_factory=list)
    applied: Applied | None = None
    created_at: datetime | None = None
    created_with: str | None = None
    ledger: list[Entry] = Field(default_factory=list)

    def put_token(self, token: Token) -> None:
        """The one of the same label goes."""
        self.tokens = [*(held for held in self.tokens if held.label != token.label), token]

    def drop_token(self, label: str) -> bool:
        """False when there was none of that label."""
        kept = [held for held in self.tokens if held.label != label]
        dropped = len(kept) < len(self.tokens)
        self.tokens = kept
        return dropped

    def end_sessions(self) -> None:
        self.generation += 1
