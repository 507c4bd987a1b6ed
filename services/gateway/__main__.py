"""Serves the gateway: `python -m services.gateway`."""

from services.gateway.app import build
from services.gateway.settings import Settings
from shared.service import run

run("gateway", build, Settings.load())
