"""Composition root of certification."""

from fastapi import FastAPI

from services.certification import api, classes_api, results_api
from services.certification.events import on
from services.certification.settings import Settings
from services.certification.store import Store
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "certification")
    return create(
        settings,
        storage,
        Store(storage),
        on,
        [api.router, classes_api.router, results_api.router],
        title="Jalur certification",
    )
