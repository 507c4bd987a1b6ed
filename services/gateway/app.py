"""Composition root of the gateway."""

import httpx
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.gateway.administrator import ensure_administrator
from services.gateway.api import (
    appeals,
    applicants,
    assessments,
    audit,
    certificates,
    classes,
    confirmations,
    cover,
    deployment,
    docs,
    event_docs,
    fairs,
    imports,
    live,
    matches,
    matching,
    parked,
    people,
    personal_data,
    programmes,
    public,
    rebuilding,
    reserves,
    scores,
    selection,
    session,
    tracer,
    training_certificates,
    users,
    vacancies,
    webhooks,
)
from services.gateway.api import outside as outside_api
from services.gateway.api.gateway import Gateway
from services.gateway.audits import Audits
from services.gateway.cookies import Cookies
from services.gateway.events import on
from services.gateway.generations import Generations
from services.gateway.headers import SecurityHeaders
from services.gateway.import_jobs import ImportJobs
from services.gateway.importing import Importing
from services.gateway.kept_forms import KeptForms
from services.gateway.live import LiveFeed
from services.gateway.lockout import OF_REGISTRATION, Lockout
from services.gateway.outside import Outside
from services.gateway.pages import (
    accounts,
    calls,
    employer_answer,
    fair_visits,
    home,
    interrupted,
    operations,
    own_status,
    programme,
    programme_yaml,
    registering,
    signing,
    site,
    subscriptions,
    tracer_answer,
    visitor,
)
from services.gateway.pages import appeals as appeal_pages
from services.gateway.pages import applicants as applicant_pages
from services.gateway.pages import assessments as assessment_pages
from services.gateway.pages import audit as audit_pages
from services.gateway.pages import certificates as certificate_pages
from services.gateway.pages import classes as class_pages
from services.gateway.pages import confirmations as confirmation_pages
from services.gateway.pages import cover as cover_pages
from services.gateway.pages import fairs as fair_pages
from services.gateway.pages import imports as import_pages
from services.gateway.pages import matches as match_pages
from services.gateway.pages import outside as outside_pages
from services.gateway.pages import reserves as reserve_pages
from services.gateway.pages import scores as score_pages
from services.gateway.pages import selection as selection_pages
from services.gateway.pages import tracer as tracer_pages
from services.gateway.pages import training_certificates as training_certificate_pages
from services.gateway.pages import vacancies as vacancy_pages
from services.gateway.parked import ParkedEverywhere
from services.gateway.passwords import Passwords
from services.gateway.posting import Poster
from services.gateway.previews import Previews
from services.gateway.programmes import Programmes
from services.gateway.rates import Rates
from services.gateway.reach import Reach
from services.gateway.rebuild import Rebuild
from services.gateway.sealing import Seal
from services.gateway.services import Services
from services.gateway.sessions import Sessions
from services.gateway.settings import Settings
from services.gateway.sheets_in_hand import SheetsInHand
from services.gateway.signing_in import SigningIn
from services.gateway.store import Store
from services.gateway.uploads import BodyLimit, Spool
from services.gateway.webhook_places import Places
from services.gateway.webhook_relay import WebhookRelay
from services.gateway.webhooks import Webhooks
from shared.service import create, storage_of


