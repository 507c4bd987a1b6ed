"""Composition root of selection."""

from fastapi import FastAPI

from services.selection import api
from services.selection.deciding import resume_all
from services.selection.events import on
from services.selection.settings import Settings
from services.selection.store import Store
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application; unfinished decisions are resumed when it starts."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "selection")
    store = Store(storage)

    async def resume_decisions() -> None:
        await resume_all(store)

    return create(settings, storage, store, on, [api.router], background=[resume_decisions], title="Jalur selection")
