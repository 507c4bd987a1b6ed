"""Signs what is posted to webhooks, as Standard Webhooks 1.0 wants it: HMAC-SHA256 over id, time and body."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """256 random bits, as receivers' libraries take them."""
    return _PREFIX + b64encode(secrets.token_bytes(_BYTES)).decode()


def webhook_id(event_id: str) -> str:
    """The same for an event whenever and wherever it is posted; without full stops, which separate what is signed."""
    return f"evt_{sha256(event_id.encode()).hexdigest()[:32]}"


def headers(signing: Iterable[str], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """One signature for each secret; `timestamp` is the attempt's, in seconds since 1970."""
    content = f"{webhook_id}.{timestamp}.".encode() + body
    keys = (b64decode(secret.removeprefix(_PREFIX)) for secret in signing)
    signatures = (f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}" for key in keys)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
