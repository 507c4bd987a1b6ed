"""The grid of days as a browser sends it: of a class of any size, and of none that there can be."""

import json
from typing import Any

import httpx

from services.gateway import csrf
from services.gateway.api.classes import MOST_PEOPLE
from services.gateway.pages.visitor import CSRF_FIELD
from services.gateway.roles import Role
from tests.builders import programme
from tests.integration.gateway_alone import Alone, alone, user
from tests.integration.test_gateway_pages_access import World

__all__ = ["alone"]

_DAYS = [f"2030-03-{day:02}" for day in range(4, 11)]


async def test_a_whole_class_is_marked_however_many_are_in_it(alone: Alone) -> None:
    marked: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            marked.append(json.loads(request.content)["people"])
            return httpx.Response(200, json={"changed": 0, "overtaken": []})
        return httpx.Response(200, json={"revision": 1, "programme": programme().model_dump(mode="json")})

    alone.answers = answers
    async with alone.gateway() as url:
        await user(url, "certifier-1", Role.CERTIFIER)
        world = World(url, alone)
        cookie = await world.cookie(Role.CERTIFIER)

        async def send(people: int, days: list[str]) -> httpx.Response:
            grid = {f"h:a{number}:{day}:": "" for number in range(people) for day in days}
            form = {CSRF_FIELD: csrf.token(cookie), "hadir": _DAYS[0], "minggu": _DAYS[0], **grid}
            async with world.client(cookie) as client:
                return await client.post("/program/UJI-1/kelas/A/kehadiran", data=form)

        for people in (3, 250, 1000):
            assert (await send(people, _DAYS)).status_code == httpx.codes.SEE_OTHER, people
            assert len(marked[-1]) == people
            assert marked[-1]["a0"] == [{"day": _DAYS[0], "was": None, "now": "present"}]
        refused = await send(MOST_PEOPLE + 1, _DAYS[:1])
        assert (refused.status_code, "invalid" in refused.text) == (422, True)
        assert len(marked) == 3
