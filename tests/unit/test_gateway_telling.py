"""What others wrote steers neither the terminal nor the table it is shown in."""

import io

import pytest
from rich.console import Console

from services.gateway.cli.telling import plain


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\r", "\u202e", "a\x00b", "\x08\x08"])
def test_nothing_that_steers_a_terminal_reaches_it(hostile: str) -> None:
    shown = plain(f"Siti {hostile} Aminah")
    assert all(one.isprintable() for one in shown)
    assert shown.startswith("Siti ") and shown.endswith(" Aminah")


def test_markup_is_shown_as_it_stands() -> None:
    written = io.StringIO()
    Console(file=written, width=80).print(plain("[red]PT [bold]Maju[/]\nJaya"))
    assert written.getvalue() == "[red]PT [bold]Maju[/]\nJaya\n"
