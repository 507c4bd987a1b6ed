"""`jalur up` and `jalur demo`: everything on this machine."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from services.gateway import demo as sample
from services.gateway.cli.telling import complaints, console, plain, told_plainly
from services.gateway.client import Client

commands = typer.Typer()

_LOOK_FIRST = {
    "/beranda": "what waits, and everybody's way to work",
    "/program/LPKS-2025/seleksi": "who got in, and by how much",
    "/penempatan": "graduates and vacancies",
    "/operasi": "whether everything is well",
    "/daftar": "what citizens see",
}


@commands.command()
def up() -> None:
    """Start everything on this machine, and stay until Ctrl-C."""
    with _running() as credentials:
        _stay(credentials)


@commands.command()
def demo(
    once: Annotated[
        bool, typer.Option(envvar="ONCE", help="Exit at the end: 0 when every count is met, else 1.")
    ] = False,
) -> None:
    """Start everything, play both sample programmes, and stay until Ctrl-C."""
    with _running() as credentials, told_plainly():
        as_expected = sample.play(Client.from_credentials(credentials), console)
        verdict = "[green]every count is as expected[/]" if as_expected else "[red]some counts are not as expected[/]"
        console.print(verdict)
        if once:
            raise typer.Exit(0 if as_expected else 1)
        _tell_where_to_look(credentials)
        _stay(credentials)


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
            for notice in stack.notices:
                complaints.print(f"[yellow]{plain(notice)}[/]")
            try:
                yield stack.credentials
            finally:
                with console.status("stopping"):
                    stack.stop()
    except (HomeInUse, StartFailed) as error:
        complaints.print(f"[red]{plain(str(error))}[/]")
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print("stopped")


def _tell_where_to_look(credentials: Path) -> None:
    """Also the password: it was made up for this machine, and opens nothing but invented people."""
    told = json.loads(credentials.read_text())
    url = told["gateway_url"]
    console.print(f"sign in      {url}/masuk  as {told['name']}, password {plain(told['password'])}")
    for page, what in _LOOK_FIRST.items():
        console.print(f"look first   {url}{page}  {what}", soft_wrap=True)


def _stay(credentials: Path) -> None:
    client = Client.from_credentials(credentials)
    console.print(f"gateway      {client.url}  (API: {client.url}/api/docs)")
    console.print(f"credentials  {credentials}")
    console.print("Ctrl-C stops everything")
    while True:
        signal.pause()
