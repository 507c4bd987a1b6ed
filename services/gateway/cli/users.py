"""`jalur users …`."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.table import Table

from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client
from services.gateway.roles import Role
from services.gateway.user import DEFAULT_LABEL

users = typer.Typer(name="users", help="Who may use the gateway.", no_args_is_help=True)

Label = Annotated[str, typer.Option(help="What the token is for; a user has one token of each label.")]


@users.command("add")
def add_user(name: str, role: Annotated[Role, typer.Option(help="What they may do.")]) -> None:
    """Add a user, and print their token this once."""
    with told_plainly():
        added = Client.from_environment().post("/users", {"name": name, "role": role.value})
    complaints.print(f"{plain(name)} is a {role.value}; this token is not shown again:")
    typer.echo(added["token"])


@users.command("list")
def list_users() -> None:
    """Who may use the gateway."""
    with told_plainly():
        found = Client.from_environment().get("/users")["items"]
    table = Table("name", "role", "since", "password", "")
    for one in found:
        since, password = (one["created_at"] or "")[:10], "yes" if one["has_password"] else ""
        table.add_row(plain(one["name"]), one["role"], since, password, "disabled" if one["disabled"] else "")
    console.print(table)


@users.command("show")
def show_user(name: str) -> None:
    """One account: its tokens and sessions, and what was done to it by whom."""
    with told_plainly():
        found = Client.from_environment().get(_path(name))
    console.print(f"{plain(name)} is a {found['role']}{', disabled' if found['disabled'] else ''}")
    tables = {
        "tokens": ("label", "created_at", "expires_at"),
        "sessions": ("id", "started_at", "seen_at", "expires_at"),
        "ledger": ("at", "by", "what"),
    }
    for title, columns in tables.items():
        table = Table(*columns, title=title, title_justify="left")
        for one in found[title]:
            table.add_row(*(plain(str(one[column] or "")) for column in columns))
        console.print(table)


@users.command("password")
def set_password(
    name: str,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, envvar="JALUR_NEW_PASSWORD")
    ],
) -> None:
    """Give a user a password, asked for here; their sessions end."""
    with told_plainly():
        Client.from_environment().put(f"{_path(name)}/password", {"password": password})
    console.print(f"{plain(name)} has a new password, and is signed out everywhere")


@users.command("disable")
def disable_user(name: str) -> None:
    """Let neither tokens nor password of a user work."""
    with told_plainly():
        Client.from_environment().patch(_path(name), {"disabled": True})
    console.print(f"{plain(name)} is disabled")


@users.command("enable")
def enable_user(name: str) -> None:
    """Let a disabled user in again."""
    with told_plainly():
        Client.from_environment().patch(_path(name), {"disabled": False})
    console.print(f"{plain(name)} is enabled")


@users.command("role")
def give_role(name: str, role: Role) -> None:
    """Give a user another role; their sessions end."""
    with told_plainly():
        Client.from_environment().patch(_path(name), {"role": role.value})
    console.print(f"{plain(name)} is a {role.value}")


@users.command("token")
def new_token(
    name: str,
    label: Label = DEFAULT_LABEL,
    days: Annotated[int | None, typer.Option(help="It expires after that many days; by default never.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the token of this label, and make none.")] = False,
) -> None:
    """Print a new token this once, in place of the user's token of that label; others stay."""
    with told_plainly():
        client = Client.from_environment()
        if revoke:
            client.delete(f"{_path(name)}/tokens/{quote(label, safe='')}")
            console.print(f"the token {plain(label)} of {plain(name)} is revoked")
            return
        made = client.post(f"{_path(name)}/tokens", {"label": label, "expires_in_days": days})
    complaints.print(f"the token {plain(label)} of {plain(name)}; it is not shown again:")
    typer.echo(made["token"])


@users.command("logout")
def end_sessions(name: str) -> None:
    """End all sessions of a user."""
    with told_plainly():
        Client.from_environment().delete(f"{_path(name)}/sessions")
    console.print(f"{plain(name)} is signed out everywhere")


def _path(name: str) -> str:
    return f"/users/{quote(name, safe='')}"
