"""The committed documents are those of the contracts, and an incompatible change is refused."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from shared import meta, published, schemas
from shared.compatibility import breaks
from shared.contracts import ALL
from shared.contracts.event import Contract, Event


class Inner(Contract):
    code: str
    competent: bool


class Before(Event):
    service: ClassVar[str] = "uji"
    touches_health: ClassVar[bool] = False
    name: str
    rank: int | None = None
    parts: list[Inner]


class WithOptional(Before):
    note: str | None = None


class WithRequired(Before):
    note: str


class Narrowed(Before):
    rank: int = 0


class Constrained(Before):
    name: str = Field(max_length=5)


class NoLongerRequired(Before):
    name: str = ""


class OtherInner(Contract):
    code: str


class InnerFieldRemoved(Before):
    parts: list[OtherInner]  # type: ignore[assignment]


def test_the_committed_schemas_and_asyncapi_are_those_of_the_contracts() -> None:
    assert schemas.check() == []


def test_an_optional_field_may_be_added() -> None:
    assert breaks(schemas.schema(Before), _as_before(WithOptional)) == []


@pytest.mark.parametrize(
    ("after", "field"),
    [
        (WithRequired, ".note: new and required"),
        (Narrowed, ".rank"),
        (Constrained, ".name"),
        (NoLongerRequired, ".name: no longer required"),
        (InnerFieldRemoved, ".parts[].competent: removed"),
    ],
)
def test_anything_else_breaks_a_promise_and_names_the_field(after: type[Event], field: str) -> None:
    problems = breaks(schemas.schema(Before), _as_before(after))
    assert problems
    assert field in problems[0]


def test_a_removed_field_is_refused_and_nothing_is_overwritten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(schemas, "FOLDER", tmp_path)
    monkeypatch.setattr(schemas, "ASYNCAPI", tmp_path / "asyncapi" / "asyncapi.json")
    monkeypatch.setattr(schemas, "_write", _writer(schemas._write))
    monkeypatch.setattr(schemas, "example", lambda event: {})
    monkeypatch.setattr(schemas, "ALL", (Before,))
    assert schemas.write() == []
    committed = (tmp_path / "uji.before.v1.json").read_text("utf-8")
    narrowed = type("Before", (Event,), {"__annotations__": {"name": str}, "service": "uji", "__module__": __name__})
    monkeypatch.setattr(schemas, "ALL", (narrowed,))
    assert any(".parts: removed" in problem for problem in schemas.check())
    assert schemas.write() != []
    assert (tmp_path / "uji.before.v1.json").read_text("utf-8") == committed


def test_asyncapi_names_every_event_with_its_routing_key_and_headers() -> None:
    document = schemas.asyncapi()
    assert set(document["channels"]) == {event.routing_key() for event in ALL}
    for message in document["components"]["messages"].values():
        assert "ce-id" in message["headers"]["required"]


@pytest.mark.parametrize("event", ALL, ids=lambda event: event.routing_key())
def test_every_event_has_an_example_that_is_one(event: type[Event]) -> None:
    """Every field is in it, so that a reader sees each, and its headers are those that are sent."""
    example = published.example(event)
    assert event.model_validate(example["payload"]).model_dump(mode="json") == example["payload"]
    assert meta.read(example["headers"]).type == event.ce_type()
    message = schemas.asyncapi()["components"]["messages"][f"{event.routing_key()}:Message"]
    assert message["examples"] == [example]


def _as_before(after: type[Event]) -> dict[str, Any]:
    return {**schemas.schema(after), "$id": schemas.schema(Before)["$id"]}


def _writer(write: Any) -> Any:
    def into_new_folder(path: Path, document: dict[str, Any]) -> None:
        path.parent.mkdir(exist_ok=True)
        write(path, document)

    return into_new_folder
