"""What people read: Indonesian as it stands in the templates, English from a catalogue; dates, numbers and money as
each language writes them.
"""

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, dates, numbers
from babel.messages.pofile import read_po

from services.gateway.calling import Language
from shared.cells import JAKARTA

_CATALOGUE = Path(__file__).parent / "locale" / "en.po"
_LOCALES = {"id": Locale("id"), "en": Locale("en", "GB")}


@cache
def english() -> dict[str, str]:
    """Indonesian → English; a text without a translation is not in it."""
    with _CATALOGUE.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def gettext(language: Language) -> Callable[[str], str]:
    """The function that templates call `_`."""
    if language == "id":
        return lambda text: text
    return lambda text: english().get(text, text)


def filters(language: Language) -> dict[str, Callable[..., str]]:
    """Jinja filters that write values; what is None is a dash."""
    locale = _LOCALES[language]

    def day(value: date | datetime | str | None) -> str:
        """`3 Mei 2025`; of a moment, the day in Pekalongan."""
        found = _moment(value)
        if isinstance(found, datetime):
            found = found.astimezone(JAKARTA).date()
        return "–" if found is None else dates.format_date(found, "d MMMM y", locale)

    def weekday(value: date) -> str:
        """`Sen`"""
        return dates.format_date(value, "EEE", locale)

    def moment(value: datetime | str | None) -> str:
        """`3 Mei 2025 14.05`, in Pekalongan's time."""
        found = _moment(value)
        if not isinstance(found, datetime):
            return day(found)
        return dates.format_datetime(found, "d MMMM y HH.mm" if language == "id" else "d MMMM y HH:mm", JAKARTA, locale)

    def number(value: float | None, digits: int | None = None) -> str:
        """`1.234,5` in Indonesian; with `digits` always so many behind the comma."""
        if value is None:
            return "–"
        form = "#,##0." + ("0" * digits if digits else "##") if digits != 0 else "#,##0"
        return str(numbers.format_decimal(value, form, locale))

    def percent(part: float | None, whole: float | None) -> str:
        """`87,5%`; a dash when there is nothing to be a part of."""
        return "–" if not whole or part is None else str(numbers.format_percent(part / whole, "0.#%", locale))

    return {"day": day, "weekday": weekday, "moment": moment, "number": number, "percent": percent}


def _moment(value: Any) -> date | datetime | None:
    if not isinstance(value, str):
        return value  # type: ignore[no-any-return]
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
