"""What a graduate's own link leads to: the question, and the answer, for as long as the wave is open."""

from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.placement import wave_api
from services.placement.api import TheStore
from services.placement.graduate import Answer, Graduate
from services.placement.store import Store
from services.placement.vacancy_api import today
from services.placement.wave import Link, State, Wave, digest
from shared.contracts.placement import Status
from shared.judging import Text
from shared.problems import Conflict, NotFound

router = APIRouter()

_MOST_CHANGES: Final = 20  # of one graduate's answers by link: each is kept, and told to everybody who hears events


class Asked(BaseModel):
    """In the body: an address gets written into logs."""

    token: str = Field(max_length=100)


class Said(Asked):
    status: Status
    employer: Text = None


@router.post("/links/look")
async def look(asked: Asked, store: TheStore) -> dict[str, Any]:
    """Which wave it is, whether it is open, and what was answered so far; nothing that tells who it is."""
    link, wave = await _of(store, asked.token)
    graduate = await store.graduates.get(link.applicant_id)
    said = next((one for one in graduate.answers if one.wave == wave.months), None) if graduate else None
    answer = None if said is None else said.model_dump(mode="json", include={"status", "employer"})
    return {**_told(link, wave), "answer": answer}


@router.post("/links/answer")
async def answer(said: Said, store: TheStore) -> dict[str, Any]:
    """Keep the answer; another one replaces it until the wave closes.

    Raises Conflict `wave_not_open`, `changed_too_often`: then the office hears it on the phone.
    """
    link, wave = await _of(store, said.token)
    if wave.state(today()) is not State.OPEN or said.status is Status.UNREACHABLE:
        raise Conflict("wave_not_open", "This wave takes no answers now.")
    told = Answer(wave=wave.months, status=said.status, employer=said.employer, started_on=None)

    def check(graduate: Graduate, known: Answer | None, filled: Answer) -> None:
        if known != filled and sum(one.wave == wave.months for one in graduate.superseded) >= _MOST_CHANGES:
            raise Conflict("changed_too_often", "This answer has been changed too often by its link.")

    kept = await wave_api.keep(store, link.programme_code, link.applicant_id, told, check)
    return {**_told(link, wave), "answer": {name: kept[name] for name in ("status", "employer")}}


async def _of(store: Store, token: str) -> tuple[Link, Wave]:
    found = await store.links.find({"digest": digest(token)}, limit=1)
    wave = await store.waves.get(found[0].wave_id) if found else None
    if wave is None:
        raise NotFound("unknown_link", "There is no such link.")
    return found[0], wave


def _told(link: Link, wave: Wave) -> dict[str, Any]:
    dates = wave.dates.model_dump(mode="json") if wave.dates else {}
    return {
        "applicant_id": link.applicant_id,
        "programme_code": link.programme_code,
        "wave": wave.months,
        "state": wave.state(today()),
        **dates,
    }
