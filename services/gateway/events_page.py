"""The events as one page to read, without a script: what each says, its fields, and an example."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

from shared import published
from shared.contracts import ALL, Event

Schema = dict[str, Any]

STYLE = """body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; }
h3 { font-family: ui-monospace, monospace; margin-top: 2.5rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }
pre { background: #f5f5f5; padding: .8rem; overflow-x: auto; }
.inside { color: #8a3b00; }
"""
_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Jalur: events</title>
<link rel="stylesheet" href="/api/events/style.css">
</head>
<body>
<h1>Events</h1>
<p>Published to the topic exchange <code>jalur.events</code> under the routing key that stands above each: a JSON
body, and CloudEvents attributes in headers <code>ce-…</code>. The same as
<a href="/api/asyncapi.json">AsyncAPI document</a>; every schema has an address of its own.</p>
<p>Deliveries may repeat and overtake each other: <code>ce-id</code> is the same whenever an event comes, and where one
says how something is now, the highest <code>ce-sequence</code> of one subject and type counts. Within a version only
optional fields are added: ignore what you do not know.</p>
"""


class _Field(NamedTuple):
    name: str
    kind: str
    required: bool
    description: str


def page() -> str:
    """All of it, as HTML."""
    parts = [_HEAD, "<ul>", *(f'<li><a href="#{_key(event)}">{_key(event)}</a></li>' for event in ALL), "</ul>"]
    for service, events in groupby(ALL, key=lambda event: event.service):
        parts.append(f"<h2>{escape(service)}</h2>")
        parts += [_section(event) for event in events]
    return "\n".join([*parts, "</body>", "</html>", ""])


def _section(event: type[Event]) -> str:
    schema = json.loads(published.schema_path(event).read_text("utf-8"))
    example = published.example(event)
    rows = "\n".join(
        f"<tr><td><code>{escape(one.name)}</code></td><td>{escape(one.kind)}{'' if one.required else ', optional'}</td>"
        f"<td>{escape(one.description)}</td></tr>"
        for one in _fields(schema, schema.get("$defs", {}))
    )
    inside = '<p class="inside">Touches health: it stays between our services, and no other system is granted it.</p>'
    headers = "\n".join(f"{name}: {value}" for name, value in example["headers"].items())
    body = json.dumps(example["payload"], indent=2, ensure_ascii=False)
    return f"""<h3 id="{_key(event)}">{_key(event)}</h3>
<p>{escape(" ".join((event.__doc__ or "").split()))}</p>
{inside if event.touches_health else ""}
<table>
<tr><th>field</th><th>kind</th><th></th></tr>
{rows}
</table>
<p><a href="/api/schemas/{_key(event)}">JSON Schema</a>. An example:</p>
<pre>{escape(headers)}

{escape(body)}</pre>"""


def _key(event: type[Event]) -> str:
    return escape(event.routing_key())


def _fields(schema: Schema, definitions: Schema, within: str = "") -> Iterator[_Field]:
    """Every field, and behind it those of what it holds, as `outer.inner` and `list[].inner`."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        description = field.get("description") or _resolved(field, definitions).get("description", "")
        yield _Field(within + name, _kind(field, definitions), name in required, " ".join(description.split()))
        for held, many in _objects(field, definitions):
            yield from _fields(held, definitions, f"{within}{name}{'[]' if many else ''}.")


def _objects(field: Schema, definitions: Schema, *, many: bool = False) -> Iterator[tuple[Schema, bool]]:
    found = _resolved(field, definitions)
    if "properties" in found:
        yield found, many
    for choice in found.get("anyOf", ()):
        yield from _objects(choice, definitions, many=many)
    if "items" in found:
        yield from _objects(found["items"], definitions, many=True)


def _kind(field: Schema, definitions: Schema) -> str:
    found = _resolved(field, definitions)
    if "anyOf" in found:
        return " or ".join(_kind(choice, definitions) for choice in found["anyOf"])
    if "enum" in found:
        return _one_of(found["enum"])
    if "const" in found:
        return _one_of([found["const"]])
    if found.get("type") == "array":
        return f"list of {_kind(found['items'], definitions)}" if "items" in found else "list"
    return str(found.get("format") or found.get("type") or "any")


def _one_of(values: Iterable[object]) -> str:
    return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    reference = schema.get("$ref")
    return definitions[reference.rsplit("/", 1)[-1]] if reference else schema
