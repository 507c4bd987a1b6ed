"""Every text of a page is there in English too, and values are written as Indonesians write them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from services.gateway.pages import language, timeline, words

_PAGES = Path(language.__file__).parent


def _in_templates() -> set[str]:
    found = extract_from_dir(_PAGES, [("templates/**.html", "jinja2")], {"templates/**.html": {}}, {"_": None})
    return {str(message) for _, _, message, _, _ in found}


def test_every_text_has_a_translation() -> None:
    texts = _in_templates() | set(timeline.all_texts()) | set(words.all_words())
    assert len(texts) > 150
    same_in_both = {"NIK", "LSP", "Email", "Status", "Administrator"}
    assert {text for text in texts if text and text not in language.english()} - same_in_both == set()


def test_the_catalogue_holds_nothing_that_no_page_says() -> None:
    texts = _in_templates() | set(timeline.all_texts()) | set(words.all_words())
    assert language.english().keys() - texts == set()


@pytest.mark.parametrize(
    ("name", "value", "indonesian", "english"),
    [
        ("day", "2025-07-11", "11 Juli 2025", "11 July 2025"),
        ("moment", datetime(2025, 5, 3, 20, 5, tzinfo=UTC), "4 Mei 2025 03.05", "4 May 2025 03:05"),
        ("number", 1234.5, "1.234,5", "1,234.5"),
        ("day", None, "–", "–"),
    ],
)
def test_values_are_written_as_the_language_writes_them(
    name: str, value: object, indonesian: str, english: str
) -> None:
    written = [language.filters("id")[name](value), language.filters("en")[name](value)]
    assert [one.replace("\xa0", " ") for one in written] == [indonesian, english]


def test_a_share_of_nothing_is_a_dash() -> None:
    percent = language.filters("id")["percent"]
    assert (percent(7, 8), percent(0, 0), percent(1, 3)) == ("87,5%", "–", "33,3%")
