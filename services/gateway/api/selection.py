"""Who gets in: trying the selection out, deciding it, its result class by class, and the record of a run."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field

from services.gateway.api.applicants import Reveal, Why
from services.gateway.api.gateway import Gateway, TheGateway
from services.gateway.calling import Caller, Known
from services.gateway.caught_up import caught_up
from services.gateway.listing import fields
from services.gateway.names import names_of
from services.gateway.roles import PREFIX
from services.gateway.services import ROWS_TIMEOUT_S, at
from services.gateway.workbook import PDF_TYPE, as_file
from shared.problems import Forbidden, Invalid

router = APIRouter(prefix=PREFIX, tags=["selection"])

_WAIT_S = 240.0  # for the end of a decision: less than the gateway waits for the service
_AT_ONCE_S = 1.0
_MINUTES = "berita acara seleksi"  # why names are shown, unless the caller says otherwise


Prefer = Annotated[str, Header(description="`respond-async`: do not wait for the end of a decision that takes long.")]


class Decide(BaseModel):
    run_id: str | None = Field(default=None, description="A simulation: decide only if its inputs are still the same.")


@router.get("/programmes/{code}/selection")
async def overview(code: str, gateway: TheGateway, caller: Known) -> Any:
    """How far it is: how many lack scores, the latest runs, the decision, and the classes as they are filled now."""
    return await gateway.services.get("selection", at("/programmes/{code}/selection", code=code), caller)


@router.get("/programmes/{code}/selection/classes/{class_code}")
async def show_class(code: str, class_code: str, gateway: TheGateway, caller: Known) -> Any:
    """Who holds a seat of a class now and who is in reserve, with rank and total, in ranking order."""
    path = at("/programmes/{code}/selection/classes/{class_code}", code=code, class_code=class_code)
    return await gateway.services.get("selection", path, caller)


@router.get(
    "/programmes/{code}/selection/minutes.pdf",
    response_class=Response,
    responses={200: {"content": {PDF_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def print_minutes(
    code: str, request: Request, gateway: TheGateway, caller: Known, reveal: Reveal = None, why: Why = None
) -> Response:
    """The minutes of the decision, to be signed; with `reveal=name` people's names, which is recorded. 409
    `not_decided`.
    """
    asked = fields(reveal)
    if asked and not caller.sees_personal_data:
        raise Forbidden("reveal_not_allowed", f"The role {caller.actor.role} may not see personal data.")
    if set(asked) - {"name"}:
        raise Invalid("unknown_field", "Minutes hold names alone.")
    path = at("/programmes/{code}/selection/minutes", code=code)
    told = await gateway.services.get("selection", path, caller, timeout_s=ROWS_TIMEOUT_S)
    people = [one["applicant_id"] for held in told["classes"] for one in (*held["accepted"], *held["reserves"])]
    names = await names_of(gateway.services, people, why or _MINUTES, caller) if asked else None
    async with gateway.exporting:
        printed = await asyncio.to_thread(_minutes, told, names, request.app.state.settings.office)
    return Response(printed, media_type=PDF_TYPE, headers=as_file(f"berita-acara-{code}.pdf"))


def _minutes(told: dict[str, Any], names: dict[str, str] | None, office: str) -> bytes:
    # not before something is printed: it takes 9 MB
    from services.gateway.minutes import minutes

    return minutes(told, names, office=office)


@router.post("/programmes/{code}/selection/simulate")
async def simulate(code: str, gateway: TheGateway, caller: Known) -> Any:
    """What a decision would bring now, without deciding."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "selection", code, caller)
    path = at("/programmes/{code}/selection/simulate", code=code)
    return await gateway.services.post("selection", path, caller, timeout_s=ROWS_TIMEOUT_S)


@router.post(
    "/programmes/{code}/selection/decide",
    responses={
        202: {"description": "It is being carried out: `{decision}` as in the overview, where `Location` leads."}
    },
)
async def decide(
    code: str,
    response: Response,
    gateway: TheGateway,
    caller: Known,
    body: Decide | None = None,
    prefer: Prefer = "",
) -> Any:
    """Decide. 409 `scores_missing` lists who passed and has no scores; 409 `inputs_changed` after a simulation.

    Of very many people it takes minutes: after four of them, or at once with `Prefer: respond-async`, 202 with how far
    it is. It goes on, and answers whoever asks again, also with another key.
    """
    wait_s = _AT_ONCE_S if "respond-async" in prefer else _WAIT_S
    answer = await decided(code, gateway, caller, body or Decide(), wait_s)
    if is_under_way(answer):
        response.status_code = 202
        response.headers["Location"] = PREFIX + at("/programmes/{code}/selection", code=code)
    return answer


async def decided(code: str, gateway: Gateway, caller: Caller, wanted: Decide, wait_s: float) -> Any:
    """The decision, or how far it is when it takes longer than that."""
    await gateway.programmes.of(code, caller)
    await caught_up(gateway.services, "selection", code, caller)
    path = at("/programmes/{code}/selection/decide", code=code)
    asked = {**wanted.model_dump(exclude_none=True), "wait_s": wait_s}
    return await gateway.services.post("selection", path, caller, asked, timeout_s=ROWS_TIMEOUT_S)


def is_under_way(answer: dict[str, Any]) -> bool:
    """Whether what is answered is how far a decision is, not the run."""
    return "run_id" not in answer


@router.get("/programmes/{code}/selection/runs/{run_id}")
async def show_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """A run with its inputs and its outcome, for anyone who wants to replay it."""
    path = at("/programmes/{code}/selection/runs/{run_id}", code=code, run_id=run_id)
    return await gateway.services.get("selection", path, caller)


@router.get("/programmes/{code}/selection/runs/{run_id}/replay")
async def replay_run(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """Allocate anew from what the run recorded: `replays`, and the `differences` from what was decided."""
    path = at("/programmes/{code}/selection/runs/{run_id}/replay", code=code, run_id=run_id)
    return await gateway.services.get("selection", path, caller)


@router.get("/programmes/{code}/selection/runs/{run_id}/classes")
async def run_classes(code: str, run_id: str, gateway: TheGateway, caller: Known) -> Any:
    """A run with its result per class."""
    path = at("/programmes/{code}/selection/runs/{run_id}/classes", code=code, run_id=run_id)
    return await gateway.services.get("selection", path, caller)


@router.get("/programmes/{code}/selection/runs/{run_id}/classes/{class_code}")
async def run_class(code: str, run_id: str, class_code: str, gateway: TheGateway, caller: Known) -> Any:
    """Whom a run puts into one class, and who is in reserve for it, in ranking order."""
    names = {"code": code, "run_id": run_id, "class_code": class_code}
    path = at("/programmes/{code}/selection/runs/{run_id}/classes/{class_code}", **names)
    return await gateway.services.get("selection", path, caller)


@router.get("/programmes/{code}/selection/runs/{run_id}/compare/{other_id}")
async def compare(code: str, run_id: str, other_id: str, gateway: TheGateway, caller: Known) -> Any:
    """Two runs side by side: the classes of each, and everybody whom they place differently."""
    names = {"code": code, "run_id": run_id, "other_id": other_id}
    path = at("/programmes/{code}/selection/runs/{run_id}/compare/{other_id}", **names)
    return await gateway.services.get("selection", path, caller)
