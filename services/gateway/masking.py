"""Takes facts that touch health, and what people wrote in their own words, out of what a role without need of them is
shown. Codes stay.
"""

from typing import Any

from shared.free_text import HIDDEN

_FACT = "health_certificate"
_REASON = "not_healthy"
_WHY = "reason"
_WRITTEN = frozenset({_WHY, "note"})
_BY_RULE = "overruled"  # where it names rules with why they do not count; a list of it holds codes alone


def without_health(value: Any) -> Any:
    """A copy without the fact, and without whatever entry of a list is, or directly holds, the reason.

    Why somebody did what concerns either is hidden as well.
    """
    if isinstance(value, dict):
        if isinstance(value.get(_WHY), str) and _concerns(value.get("detail")):
            value = {**value, _WHY: HIDDEN}
        return {
            key: without_health(held)
            for key, held in value.items()
            if key not in (_FACT, _REASON) and not (isinstance(held, str) and held == _REASON)
        }
    if isinstance(value, list):
        return [without_health(held) for held in value if not _tells(held)]
    return value


def without_free_text(value: Any) -> Any:
    """A copy in which what somebody wrote in their own words, the reason of a deed or a note in a sheet, is hidden."""
    if isinstance(value, dict):
        return {key: _without_words(key, held) for key, held in value.items()}
    return [without_free_text(held) for held in value] if isinstance(value, list) else value


def _without_words(key: str, held: Any) -> Any:
    if key in _WRITTEN and isinstance(held, str):
        return HIDDEN
    if key == _BY_RULE and isinstance(held, dict):
        return dict.fromkeys(held, HIDDEN)
    return without_free_text(held)


def _concerns(detail: Any) -> bool:
    if isinstance(detail, dict):
        return any(_concerns(held) for pair in detail.items() for held in pair)
    return any(map(_concerns, detail)) if isinstance(detail, list) else detail in (_FACT, _REASON)


def _tells(entry: Any) -> bool:
    if isinstance(entry, dict):
        return _REASON in (held for held in entry.values() if isinstance(held, str))
    return entry == _REASON or (isinstance(entry, list) and _REASON in entry)
