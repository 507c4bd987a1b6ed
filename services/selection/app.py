"""Composition root of selection."""

from fastapi import FastAPI

from services.selection import api, reserves_api, results_api, scores_api
from services.selection.events import on
from services.selection.offering import keep_offers
from services.selection.resuming import keep_resuming
from services.selection.settings import Settings
from services.selection.store import Store
from services.selection.under_way import UnderWay
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application; it resumes decisions that were interrupted, and ends offers nobody answers."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "selection")
    store = Store(storage)
    under_way = UnderWay(store)

    async def resume_decisions() -> None:
        await keep_resuming(under_way)

    async def look_after_offers() -> None:
        await keep_offers(store)

    app = create(
        settings,
        storage,
        store,
        on,
        [api.router, reserves_api.router, results_api.router, scores_api.router],
        background=[resume_decisions, look_after_offers],
        title="Jalur selection",
    )
    app.state.under_way = under_way
    return app
