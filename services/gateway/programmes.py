"""What the gateway needs to know of a programme: that it exists, and which rules apply."""

from services.gateway.calling import Caller
from services.gateway.services import Services, at
from services.gateway.store import Store
from shared.contracts.registration import Programme


class Programmes:
    """Answers from the read model, and from registration about a programme so new that its event has not arrived."""

    def __init__(self, store: Store, services: Services) -> None:
        self._store = store
        self._services = services

    async def of(self, code: str, caller: Caller) -> Programme:
        """Raises Refused (404) for a programme that nobody defined."""
        view = await self._store.programmes.peek(code)
        if view is not None and view.programme is not None:
            return view.programme
        answer = await self._services.get("registration", at("/programmes/{code}", code=code), caller)
        return Programme.model_validate(answer["programme"])

    async def rules(self, code: str, caller: Caller) -> frozenset[str]:
        """The names of the rules of eligibility that apply."""
        eligibility = (await self.of(code, caller)).eligibility.model_dump()
        return frozenset(name for name, value in eligibility.items() if value not in (None, False))
