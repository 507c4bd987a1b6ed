"""Takes facts that touch health out of what a role without need of them is shown."""

from typing import Any

from shared.free_text import HIDDEN

_FACT = "health_certificate"
_REASON = "not_healthy"
_WRITTEN = "reason"


def without_health(value: Any) -> Any:
    """A copy without the fact, and without whatever entry of a list is, or directly holds, the reason."""
    if isinstance(value, dict):
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


def _tells(entry: Any) -> bool:
    if isinstance(entry, dict):
        return _REASON in (held for held in entry.values() if isinstance(held, str))
    return entry == _REASON or (isinstance(entry, list) and _REASON in entry)
