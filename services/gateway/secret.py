"""Secrets that we make up: 256 random bits, of which only a hash is kept."""

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits, in letters that fit a header and a cookie."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """SHA-256 in hexadecimal: what is this random needs no slow hash. Looking it up compares no secret."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
