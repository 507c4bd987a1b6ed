"""Commands and queries over HTTP about people who are registered; every answer with a name in it is put on record."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.registration import nik
from services.registration.admission import number_in
from services.registration.api import Kept
from services.registration.applicant import Applicant, naming_none_of, no_such_applicant
from services.registration.cleaning import COLUMNS, Unusable
from services.registration.discretion import naming_nobody, without_name
from services.registration.intake import unusable_answers
from services.registration.people import ERASED, initials, masked_name, masked_nik
from services.registration.store import Store
from services.registration.vault import Vault
from shared.cells import JAKARTA, BadCell, Cell, text
from shared.contracts import Event
from shared.contracts.registration import Facts
from shared.ledger import signature
from shared.problems import Conflict, Invalid
from shared.storage import Taken

router = APIRouter()

Reason = Annotated[str, Field(max_length=500, pattern=r"\S")]
Revealable = Literal["nik", "name", "phone", "email", "address", "birth_date", "kpj"]


class Niks(BaseModel):
    """`texts` are free texts about each person, in the same order; they come back without the person's name."""

    niks: list[Cell]
    texts: list[list[str]] = Field(default_factory=list)


class Said(BaseModel):
    reason: Reason


class SaidOfMany(BaseModel):
    applicant_ids: list[str] = Field(max_length=1_000)
    reason: Reason


class Written(BaseModel):
    text: str = Field(max_length=500)


class Wanted(BaseModel):
    """What is known of somebody who is looked for; what is given must all fit. `reason` says why, for the record."""

    name: str | None = Field(default=None, max_length=200)
    nik: Cell = None
    registration_no: str | None = Field(default=None, max_length=100)
    reason: Reason | None = None

    @property
    def personal(self) -> list[str]:
        """The kinds of personal data in it."""
        kinds = (("name", (self.name or "").strip()), ("nik", text(self.nik)))
        return [kind for kind, said in kinds if said]


class RevealRequest(BaseModel):
    applicant_ids: list[str] = Field(max_length=1_000)
    fields: list[Revealable]
    reason: Reason | None = None


class Correction(BaseModel):
    """`expected_version` is the `version` of the applicant that whoever corrects has seen."""

    cells: dict[str, Cell]
    reason: Reason
    expected_version: int | None = None


class Withdrawal(BaseModel):
    reason: Reason
    withdrawn_on: date | None = None


@router.post("/programmes/{code}/resolve")
async def resolve(store: Kept, code: str, asked: Niks) -> dict[str, list[dict[str, Any]]]:
    """Whom the NIKs of a sheet name in a programme, in the order asked; on record before it is answered."""
    await store.programme(code)
    people: list[dict[str, Any]] = []
    person_ids: list[str] = []
    for cell in asked.niks:
        try:
            person_ids.append(store.vault.person_id(nik.clean(cell)))
        except BadCell as bad:
            person_ids.append("")
            people.append({"reason": bad.reason})
        else:
            people.append({"reason": "not_registered"})
    standing = await store.standing(code, (person_id for person_id in person_ids if person_id))
    for place, person_id in enumerate(person_ids):
        if person_id in standing:
            people[place] = {"applicant_id": standing[person_id].applicant_id}
    await store.reveals.record_sheet([one.applicant_id for one in standing.values()], signature())
    written = {place: texts for place, texts in enumerate(asked.texts[: len(people)]) if texts}
    about = await store.applicants.get_many(
        {people[place]["applicant_id"] for place in written if "applicant_id" in people[place]}
    )
    for place, texts in written.items():
        applicant = about.get(people[place].get("applicant_id", ""))
        name = applicant.revealed(store.vault, ["name"]).get("name", "") if applicant else ""
        people[place]["texts"] = [without_name(one, name) for one in texts]
    return {"people": people}


@router.post("/applicants/{applicant_id}/discretion")
async def hide(store: Kept, applicant_id: str, said: Said) -> dict[str, str]:
    """A reason as other services may keep it: without what names or identifies the applicant."""
    applicant = await store.applicants.get(applicant_id)
    known = [applicant.person(store.vault)] if applicant and applicant.erased_at is None else []
    return {"reason": naming_nobody(said.reason, *known)}


@router.post("/people/discretion")
async def hide_all(store: Kept, said: SaidOfMany) -> dict[str, str]:
    """One reason about several applicants, without what names or identifies any of them."""
    about = (await store.applicants.get_many(said.applicant_ids)).values()
    return {"reason": naming_none_of(about, store.vault, said.reason)}


@router.post("/applicants/{applicant_id}/unnamed")
async def unname(store: Kept, applicant_id: str, written: Written) -> dict[str, str]:
    """A cell about the applicant without their whole name, as those of a sheet come back from `resolve`."""
    applicant = await store.applicants.get(applicant_id)
    name = applicant.revealed(store.vault, ["name"]).get("name", "") if applicant and not applicant.erased_at else ""
    return {"text": without_name(written.text, name)}


@router.post("/programmes/{code}/search")
async def search(store: Kept, code: str, wanted: Wanted) -> dict[str, list[str]]:
    """Applicants by words of their name or the beginnings of these, by NIK or by registration number.

    A search by name or NIK is on record before it is answered: whom it found and by what kind of thing, not by which
    one. So is one that finds nobody, since that tells something too.
    """
    await store.programme(code)
    where = _where(store.vault, code, wanted)
    found = [] if where is None else await store.search(where)
    if wanted.personal:
        reason = await _reason(store, wanted.reason, found)
        await store.reveals.record_search(found, wanted.personal, reason, signature())
    return {"applicant_ids": found}


