"""Konfirmasi perusahaan: which placements employers have confirmed, what staff have heard, and employers' links."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway.api import confirmations, programmes
from services.gateway.api.confirmations import Asking, Heard, Revocation, Says, Standing
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller
from services.gateway.pages import site
from services.gateway.pages.forms import day_of
from services.gateway.pages.visitor import Page, Visitor
from services.gateway.roles import may
from services.gateway.services import Refused
from shared.cells import JAKARTA

router = APIRouter(route_class=Page, include_in_schema=False)

_PAGE = 50
_HERE = "/penempatan/konfirmasi"
_STANDINGS: tuple[Standing, ...] = get_args(Standing)
_UNPROCESSABLE = 422
Text = Annotated[str, Form(max_length=500)]
Faults = Sequence[tuple[str, str]]


class Where(NamedTuple):
    """Which part of the list somebody looks at; `hari` of silence at least one more; only one `lulusan` if named."""

    program: str
    keadaan: str = ""
    hari: str = ""
    mulai: str | None = None
    lulusan: str = ""


@router.get(_HERE)
async def list_confirmations(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Annotated[str, Query(max_length=200)] = "",
    keadaan: Annotated[str, Query(max_length=20)] = "",
    hari: Annotated[str, Query(max_length=5)] = "",
    mulai: Annotated[str | None, Query(max_length=20)] = None,
    lulusan: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Of one programme, the longest known first, fifty at a time; the newest programme unless one is named."""
    return await _list(request, gateway, caller, Where(program, keadaan, hari, mulai, lulusan))


@router.post(f"{_HERE}/catat")
async def record(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    lulusan: Text,
    perusahaan: Text,
    kata: Annotated[Says | Literal[""], Form()] = "",
    lewat: Annotated[Literal["phone", "letter", "visit", ""], Form()] = "",
    sejak: Text = "",
    oleh: Annotated[str, Form(max_length=300)] = "",
    tanggal: Text = "",
    dilihat: Text = "",
    program: Text = "",
    keadaan: Text = "",
    hari: Text = "",
    mulai: Text = "",
) -> Response:
    """What an employer said by phone, by letter or on a visit; then back to the list as it was filtered."""
    where = Where(program, keadaan, hari, mulai or None)
    typed = {"lulusan": lulusan, "kata": kata, "lewat": lewat, "sejak": sejak, "oleh": oleh, "tanggal": tanggal}
    said_on, left_on = day_of(tanggal), day_of(sejak)
    faults = [] if kata else [(f"kata-{lulusan}-confirmed", "says_missing")]
    faults += [] if lewat else [(f"lewat-{lulusan}-phone", "channel_missing")]
    faults += [] if said_on else [(f"tanggal-{lulusan}", "not_a_date")]
    faults += [(f"sejak-{lulusan}", "not_a_date")] if sejak.strip() and left_on is None else []
    alone = Where(program, lulusan=lulusan)  # whatever the filters hide by now
    if faults or not kata or not lewat or said_on is None:
        return await _list(request, gateway, caller, alone, faults=faults, typed=typed)
    heard = Heard(
        employer=perusahaan,
        says=kata,
        left_on=left_on,
        channel=lewat,
        told_by=oleh.strip() or None,
        said_on=said_on,
        seen=_moment(dilihat),
    )
    try:
        await confirmations.record_confirmation(program, lulusan, heard, gateway, caller)
    except Refused as refused:
        if refused.status not in (409, _UNPROCESSABLE):
            raise
        field = {"in_future": "tanggal"}.get(refused.code, "sejak") if refused.status == _UNPROCESSABLE else ""
        faults = [(f"{field}-{lulusan}" if field else "", refused.code)]
        came = refused.extra.get("confirmation")
        return await _list(request, gateway, caller, alone, faults=faults, typed=typed, came=came)
    return _back(where, f"lulusan-{lulusan}")


@router.post(f"{_HERE}/tautan")
async def issue_link(
    request: Request,
    gateway: TheGateway,
    caller: Visitor,
    program: Text,
    perusahaan: Text,
    hari: Annotated[int, Form(ge=1, le=90)] = 30,
) -> Response:
    """Make an employer's link; one that works stays."""
    made = await confirmations.issue_employer_link(program, Asking(employer=perusahaan, days=hari), gateway, caller)
    return _back(Where(program), f"perusahaan-{made['link_id']}")


@router.post(f"{_HERE}/cabut")
async def revoke_link(
    request: Request, gateway: TheGateway, caller: Visitor, program: Text, tautan: Text, alasan: Text = ""
) -> Response:
    """Let a link that went to the wrong person lead nowhere."""
    if not alasan.strip():
        return await _list(request, gateway, caller, Where(program), faults=[(f"alasan-{tautan}", "reason_missing")])
    await confirmations.revoke_employer_link(program, tautan, Revocation(reason=alasan), gateway, caller)
    return _back(Where(program), f"perusahaan-{tautan}")


async def _list(
    request: Request,
    gateway: Gateway,
    caller: Caller,
    where: Where,
    *,
    faults: Faults = (),
    typed: Mapping[str, str] | None = None,
    came: Mapping[str, Any] | None = None,
) -> Response:
    """`came` is what somebody else has noted first."""
    known = await programmes.newest_first(gateway, caller)
    chosen = next((one for one in known if one.code == where.program), known[0] if known else None)
    standing = next((one for one in _STANDINGS if one == where.keadaan), None)
    older = int(where.hari) if where.hari.isascii() and where.hari.isdigit() else None
    page: dict[str, Any] = {"items": [], "next_cursor": None, "total": 0, "standings": dict.fromkeys(_STANDINGS, 0)}
    employers: list[dict[str, Any]] = []
    if chosen is not None:
        page = await confirmations.list_confirmations(
            chosen.code, gateway, caller, standing, "", where.lulusan, older, _PAGE, where.mulai
        )
        if may(caller.actor.role, "POST", f"{_HERE}/tautan"):
            employers = (await confirmations.list_employer_links(chosen.code, gateway, caller))["items"]
    filters = {
        "program": chosen.code if chosen else "",
        "keadaan": standing or "",
        "hari": "" if older is None else older,
    }
    told = {
        "programmes": known,
        "programme": chosen,
        "classes": {offer.code: offer.name for offer in chosen.classes} if chosen else {},
        "page": page,
        "employers": employers,
        "filters": filters,
        "start": where.mulai or "",
        "all_standings": _STANDINGS,
        "today": datetime.now(JAKARTA).date().isoformat(),
        "faults": faults,
        "typed": typed or {},
        "came": came,
    }
    return site.render(request, "konfirmasi.html", caller, status=422 if faults else 200, **told)


def _back(where: Where, place: str) -> Response:
    kept = urlencode({name: value for name, value in where._asdict().items() if value})
    return RedirectResponse(f"{_HERE}?{kept}#{place}", status_code=303)


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
