"""Whether a JSON Schema of an event may replace the one before it within a version: additive, optional changes only."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_PROSE = frozenset({"title", "description", "default", "examples", "$defs", "properties", "required", "items", "anyOf"})


def breaks(before: Schema, after: Schema) -> list[str]:
    """What a consumer of either would trip over, one sentence each; empty when the change is compatible.

    Consumers read new events with old code, and old events from the log with new code: so a field may be added if it
    is optional, and nothing else may change but prose.
    """
    return list(_breaks(_Walk(before, after), before, after, ""))


class _Walk:
    def __init__(self, before: Schema, after: Schema) -> None:
        self.before = before.get("$defs", {})
        self.after = after.get("$defs", {})


def _breaks(walk: _Walk, before: Schema, after: Schema, at: str) -> Iterator[str]:
    before, after = _resolved(before, walk.before), _resolved(after, walk.after)
    name = at or "the event"
    if _constraints(before) != _constraints(after):
        yield f"{name}: {_constraints(before)} became {_constraints(after)}"
    yield from _property_breaks(walk, before, after, at)
    if "items" in before and "items" in after:
        yield from _breaks(walk, before["items"], after["items"], f"{at}[]")
    choices, now = before.get("anyOf", []), after.get("anyOf", [])
    if len(choices) != len(now):
        yield f"{name}: may be one of {len(now)} kinds instead of {len(choices)}"
    for one, other in zip(choices, now, strict=False):
        yield from _breaks(walk, one, other, at)


def _property_breaks(walk: _Walk, before: Schema, after: Schema, at: str) -> Iterator[str]:
    old, new = before.get("properties", {}), after.get("properties", {})
    required, required_now = set(before.get("required", ())), set(after.get("required", ()))
    for field in old:
        if field not in new:
            yield f"{at}.{field}: removed"
        else:
            yield from _breaks(walk, old[field], new[field], f"{at}.{field}")
            if (field in required) != (field in required_now):
                yield f"{at}.{field}: {'no longer' if field in required else 'now'} required"
    for field in sorted(required_now - old.keys()):
        yield f"{at}.{field}: new and required"


def _constraints(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in _PROSE}


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema with a reference replaced by what it refers to; siblings of `$ref` are prose."""
    reference = schema.get("$ref")
    return definitions[reference.rsplit("/", 1)[-1]] if reference else schema