@router.post("/people/reveal")
async def reveal(store: Kept, request: RevealRequest) -> dict[str, Any]:
    """Personal fields in clear; who was shown them, and why, is on record before they leave."""
    found = (await store.applicants.get_many(request.applicant_ids)).values()
    held = [applicant for applicant in found if applicant.erased_at is None]
    people = {applicant.id: applicant.revealed(store.vault, request.fields) for applicant in held}
    if people:
        reason = request.reason and naming_none_of(held, store.vault, request.reason)
        await store.reveals.record(people, request.fields, reason, signature())
    return {"people": people, "erased": [applicant.id for applicant in found if applicant.erased_at is not None]}


@router.get("/applicants/{applicant_id}")
async def show_applicant(store: Kept, applicant_id: str) -> dict[str, Any]:
    """Everything known about a registration, with the name and NIK masked."""
    applicant = await store.applicants.get(applicant_id)
    if applicant is None:
        raise no_such_applicant()
    reveals = await store.reveals.of(applicant_id)
    return {
        "applicant_id": applicant.id,
        "registration_no": applicant.registration_no,
        "programme_code": applicant.programme_code,
        "version": applicant.record_version,
        "person_id": applicant.person_id,
        "registered_at": applicant.registered_at,
        "withdrawn_on": applicant.withdrawn_on,
        "erased_at": applicant.erased_at,
        **_masked(applicant, store.vault),
        "facts": applicant.stated.model_dump(mode="json"),
        "warnings": applicant.warnings,
        "ledger": applicant.ledger,
        "reveals": [one.told() for one in reveals],
    }


@router.post("/applicants/{applicant_id}/corrections")
async def correct(store: Kept, applicant_id: str, correction: Correction) -> Facts:
    """Correct what somebody stated; a corrected NIK gives the mistyped one back to whoever it belongs to.

    409 `changed_meanwhile`, with the `changes` since the expected version, unless nothing is left to correct.
    """
    unknown = [column for column in correction.cells if column not in COLUMNS]
    if unknown:
        errors = [{"column": column, "reason": "unknown_column", "value": None} for column in unknown]
        raise Invalid("unusable", "There is no such answer to correct.", errors=errors)
    applicant = await store.applicants.get(applicant_id)
    if applicant is None:
        raise no_such_applicant()
    programme = await store.programme(applicant.programme_code)
    signed = signature()

    def decide(current: Applicant) -> list[Event] | None:
        seen, now = correction.expected_version, current.record_version
        changes = current.ledger[seen:] if seen is not None else []
        events = current.correct(store.vault, programme, correction.cells, correction.reason, signed)
        if events is not None and seen is not None and seen != now:
            detail = "Somebody else has changed this applicant meanwhile: look at what changed, then correct again."
            told = [one.model_dump(mode="json") for one in changes]
            raise Conflict("changed_meanwhile", detail, version=now, changes=told)
        return events

    try:
        return (await store.applicants.change(applicant_id, decide)).stated
    except Unusable as unusable:
        raise unusable_answers(unusable) from None
    except Taken:
        raise Conflict("duplicate", "The person with the corrected NIK is registered in this programme.") from None


@router.post("/applicants/{applicant_id}/withdrawal")
async def withdraw(store: Kept, applicant_id: str, withdrawal: Withdrawal) -> dict[str, Any]:
    """Withdraw; once withdrawn, it stays as it was first recorded."""
    signed = signature()
    on = withdrawal.withdrawn_on or datetime.now(JAKARTA).date()

    def decide(applicant: Applicant) -> list[Event] | None:
        return applicant.withdraw(store.vault, withdrawal.reason, on, signed)

    applicant = await store.applicants.change(applicant_id, decide)
    return {"applicant_id": applicant.id, "withdrawn_on": applicant.withdrawn_on}


def _where(vault: Vault, code: str, wanted: Wanted) -> dict[str, Any] | None:
    """The query for what is wanted; None when nobody can be what is said. Raises Invalid when nothing is."""
    where: dict[str, Any] = {"programme_code": code}
    if "name" in wanted.personal:
        where["name_tokens"] = {"$all": vault.search_tokens(wanted.name or "")}
    if "nik" in wanted.personal:
        try:
            where["person_id"] = vault.person_id(nik.clean(wanted.nik))
        except BadCell:
            return None
    if wanted.registration_no and wanted.registration_no.strip():
        where["number"] = number_in(wanted.registration_no.strip(), code)
        if where["number"] is None:
            return None
    if len(where) == 1:
        raise Invalid("nothing_wanted", "Say whom to look for: a name, a NIK or a registration number.")
    return where


async def _reason(store: Store, reason: str | None, found: list[str]) -> str | None:
    """The reason of a search as it is kept: it names nobody whom it found, and is left out when there is nobody."""
    if reason is None or not found:
        return None
    return naming_none_of((await store.applicants.get_many(found)).values(), store.vault, reason)


def _masked(applicant: Applicant, vault: Vault) -> dict[str, str]:
    if applicant.erased_at is not None:
        return dict.fromkeys(("name", "nik", "initials"), ERASED)
    person = applicant.person(vault)
    return {"name": masked_name(person.name), "nik": masked_nik(person.nik), "initials": initials(person.name)}
