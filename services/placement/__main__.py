"""Serves placement: `python -m services.placement`."""

from services.placement.app import build
from services.placement.settings import Settings
from shared.service import run

run("placement", build, Settings.load())
