"""Takes facts that touch health out of what a role without need of them is shown."""

from typing import Any

_FACT = "health_certificate"
_REASON = "not_healthy"


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


def _tells(entry: Any) -> bool:
    if isinstance(entry, dict):
        return _REASON in (held for held in entry.values() if isinstance(held, str))
    return entry == _REASON or (isinstance(entry, list) and _REASON in entry)
