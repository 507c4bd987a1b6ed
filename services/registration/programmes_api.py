"""Programmes over HTTP: what is on offer, trying a definition out, defining and changing."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from pydantic import AfterValidator, BaseModel, Field

from services.registration.catalogue import Offered
from services.registration.differing import differences
from services.registration.programme import BadDefinition, parse
from services.registration.revising import count_ages_again
from services.registration.store import Store
from shared.contracts import Event
from shared.contracts.registration import Programme
from shared.free_text import discreet
from shared.ledger import signature
from shared.problems import Invalid

router = APIRouter()


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Kept = Annotated[Store, Depends(_store)]
Definition = Annotated[Any, Body()]


class Change(BaseModel):
    """`revision` is the one that the definition was written from; 0 where there was no such programme."""

    definition: Any
    revision: Annotated[int, Field(ge=0)]
    reason: Annotated[str, Field(max_length=500), AfterValidator(discreet)] | None = None


@router.put("/programmes")
async def define_programme(store: Kept, definition: Definition) -> dict[str, Any]:
    """Define a programme, or change it whatever it is now."""
    return await _define(store, _parsed(definition))


@router.post("/programmes/preview")
async def preview(store: Kept, definition: Definition) -> dict[str, Any]:
    """What `PUT` would make of this definition, and in what it differs from the one held; nothing is saved."""
    programme = _parsed(definition)
    held = await store.programmes.get(programme.code) or Offered(_id=programme.code)
    return {
        "code": programme.code,
        "revision": held.revision,
        "programme": programme.model_dump(mode="json"),
        "differences": differences(held.definition, programme),
    }


@router.post("/programmes/{code}/changes")
async def change_programme(store: Kept, code: str, change: Change) -> dict[str, Any]:
    """Define or change a programme as somebody has seen it; 409 `changed_meanwhile` when it is not that any more."""
    programme = _parsed(change.definition)
    if programme.code != code:
        error = {"field": "code", "reason": "code_differs", "detail": "a programme keeps its code"}
        raise Invalid("bad_definition", "The programme's definition cannot be used.", errors=[error])
    return await _define(store, programme, change)


@router.get("/programmes")
async def list_programmes(store: Kept) -> list[dict[str, Any]]:
    return [_shown(offered) for offered in await store.programmes.find({}, sort=[("_id", 1)])]


@router.get("/programmes/{code}")
async def show_programme(store: Kept, code: str) -> dict[str, Any]:
    return _shown(await store.programmes.get(code) or Offered(_id=code))


async def _define(store: Store, programme: Programme, change: Change | None = None) -> dict[str, Any]:
    signed = signature()
    changed = False

    def define(offered: Offered) -> list[Event] | None:
        nonlocal changed
        events = offered.define(
            programme,
            signed,
            seen=change.revision if change else None,
            reason=change.reason if change else None,
        )
        changed = events is not None
        return events

    offered = await store.programmes.change(programme.code, define)
    await count_ages_again(store, programme, signed)
    return {"code": programme.code, "revision": offered.revision, "changed": changed}


def _parsed(definition: object) -> Programme:
    try:
        return parse(definition)
    except BadDefinition as bad:
        errors = [{"field": one.field, "reason": one.reason, "detail": one.message} for one in bad.errors]
        raise Invalid("bad_definition", "The programme's definition cannot be used.", errors=errors) from None


def _shown(offered: Offered) -> dict[str, Any]:
    programme = offered.programme.model_dump(mode="json")
    return {"code": offered.id, "revision": offered.revision, "programme": programme}
