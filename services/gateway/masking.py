"""Takes facts that touch health out of what a role without need of them is shown."""

from typing import Any

from shared.free_text import HIDDEN

_FACT = "health_certificate"
_REASON = "not_healthy"
_WRITTEN = "reason"


def without_health(value: Any) -> Any:
    """A copy without the fact, and without whatever entry of a list is, or directly holds, the reason.

    Why somebody did what concerns either is hidden as well.
    """
    if isinstance(value, dict):
        if isinstance(value.get(_WRITTEN), str) and _concerns(value.get("detail")):
            value = {**value, _WRITTEN: HIDDEN}
        return {
            key: without_health(held)
            for key, held in value.items()
            if key not in (_FACT, _REASON) and not (isinstance(held, str) and held == _REASON)
        }
    if isinstance(value, list):
        return [without_health(held) for held in value if not _tells(held)]
    return value


def without_free_text(value: Any) -> Any:
    """A copy in which what somebody wrote in their own words, the reason of a deed, is hidden."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if key == _WRITTEN and isinstance(held, str) else without_free_text(held)
            for key, held in value.items()
        }
    return [without_free_text(held) for held in value] if isinstance(value, list) else value


def _concerns(detail: Any) -> bool:
    if isinstance(detail, dict):
        return any(_concerns(held) for pair in detail.items() for held in pair)
    return any(map(_concerns, detail)) if isinstance(detail, list) else detail in (_FACT, _REASON)


def _tells(entry: Any) -> bool:
    if isinstance(entry, dict):
        return _REASON in (held for held in entry.values() if isinstance(held, str))
    return entry == _REASON or (isinstance(entry, list) and _REASON in entry)
