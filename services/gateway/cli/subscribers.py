"""`jalur subscribers …`: other systems that hear events. For the operator of the broker, on its host.

Not a route of the API: it takes rights over the broker that the gateway must not have.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from services.gateway.cli.telling import complaints, console, plain

if TYPE_CHECKING:
    from deploy.subscribers import Subscribers

subscribers = typer.Typer(name="subscribers", help="Other systems that hear events.", no_args_is_help=True)

Events = Annotated[
    list[str], typer.Option(help="Routing keys, as in a binding: `placement.#`. May be given several times.")
]


@subscribers.command("add")
def add(name: str, events: Events) -> None:
    """Let a system hear events, and print the URL it connects to this once."""
    with _broker() as found:
        url = found.add(name, events)
    _tell(name, url)


@subscribers.command("list")
def list_subscribers() -> None:
    """Who hears what, how much waits in their queues, and how much is behind: not carried over to them yet."""
    with _broker() as found:
        everyone = found.all()
    table = Table("name", "hears", "queues", "waiting", "behind")
    for one in everyone:
        table.add_row(plain(one.name), "\n".join(one.keys), str(one.queues), str(one.waiting), str(one.behind))
    console.print(table)


@subscribers.command("grant")
def grant(name: str, events: Events) -> None:
    """Let a system hear these events instead of those it hears now."""
    with _broker() as found:
        found.grant(name, events)
    console.print(f"{name} hears {', '.join(events)}")


@subscribers.command("password")
def new_password(name: str) -> None:
    """Give a system a new password, close its connections, and print its URL this once."""
    with _broker() as found:
        url = found.new_password(name)
    _tell(name, url)


@subscribers.command("replay")
def replay(
    name: str,
    since: Annotated[str, typer.Option(help="`first`, or a time: `2026-11-26T08:00+07:00`; without zone, local time.")],
) -> None:
    """Tell a system again what it may hear and what is in the log since then; duplicates are its to recognise."""
    try:
        start: datetime | Literal["first"] = "first" if since == "first" else datetime.fromisoformat(since).astimezone()
    except ValueError:
        raise typer.BadParameter("`first`, or a time such as 2026-11-26T08:00+07:00", param_hint="--since") from None
    with _broker() as found:
        copied = found.replay(name, start)
    console.print(f"{name} is told {copied} events again")


@subscribers.command("remove")
def remove(name: str) -> None:
    """Take a system's account and queues away, with what is in them."""
    with _broker() as found:
        found.remove(name)
    console.print(f"{name} is removed")


def _tell(name: str, url: str) -> None:
    complaints.print(
        f"{name} declares queues named {name}.…, binds them to jalur.events, and consumes. Not shown again:"
    )
    typer.echo(url)


@contextmanager
def _broker() -> Iterator["Subscribers"]:
    from deploy.management import ManagementFailed
    from shared.outsiders import NotGranted

    try:
        yield _of_environment()
    except (ManagementFailed, NotGranted) as error:
        complaints.print(f"[red]{plain(str(error))}[/]")
        raise typer.Exit(1) from error


def _of_environment() -> "Subscribers":
    """As JALUR_AMQP_URL and JALUR_AMQP_MANAGEMENT_URL say, else the broker of the credentials in JALUR_HOME."""
    from deploy.management import Management, ManagementFailed
    from deploy.subscribers import Subscribers
    from deploy.urls import beside, vhost_of

    amqp, management = os.environ.get("JALUR_AMQP_URL"), os.environ.get("JALUR_AMQP_MANAGEMENT_URL")
    home = Path(os.environ.get("JALUR_HOME") or ".local")
    try:
        if not amqp:
            credentials = json.loads((home / "credentials.json").read_text())
            amqp, management = str(credentials["amqp_url"]), management or credentials.get("amqp_management_url")
        if not management:
            ports = json.loads((home / "run" / "ports.json").read_text())
            management = beside(amqp, ports["amqp"], ports["management"])
    except (OSError, KeyError, ValueError):
        raise ManagementFailed(
            "set JALUR_AMQP_URL and JALUR_AMQP_MANAGEMENT_URL (http://user:password@host:15672), "
            "or run `jalur up` first"
        ) from None
    return Subscribers(Management(management, vhost_of(amqp)), amqp)
