"""The command `jalur`: runs everything on this machine, and does by hand what the API offers."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.gateway import demo as sample
from services.gateway.client import Client, Refused, Unreachable
from services.gateway.kinds import BY_NAME
from services.gateway.roles import Role

app = typer.Typer(help="Jalur: from registration to a job.", no_args_is_help=True, add_completion=False)
events = typer.Typer(help="The events that services publish.", no_args_is_help=True)
schemas = typer.Typer(help="The published contracts of the events.", no_args_is_help=True)
users = typer.Typer(help="Who may use the gateway.", no_args_is_help=True)
app.add_typer(events, name="events")
app.add_typer(schemas, name="schemas")
app.add_typer(users, name="users")

console = Console()
complaints = Console(stderr=True, soft_wrap=True)


@app.command()
def up() -> None:
    """Start everything on this machine, and stay until Ctrl-C."""
    with _running() as credentials:
        _stay(credentials)


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option(envvar="ONCE", help="Exit at the end: 0 when every count is met, else 1.")
    ] = False,
) -> None:
    """Start everything, play both sample programmes, and stay until Ctrl-C."""
    with _running() as credentials, _told_plainly():
        as_expected = sample.play(Client.from_credentials(credentials), console)
        verdict = "[green]every count is as expected[/]" if as_expected else "[red]some counts are not as expected[/]"
        console.print(verdict)
        if once:
            raise typer.Exit(0 if as_expected else 1)
        _stay(credentials)


@app.command("import")
def import_sheet(
    kind: Annotated[str, typer.Argument(help=", ".join(BY_NAME))],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An Excel workbook or a CSV file.")],
    programme: Annotated[str | None, typer.Option(help="The programme's code; not for alumni and vacancies.")] = None,
) -> None:
    """Import a sheet, and show what became of its rows."""
    with _told_plainly():
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
                table.add_row(str(one["row"]), escape(one["column"] or ""), escape(shown), one["message"])
            console.print(table)


@app.command()
def funnel(code: Annotated[str, typer.Argument(help="The programme's code.")]) -> None:
    """How many people stand at each step of a programme."""
    with _told_plainly():
        counts = Client.from_environment().get(f"/programmes/{code}/funnel")
    table = Table("step", "people", title=code, title_justify="left")
    for name, value in counts.items():
        if name == "placed":
            for status, people in value.items():
                table.add_row(f"placed · {status}", str(people))
        elif name != "per_class":
            table.add_row(name, str(value))
    console.print(table)


@events.command("tail")
def tail(
    start: Annotated[
        str | None, typer.Option("--from", help="`start`: from the first event on; or an event's id.")
    ] = None,
) -> None:
    """Show events as they happen."""
    after = "first" if start == "start" else start
    with _told_plainly(), suppress(KeyboardInterrupt):
        for event in Client.from_environment().events(after):
            console.print(f"{event['time']} [bold]{escape(event['type'])}[/] {escape(event['subject'])}")
            console.print_json(data=event["data"], indent=None)


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


@users.command("add")
def add_user(name: str, role: Annotated[Role, typer.Option(help="What they may do.")]) -> None:
    """Add a user, and print their token this once."""
    with _told_plainly():
        added = Client.from_environment().post("/users", {"name": name, "role": role.value})
    complaints.print(f"{name} is a {role.value}; this token is not shown again:")
    typer.echo(added["token"])


@users.command("list")
def list_users() -> None:
    """Who may use the gateway."""
    with _told_plainly():
        found = Client.from_environment().get("/users")["items"]
    table = Table("name", "role", "since")
    for one in found:
        table.add_row(escape(one["name"]), one["role"], (one["created_at"] or "")[:10])
    console.print(table)


def _conclude(problems: list[str], fine: str) -> None:
    for problem in problems:
        complaints.print(f"[red]✗[/] {escape(problem)}")
    if problems:
        raise typer.Exit(1)
    console.print(fine)


@contextmanager
def _running() -> Iterator[Path]:
    """Everything on this machine, until the block ends; the path of the credentials."""
    # here, not above: the other commands need no servers, and start quicker without
    from deploy.local.home import HomeInUse
    from deploy.local.runner import LocalStack, ending_on_signals
    from deploy.local.supervision import StartFailed

    # also where a shell that started us in the background has switched Ctrl-C off
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = console.status("starting")
    try:
        with ending_on_signals():
            with status:
                stack = LocalStack.from_environment(lambda what: status.update(f"starting: {what}"))
                stack.start()
            try:
                yield stack.credentials
            finally:
                with console.status("stopping"):
                    stack.stop()
    except (HomeInUse, StartFailed) as error:
        complaints.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print("stopped")


def _stay(credentials: Path) -> None:
    client = Client.from_credentials(credentials)
    console.print(f"gateway      {client.url}  (API: {client.url}/api/docs)")
    console.print(f"credentials  {credentials}")
    console.print("Ctrl-C stops everything")
    while True:
        signal.pause()


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What goes wrong is said in a line or two, without a stack trace."""
    try:
        yield
    except Unreachable as error:
        complaints.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(1) from error
    except Refused as error:
        complaints.print(f"[red]{escape(str(error))}[/]")
        for one in error.problem.get("errors", []):
            where, what = one.get("field") or one.get("column"), one.get("detail") or one["reason"]
            complaints.print(f"  {escape(str(where))}: {escape(str(what))}")
        raise typer.Exit(1) from error
