"""Serves selection: `python -m services.selection`."""

from services.selection.app import build
from services.selection.settings import Settings
from shared.service import run

run("selection", build, Settings.load())
