"""Sheets that wait to be confirmed: few of each user, judged again when their judge has gone, gone as a whole."""

import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.gateway import csrf, previews, sheets_in_hand
from services.gateway.pages.visitor import CSRF_FIELD
from services.gateway.roles import Role
from tests.events import until
from tests.integration.gateway_alone import Alone, alone, user
from tests.integration.test_gateway_pages_access import World

__all__ = ["alone"]

_GONE = 404  # of the form that is shown instead: its programmes are registration's, and nobody is there
_SHEET = (
    b"Kode;Perusahaan;Jabatan;Kejuruan;Jumlah;Lokasi;Pendidikan Minimal;Upah Minimal;Upah Maksimal;Batas Lamaran\n"
    b"L-1;PT X;Staf;Las;1;Kota Pekalongan;SMA;2000000;2500000;31/12/2030\n"
)


class Clerk:
    """Somebody who looks at sheets of vacancies; placement does not answer here, so none comes to a verdict."""

    def __init__(self, client: httpx.AsyncClient, cookie: str, spool: Path) -> None:
        self._client = client
        self._token = {CSRF_FIELD: csrf.token(cookie)}
        self._spool = spool

    async def look(self) -> str:
        """The address of the page that shows what comes of it."""
        form = {**self._token, "jenis": "vacancies"}
        answer = await self._client.post("/impor", data=form, files={"file": ("l.csv", _SHEET)})
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
        return answer.headers["location"]

    async def status(self, address: str) -> int:
        return (await self._client.get(address)).status_code

    async def page(self, address: str) -> str:
        return (await self._client.get(address)).text

    async def confirm(self, address: str) -> httpx.Response:
        form = {**self._token, **httpx.URL(address).params}
        return await self._client.post("/impor/mulai", data=form)

    def kept(self) -> list[str]:
        return sorted(one.suffix for one in self._spool.iterdir())


@pytest.fixture
async def clerks(alone: Alone) -> AsyncIterator[tuple[Clerk, Clerk]]:
    """Two of them, at one gateway."""
    async with alone.gateway() as url:
        world = World(url, alone)
        made = []
        for role in (Role.PLACEMENT, Role.ADMIN):
            await user(url, f"{role}-1", role)
            cookie = await world.cookie(role)
            made.append(Clerk(world.client(cookie), cookie, alone.settings.spool_dir))
        yield made[0], made[1]
        for one in made:
            await one._client.aclose()


async def test_of_one_user_five_sheets_wait_and_the_oldest_makes_room(clerks: tuple[Clerk, Clerk]) -> None:
    mine, other = clerks
    others = await other.look()
    first, *rest = [await mine.look() for _ in range(sheets_in_hand.MOST_WAITING)]
    assert await mine.status(first) == 200
    assert "sudah dibuang" not in await mine.page(rest[-1])
    last = await mine.look()
    assert [await mine.status(one) for one in (first, *rest, last)] == [_GONE, 200, 200, 200, 200, 200]
    assert "sudah dibuang" in await mine.page(last)
    assert (await mine.confirm(first)).status_code == _GONE
    assert await other.status(others) == 200
    assert mine.kept() == [".preview"] * 6 + [".sheet"] * 6
    confirmed = await mine.confirm(rest[0])
    assert confirmed.status_code == httpx.codes.SEE_OTHER
    await until(lambda: len(mine.kept()) == 10)  # with the sheet goes what was said of it
    await mine.look()
    assert [await mine.status(one) for one in (*rest[1:], last)] == [200] * 4


async def test_nobody_sees_what_was_found_in_the_sheet_of_somebody_else(clerks: tuple[Clerk, Clerk]) -> None:
    mine, other = clerks
    address = await mine.look()
    assert (await mine.status(address), await other.status(address)) == (200, _GONE)


async def test_a_sheet_whose_judge_has_gone_is_judged_anew_when_somebody_looks(clerks: tuple[Clerk, Clerk]) -> None:
    mine, _ = clerks
    address = await mine.look()
    assert "Baris belum dapat diperiksa" in await mine.page(address)
    [beside] = mine._spool.glob("*.preview")
    noted = json.loads(beside.read_bytes()) | {"state": "judging", "judged": 0, "problem": None}
    beside.write_bytes(json.dumps(noted).encode())
    assert 'hx-trigger="every 1s"' in await mine.page(address)
    assert json.loads(beside.read_bytes())["state"] == "judging"
    ago = time.time() - previews._GIVEN_UP_AFTER_S - 1
    os.utime(beside, (ago, ago))
    await mine.page(address)
    await until(lambda: json.loads(beside.read_bytes())["state"] == "failed")
    assert oct(beside.stat().st_mode)[-3:] == "600"
