"""Links that people answer by without an account: what placement says to whoever has one, and who is only guessing."""

import re
from typing import Any, Final

from fastapi import Request

from services.gateway.api.gateway import Gateway
from services.gateway.calling import PUBLIC, Caller
from services.gateway.rates import network
from services.gateway.services import Refused
from shared.problems import NotFound

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{22}")


async def asked(
    gateway: Gateway, request: Request, path: str, body: dict[str, Any], caller: Caller = PUBLIC
) -> dict[str, Any]:
    """What placement answers to whoever has the link whose `token` is in the body.

    Raises NotFound `unknown_link` for one that there is not, and after some of them from a network TooMany in its
    place. A link that there is answers whatever others behind the same address try: a whole village may share one.
    """
    token = body["token"]
    gateway.rates.answers.check(token)
    try:
        if not _TOKEN.fullmatch(token):
            raise NotFound("unknown_link", "There is no such link.")
        found: dict[str, Any] = await gateway.services.post("placement", path, caller, body)
    except (NotFound, Refused) as refused:
        if refused.code == "unknown_link":
            gateway.rates.unknown_links.take(network(request))
        else:
            gateway.rates.answers.count(token)
        raise
    gateway.rates.answers.count(token)
    return found
