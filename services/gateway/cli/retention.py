"""`jalur retention …`: forgetting who took part, when a programme's time is over."""

from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.telling import console, plain, told_plainly
from services.gateway.client import Client

retention = typer.Typer(name="retention", help="How long personal data are kept.", no_args_is_help=True)


@retention.callback()
def about() -> None:
    """How long personal data are kept: `retention` in a programme's definition."""


@retention.command("run")
def run(
    yes: Annotated[bool, typer.Option("--yes/--dry-run", help="Erase; without it only what is due is shown.")] = False,
) -> None:
    """Show the programmes whose personal data are due; with --yes erase them for good."""
    with told_plainly():
        client = Client.from_environment()
        overdue = client.post("/retention", {"dry_run": True})["programmes"]
        table = Table("programme", "ended", "kept until", "people")
        for one in overdue:
            table.add_row(plain(one["programme_code"]), one["ended"], one["kept_until"], str(one["people"]))
        console.print(table)
        if not yes:
            console.print("nothing was erased: this shows what --yes erases")
            return
        erased = 0
        while batch := client.post("/retention", {"dry_run": False})["erased"]:
            erased += batch
    console.print(f"{erased} people erased")
