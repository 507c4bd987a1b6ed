"""Program: define a programme in a form, see what that would do, and open it; change one, copy one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import programmes
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.programmes import Change, Preview, WouldChange
from services.gateway.calling import Caller
from services.gateway.pages import programme_form, site
from services.gateway.pages.programme_form import Definition, Fields
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.services import Refused
from services.gateway.uploads import form_of
from shared.problems import Conflict, Invalid, Problem

router = APIRouter(route_class=Page, include_in_schema=False)

_RULES = ("eligibility.", "selection.written_weight", "selection.interview_weight", "selection.pass_mark")
_LONGEST_REASON = 500


class Fault(NamedTuple):
    """What is wrong, and where: the place in the definition, and the field that shows it, if one does."""

    field: str | None
    place: str
    reason: str


class Draft(NamedTuple):
    """A definition that somebody is working on: of which programme (None: a new one), written from which revision."""

    code: str | None
    revision: int
    form: Fields

    @property
    def address(self) -> str:
        return f"/program/{self.code}/ubah" if self.code else "/program-baru"


@router.get("/program")
async def list_programmes(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """All of them, the one whose registration opened last first."""
    found = await programmes.newest_first(gateway, caller)
    return site.render(request, "daftar_program.html", caller, programmes=found)


@router.get("/program-baru")
async def new(
    request: Request, gateway: TheGateway, caller: Visitor, salin: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """An empty form, or one that holds the programme `salin` a year later."""
    form = programme_form.with_row({})
    if salin:
        held = await programmes.show_programme(salin, gateway, caller)
        form = programme_form.filled(programme_form.a_year_later(held.model_dump(mode="json")))
    return _form(request, caller, Draft(None, 0, form), copied=salin)


@router.post("/program-baru")
async def define(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """A row more or less, a look at what it would do, or opening it: whichever button was pressed."""
    return await _act(request, gateway, caller, None)


@router.get("/program/{code}/ubah")
async def edit(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The form with the programme as it is."""
    held = await programmes.show_programme(code, gateway, caller)
    if len(held.classes) > programme_form.MOST_CLASSES:
        raise Conflict("too_many_classes", "A programme with so many classes is changed as YAML, through the API.")
    return _form(request, caller, Draft(code, held.revision, programme_form.filled(held.model_dump(mode="json"))))


@router.post("/program/{code}/ubah")
async def change(code: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """The same for one that there is."""
    return await _act(request, gateway, caller, code)


async def _act(request: Request, gateway: Gateway, caller: Caller, code: str | None) -> Response:
    sent = await form_of(request)
    wanted, _, row = str(sent.get("tindakan", "")).partition(".")
    revision = _whole(str(sent.get("revision", "0")))
    if wanted in ("perbaiki", "simpan"):  # from the preview, which holds the definition as a whole
        definition = _held_in(str(sent.get("definition", "")))
        if wanted == "perbaiki":
            return _form(request, caller, Draft(code, revision, programme_form.filled(definition)))
        reason = str(sent.get("alasan", "")).strip()[:_LONGEST_REASON]
        return await _save(request, gateway, caller, Draft(code, revision, {}), definition, reason)
    form = programme_form.only_fields(sent.multi_items())
    if code:
        form["code"] = code
    if wanted == "tambah" and len(programme_form.rows(form)) < programme_form.MOST_CLASSES:
        form = programme_form.with_row(form)
        return _form(request, caller, Draft(code, revision, form), added=programme_form.rows(form)[-1])
    if wanted == "hapus":
        return _form(request, caller, Draft(code, revision, programme_form.without_row(form, _whole(row))))
    return await previewed(request, gateway, caller, code, programme_form.defined(form), revision)


async def previewed(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    code: str | None,
    definition: Definition,
    revision: int | None = None,
    missing: bool = False,
) -> Response:
    """What the definition would do, or the form with what is wrong with it. No `revision`: that which is held now."""
    try:
        found = await programmes.previewed(definition, gateway, caller)
    except Refused as refused:
        draft = Draft(code, revision or 0, programme_form.filled(definition))
        return _form(request, caller, draft, faults=_faults(refused))
    if revision is None:  # YAML, of a programme that may be there
        code, revision = found.code if found.revision else None, found.revision
    elif code is None and found.revision:
        draft = Draft(None, 0, programme_form.filled(definition))
        return _form(request, caller, draft, faults=[Fault("code", "code", "code_taken")])
    told: dict[str, Any] = {
        "draft": Draft(code, revision, {}),
        "preview": found,
        "definition": json.dumps(found.programme.model_dump(mode="json"), ensure_ascii=False),
        "missing": missing,
        **await _effect(found, gateway, caller),
    }
    return site.render(request, "program_periksa.html", caller, status=422 if missing else 200, **told)


async def _effect(found: Preview, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    """Whom it would change; asked only where rules differ. `unknown` where selection cannot say."""
    fields = [difference.field for difference in found.differences]
    effect: WouldChange | None = None
    unknown = False
    if any(field.startswith(_RULES) for field in fields):
        try:
            effect = await programmes.preview_change(found.code, found.programme, gateway, caller)
        except Problem:
            unknown = True
    return {"effect": effect, "unknown": unknown, "ages_move": "training.starts" in fields}


async def _save(
    request: Request, gateway: Gateway, caller: Caller, draft: Draft, definition: Definition, reason: str
) -> Response:
    if draft.revision and not reason:
        return await previewed(request, gateway, caller, draft.code, definition, draft.revision, missing=True)
    code = draft.code or str(definition.get("code", ""))
    wanted = Change(definition=definition, revision=draft.revision, reason=reason or None)
    try:
        await programmes.change(code, wanted, gateway, caller)
    except Refused as refused:
        form = programme_form.filled(definition)
        if refused.code != "changed_meanwhile":
            return _form(request, caller, draft._replace(form=form), faults=_faults(refused))
        if draft.code is None:
            return _form(request, caller, draft._replace(form=form), faults=[Fault("code", "code", "code_taken")])
        told = {"draft": draft, "meanwhile": refused.extra, "definition": json.dumps(definition), "why": reason}
        return site.render(request, "program_bentrok.html", caller, status=409, **told)
    return RedirectResponse(f"/program/{code}", status_code=303)


def _form(
    request: Request,
    caller: Caller,
    draft: Draft,
    *,
    faults: Sequence[Fault] = (),
    added: int | None = None,
    copied: str = "",
) -> Response:
    """`added` is the row of classes that is new; `copied` the programme that the form was filled from."""
    told = {
        "draft": draft,
        "faults": faults,
        "by_field": {one.field: one.reason for one in faults},
        "groups": programme_form.GROUPS,
        "optional": programme_form.OPTIONAL,
        "class_fields": programme_form.CLASS_FIELDS,
        "rows": programme_form.rows(draft.form),
        "added": added,
        "copied": copied,
    }
    return site.render(request, "program_isian.html", caller, status=422 if faults else 200, **told)


def _faults(refused: Refused) -> list[Fault]:
    """Raises what registration answered, where it is nothing about fields."""
    errors: Iterable[Mapping[str, Any]] = refused.extra.get("errors") or ()
    if not errors:
        raise refused
    return [Fault(programme_form.field_of(one["field"]), one["field"], one["reason"]) for one in errors]


def _held_in(text: str) -> Definition:
    try:
        definition = json.loads(text)
    except ValueError:
        definition = None
    if not isinstance(definition, dict):
        raise Invalid("not_a_definition", "The form does not hold a definition.")
    return definition


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
