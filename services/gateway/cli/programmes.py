"""`jalur import` and `jalur funnel`: what happens to a programme."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.telling import console, plain, told_plainly
from services.gateway.client import Client
from services.gateway.kinds import BY_NAME

commands = typer.Typer()


@commands.command("import")
def import_sheet(
    kind: Annotated[str, typer.Argument(help=", ".join(BY_NAME))],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An Excel workbook or a CSV file.")],
    programme: Annotated[str | None, typer.Option(help="The programme's code; not for alumni and vacancies.")] = None,
) -> None:
    """Import a sheet, and show what became of its rows."""
    with told_plainly():
        report = Client.from_environment().upload(kind, file, programme)
    console.print(
        f"{report['rows']} rows: {report['accepted']} accepted, {report['duplicates']} known already, "
        f"{len(report['refused'])} refused, {len(report['warnings'])} warnings"
    )
    for title, findings in (("refused", report["refused"]), ("warnings", report["warnings"])):
        if findings:
            table = Table("row", "column", "value", "why", title=title, title_justify="left")
            for one in findings:
                shown = "" if one["value"] is None else str(one["value"])
                table.add_row(str(one["row"]), plain(one["column"] or ""), plain(shown), plain(one["message"]))
            console.print(table)


@commands.command()
def funnel(code: Annotated[str, typer.Argument(help="The programme's code.")]) -> None:
    """How many people stand at each step of a programme."""
    with told_plainly():
        counts = Client.from_environment().get(f"/programmes/{code}/funnel")
    table = Table("step", "people", title=code, title_justify="left")
    for name, value in counts.items():
        if name == "placed":
            for status, people in value.items():
                table.add_row(f"placed · {status}", str(people))
        elif name != "per_class":
            table.add_row(name, str(value))
    console.print(table)
