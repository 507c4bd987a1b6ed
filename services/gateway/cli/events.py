"""`jalur events …`."""

from contextlib import suppress
from typing import Annotated

import typer

from services.gateway.cli.telling import console, plain, told_plainly
from services.gateway.client import Client

events = typer.Typer(name="events", help="The events that services publish.", no_args_is_help=True)


@events.command("tail")
def tail(
    start: Annotated[
        str | None, typer.Option("--from", help="`start`: from the first event on; or an event's id.")
    ] = None,
) -> None:
    """Show events as they happen."""
    after = "first" if start == "start" else start
    with told_plainly(), suppress(KeyboardInterrupt):
        for event in Client.from_environment().events(after):
            console.print(f"{event['time']} [bold]{plain(event['type'])}[/] {plain(event['subject'])}")
            console.print_json(data=event["data"], indent=None)
