"""Composition root of placement."""

from fastapi import FastAPI

from services.placement import (
    api,
    confirmation_api,
    employer_link_api,
    fair_api,
    link_api,
    match_api,
    running,
    vacancy_api,
    wave_api,
)
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

    concepts = (api, vacancy_api, match_api, wave_api, link_api, fair_api, confirmation_api, employer_link_api)
    routers = [one.router for one in concepts]
    return create(settings, storage, store, on, routers, background=[resume_matching], title="Jalur placement")
