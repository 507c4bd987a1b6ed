"""Composition root of placement."""

from fastapi import FastAPI

from services.placement import api, match_api, running, vacancy_api
from services.placement.events import on
from services.placement.settings import Settings
from services.placement.store import Store
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application; it ends matchings that were interrupted."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "placement")
    store = Store(storage)

    async def resume_matching() -> None:
        await running.keep_resuming(store)

    return create(
        settings,
        storage,
        store,
        on,
        [api.router, vacancy_api.router, match_api.router],
        background=[resume_matching],
        title="Jalur placement",
    )
