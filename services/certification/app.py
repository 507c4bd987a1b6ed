"""Composition root of certification."""

from fastapi import FastAPI

from services.certification import api, appeals_api, classes_api, cover_api, results_api, training_certificates_api
from services.certification.events import on
from services.certification.settings import Settings
from services.certification.store import Store
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "certification")
    concepts = (api, classes_api, cover_api, results_api, appeals_api, training_certificates_api)
    routers = [concept.router for concept in concepts]
    return create(settings, storage, Store(storage), on, routers, title="Jalur certification")
