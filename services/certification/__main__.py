"""Serves certification: `python -m services.certification`."""

from services.certification.app import build
from services.certification.settings import Settings
from shared.service import run

run("certification", build, Settings.load())
