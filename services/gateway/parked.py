"""The parked messages of all services, in one list; each service does what is asked to its own."""

import asyncio
from typing import Any, get_args
from urllib.parse import urlencode

from services.gateway.calling import Caller
from services.gateway.kinds import Owner
from services.gateway.masking import without_free_text, without_health
from services.gateway.services import Services, at
from shared import parking_api
from shared.parking import Deed, Parking
from shared.parking_api import ParkedList, Wanted
from shared.problems import Away, NotFound

OWN = "gateway"
OTHERS: tuple[Owner, ...] = get_args(Owner)


class ParkedEverywhere:
    """Asks each service for its own; the gateway's are at hand."""

    def __init__(self, services: Services, own: Parking) -> None:
        self._services = services
        self._own = own

    async def page(
        self, queue: str | None, cause: str | None, after: str, limit: int, caller: Caller
    ) -> dict[str, Any]:
        """Groups, messages in the order in which they were parked, and who did not answer."""
        asked = [service_of(queue)] if queue else [*OTHERS, OWN]
        answers = await asyncio.gather(*(self._list(one, queue, cause, after, limit, caller) for one in asked))
        lists = [answer for answer in answers if answer is not None]
        lines = sorted((line for one in lists for line in one.items), key=parking_api.place)
        more = len(lines) > limit or any(one.more for one in lists)
        return {
            "groups": [group.model_dump() for one in lists for group in one.groups],
            "items": lines[:limit],
            "next_cursor": parking_api.place(lines[limit - 1]) if more else None,
            "unavailable": [name for name, answer in zip(asked, answers, strict=True) if answer is None],
        }

    async def show(self, id_: str, caller: Caller) -> dict[str, Any]:
        """Everything in one message; health facts and free text only for a role that may see them."""
        service = service_of(id_)
        if service == OWN:
            found = await parking_api.whole(self._own, id_)
        else:
            found = await self._services.get(service, at("/internal/parked/{id}", id=id_), caller)
        if caller.sees_health:
            return found
        # what is no event of ours may hold anything
        return {**found, "body": without_free_text(without_health(found["body"])), "text": None}

    async def do(self, deed: Deed, wanted: Wanted, caller: Caller) -> dict[str, int]:
        """Replay or discard; how many messages. All of them belong to one service."""
        services = {service_of(name) for name in (wanted.ids or [wanted.queue or ""])}
        if len(services) > 1:
            raise NotFound("unknown_message", "Messages of several services cannot be handled in one request.")
        service = services.pop()
        if service == OWN:
            return await parking_api.done(self._own, deed, wanted, caller.idempotency_key)
        path = f"/internal/parked/{deed}"
        answer: dict[str, int] = await self._services.post(
            service, path, caller, wanted.model_dump(exclude_defaults=True), timeout_s=150
        )
        return answer

    async def _list(
        self, service: Any, queue: str | None, cause: str | None, after: str, limit: int, caller: Caller
    ) -> ParkedList | None:
        asked = {"queue": queue, "cause": cause, "after": after, "limit": limit}
        query = urlencode({name: value for name, value in asked.items() if value})
        try:
            if service == OWN:
                return parking_api.page(await self._own.look(queue), cause, after, limit)
            answer = await self._services.get(service, f"/internal/parked?{query}", caller)
        except Away:
            return None
        return ParkedList.model_validate(answer)


def service_of(name: str) -> Any:
    """Whose queue or message this is. Raises NotFound."""
    service = name.partition(".")[0]
    if service not in (*OTHERS, OWN):
        raise NotFound("unknown_message", "There is no such parked message.")
    return service
