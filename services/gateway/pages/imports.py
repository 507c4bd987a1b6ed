"""Impor: choose what a sheet is, see how it is read, confirm, follow it, and read the report."""

import re
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import roles
from services.gateway.api import imports, programmes
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.columns import Table
from services.gateway.kinds import BY_NAME, Kind
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.uploads import form_of, uploaded
from shared.cells import Cell
from shared.problems import Forbidden, Invalid, NotFound, TooLarge

router = APIRouter(route_class=Page)

_FIRST_ROWS = 5
_LONGEST_SHOWN = 60  # characters of a cell
_ISO, _MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)$"), re.compile(r"(?<=^\d{4}-\d\d-\d\d) 00:00:00$")
Text = Annotated[str, Form(max_length=200)]


class Fault(NamedTuple):
    """Why a sheet cannot be imported: the field of the form, a code, and what else is known, such as the columns."""

    field: str
    code: str
    more: Mapping[str, Any] = MappingProxyType({})


@router.get("/impor")
async def choose(
    request: Request, gateway: TheGateway, caller: Visitor, program: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The form; `program` is the programme whose page one comes from."""
    return await _form(request, gateway, caller, program=program)


async def _in_hand(gateway: TheGateway) -> AsyncIterator[None]:
    async with gateway.in_hand.one_more():
        yield


@router.post("/impor", dependencies=[Depends(_in_hand)])  # before anything of the form is read
async def look(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """How the sheet is read: its columns and its first rows. It is kept until it is confirmed, an hour at most."""
    form = await form_of(request)
    code, chosen = str(form.get("program", "")), str(form.get("jenis", ""))
    kind = _kind(chosen, caller)
    if not kind.of_a_programme:
        code = ""
    elif not code:
        return await _form(request, gateway, caller, kind=chosen, problem=Fault("program", "programme_missing"))
    sheet = uuid.uuid4().hex
    name = _name(kind, code, sheet, caller)
    try:
        upload = await uploaded(request)
        if not upload.size:
            raise Invalid("file_missing", "No file was chosen.")
        await gateway.spool.keep(name, upload)
        async with gateway.importing.turn():
            table = await gateway.importing.read(kind, code, name, caller)
        await gateway.in_hand.keep(name)
    except (Invalid, TooLarge) as problem:
        gateway.spool.drop(name)
        fault = Fault("file", problem.code, problem.extra)
        return await _form(request, gateway, caller, program=code, kind=chosen, problem=fault)
    except BaseException:
        gateway.spool.drop(name)
        raise
    told = _preview(kind, table) | {"sheet": sheet, "kind": kind, "code": code, "filename": upload.filename}
    return site.render(request, "impor_periksa.html", caller, **told)


@router.post("/impor/mulai")
async def start(
    request: Request, gateway: TheGateway, caller: Visitor, lembar: Text = "", jenis: Text = "", program: Text = ""
) -> Response:
    """Import the sheet that was looked at. Sent twice, it is one import."""
    kind = _kind(jenis, caller)
    name = _name(kind, program, lembar, caller)
    if not await gateway.jobs.known(name):
        if not gateway.spool.renew(name):
            gone = Fault("file", "sheet_gone")
            return await _form(request, gateway, caller, program=program, kind=jenis, problem=gone)
        await gateway.jobs.refuse_when_full()
        await gateway.jobs.accept(name, kind.name, program, caller)
        await gateway.in_hand.release(name)
    return RedirectResponse(f"/impor/{name}", status_code=303)


@router.get("/impor/{import_id}")
async def follow(import_id: str, request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """How far it is; then its report. Asked for again every second until then."""
    job = await imports.show_import(import_id, gateway, caller)
    part = "_impor.html" if request.headers.get("HX-Request") else "impor_hasil.html"
    return site.render(request, part, caller, job=job, running=job["state"] in ("queued", "running"))


async def _form(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    *,
    program: str = "",
    kind: str = "",
    problem: Fault | None = None,
) -> Response:
    told = {
        "programmes": (await programmes.list_programmes(gateway, caller)).items,
        "kinds": [one for one in BY_NAME.values() if _may_import(one, caller)],
        "chosen": {"program": program, "jenis": kind},
        "problem": problem,
    }
    return site.render(request, "impor.html", caller, status=422 if problem else 200, **told)


def _kind(name: str, caller: Caller) -> Kind:
    """Raises NotFound, or Forbidden for a kind that others import."""
    if name not in BY_NAME:
        raise NotFound("unknown_kind", "There is no such kind of sheet.")
    if not _may_import(BY_NAME[name], caller):
        raise Forbidden("role_not_allowed", f"The role {caller.actor.role} may not import this kind of sheet.")
    return BY_NAME[name]


def _may_import(kind: Kind, caller: Caller) -> bool:
    return roles.may(caller.actor.role, "POST", imports.path(kind))


def _name(kind: Kind, code: str, sheet: str, caller: Caller) -> str:
    """The import's id and the name of its sheet: nobody else's, and no other kind's, whatever a form says."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{caller.actor.name}/{code}/{kind.name}/{sheet}").hex


def _preview(kind: Kind, table: Table) -> dict[str, Any]:
    """The recognised columns as (heading in the file, our own wording or None for a unit), and the first rows."""
    columns = [(heading, kind.by_name.get(name)) for name, heading in table.headings.items()]
    further = [column for column in kind.columns if not column.name.startswith("choice_")]  # nobody needs nine of them
    first: Sequence[tuple[int, dict[str, Cell]]] = table.rows[:_FIRST_ROWS]
    return {
        "columns": [(heading, column.headings[0] if column else None) for heading, column in columns],
        "lacking": [column.headings[0] for column in further if column.name not in table.headings],
        "first": [(number, [_shown(cells[name]) for name in table.headings]) for number, cells in first],
        "rows": len(table.rows),
    }


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "✓" if cell else "✕"
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    written = _MIDNIGHT.sub("", _ISO.sub(r"\1 \2", str(cell)))
    return f"{written[:_LONGEST_SHOWN]}…" if len(written) > _LONGEST_SHOWN else written
