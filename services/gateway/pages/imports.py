"""Impor: choose what a sheet is, see how it is read, confirm, follow it, and read the report."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import preview, roles
from services.gateway.api import imports, programmes
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.kinds import BY_NAME, Kind
from services.gateway.pages import site
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.preview import View
from services.gateway.uploads import form_of, uploaded
from shared.problems import Forbidden, Invalid, NotFound, TooLarge
from shared.storage import StorageAway

router = APIRouter(route_class=Page, include_in_schema=False)

Text = Annotated[str, Form(max_length=200)]
Named = Annotated[str, Query(max_length=200)]


class Fault(NamedTuple):
    """Why a sheet cannot be imported: the field of the form, a code, and what else is known, such as the columns."""

    field: str
    code: str
    more: Mapping[str, Any] = MappingProxyType({})


@router.get("/impor")
async def choose(
    request: Request, gateway: TheGateway, caller: Visitor, jenis: Named = "", program: Named = ""
) -> Response:
    """The form; `jenis` and `program` are chosen in it: what the page that one comes from is filled from."""
    return await _form(request, gateway, caller, program=program, kind=jenis)


async def _in_hand(gateway: TheGateway) -> AsyncIterator[None]:
    async with gateway.in_hand.one_more():
        yield


@router.post("/impor", dependencies=[Depends(_in_hand)])  # before anything of the form is read
async def look(request: Request, gateway: TheGateway, caller: Visitor) -> Response:
    """Have the sheet read and its rows judged. It is kept until it is confirmed, an hour at most."""
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
        discarded = await _make_room(gateway, name, caller)
        await gateway.previews.begin(name, kind, code, caller, upload.filename or "", table, discarded)
    except (Invalid, TooLarge) as problem:
        gateway.spool.drop(name)
        fault = Fault("file", problem.code, problem.extra)
        return await _form(request, gateway, caller, program=code, kind=chosen, problem=fault)
    except BaseException:
        gateway.spool.drop(name)
        with contextlib.suppress(StorageAway):
            await gateway.in_hand.release(name)
        raise
    await gateway.previews.soon(name)
    return _to_preview(kind, code, sheet)


@router.get("/impor/periksa")
async def check(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    lembar: Named = "",
    jenis: Named = "",
    program: Named = "",
    tampil: View = View.ALL,
) -> Response:
    """How the sheet is read and its rows are judged, asked for again every second until they are; nothing is stored."""
    kind = _kind(jenis, caller)
    known = await gateway.previews.of(_name(kind, program, lembar, caller), kind, program, caller)
    if known is None:
        return await _gone(request, gateway, caller, program, jenis)
    told: dict[str, Any] = {"sheet": lembar, "kind": kind, "code": program, "known": known, "view": tampil}
    part = "_impor_periksa.html" if request.headers.get("HX-Request") else "impor_periksa.html"
    return site.render(request, part, caller, marked=preview.marked, **told)


@router.post("/impor/periksa")
async def check_again(
    request: Request, gateway: TheGateway, caller: Visitor, lembar: Text = "", jenis: Text = "", program: Text = ""
) -> Response:
    """Judge the rows once more, when what they depend on has changed."""
    kind = _kind(jenis, caller)
    name = _name(kind, program, lembar, caller)
    if await gateway.previews.of(name, kind, program, caller, anew=True) is None:
        return await _gone(request, gateway, caller, program, jenis)
    await gateway.previews.soon(name)
    return _to_preview(kind, program, lembar)


@router.post("/impor/mulai")
async def start(
    request: Request, gateway: TheGateway, caller: Visitor, lembar: Text = "", jenis: Text = "", program: Text = ""
) -> Response:
    """Import the sheet that was looked at. Sent twice, it is one import."""
    kind = _kind(jenis, caller)
    name = _name(kind, program, lembar, caller)
    if not await gateway.jobs.known(name):
        if not gateway.spool.renew(name):
            return await _gone(request, gateway, caller, program, jenis)
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


def _to_preview(kind: Kind, code: str, sheet: str) -> RedirectResponse:
    asked = urlencode({"lembar": sheet, "jenis": kind.name, "program": code})
    return RedirectResponse(f"/impor/periksa?{asked}", status_code=303)


async def _make_room(gateway: Gateway, name: str, caller: Caller) -> int:
    """The sheet waits from now on; how many older ones of the same user had to go for it."""
    discarded = await gateway.in_hand.keep(name, caller.actor.name)
    for one in discarded:
        if not await gateway.jobs.known(one):  # confirmed all the same
            gateway.spool.drop(one)
    return len(discarded)


async def _gone(request: Request, gateway: Gateway, caller: Caller, program: str, kind: str) -> Response:
    """Kept for an hour, and never more than some of each user: the file is asked for again."""
    return await _form(request, gateway, caller, program=program, kind=kind, problem=Fault("file", "sheet_gone"))
