"""`jalur rebuild …`."""

import time
from typing import Annotated

import typer

from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

rebuild = typer.Typer(name="rebuild", help="Build read models anew from the log.", no_args_is_help=True)


@rebuild.callback()
def _group() -> None:
    """A group of its own, so that others may come."""


@rebuild.command("gateway")
def gateway(reason: Annotated[str, typer.Option(help="Why; it is recorded with your name.")]) -> None:
    """Build the gateway's read models anew, while the present ones stay in service; returns when they are."""
    with told_plainly():
        client = Client.from_environment()
        now = client.post("/rebuild", {"reason": reason})
        with console.status("reading the log") as status:
            while now["state"] == "building":
                status.update(f"reading the log: {now['offset']} of {now['end'] or '?'} events")
                time.sleep(0.5)
                now = client.get("/rebuild")
    if now["failure"]:
        complaints.print(f"[red]given up: {plain(now['failure'])}; the present read models stay in service[/]")
        raise typer.Exit(1)
    console.print(f"in service: generation {now['generation']}, built from {now['offset']} events")
    if now["skipped"]:
        complaints.print(f"[red]{now['skipped']} events could not be absorbed; the gateway's log names them[/]")
