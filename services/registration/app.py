"""Composition root of registration."""

from fastapi import FastAPI

from services.registration import api, participant_numbers_api, people_api, privacy_api, programmes_api, public_api
from services.registration.intake import Intake
from services.registration.rotating import complain_of_missing_keys
from services.registration.settings import Settings
from services.registration.sheet_intake import SheetIntake
from services.registration.store import Store
from services.registration.vault import Vault
from shared.messaging import Subscriptions
from shared.service import create, storage_of


def build(settings: Settings | None = None) -> FastAPI:
    """The application. It listens to no events: registration is where the facts begin."""
    settings = settings or Settings.load()
    storage = storage_of(settings, "registration")
    vault = Vault(settings.field_keys.get_secret_value(), settings.person_key.get_secret_value())
    store = Store(storage, vault)
    concepts = (programmes_api, api, people_api, participant_numbers_api, privacy_api, public_api)
    app = create(
        settings,
        storage,
        store,
        Subscriptions("registration"),
        [concept.router for concept in concepts],
        background=[lambda: complain_of_missing_keys(store)],
        title="Jalur registration",
    )
    app.state.intake = Intake(store)
    app.state.sheets = SheetIntake(store)
    return app
