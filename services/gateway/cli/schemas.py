"""`jalur schemas …`."""

import typer

from services.gateway.cli.telling import complaints, console, plain

schemas = typer.Typer(name="schemas", help="The published contracts of the events.", no_args_is_help=True)


@schemas.command("check")
def check_schemas() -> None:
    """Refuse contracts that differ from what is committed or would break a subscriber."""
    from shared.schemas import check

    _conclude(check(), "the schemas are what the contracts say")


@schemas.command("write")
def write_schemas() -> None:
    """Write the JSON Schemas and the AsyncAPI document, unless that would break a subscriber."""
    from shared.schemas import write

    _conclude(write(), "the schemas are written")


def _conclude(problems: list[str], fine: str) -> None:
    for problem in problems:
        complaints.print(f"[red]✗[/] {plain(problem)}")
    if problems:
        raise typer.Exit(1)
    console.print(fine)
