"""Compares a programme's applicants by other rules, while others work on: it reads, and writes nothing."""

from typing import Any

from services.selection.programme import OpenProgramme
from services.selection.store import Store
from services.selection.would_change import Comparison
from shared.breath import Breath
from shared.contracts.registration import Programme


async def compare(store: Store, programme: OpenProgramme, wanted: Programme) -> dict[str, Any]:
    """Who would be screened or rated otherwise if `wanted` was the definition. Raises StorageAway.

    Nobody, once the selection is decided: from then on no other rule changes anybody's outcome. Ages are those at the
    training's start as it is.
    """
    comparison, breath = Comparison(held=programme.rules, wanted=wanted), Breath()
    if not programme.decided:
        async for chunk in store.screened_in(programme.id):
            asked = [one.person_id for one in chunk] if wanted.eligibility.never_trained else []
            people = await store.persons.get_many(asked) if asked else {}
            for applicant in chunk:
                person = people.get(applicant.person_id)
                comparison.take(applicant, person.trained_in(applicant.id) if person else ())
                await breath.take()
    return {"rule_version": programme.revision, "decided": programme.decided, **comparison.told()}
