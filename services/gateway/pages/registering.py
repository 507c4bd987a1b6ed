"""Daftar: registering oneself, one group of questions a page, kept as one goes; it works without a script."""

from typing import Annotated, Any, NamedTuple

import orjson
import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from services.gateway import csrf, public_form
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.api.public import Answers, Application, is_open, judge_answers, open_programmes, register
from services.gateway.calling import PUBLIC
from services.gateway.pages import site
from services.gateway.pages.visitor import CSRF_FIELD, Page
from services.gateway.public_form import CONSENT, GROUPS
from services.gateway.rates import network
from services.gateway.secret import new_secret
from services.gateway.services import Refused
from services.gateway.uploads import form_of
from shared.contracts.registration import Programme
from shared.problems import Conflict, NotFound, TooLarge

public = APIRouter(route_class=Page, include_in_schema=False)

KEPT_S = 3 * 24 * 3600
CHECK, SEND, DROP, RECEIPT = "periksa", "kirim", "hapus", "bukti"
_LONGEST = 400  # characters of an answer; registration takes 300 and says so
_MOST_BYTES = 8 << 10  # of all answers of a form; written out they are one or two thousand
_GONE = 303


class Wrong(NamedTuple):
    """A problem of an answer, and the page that it stands on."""

    group: str
    column: str
    reason: str


@public.get("/daftar")
async def choose(request: Request, gateway: TheGateway) -> Response:
    """The programmes that are open today."""
    found = (await open_programmes(request, gateway)).items
    return site.render(request, "daftar.html", programmes=found)


