"""`jalur users …`."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.gateway.cli.telling import complaints, console, told_plainly
from services.gateway.client import Client
from services.gateway.roles import Role

users = typer.Typer(name="users", help="Who may use the gateway.", no_args_is_help=True)


@users.command("add")
def add_user(name: str, role: Annotated[Role, typer.Option(help="What they may do.")]) -> None:
    """Add a user, and print their token this once."""
    with told_plainly():
        added = Client.from_environment().post("/users", {"name": name, "role": role.value})
    complaints.print(f"{name} is a {role.value}; this token is not shown again:")
    typer.echo(added["token"])


@users.command("list")
def list_users() -> None:
    """Who may use the gateway."""
    with told_plainly():
        found = Client.from_environment().get("/users")["items"]
    table = Table("name", "role", "since")
    for one in found:
        table.add_row(escape(one["name"]), one["role"], (one["created_at"] or "")[:10])
    console.print(table)