def build(settings: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The application; `transport` replaces the network on the way to the other services."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "gateway")
    store = Store(storage)
    services = Services(settings, transport)
    programmes_known = Programmes(store, services)
    spool = Spool(settings.spool_dir)
    importing = Importing(services, programmes_known, spool)
    jobs = ImportJobs(storage, spool, importing)
    previews = Previews(spool, importing)
    generations = Generations(storage, store)
    rebuild = Rebuild(settings.amqp_url.get_secret_value(), storage, store, on, generations)
    feed = LiveFeed(settings.amqp_url.get_secret_value(), settings.max_listeners)

    reach = Reach(settings.webhook_networks)
    seal = Seal(settings.webhook_keys.get_secret_value()) if settings.webhook_keys else None
    hooks, hook_places = Webhooks(storage, seal, reach), Places(storage)
    hook_relay = WebhookRelay(settings.amqp_url.get_secret_value(), storage, hooks, hook_places, Poster(reach))

    outside = Outside(settings.broker_api_url, settings.amqp_url.get_secret_value())
    sessions = Sessions(storage, idle_s=settings.session_idle_s, longest_s=settings.session_longest_s)
    lockout = Lockout(storage)
    passwords = Passwords()
    signing_in = SigningIn(store.users, sessions, passwords, lockout)

    drafts = KeptForms(storage, "drafts", registering.KEPT_S)
    interrupted_forms = KeptForms(storage, "interrupted_forms", interrupted.KEPT_S)
    looking_up = Lockout(storage, "look_up_failures", OF_REGISTRATION)

    async def prepare_accounts() -> None:
        for kept in (sessions, lockout, drafts, looking_up, interrupted_forms):
            await kept.prepare()
        await ensure_administrator(store.users, passwords, settings.admin_password, settings.admin_token)

    app = create(
        settings,
        storage,
        store,
        on,
        [*api(), certificates.at_the_root, docs.router, event_docs.router, *pages()],
        prepare_first=[generations.serve_current, prepare_accounts],
        background=[generations.follow, store.keep_counted, rebuild.run, jobs.run, feed.run, hook_relay.run],
        closing=[previews.close, services.close, outside.close],
        public=True,
        title="Jalur",
        version="1",
        openapi_url=docs.DESCRIPTION,
        # its redirect would repeat whatever host the client named
        redirect_slashes=False,
    )
    app.state.gateway = Gateway(
        store,
        services,
        programmes_known,
        spool,
        importing,
        SheetsInHand(storage),
        previews,
        jobs,
        feed,
        sessions,
        signing_in,
        Cookies(tls=settings.tls),
        Rates(),
        Audits(storage, services),
        ParkedEverywhere(services, app.state.parking),
        generations,
        hooks,
        hook_places,
        drafts,
        looking_up,
        interrupted_forms,
        outside,
        settings.public_url.rstrip("/"),
    )
    app.mount("/static", site.Assets())
    visitor.tell_browsers_in_pages(app)
    app.add_middleware(BodyLimit, most_upload_bytes=settings.max_upload_bytes)
    _wrap(app, settings)
    return app


def _wrap(app: FastAPI, settings: Settings) -> None:
    """Put around everything, the answer to an unexpected error included, what no answer may lack."""
    inner = app.build_middleware_stack

    def stack() -> ASGIApp:
        wrapped: ASGIApp = SecurityHeaders(inner(), tls=settings.tls)
        if settings.trusted_proxies:
            wrapped = ProxyHeadersMiddleware(wrapped, settings.trusted_proxies)  # type: ignore[arg-type, assignment]
        return wrapped

    app.build_middleware_stack = stack  # type: ignore[method-assign]


def pages() -> list[APIRouter]:
    """Every page."""
    staff = (
        signing,
        home,
        programme,
        programme_yaml,
        applicant_pages,
        score_pages,
        selection_pages,
        reserve_pages,
        class_pages,
        cover_pages,
        assessment_pages,
        appeal_pages,
        training_certificate_pages,
        import_pages,
        vacancy_pages,
        match_pages,
        fair_pages,
        fair_visits,
        tracer_pages,
        calls,
        confirmation_pages,
        operations,
        accounts,
        audit_pages,
        subscriptions,
        outside_pages,
    )
    everybody = (signing, certificate_pages, registering, own_status, tracer_answer, employer_answer)
    return [*(concept.router for concept in staff), *(concept.public for concept in everybody)]


def api() -> list[APIRouter]:
    """Every route under /api/v1."""
    concepts = (
        *(programmes, applicants, people, personal_data, imports, scores, selection, reserves),
        *(classes, cover, assessments, appeals, certificates, training_certificates),
        *(vacancies, matching, matches, fairs, tracer, confirmations),
        *(live, session, users, audit, parked, rebuilding, webhooks, outside_api, deployment),
    )
    everybody = (certificates, tracer, confirmations, session, public)
    return [*(concept.router for concept in concepts), *(concept.public for concept in everybody)]
