"""In what two definitions of a programme differ, field by field."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.registration import Programme

Differences = list[dict[str, Any]]


def differences(held: Programme | None, wanted: Programme) -> Differences:
    """`{field, held, wanted}` for each field that differs; of nothing held, nothing differs.

    A class is named by its code ("classes.LAS-1.seats"), wherever it stands. "classes" itself is the codes in their
    order: it differs when a class is new, gone or moved, and a new class is told by that alone.
    """
    if held is None:
        return []
    before, now = _flat(held), _flat(wanted)
    codes = {offer.code for offer in held.classes} & {offer.code for offer in wanted.classes}
    return [
        {"field": field, "held": before.get(field), "wanted": now.get(field)}
        for field in dict.fromkeys((*before, *now))
        if before.get(field) != now.get(field) and _in_both(field, codes)
    ]


def _flat(programme: Programme) -> dict[str, Any]:
    stated = programme.model_dump(mode="json")
    classes = stated.pop("classes")
    flat = _paths("", stated)
    flat["classes"] = [offer["code"] for offer in classes]
    for offer in classes:
        flat |= _paths(f"classes.{offer['code']}.", {part: said for part, said in offer.items() if part != "code"})
    return flat


def _paths(prefix: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for part, said in stated.items():
        flat |= _paths(f"{prefix}{part}.", said) if isinstance(said, dict) else {prefix + part: said}
    return flat


def _in_both(field: str, codes: set[str]) -> bool:
    return not field.startswith("classes.") or any(field.startswith(f"classes.{code}.") for code in codes)
