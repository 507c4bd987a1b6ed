"""Composition root of the gateway."""

import httpx
from fastapi import APIRouter, FastAPI
from fastapi_swagger import patch_fastapi

from services.gateway.api import applicants, certificates, imports, live, matching, programmes, selection, users
from services.gateway.api.gateway import Gateway
from services.gateway.events import on
from services.gateway.import_jobs import ImportJobs
from services.gateway.importing import Importing
from services.gateway.live import LiveFeed
from services.gateway.programmes import Programmes
from services.gateway.roles import PREFIX
from services.gateway.services import Services
from services.gateway.settings import Settings
from services.gateway.store import Store
from services.gateway.uploads import BodyLimit, Spool
from shared.service import create, storage_of

_API = "/api"


def build(settings: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; `transport` replaces the network on the way to the other services."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "gateway")
    store = Store(storage)
    services = Services(settings, transport)
    programmes_known = Programmes(store.programmes, services)
    spool = Spool(settings.spool_dir)
    importing = Importing(services, programmes_known, spool)
    jobs = ImportJobs(storage, spool, importing)
    feed = LiveFeed(settings.amqp_url.get_secret_value(), settings.max_listeners)

    async def ensure_administrator() -> None:
        await store.users.ensure_administrator(settings.admin_password, settings.admin_token)

    app = create(
        settings,
        storage,
        store,
        on,
        [api_router(), certificates.public],
        background=[ensure_administrator, store.rollups.run, jobs.run, feed.run],
        public=True,
        title="Jalur",
        version="1",
        openapi_url=f"{_API}/openapi.json",
        swagger_ui_oauth2_redirect_url=None,
    )
    # its files come from the package: an office without internet can read the documentation too
    patch_fastapi(
        app,
        docs_url=f"{_API}/docs",
        redirect_from_root_to_docs=False,
        swagger_js_url=f"{_API}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{_API}/docs/swagger-ui.css",
        swagger_favicon_url=f"{_API}/docs/favicon.png",
    )
    app.state.gateway = Gateway(store, services, programmes_known, spool, importing, jobs, feed)
    app.add_middleware(BodyLimit, most_upload_bytes=settings.max_upload_bytes)
    return app


def api_router() -> APIRouter:
    """Every route under /api/v1."""
    api = APIRouter(prefix=PREFIX)
    concepts = (programmes, applicants, imports, selection, matching, certificates, live, users)
    for concept in concepts:
        api.include_router(concept.router)
    api.include_router(certificates.public)
    return api
