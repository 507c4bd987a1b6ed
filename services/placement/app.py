"""Composition root of placement."""

from fastapi import FastAPI

from services.placement import api, fair_api, link_api, match_api, running, vacancy_api, wave_api
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

    routers = [one.router for one in (api, vacancy_api, match_api, wave_api, link_api, fair_api)]
    return create(settings, storage, store, on, routers, background=[resume_matching], title="Jalur placement")