@public.get("/daftar/{code}")
async def about(
    code: str, request: Request, gateway: TheGateway, hilang: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    """What one needs, and the way in; `hilang` says that a form that was begun is no longer kept."""
    gateway.rates.looks_at_programmes.take(network(request))
    programme = await gateway.programmes.of(code, PUBLIC)
    secret = gateway.cookies.form(request)
    kept = await gateway.drafts.kept(secret, code) if secret else None
    now = is_open(programme.registration)
    told: dict[str, Any] = {"programme": programme, "open": now, "kept": kept, "gone": bool(hilang)}
    return site.render(request, "daftar_mulai.html", form_token=csrf.token(secret) if secret else "", **told)


@public.post("/daftar/{code}")
async def begin(code: str, request: Request, gateway: TheGateway) -> Response:
    """Go on with what was begun, or begin; whoever has sent one begins another, for somebody else."""
    csrf.check_origin(request)
    gateway.rates.pages_of_forms.take(network(request))
    await gateway.programmes.of(code, PUBLIC)
    secret = gateway.cookies.form(request) or new_secret()
    kept = await gateway.drafts.kept(secret, code)
    if kept is not None and "answers" not in kept:  # it was sent; the next one at this browser has a key of their own
        await gateway.drafts.forget(secret, code)
        secret, kept = new_secret(), None
    if kept is None:
        kept = await _blank(request, gateway)
        await gateway.drafts.keep(secret, code, kept)
    response = _to(code, public_form.next_group(kept["done"]) or CHECK)
    gateway.cookies.keep_form(response, secret, KEPT_S)
    return response


@public.get("/daftar/{code}/{langkah}")
async def show(code: str, langkah: str, request: Request, gateway: TheGateway) -> Response:
    """A page of the form, the answers to check, or the receipt."""
    programme = await gateway.programmes.of(code, PUBLIC)
    secret = gateway.cookies.form(request)
    kept = await gateway.drafts.kept(secret, code) if secret else None
    if secret is None or kept is None:
        return RedirectResponse(f"/daftar/{code}?hilang=1", _GONE)
    if "answers" not in kept:
        return _to(code, RECEIPT) if langkah != RECEIPT else _receipt(request, gateway, programme, kept)
    if langkah == CHECK:
        if (missing := public_form.next_group(kept["done"])) is not None:
            return _to(code, missing)
        return await _to_check(request, gateway, programme, secret, kept)
    if langkah not in GROUPS:
        raise NotFound("not_found", "There is no such page.")
    return _page(request, programme, langkah, secret, kept["answers"], [])


@public.post("/daftar/{code}/{langkah}")
async def answer(code: str, langkah: str, request: Request, gateway: TheGateway) -> Response:
    """Keep the answers of a page, whatever is wrong with them, and go on; or send, or drop, everything."""
    programme = await gateway.programmes.of(code, PUBLIC)
    form = await form_of(request)
    secret = gateway.cookies.form(request)
    if secret is None:
        csrf.check_origin(request)
        return RedirectResponse(f"/daftar/{code}?hilang=1", _GONE)
    csrf.check(request, secret, str(form.get(CSRF_FIELD, "")))
    if langkah == DROP:
        await gateway.drafts.forget(secret, code)
        return RedirectResponse("/daftar", _GONE)
    kept = await gateway.drafts.kept(secret, code)
    if kept is not None and "answers" not in kept:
        return _to(code, RECEIPT)
    if langkah == SEND:
        return await _send(request, gateway, programme, secret, kept)
    if langkah not in GROUPS:
        raise NotFound("not_found", "There is no such page.")
    kept = kept or await _blank(request, gateway)  # its time was over: what is on this page at least is not lost
    asked = public_form.questions(langkah, programme)
    kept["answers"] |= {one.column: str(form.get(one.column, ""))[:_LONGEST].strip() for one in asked}
    if len(orjson.dumps(kept["answers"])) > _MOST_BYTES:
        raise TooLarge("answers_too_long", "The answers together are longer than anybody's are.")
    kept["done"] = [one for one in kept["done"] if one != langkah]
    await gateway.drafts.keep(secret, code, kept)  # before it is judged: registration may be away
    wrong = await _wrong_on(request, gateway, programme, langkah, kept["answers"])
    if wrong:
        return _page(request, programme, langkah, secret, kept["answers"], wrong)
    kept["done"].append(langkah)
    await gateway.drafts.keep(secret, code, kept)
    response = _to(code, public_form.next_group(kept["done"]) or CHECK)
    gateway.cookies.keep_form(response, secret, KEPT_S)
    return response


async def _send(
    request: Request, gateway: Gateway, programme: Programme, secret: str, kept: dict[str, Any] | None
) -> Response:
    """However often it is sent, one registration: the draft has the key of the request, and then is a receipt."""
    code = programme.code
    if kept is None or (missing := public_form.next_group(kept["done"])) is not None:
        return RedirectResponse(f"/daftar/{code}?hilang=1", _GONE) if kept is None else _to(code, missing or CHECK)
    if kept["answers"].get("consent") != CONSENT:
        return _to(code, GROUPS[-1])
    application = Application(cells=_cells(programme, kept["answers"]), consent=CONSENT)
    try:
        receipt = await register(code, application, request, gateway, kept["key"])
    except Refused as refused:
        if refused.code not in ("unusable", "closed", "not_open"):
            raise
        return await _to_check(request, gateway, programme, secret, kept, refused.code)
    except Conflict:
        done: dict[str, Any] = {"receipt": None}
    else:
        chosen = [kept["answers"].get(f"choice_{n + 1}") for n in range(public_form.MOST_CHOICES)]
        done = {"receipt": receipt.model_dump(mode="json"), "choices": [one for one in chosen if one]}
    await gateway.drafts.keep(secret, code, done, final=True)
    return _to(code, RECEIPT)


async def _to_check(
    request: Request, gateway: Gateway, programme: Programme, secret: str, kept: dict[str, Any], refused: str = ""
) -> Response:
    judged = await judge_answers(programme.code, Answers(cells=_cells(programme, kept["answers"])), request, gateway)
    told = {
        "programme": programme,
        "groups": [(group, public_form.questions(group, programme)) for group in GROUPS],
        "answers": kept["answers"],
        "wrong": [_wrong(programme, one.column or "", one.reason) for one in judged.problems],
        "odd": [_wrong(programme, one.column or "", one.reason) for one in judged.warnings],
        "refused": refused if refused != "unusable" else "",
        "form_token": csrf.token(secret),
    }
    return site.render(request, "daftar_periksa.html", status=422 if told["wrong"] or refused else 200, **told)


async def _wrong_on(
    request: Request, gateway: Gateway, programme: Programme, group: str, answers: dict[str, str]
) -> list[Wrong]:
    """What registration finds wrong with the answers of one page, in the order of its questions."""
    judged = await judge_answers(programme.code, Answers(cells=_cells(programme, answers)), request, gateway)
    reasons = {one.column: one.reason for one in reversed(judged.problems)}
    if answers.get("consent") != CONSENT:
        reasons["consent"] = "consent_missing"
    asked = public_form.questions(group, programme)
    return [Wrong(group, one.column, reasons[one.column]) for one in asked if one.column in reasons]


def _page(
    request: Request, programme: Programme, group: str, secret: str, answers: dict[str, str], wrong: list[Wrong]
) -> Response:
    told: dict[str, Any] = {
        "programme": programme,
        "group": group,
        "step": GROUPS.index(group),
        "groups": GROUPS,
        "questions": public_form.questions(group, programme),
        "answers": answers,
        "wrong": {one.column: one.reason for one in wrong},
        "consent": CONSENT,
        "form_token": csrf.token(secret),
    }
    return site.render(request, "daftar_isi.html", status=422 if wrong else 200, **told)


def _receipt(request: Request, gateway: Gateway, programme: Programme, kept: dict[str, Any]) -> Response:
    """The number, and a code that leads to how far the registration is; or that nothing new was made."""
    receipt, where = kept["receipt"], f"{gateway.public_url}/status"
    if receipt is None:
        return site.render(request, "daftar_diterima.html", programme=programme)
    code = segno.make(f"{where}?nomor={receipt['registration_no']}", error="m", micro=False)
    chosen = [offer for one in kept["choices"] if (offer := programme.class_of(one))]
    told = {"programme": programme, "receipt": receipt, "chosen": chosen, "where": where}
    return site.render(request, "daftar_bukti.html", picture=code.svg_data_uri(scale=4, border=4), **told)


def _wrong(programme: Programme, column: str, reason: str) -> Wrong:
    group = next(
        (one for one in GROUPS if column in {asked.column for asked in public_form.questions(one, programme)}),
        GROUPS[0],
    )
    return Wrong(group, column, reason)


def _cells(programme: Programme, answers: dict[str, str]) -> dict[str, Any]:
    """The answers as registration takes them."""
    asked = public_form.columns(programme) - {"consent"}
    cells = {column: said for column, said in answers.items() if column in asked and said}
    # who can choose one class alone has nowhere to move
    return cells if "willing_to_move" in asked else cells | {"willing_to_move": "tidak"}


async def _blank(request: Request, gateway: Gateway) -> dict[str, Any]:
    """Another form; raises TooMany or Away, for whoever makes up cookies makes another one with each."""
    gateway.rates.forms_begun.take(network(request))
    await gateway.drafts.refuse_when_full()
    return {"key": new_secret(), "answers": {}, "done": []}


def _to(code: str, langkah: str) -> Response:
    return RedirectResponse(f"/daftar/{code}/{langkah}", _GONE)
