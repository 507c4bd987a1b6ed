"""The command where the project is not installed: `python -m services.gateway.cli`."""

from services.gateway.cli import app

app(prog_name="jalur")
