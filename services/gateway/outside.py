"""Other systems that hear events over AMQP, as the broker's management API tells of them; it is only read.

Each has a virtual host of its own (`jalur subscribers`). The gateway's account may look at all of them and at nothing
that is in them.
"""

import asyncio
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import httpx
from pydantic import BaseModel

from shared.outsiders import TAG, outlet_of
from shared.problems import Away, Conflict
from shared.topology import EVENTS

_TIMEOUT_S: Final = 5
_INSIDE: Final = "Direct"  # what carries events over is a connection too, within the broker


class OutsideQueue(BaseModel):
    name: str
    messages: int
    consumers: int


class OutsideSubscriber(BaseModel):
    """`behind` are messages that are still to be carried over to its virtual host."""

    name: str
    events: list[str]
    queues: list[OutsideQueue]
    connections: int
    behind: int


class Outside:
    """`api_url` is http(s)://host:port, '' where nobody has told; the account is that of the AMQP URL."""

    def __init__(self, api_url: str, amqp_url: str) -> None:
        account = urlsplit(amqp_url)
        self._vhost = unquote(account.path.removeprefix("/")) or "/"
        self._api = f"{api_url.rstrip('/')}/api" if api_url else None
        auth = httpx.BasicAuth(unquote(account.username or ""), unquote(account.password or ""))
        self._client = httpx.AsyncClient(auth=auth, timeout=_TIMEOUT_S, trust_env=False)

    async def all(self) -> list[OutsideSubscriber]:
        """By name. Raises Conflict `broker_api_unset`, Away `broker_api_away`."""
        if self._api is None:
            raise Conflict(
                "broker_api_unset", "JALUR_BROKER_API_URL does not say where the broker's management API is."
            )
        rooms = [one["name"] for one in await self._get("vhosts") if TAG in (one.get("tags") or [])]
        return list(await asyncio.gather(*(self._one(name) for name in sorted(rooms))))

    async def close(self) -> None:
        await self._client.aclose()

    async def _one(self, name: str) -> OutsideSubscriber:
        outlet = ("queues", self._vhost, outlet_of(name))
        queues, connections, waiting, bindings = await asyncio.gather(
            self._get("queues", name), self._get("vhosts", name, "connections"), self._get(*outlet),
            self._get(*outlet, "bindings"),
        )  # fmt: skip
        return OutsideSubscriber(
            name=name,
            events=sorted(one["routing_key"] for one in bindings or () if one["source"] == EVENTS),
            queues=[
                # a queue that was made this moment has no figures yet
                OutsideQueue(name=one["name"], messages=one.get("messages", 0), consumers=one.get("consumers", 0))
                for one in queues or ()
            ],
            connections=sum(not one.get("protocol", "").startswith(_INSIDE) for one in connections or ()),
            behind=(waiting or {}).get("messages", 0),
        )

    async def _get(self, *path: str) -> Any:
        """What is there; None when nothing is."""
        url = "/".join([str(self._api), *(quote(part, safe="") for part in path)])
        try:
            answer = await self._client.get(url)
        except httpx.TransportError as error:
            raise _away() from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_success:
            raise _away()
        return answer.json()


def _away() -> Away:
    return Away("broker_api_away", "The broker's management API does not answer, or does not let the gateway look.")
