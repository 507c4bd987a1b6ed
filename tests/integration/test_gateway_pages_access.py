"""Every page, for every role and for nobody: each gets what the table of pages says, by the session's cookie alone."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.gateway import csrf
from services.gateway.import_job import By, ImportJob, State
from services.gateway.pages.visitor import CSRF_FIELD
from services.gateway.roles import PAGES, PUBLIC_PAGES, Role
from tests.integration.gateway_alone import PASSWORD, TOKEN, Alone, alone, bearer, user

__all__ = ["alone"]

_PLACES = {"code": "UJI-1", "import_id": "none", "class_code": "A", "number": "1"}
_NOT_FOR_THIS_ROLE = "role_not_allowed"
_TOKEN_MISSING = "csrf_token_missing"


def address(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: _PLACES.get(name[1], "x" * 8), path)


class World:
    """One gateway and a user of each role."""

    def __init__(self, url: str, alone: Alone) -> None:
        self.url = url
        self._alone = alone

    async def cookie(self, role: Role) -> str:
        """The secret of a session that has just begun."""
        assert self._alone.app is not None
        gateway = self._alone.app.state.gateway
        account = await gateway.store.users.known(f"{role}-1")
        cookie, _ = await gateway.sessions.start(f"{role}-1", account.generation)
        return str(cookie)

    async def end_sessions(self, role: Role) -> None:
        assert self._alone.app is not None
        await self._alone.app.state.gateway.store.users.end_sessions(f"{role}-1")

    def client(self, cookie: str | None = None, **headers: str) -> httpx.AsyncClient:
        cookies = {"jalur_session": cookie} if cookie else None
        return httpx.AsyncClient(base_url=self.url, cookies=cookies, headers=headers, timeout=30)


@pytest.fixture
async def world(alone: Alone) -> AsyncIterator[World]:
    async with alone.gateway() as url:
        await asyncio.gather(*(user(url, f"{role}-1", role) for role in Role))
        yield World(url, alone)


async def test_each_role_gets_the_pages_that_the_table_gives_it(world: World) -> None:
    for role in Role:
        for (method, path), allowed in sorted(PAGES.items()):
            cookie = await world.cookie(role)
            form = {CSRF_FIELD: csrf.token(cookie)} if method == "POST" else None
            async with world.client(cookie) as client:
                answer = await client.request(method, address(path), data=form)
            what = (method, path, role, answer.status_code)
            assert answer.headers.get("location") != "/masuk" or path == "/keluar", what
            refused = answer.status_code == httpx.codes.FORBIDDEN and _NOT_FOR_THIS_ROLE in answer.text
            assert refused == (role not in allowed), what
            assert "text/html" in answer.headers.get("content-type", "text/html"), what
            assert answer.status_code < 500 or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, what


async def test_whoever_is_nobody_is_sent_to_sign_in_and_back_to_where_they_were(world: World) -> None:
    ended = await world.cookie(Role.ADMIN)
    async with world.client(ended) as client:
        assert (await client.post("/keluar", data={CSRF_FIELD: csrf.token(ended)})).status_code == 303
    nobodies = {
        "nothing": world.client(),
        "unknown session": world.client("x" * 43),
        "ended session": world.client(ended),
        "token": world.client(**bearer(TOKEN)),
        "token beside a session": world.client(await world.cookie(Role.ADMIN), **bearer(TOKEN)),
    }
    for who, client in nobodies.items():
        async with client:
            for method, path in sorted(PAGES):
                answer = await client.request(method, address(path), data={} if method == "POST" else None)
                assert answer.status_code == httpx.codes.SEE_OTHER, (who, method, path, answer.status_code)
                back = f"?lanjut={address(path).replace('/', '%2F')}" if method == "GET" else ""
                assert answer.headers["location"] == "/masuk" + back, (who, method, path)
    async with world.client() as client:
        part = await client.get("/beranda", headers={"HX-Request": "true"})
        assert (part.status_code, part.headers["hx-redirect"]) == (204, "/masuk")
        for method, path in sorted(PUBLIC_PAGES):
            answer = await client.request(method, address(path), data={} if method == "POST" else None)
            assert not answer.headers.get("location", "").startswith("/masuk"), (method, path)


async def test_a_form_without_the_session_s_token_changes_nothing(world: World) -> None:
    other = csrf.token(await world.cookie(Role.ADMIN))
    for method, path in sorted(PAGES):
        if method == "GET":
            continue
        cookie = await world.cookie(Role.ADMIN)
        right = csrf.token(cookie)
        async with world.client(cookie) as client:
            for form in ({}, {CSRF_FIELD: ""}, {CSRF_FIELD: other}, {CSRF_FIELD: right[:-1]}, {"token": right}):
                answer = await client.post(address(path), data=form)
                assert (answer.status_code, _TOKEN_MISSING in answer.text) == (403, True), (path, form)
            for elsewhere in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
                answer = await client.post(address(path), data={CSRF_FIELD: right}, headers=elsewhere)
                assert (answer.status_code, "cross_site" in answer.text) == (403, True), (path, elsewhere)
            assert (await client.get("/beranda")).status_code != httpx.codes.SEE_OTHER  # still signed in


async def test_another_site_can_neither_sign_somebody_in_nor_change_their_language(world: World) -> None:
    forms = {"/masuk": {"name": "admin", "password": PASSWORD}, "/bahasa": {"language": "en"}}
    async with world.client(Origin="https://evil.example") as client:
        for path, form in forms.items():
            answer = await client.post(path, data=form)
            assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None), path


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "https:evil.example"),
        *("javascript:alert(1)", "/\t/evil.example", "/\r\nSet-Cookie: a=b", " //evil.example", "evil.example", ""),
    ],
)
async def test_no_address_leads_out_of_here(alone: Alone, elsewhere: str) -> None:
    async with alone.gateway() as url, httpx.AsyncClient(base_url=url) as client:
        form = {"name": "admin", "password": PASSWORD, "lanjut": elsewhere}
        for path, more in (("/masuk", form), ("/bahasa", {"language": "en", "lanjut": elsewhere})):
            answer = await client.post(path, data=more)
            assert (answer.status_code, answer.headers["location"]) == (303, "/beranda"), (path, elsewhere)
        shown = (await client.get("/masuk", params={"lanjut": elsewhere})).text
        assert 'name="lanjut" value="/beranda"' in shown


async def test_signing_in_gives_cookies_that_only_we_can_read_and_leads_back(alone: Alone) -> None:
    form = {"name": "admin", "password": PASSWORD, "lanjut": "/program/UJI-1?tahap=passed"}
    for tls, prefix in ((False, ""), (True, "__Host-")):
        async with alone.gateway(tls=tls) as url, httpx.AsyncClient(base_url=url) as client:
            answer = await client.post("/masuk", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, form["lanjut"])
            given = {one.partition("=")[0]: one.lower() for one in answer.headers.get_list("set-cookie")}
            assert given.keys() == {f"{prefix}jalur_session", f"{prefix}jalur_browser"}
            for flags in given.values():
                assert "httponly" in flags and "samesite=strict" in flags and "path=/" in flags
                assert ("secure" in flags) == tls and "domain" not in flags
            wrong = await client.post("/masuk", data=form | {"password": "salah"})
            assert (wrong.status_code, wrong.headers.get("set-cookie")) == (401, None)
            chosen = (await client.post("/bahasa", data={"language": "en"})).headers["set-cookie"].lower()
            assert "httponly" in chosen and ("secure" in chosen) == tls


async def test_every_page_says_what_a_browser_may_do_with_it_and_runs_nothing_of_its_own(world: World) -> None:
    cookie = await world.cookie(Role.ADMIN)
    async with world.client(cookie) as client:
        for path in ("/beranda", "/operasi", "/impor", "/masuk", "/sertifikat", "/nowhere"):
            answer = await client.get(path, headers={"Accept": "text/html"})
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self'" in policy and "unsafe" not in policy
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:", answer.text), path


async def test_who_looks_for_a_page_that_is_not_there_is_told_so_in_a_page(world: World) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with world.client() as client:
        page = await client.get("/tidak-ada/<script>", headers=browser)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "Tidak ditemukan" in page.text and "<script>" not in page.text
        for path, headers in (
            ("/tidak-ada", {}),
            ("/tidak-ada", {"Accept": "application/json"}),
            ("/api/v1/tidak-ada", browser),
            ("/api/tidak-ada", browser),
            ("/static/tidak-ada.js", browser),
        ):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json", (path, headers)


async def test_an_import_is_shown_in_a_page_to_whom_it_concerns(world: World, alone: Alone) -> None:
    assert alone.app is not None
    jobs = alone.app.state.gateway.jobs
    problem = {"status": 422, "code": "empty", "detail": "The file is empty."}
    theirs = ImportJob(_id="one", kind="scores", by=By(name="selector-9"), state=State.FAILED, problem=problem)
    await jobs._jobs.add(theirs)
    seen = {}
    for role in Role:
        async with world.client(await world.cookie(role)) as client:
            seen[role] = (await client.get("/impor/one")).status_code
    none = dict.fromkeys((Role.REGISTRAR, Role.CERTIFIER, Role.PLACEMENT), 404)
    assert seen == {Role.ADMIN: 200, Role.SELECTOR: 200, **none, Role.VIEWER: 403, Role.OPERATOR: 403}


async def test_a_form_of_a_session_that_is_over_is_kept_for_its_user_and_its_browser_alone(world: World) -> None:
    cookie = await world.cookie(Role.REGISTRAR)
    form = {CSRF_FIELD: csrf.token(cookie), "alasan": "menurut KTP", "sandi": "rahasia", "password": "rahasia"}
    await world.end_sessions(Role.REGISTRAR)
    async with world.client(cookie) as browser:
        assert (await browser.post("/pendaftar/x/perbaiki", data=form | {CSRF_FIELD: "x"})).headers[
            "location"
        ] == "/masuk"
        sent = await browser.post("/pendaftar/x/perbaiki", data=form)
        assert (sent.status_code, sent.headers["location"]) == (303, "/masuk?lanjut=%2Fisian")
        given = sent.headers["set-cookie"].lower()
        assert "httponly" in given and "samesite=strict" in given and "menurut" not in given
        secret = sent.cookies["jalur_interrupted"]
    shown = {}
    for role in (Role.REGISTRAR, Role.ADMIN):
        async with world.client(await world.cookie(role)) as client:
            client.cookies.set("jalur_interrupted", secret)
            shown[role] = (await client.get("/isian")).text
            if role is Role.ADMIN:  # who it does not belong to cannot throw it away either
                new = csrf.token(client.cookies["jalur_session"])
                assert (await client.post("/isian/buang", data={CSRF_FIELD: new})).status_code == 303
    assert "menurut KTP" in shown[Role.REGISTRAR] and 'action="/pendaftar/x/perbaiki"' in shown[Role.REGISTRAR]
    assert "rahasia" not in shown[Role.REGISTRAR] and "menurut KTP" not in shown[Role.ADMIN]
    async with world.client(await world.cookie(Role.REGISTRAR)) as client:
        assert "menurut KTP" not in (await client.get("/isian")).text  # another browser of the same user
        client.cookies.set("jalur_interrupted", secret)
        assert "menurut KTP" in (await client.get("/isian")).text
        form = {CSRF_FIELD: csrf.token(client.cookies["jalur_session"])}
        assert (await client.post("/isian/buang", data=form)).headers["location"] == "/beranda"
        client.cookies.set("jalur_interrupted", secret)
        assert "menurut KTP" not in (await client.get("/isian")).text


async def test_the_page_that_a_sheet_fills_chooses_its_kind(world: World, alone: Alone) -> None:
    """Of the kinds that the role may import; whatever else an address says chooses nothing."""
    alone.answers = lambda request: httpx.Response(200, json=[])  # registration knows no programme
    chosen = {}
    for role, kind in ((Role.REGISTRAR, "bpjs"), (Role.CERTIFIER, "certificates"), (Role.CERTIFIER, "bpjs")):
        async with world.client(await world.cookie(role)) as client:
            page = (await client.get("/impor", params={"jenis": kind, "program": "<x>"})).text
            chosen[role, kind] = re.findall(r'<option value="(\w+)" selected>', page)
    assert list(chosen.values()) == [["bpjs"], ["certificates"], []]
