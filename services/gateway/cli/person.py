"""`jalur person …`: what the law lets a person ask for, and who looked at people."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from services.gateway import access_letter
from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

person = typer.Typer(name="person", help="Requests for access and erasure; who looked at whom.", no_args_is_help=True)

Nik = Annotated[
    str | None,
    typer.Argument(help="Better left out: it is asked for, or read from stdin. An argument stays in shell histories."),
]
Reason = Annotated[str, typer.Option(help="Kept on record with who did it.")]


@person.command("export")
def export(
    nik: Nik = None,
    reason: Reason = "permintaan akses yang bersangkutan",
    to: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Where to write the two files.")] = Path(),
) -> None:
    """Write everything held about a person: as JSON, and as a letter in Indonesian."""
    with told_plainly():
        held = Client.from_environment().post("/people/export", {"nik": _asked(nik), "reason": reason})
    # the pseudonym, since a file's name gets around more easily than what is in it
    stem = to / f"data-pribadi-{held['person_id'][:12]}"
    for path, content in (
        (stem.with_suffix(".json"), json.dumps(held, indent=1, ensure_ascii=False) + "\n"),
        (stem.with_suffix(".txt"), access_letter.written(held)),
    ):
        _write_private(path, content)
        console.print(f"{plain(str(path))}  (mode 600)", soft_wrap=True)


@person.command("erase")
def erase(
    nik: Nik = None,
    reason: Reason = "permintaan penghapusan yang bersangkutan",
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Nothing brings the data back.")] = False,
    despite_running: Annotated[
        bool, typer.Option(help="Also while the programme runs; withdraw the person first if you can.")
    ] = False,
) -> None:
    """Show what would be erased of a person; with --yes erase it for good."""
    body = {"nik": _asked(nik), "reason": reason, "dry_run": not yes, "despite_running": despite_running}
    with told_plainly():
        answer = Client.from_environment().post("/people/erasure", body)
    table = Table("registration", "personal fields", "state")
    for one in answer["registrations"]:
        table.add_row(one["registration_no"], ", ".join(one["fields"]) or "-", _state(one))
    console.print(table)
    if answer["imports_unfinished"] or answer["sheets_in_hand"]:
        complaints.print("sheets are being imported, or wait to be: erasing is possible when they are done")
    if not yes:
        console.print(
            "nothing was erased: this shows what --yes erases. Numbers, facts and events stay; they name nobody."
        )


@person.command("reveals")
def reveals(on: Annotated[str, typer.Option(help="A day, as 2026-01-31; today unless given.")] = "") -> None:
    """Show who was shown how many people's personal fields on a day, or searched people by these."""
    with told_plainly():
        answer = Client.from_environment().get("/reveals", **({"on": on} if on else {}))
    columns = ("who", "people", "times", "without a reason", "fields", "searches", "by", "in sheets")
    table = Table(*columns, title=answer["on"], title_justify="left")
    for one in answer["items"]:
        numbers = (str(one[name]) for name in ("people", "reveals", "without_reason"))
        table.add_row(
            plain(one["by"]),
            *numbers,
            ", ".join(one["fields"]),
            str(one["searches"]),
            ", ".join(one["sought"]),
            str(one["in_sheets"]),
        )
    console.print(table)


def _state(registration: dict[str, Any]) -> str:
    if registration["erased_at"]:
        return f"erased {registration['erased_at'][:10]}"
    return "programme runs" if registration["running"] else "held"


def _asked(nik: str | None) -> str:
    if nik is not None:
        return nik
    if sys.stdin.isatty():
        return str(typer.prompt("NIK", hide_input=True))
    return sys.stdin.readline().strip()


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
