"""`jalur audit …`."""

import heapq
import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from services.gateway.audits import SERVICES
from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

audit = typer.Typer(name="audit", help="Who decided what, when and from what facts.", no_args_is_help=True)

Services = Annotated[list[str] | None, typer.Option("--service", help="Of this service alone; may be repeated.")]


@audit.command("verify")
def verify(
    service: Services = None,
    expect: Annotated[
        list[str] | None, typer.Option(help="SERVICE:N:HASH, a head that was written down and must still be there.")
    ] = None,
) -> None:
    """Check that no audit and no ledger was changed; exit 0 only when all of it is intact."""
    verdicts: dict[str, dict[str, Any]] = {}
    with told_plainly(), console.status("verifying") as status:
        for line in Client.from_environment().lines("/audit/verify", service=service or [], expect=expect or []):
            ((kind, told),) = line.items()
            if kind == "progress":
                status.update(f"verifying {told['service']}: {told['entries']} entries, {told['documents']} documents")
            else:
                verdicts[told["service"]] = told
    intact = [_told(name, verdicts.get(name)) for name in _asked(service, verdicts)]
    if not all(intact):
        raise typer.Exit(1)


@audit.command("show")
def show(
    about: Annotated[
        str | None, typer.Option("--applicant", "--about", help="About this applicant, programme, user, … by the id.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="By this user or service.")] = None,
    since: Annotated[datetime | None, typer.Option(help="From then on, in local time.")] = None,
    service: Services = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 200,
) -> None:
    """Show what was done, in order of time: when, where, what, by whom in which role, why, and from what facts."""
    with told_plainly():
        client = Client.from_environment()
        asked = {"about": about, "by": by, "since": since.astimezone().isoformat() if since else None}
        query = {name: value for name, value in asked.items() if value}
        each = [_entries(client, name, query) for name in service or SERVICES]
        # every service's are in order nearly: as they came into its chain
        for entry in itertools.islice(heapq.merge(*each, key=lambda one: str(one["at"])), limit):
            _show(entry)


@audit.command("replay")
def replay(
    code: Annotated[str, typer.Argument(help="The programme's code.")],
    run_id: Annotated[str, typer.Argument(help="The run, as `jalur audit show` or the answer to it names it.")],
    matching: Annotated[bool, typer.Option("--matching", help="A run of the matching, not of the selection.")] = False,
) -> None:
    """Decide anew from what a run of the selection, or of the matching, recorded; exit 0 only if it gives the same."""
    of = "matching" if matching else "selection"
    with told_plainly():
        run = Client.from_environment().get(f"/programmes/{code}/{of}/runs/{run_id}/replay")
    who, people = plain(f"{run['by']} ({run['role']})"), run["graduates"] if matching else run["counts"]["candidates"]
    console.print(f"{of if matching else run['kind']} by {who} at {run['at']}, {people} people")
    if not run["replays"]:
        for one in run["differences"]:
            complaints.print(f"  [red]{plain(one)}[/]")
        raise typer.Exit(1)
    console.print("[green]✓[/] the recorded inputs give what was decided")


def _entries(client: Client, service: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {"service": service, **asked}
    while True:
        page = client.get("/audit/entries", **query)
        for entry in page["items"]:
            yield {"service": service, **entry}
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]


def _show(entry: dict[str, Any]) -> None:
    who = f"{entry['by']} ({entry['role']})" if entry.get("role") else entry["by"]
    where = f"{entry['service']} {entry['collection']} {entry['document']}"
    why = f": {entry['reason']}" if entry["reason"] else ""
    console.print(f"{entry['at'][:19]}Z [bold]{plain(entry['what'])}[/] by {plain(who + why)}  {plain(where)}")
    if entry["detail"]:
        console.print_json(data=entry["detail"], indent=None)


def _asked(service: list[str] | None, verdicts: dict[str, Any]) -> list[str]:
    """Those that must have given a verdict, and those that have been asked because of a head."""
    return [name for name in SERVICES if not service or name in service or name in verdicts]


def _told(service: str, verdict: dict[str, Any] | None) -> bool:
    """Print what became of one service's verification; whether it is intact."""
    if verdict is None or "findings" not in verdict:
        why = verdict["detail"] if verdict else "its verification broke off."
        complaints.print(f"[red]✗ {service}[/] could not be verified: {plain(why)}")
        return False
    counts = f"{verdict['entries']} entries in {verdict['chunks']} chunks, {verdict['documents']} documents"
    if verdict["waiting"]:
        counts += f", {verdict['waiting']} entries still on their way"
    findings = verdict["findings"]
    mark = "[red]✗[/]" if findings else "[green]✓[/]"
    console.print(f"{mark} [bold]{service}[/] {counts}", highlight=False)
    console.print(f"  head {service}:{verdict['n']}:{verdict['hash']}", highlight=False, soft_wrap=True)
    for finding in findings:
        complaints.print(f"  [red]{plain(finding)}[/]")
    if verdict["more_findings"]:
        complaints.print(f"  [red]and {verdict['more_findings']} more[/]")
    return not findings
