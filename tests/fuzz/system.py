"""The whole system over real HTTP in a thread of its own, for tests that send rubbish and look what comes back."""

import asyncio
import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import jwt
import uvicorn

from services.gateway.client import Client, Refused
from services.gateway.settings import Settings
from shared import actor_keys
from shared.settings import ServiceSettings
from tests import queues
from tests.conftest import ACTOR_KEY, ACTOR_PUBLIC_KEYS, STAFF, Urls

TOKEN = "token-of-the-first-administrator"
CODE = "LPKS-2025"
SERVICES = ("registration", "selection", "certification", "placement")
_KEYS = {"field_keys": "1:" + "f" * 40, "person_key": "p" * 40}
_READY_S = 60


class System:
    """Addresses of a running system. `gateway` is a client that carries the administrator's token."""

    def __init__(self, urls: dict[str, str], spool: Path) -> None:
        self.urls = urls
        self.spool = spool
        self.gateway = httpx.Client(
            base_url=urls["gateway"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=httpx.Timeout(90)
        )

    def internal(self, service: str) -> dict[str, str]:
        """The headers of a call to a service by the gateway."""
        key = actor_keys.signing(ACTOR_KEY)
        # for longer than a minute: a run of the fuzzer takes many
        claims = {"sub": STAFF.name, "role": STAFF.role, "aud": service, "exp": int(time.time()) + 86_400}
        token = jwt.encode(claims, key, algorithm=actor_keys.ALGORITHM, headers={"kid": key.key_id})
        return {"Authorization": f"Bearer {token}"}

    def user(self, role: str) -> dict[str, str]:
        """The headers of a new user in that role."""
        added = self.gateway.post("/api/v1/users", json={"name": f"{role}-{uuid.uuid4().hex[:8]}", "role": role})
        return {"Authorization": f"Bearer {added.json()['token']}"}

    def play(self, sample: Path) -> None:
        """Take the first sample programme from its definition to its graduates' jobs."""
        client = Client(self.urls["gateway"], TOKEN)
        base, folder = f"/programmes/{CODE}", sample / "lpks-2025"
        client.define(folder / "programme.yaml")
        client.upload("alumni", folder / "alumni-2019-2024.xlsx")
        client.upload("applicants", folder / "pendaftar.xlsx", CODE)
        client.upload("scores", folder / "nilai-tes-dan-wawancara.xlsx", CODE)
        _patiently(lambda: client.post(f"{base}/selection/decide"))
        client.upload("attendance", folder / "kehadiran.xlsx", CODE)
        for sheet in sorted(folder.glob("hasil-uji-*.xlsx")):
            client.upload("assessments", sheet, CODE)
        client.upload("certificates", folder / "sertifikat-bnsp.xlsx", CODE)
        client.upload("vacancies", folder / "lowongan.xlsx")
        _patiently(lambda: client.post(f"{base}/matching/run", {"as_of": "2025-08-25"}))


@contextlib.contextmanager
def running(servers: Urls, spool: Path, **gateway_settings: Any) -> Iterator[System]:
    """All five services, each on a port of its own, until the block ends."""
    asyncio.run(queues.empty(servers.amqp))
    common: dict[str, Any] = {
        "amqp_url": servers.amqp,
        "mongo_url": servers.mongo,
        "actor_public_keys": ACTOR_PUBLIC_KEYS,
        "actor_private_key": ACTOR_KEY,
        "db_prefix": f"test_{uuid.uuid4().hex[:10]}",
    }
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving: list[uvicorn.Server] = []
    ended = []
    urls: dict[str, str] = {}

    def serve(name: str, settings: ServiceSettings) -> None:
        app = import_module(f"services.{name}.app").build(settings)
        # as shared.service.run serves it
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, http="httptools", access_log=False))
        ended.append(asyncio.run_coroutine_threadsafe(server.serve(), loop))
        serving.append(server)
        _wait(lambda: server.started)
        urls[name] = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    try:
        for name in SERVICES:
            kind: type[ServiceSettings] = import_module(f"services.{name}.settings").Settings
            serve(name, kind.load(**common, **(_KEYS if name == "registration" else {})))
        away = {f"{name}_url": urls[name] for name in SERVICES}
        secrets = {"admin_password": "a password that is long", "admin_token": TOKEN}
        serve("gateway", Settings.load(**common, **away, **secrets, spool_dir=spool, **gateway_settings))
        for url in urls.values():
            _wait(lambda url=url: httpx.get(f"{url}/health/ready").status_code == httpx.codes.OK)
        yield System(urls, spool)
    finally:
        for server in serving:
            server.should_exit = True
        for one in ended:
            one.result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)


def _wait(condition: Any) -> None:
    deadline = time.monotonic() + _READY_S
    while not condition():
        assert time.monotonic() < deadline, "the system does not start"
        time.sleep(0.05)


def _patiently(call: Callable[[], object]) -> None:
    """Call until it is not refused any more: on a busy machine a service has not heard everything yet."""
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            call()
        except Refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return
