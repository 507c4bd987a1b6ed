"""The command `jalur`: runs everything on this machine, and does by hand what the API offers."""

import typer

from services.gateway.cli import doctor, programmes, running
from services.gateway.cli.audit import audit
from services.gateway.cli.events import events
from services.gateway.cli.keys import keys
from services.gateway.cli.parked import parked
from services.gateway.cli.person import person
from services.gateway.cli.rebuild import rebuild
from services.gateway.cli.retention import retention
from services.gateway.cli.schemas import schemas
from services.gateway.cli.subscribers import subscribers
from services.gateway.cli.users import users
from services.gateway.cli.webhooks import webhooks

app = typer.Typer(help="Jalur: from registration to a job.", no_args_is_help=True, add_completion=False)
for commands in (running.commands, programmes.commands, doctor.commands):
    app.add_typer(commands)
for group in (audit, events, keys, parked, person, rebuild, retention, schemas, subscribers, users, webhooks):
    app.add_typer(group)
