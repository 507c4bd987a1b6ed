"""Enter in a text field presses its form's first button; where buttons say opposite things, it decides nothing."""

import re
from pathlib import Path

import pytest

TEMPLATES = sorted(Path("services/gateway/pages/templates").glob("*.html"))
TO_BE_REPEATED = {"operasi.html"}  # there Enter sends a message again, which loses nothing
_FORM = re.compile(r"<form .*?</form>", re.DOTALL)
_BUTTON = re.compile(r"<button[^>]*>")


def forms_of_opposites() -> list[tuple[str, list[str]]]:
    """Forms with a field to type in and several named buttons of which one refuses: where they are, and the buttons."""
    found = []
    for template in (one for one in TEMPLATES if one.name not in TO_BE_REPEATED):
        for form in _FORM.findall(template.read_text(encoding="utf-8")):
            named = [button for button in _BUTTON.findall(form) if " name=" in button]
            if len(named) > 1 and any('"danger"' in button for button in named) and 'maxlength="' in form:
                found.append((template.name, named))
    return found


@pytest.mark.parametrize(("template", "buttons"), forms_of_opposites())
def test_enter_in_a_reason_neither_accepts_nor_refuses(template: str, buttons: list[str]) -> None:
    assert 'class="unseen"' in buttons[0] and 'value=""' in buttons[0], f"{template}: {buttons[0]}"


def test_the_forms_in_which_people_accept_or_refuse_are_found() -> None:
    assert {template for template, _ in forms_of_opposites()} == {"seleksi_kelas.html", "usulan.html"}
