"""`jalur doctor`: looks at a deployment from outside. With the operator's accounts it looks at the servers too."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.gateway.cli.telling import console, plain

if TYPE_CHECKING:
    from deploy.doctor.finding import Finding

commands = typer.Typer()

_SIGNS = {"well": "[green]✓[/]", "note": "[yellow]•[/]", "wrong": "[red]✗[/]"}


@commands.command()
def doctor(
    backups: Annotated[
        Path | None, typer.Option(envvar="JALUR_BACKUPS", help="The directory that backups are written to.")
    ] = None,
    prefix: Annotated[str, typer.Option(envvar="JALUR_DB_PREFIX", help="Of accounts and databases.")] = "jalur",
) -> None:
    """Say what is wrong with a deployment, and what to do: 0 when nothing is.

    JALUR_URL and JALUR_TOKEN name the gateway, JALUR_AMQP_MANAGEMENT_URL and JALUR_MONGO_URL the servers, as the
    operator; what they leave out stands in $JALUR_HOME/credentials.json, if that is there.
    """
    wrong = 0
    for finding in _examined(backups, prefix):
        wrong += finding.level == "wrong"
        console.print(f"{_SIGNS[finding.level]} {plain(finding.about)}: {plain(finding.what)}", soft_wrap=True)
        if finding.advice:
            console.print(f"    {plain(finding.advice)}", soft_wrap=True)
    console.print(f"[red]{wrong} to be mended[/]" if wrong else "[green]nothing is wrong[/]")
    raise typer.Exit(1 if wrong else 0)


def _examined(backups_at: Path | None, prefix: str) -> Iterator["Finding"]:
    # here, not above: the other commands start quicker without
    from deploy.doctor import backups, broker, database, gateway
    from deploy.doctor.finding import note, wrong
    from deploy.management import Management, ManagementFailed

    known = _known()
    if known.get("url") and known.get("token"):
        yield from gateway.examine(known["url"].rstrip("/"), known["token"])
    else:
        yield wrong("gateway", "no gateway is known", "Set JALUR_URL and JALUR_TOKEN, or JALUR_HOME.")
    if known.get("management"):
        try:
            yield from broker.examine(Management(known["management"], known["vhost"]), prefix)
        except ManagementFailed as error:
            yield wrong("RabbitMQ", str(error), "Correct JALUR_AMQP_MANAGEMENT_URL.")
    else:
        yield note("RabbitMQ", "not looked at", "JALUR_AMQP_MANAGEMENT_URL, as the operator, shows it too.")
    if known.get("mongo"):
        yield from database.examine(known["mongo"], prefix)
    else:
        yield note("MongoDB", "not looked at", "JALUR_MONGO_URL, as the operator, shows it too.")
    yield from backups.examine(backups_at)


def _known() -> dict[str, Any]:
    """url, token, management, vhost and mongo, as far as environment and credentials tell."""
    from deploy.urls import beside, vhost_of

    home = Path(os.environ.get("JALUR_HOME") or ".local")
    try:
        credentials = json.loads((home / "credentials.json").read_text())
    except (OSError, ValueError):
        credentials = {}
    amqp = os.environ.get("JALUR_AMQP_URL") or credentials.get("amqp_url") or ""
    management = os.environ.get("JALUR_AMQP_MANAGEMENT_URL") or credentials.get("amqp_management_url")
    if not management and amqp:
        try:
            ports = json.loads((home / "run" / "ports.json").read_text())
            management = beside(amqp, ports["amqp"], ports["management"])
        except (OSError, KeyError, ValueError):
            management = None
    return {
        "url": os.environ.get("JALUR_URL") or credentials.get("gateway_url"),
        "token": os.environ.get("JALUR_TOKEN") or credentials.get("token"),
        "management": management,
        "vhost": vhost_of(amqp),
        "mongo": os.environ.get("JALUR_MONGO_URL") or credentials.get("mongo_url"),
    }
