"""Imports of spreadsheets: answered when every row is judged, or accepted and followed at an address of their own."""

import asyncio
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import UploadFile

from services.gateway import roles
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.kinds import BY_NAME, OTHER_KINDS, PROGRAMME_KINDS, Kind
from services.gateway.report import Reader, Report
from services.gateway.roles import PREFIX
from services.gateway.uploads import uploaded
from services.gateway.workbook import MEDIA_TYPE, as_file, taken_away
from shared.problems import NotFound

router = APIRouter(prefix=PREFIX, tags=["imports"])

_PATIENCE_S = 10.0  # how long the caller of an import is kept waiting for a service that is away
_FILE = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report; with `Accept` of a workbook, the refused rows with the reasons, to be corrected.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    },
    202: {"description": "Accepted (`Prefer: respond-async`); `Location` tells where to look."},
}

DryRun = Annotated[bool, Query(description="Answer at once what it would come to, and change nothing.")]
Prefer = Annotated[str, Header(description="`respond-async`: answer 202 at once.")]


def path(kind: Kind) -> str:
    return f"{'/programmes/{code}' if kind.of_a_programme else ''}/imports/{kind.name}"


def _add(kind: Kind) -> None:
    async def of_programme(
        code: str, request: Request, gateway: TheGateway, caller: Known, dry_run: DryRun = False, prefer: Prefer = ""
    ) -> Response:
        return await _import(kind, code, request, gateway, caller, prefer, dry_run)

    async def of_all(
        request: Request, gateway: TheGateway, caller: Known, dry_run: DryRun = False, prefer: Prefer = ""
    ) -> Response:
        return await _import(kind, "", request, gateway, caller, prefer, dry_run)

    router.add_api_route(
        path(kind),
        of_programme if kind.of_a_programme else of_all,
        methods=["POST"],
        name=f"import_{kind.name}",
        summary=f"Import {kind.name}",
        response_model=Report,
        responses=_ANSWERS,
        openapi_extra=_BODY,
    )


for _kind in (*PROGRAMME_KINDS, *OTHER_KINDS):
    _add(_kind)


@router.post("/programmes/{code}/imports/{kind}", include_in_schema=False)
async def unknown_kind_of_programme(kind: str, caller: Known) -> None:
    raise _unknown(kind, PROGRAMME_KINDS)


@router.post("/imports/{kind}", include_in_schema=False)
async def unknown_kind(kind: str, caller: Known) -> None:
    raise _unknown(kind, OTHER_KINDS)


@router.get("/imports/{import_id}")
async def show_import(import_id: str, gateway: TheGateway, caller: Known) -> dict[str, Any]:
    """How far an accepted import is; its report when it is done, with personal values hidden.

    For who has asked for it, and for the roles that may import that kind of sheet; for others there is no such import.
    """
    job = await gateway.jobs.of(import_id)
    if job.by.name != caller.actor.name and not roles.may(caller.actor.role, "POST", path(BY_NAME[job.kind])):
        raise NotFound("unknown_import", "There is no such import.")
    return job.status()


async def _import(
    kind: Kind, code: str, request: Request, gateway: Gateway, caller: Caller, prefer: str, dry_run: bool
) -> Response:
    if kind.of_a_programme:
        await gateway.programmes.of(code, caller)
    async with gateway.in_hand.one_more():
        upload = await uploaded(request)
        if "respond-async" in prefer and not dry_run:
            return await _accept(kind, code, upload, gateway, caller)
        return await _judge(kind, code, upload, gateway, caller, request.headers.get("accept", ""), dry_run)


async def _judge(
    kind: Kind, code: str, upload: UploadFile, gateway: Gateway, caller: Caller, accept: str, dry_run: bool
) -> Response:
    name, importing = uuid.uuid4().hex, gateway.importing
    with gateway.spool.dropping(name) as path:
        await gateway.spool.keep(name, upload)
        async with importing.turn():
            if dry_run:
                table = await importing.read(kind, code, name, caller)
                imported = await importing.rehearse(kind, code, table, caller, patience_s=_PATIENCE_S)
            else:
                imported = await importing.take(kind, code, name, caller, patience_s=_PATIENCE_S)
            if MEDIA_TYPE in accept:
                # the caller's own rows, which are not masked: they are not kept either, so nobody else can get them
                await asyncio.to_thread(imported.write_refused, path, caller)
                filename = as_file(f"ditolak-{kind.name}.xlsx")
                return StreamingResponse(taken_away(path), media_type=MEDIA_TYPE, headers=filename)
            reader = Reader(caller.language, caller.sees_personal_data)
            written = await asyncio.to_thread(lambda: imported.report(reader).model_dump_json())
    return Response(written, media_type="application/json")


async def _accept(kind: Kind, code: str, upload: UploadFile, gateway: Gateway, caller: Caller) -> JSONResponse:
    name = _name(kind, code, caller)
    if not await gateway.jobs.known(name):
        await gateway.jobs.refuse_when_full()
        await gateway.spool.keep(name, upload)
    job = await gateway.jobs.accept(name, kind.name, code, caller)
    return JSONResponse(job.status(), status_code=202, headers={"Location": f"{PREFIX}/imports/{name}"})


def _name(kind: Kind, code: str, caller: Caller) -> str:
    """The import's id: under one Idempotency-Key of one user always the same."""
    if caller.idempotency_key is None:
        return uuid.uuid4().hex
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{code}/{kind.name}/{caller.idempotency_key}").hex


def _unknown(kind: str, kinds: tuple[Kind, ...]) -> NotFound:
    elsewhere = " It belongs to a different address." if kind in BY_NAME else ""
    known = ", ".join(one.name for one in kinds)
    return NotFound("unknown_kind", f"Here can be imported: {known}.{elsewhere}")
