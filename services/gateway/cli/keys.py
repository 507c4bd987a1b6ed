"""`jalur keys …`: the keys that personal fields are sealed with."""

import typer
from rich.progress import Progress
from rich.table import Table

from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

keys = typer.Typer(name="keys", help="The keys that personal fields are sealed with.", no_args_is_help=True)


@keys.command("show")
def show() -> None:
    """Show how many applicants each key seals; nothing of the keys themselves."""
    with told_plainly():
        answer = Client.from_environment().get("/keys")
    table = Table("key", "applicants", "")
    for key in answer["keys"]:
        table.add_row(plain(key["id"]), str(key["applicants"]), _said(key, answer["sealing"]))
    console.print(table)


@keys.command("rotate")
def rotate() -> None:
    """Seal everybody with the first key of `field_keys`; interrupted, it goes on when it is run again."""
    with told_plainly(), Progress(console=console, transient=True) as progress:
        client = Client.from_environment()
        before = client.get("/keys")
        old = sum(key["applicants"] for key in before["keys"] if key["id"] != before["sealing"])
        task = progress.add_task("sealing anew", total=old)
        after, unreadable = "", 0
        while after is not None:
            batch = client.post("/keys/rotation", {"after": after})
            progress.advance(task, batch["sealed_anew"])
            unreadable += len(batch["unreadable"])
            after = batch["next"]
    show()
    if unreadable:
        complaints.print(
            f"[red]{unreadable} applicants could not be opened: a key is missing, or they were tampered with[/]"
        )
        raise typer.Exit(1)


def _said(key: dict[str, object], sealing: str) -> str:
    if not key["present"]:
        return "[red]missing: put it back[/]"
    if key["id"] == sealing:
        return "seals"
    return "still needed" if key["applicants"] else "can be removed"
