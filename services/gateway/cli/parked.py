"""`jalur parked …`."""

from typing import Annotated, Any

import typer
from rich.table import Table

from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

parked = typer.Typer(name="parked", help="Messages that could not be handled.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids, as `jalur parked list` shows them.")]
Queue = Annotated[str | None, typer.Option(help="With --cause: the whole group.")]
Cause = Annotated[str | None, typer.Option(help="With --queue: the whole group.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded with your name.")]


@parked.command("list")
def list_parked(queue: Queue = None, cause: Cause = None, limit: int = 50) -> None:
    """Show the groups, and the messages that were parked first."""
    asked = {name: value for name, value in {"queue": queue, "cause": cause}.items() if value}
    with told_plainly():
        found = Client.from_environment().get("/parked", limit=limit, **asked)
    groups = Table("queue", "cause", "messages", "since", title="groups", title_justify="left")
    for one in found["groups"]:
        groups.add_row(one["queue"], plain(one["cause"]), str(one["messages"]), one["oldest"][:19])
    console.print(groups)
    messages = Table("id", "reason", "attempts", "parked at", title="messages", title_justify="left")
    for one in found["items"]:
        messages.add_row(one["id"], plain(one["reason"]), str(one["attempts"]), one["parked_at"][:19])
    console.print(messages)
    if found["next_cursor"]:
        console.print("there are more: --limit, --queue and --cause show others")
    if found["unavailable"]:
        complaints.print(f"[red]no answer from {', '.join(found['unavailable'])}[/]")


@parked.command("show")
def show(message_id: str) -> None:
    """Show one message with its headers, its body, and what was done with it before."""
    with told_plainly():
        console.print_json(data=Client.from_environment().get(f"/parked/{message_id}"))


@parked.command("replay")
def replay(reason: Reason, ids: Ids = None, queue: Queue = None, cause: Cause = None) -> None:
    """Send messages to the one queue they came from again."""
    _do("replay", ids, queue, cause, reason)


@parked.command("discard")
def discard(reason: Reason, ids: Ids = None, queue: Queue = None, cause: Cause = None) -> None:
    """Throw messages away."""
    _do("discard", ids, queue, cause, reason)


def _do(deed: str, ids: list[str] | None, queue: str | None, cause: str | None, reason: str) -> None:
    wanted: dict[str, Any] = {"ids": ids or [], "queue": queue, "cause": cause, "reason": reason}
    with told_plainly():
        answer = Client.from_environment().post(f"/parked/{deed}", wanted)
    console.print(f"{deed}ed: {answer['messages']}")
