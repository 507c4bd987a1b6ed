"""`jalur webhooks …`."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

webhooks = typer.Typer(name="webhooks", help="Systems to which events are posted, signed.", no_args_is_help=True)

Url = Annotated[str, typer.Option(help="https://…")]
Events = Annotated[
    list[str], typer.Option(help="Routing keys, as in a binding: `placement.#`. May be given several times.")
]


@webhooks.command("add")
def add(name: str, url: Url, events: Events) -> None:
    """Post events to a URL from now on, and print the secret that signs them this once."""
    with told_plainly():
        added = Client.from_environment().post("/webhooks", {"name": name, "url": url, "events": events})
    _tell(added)


@webhooks.command("list")
def list_webhooks() -> None:
    """Who is posted what, and how each fares."""
    with told_plainly():
        found = Client.from_environment().get("/webhooks")["items"]
    table = Table("name", "url", "events", "delivered", "state")
    for one in found:
        delivered = (one["delivered_at"] or "")[:19]
        table.add_row(one["name"], plain(one["url"]), "\n".join(one["events"]), delivered, plain(_fares(one)))
    console.print(table)
    if ill := [one["name"] for one in found if one["why_disabled"] or one["failures"]]:
        complaints.print(f"[red]not delivered at the moment: {', '.join(ill)}[/]")


@webhooks.command("show")
def show(name: str) -> None:
    """One, with what was done about it by whom."""
    with told_plainly():
        console.print_json(data=Client.from_environment().get(_path(name)))


@webhooks.command("change")
def change(
    name: str,
    url: Annotated[str | None, typer.Option(help="Post there instead.")] = None,
    events: Annotated[list[str] | None, typer.Option(help="Post these instead.")] = None,
) -> None:
    """Post elsewhere, or other events."""
    wanted = {key: value for key, value in {"url": url, "events": events}.items() if value}
    with told_plainly():
        changed = Client.from_environment().patch(_path(name), wanted)
    console.print(f"{plain(name)}: {', '.join(changed['events'])} to {plain(changed['url'])}")


@webhooks.command("enable")
def enable(name: str) -> None:
    """Go on where it was left, at once."""
    with told_plainly():
        Client.from_environment().patch(_path(name), {"enabled": True})
    console.print(f"{plain(name)} is enabled")


@webhooks.command("disable")
def disable(name: str) -> None:
    """Post nothing until it is enabled again."""
    with told_plainly():
        Client.from_environment().patch(_path(name), {"enabled": False})
    console.print(f"{plain(name)} is disabled")


@webhooks.command("secret")
def new_secret(
    name: str, keep: Annotated[int, typer.Option(help="Hours for which the old secret signs as well.")] = 24
) -> None:
    """Print a new secret this once; the old one signs beside it for a while."""
    with told_plainly():
        made = Client.from_environment().post(f"{_path(name)}/secret", {"keep_old_hours": keep})
    _tell(made)


@webhooks.command("replay")
def replay(
    name: str,
    since: Annotated[str, typer.Option(help="`first`, an offset, or a time: `2026-11-26T08:00+07:00`.")],
) -> None:
    """Post again what is in the log from there on; duplicates are the receiver's to recognise."""
    wanted: dict[str, Any] = {}
    if since.isdigit() and int(since) > 0:
        wanted["after"] = int(since) - 1
    elif since not in ("first", "0"):
        try:
            wanted["since"] = datetime.fromisoformat(since).astimezone().isoformat()
        except ValueError:
            raise typer.BadParameter("`first`, an offset, or a time", param_hint="--since") from None
    with told_plainly():
        Client.from_environment().post(f"{_path(name)}/replay", wanted)
    console.print(f"{plain(name)} is posted everything from {plain(since)} on")


@webhooks.command("remove")
def remove(name: str) -> None:
    """Post nothing there any more, and forget its secret."""
    with told_plainly():
        Client.from_environment().delete(_path(name))
    console.print(f"{plain(name)} is removed")


def _tell(made: dict[str, Any]) -> None:
    complaints.print(f"the secret of {plain(made['name'])}; it is not shown again:")
    typer.echo(made["secret"])


def _fares(one: dict[str, Any]) -> str:
    if one["why_disabled"]:
        return f"disabled: {one['why_disabled']}"
    if one["failures"]:
        since, again = one["failing_since"][:19], one["next_attempt_at"][:19]
        return f"failing since {since}, again at {again}: {one['last_failure']}"
    return str(one["state"])


def _path(name: str) -> str:
    return f"/webhooks/{quote(name, safe='')}"
