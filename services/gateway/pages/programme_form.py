"""A programme's definition as a form: what its fields hold, and the definition that they make up.

A field is named by its place in the definition, "training.starts" or "classes.0.seats", and its value is text. What
cannot be read is left as it was typed, for registration to refuse it by its place.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

Fields = dict[str, str]
Definition = dict[str, Any]

TEXT, DAY, WHOLE, NUMBER, PERCENT, YES = "text", "day", "whole", "number", "percent", "yes"
GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "programme": {"name": TEXT, "code": TEXT, "fund": TEXT, "city": TEXT},
    "dates": {
        "registration.opens": DAY,
        "registration.closes": DAY,
        "training.starts": DAY,
        "training.ends": DAY,
    },
    "eligibility": {
        "eligibility.resident_of": TEXT,
        "eligibility.minimum_age": WHOLE,
        "eligibility.healthy": YES,
        "eligibility.never_trained": YES,
        "eligibility.not_employed": YES,
        "eligibility.not_studying": YES,
        "eligibility.follows_social_media": YES,
    },
    "selection": {
        "selection.written_weight": PERCENT,
        "selection.interview_weight": PERCENT,
        "selection.pass_mark": NUMBER,
        "selection.reserves_per_class": WHOLE,
        "selection.reserve_until": DAY,
        "selection.reserve_confirm_days": WHOLE,
    },
    "rest": {"training.minimum_attendance": PERCENT, "retention.personal_data_months": WHOLE},
}
CLASS_FIELDS: Final[Mapping[str, str]] = {
    "code": TEXT,
    "name": TEXT,
    "vocation": TEXT,
    "seats": WHOLE,
    "provider": TEXT,
    "provider_kind": TEXT,
    "lsp": TEXT,
    "scheme": TEXT,
}
MOST_CLASSES: Final = 100  # that a page shows; more of them come as YAML through the API
OPTIONAL: Final = {
    "eligibility.resident_of",
    "eligibility.minimum_age",
    "selection.reserves_per_class",
    "selection.reserve_until",
    "selection.reserve_confirm_days",
    "training.minimum_attendance",
    "retention.personal_data_months",
}
_KINDS: Final = {path: kind for group in GROUPS.values() for path, kind in group.items()}
_CLASS_FIELD = re.compile(r"classes\.(\d{1,4})\.(\w+)")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def defined(form: Mapping[str, str]) -> Definition:
    """The definition that the fields make up. Rows of classes in which nothing was typed are left out."""
    definition: Definition = {"registration": {}, "training": {}, "selection": {}, "eligibility": {}, "classes": []}
    for path, kind in _KINDS.items():
        if (value := _read(kind, form.get(path, ""))) is not None:
            *places, last = path.split(".")
            place = definition
            for step in places:
                place = place.setdefault(step, {})
            place[last] = value
    for row in rows(form):
        stated = {name: _read(kind, form.get(f"classes.{row}.{name}", "")) for name, kind in CLASS_FIELDS.items()}
        if any(value is not None for value in stated.values()):
            definition["classes"].append({name: value for name, value in stated.items() if value is not None})
    return definition


def rows(form: Mapping[str, str]) -> list[int]:
    """The numbers of the rows of classes, in order."""
    found = (_CLASS_FIELD.fullmatch(name) for name in form)
    return sorted({int(one[1]) for one in found if one and one[2] in CLASS_FIELDS})


def filled(definition: Mapping[str, Any]) -> Fields:
    """The fields as they hold a definition; of one that is not as it should be, as much as can be shown."""
    form: Fields = {}
    for path, kind in _KINDS.items():
        value: Any = definition
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        form[path] = _written(kind, value)
    classes = definition.get("classes")
    for row, offer in enumerate(classes if isinstance(classes, list) else []):
        for name, kind in CLASS_FIELDS.items():
            form[f"classes.{row}.{name}"] = _written(kind, offer.get(name) if isinstance(offer, Mapping) else None)
    return form


def a_year_later(definition: Mapping[str, Any]) -> Definition:
    """The same programme a year on: every date, and the years in its name and code. Its code is left open where it has
    no year, for no two programmes share one.
    """
    later = _days_later(definition)
    later["name"] = _YEAR.sub(_next_year, definition["name"])
    code = _YEAR.sub(_next_year, definition["code"])
    later["code"] = code if code != definition["code"] else ""
    return later


def field_of(place: str) -> str | None:
    """The field that a place in a definition ("classes[0].seats") is shown in; the first of its group, if it is one."""
    name = place.replace("[", ".").replace("]", "")
    known = _CLASS_FIELD.fullmatch(name)
    if name in _KINDS or (known and known[2] in CLASS_FIELDS):
        return name
    if name.startswith("classes"):
        row = re.fullmatch(r"classes\.(\d+)(?:\..*)?", name)
        return f"classes.{row[1] if row else 0}.code"
    return next((path for path in _KINDS if path.startswith(f"{name.partition('.')[0]}.")), None)


def _read(kind: str, typed: str) -> Any:
    typed = typed.strip()
    if kind == YES:
        return bool(typed)
    if not typed:
        return None
    if kind == WHOLE and re.fullmatch(r"\d{1,9}", typed):
        return int(typed)
    if kind in (NUMBER, PERCENT) and re.fullmatch(r"\d{1,9}([.,]\d{1,9})?", typed):
        number = Decimal(typed.replace(",", "."))
        return float(number / 100 if kind == PERCENT else number)
    return typed


def _written(kind: str, value: Any) -> str:
    if value is None or isinstance(value, (Mapping, list)):
        return ""
    if kind == YES:
        return "ya" if value is True else ""
    if kind in (NUMBER, PERCENT) and isinstance(value, (int, float)):
        number = Decimal(str(value)) * (100 if kind == PERCENT else 1)
        return f"{number.normalize():f}".replace(".", ",")
    return str(value)


def _days_later(stated: Mapping[str, Any]) -> Definition:
    return {name: _later(value) for name, value in stated.items()}


def _later(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _days_later(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        day = date.fromisoformat(value)
        leaps = (day.month, day.day) == (2, 29)
        return day.replace(year=day.year + 1, day=28 if leaps else day.day).isoformat()
    return value


def _next_year(found: re.Match[str]) -> str:
    return str(int(found[1]) + 1)


def without_row(form: Mapping[str, str], row: int) -> Fields:
    """The fields without that row of classes."""
    return {name: typed for name, typed in form.items() if not name.startswith(f"classes.{row}.")}


def with_row(form: Mapping[str, str]) -> Fields:
    """The fields with an empty row of classes below the others."""
    row = max(rows(form), default=-1) + 1
    return {**form, **{f"classes.{row}.{name}": "" for name in CLASS_FIELDS}}


def only_fields(form: Iterable[tuple[str, Any]]) -> Fields:
    """What was typed into the fields of a programme, of all that a form holds."""
    return {
        name: typed[:1_000]
        for name, typed in form
        if isinstance(typed, str) and (name in _KINDS or _CLASS_FIELD.fullmatch(name))
    }
