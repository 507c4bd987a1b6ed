"""The code on the public verification page: nobody can guess it, and anybody can type it."""

import re
import secrets
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O to be taken for 1 and 0, no U
_LENGTH: Final = 10  # 50 bits: a million certificates, and a guess still hits one in a thousand million
_MISREAD: Final = str.maketrans("OIL", "011")


def fresh() -> str:
    """A new random code."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def as_issued(typed: str) -> str:
    """The code as it was issued, for one typed in lower case, with spaces or hyphens, or with an O for a 0."""
    return re.sub(r"[\s-]", "", typed).upper().translate(_MISREAD)
