"""What printed things call people: their numbers always, their names for whoever may see them and says why."""

from collections.abc import Sequence

from services.gateway.calling import Caller
from services.gateway.services import Services
from services.gateway.store import Store
from shared.problems import Forbidden

_AT_ONCE = 200  # people whom registration shows in one call


async def numbers_of(store: Store, applicant_ids: Sequence[str]) -> dict[str, str]:
    """Registration numbers by applicant; one whose registration has not arrived yet goes by the id."""
    found = await store.applicants.get_many(applicant_ids)
    return {one: (found[one].registration_no if one in found else None) or one for one in applicant_ids}


async def names_of(services: Services, applicant_ids: Sequence[str], why: str | None, caller: Caller) -> dict[str, str]:
    """Names by applicant, put on record with the reason before they are told; whoever is erased has none.

    Raises Forbidden for a role that may not see them.
    """
    people = await revealed(services, applicant_ids, ["name"], why, caller)
    return {one: str(shown["name"]) for one, shown in people.items() if shown.get("name")}


async def revealed(
    services: Services, applicant_ids: Sequence[str], fields: Sequence[str], why: str | None, caller: Caller
) -> dict[str, dict[str, str]]:
    """Personal fields by applicant, put on record with the reason before they are told, without whoever is erased.

    Raises Forbidden for a role that may not see them.
    """
    if not caller.sees_personal_data:
        raise Forbidden("reveal_not_allowed", f"The role {caller.actor.role} may not see personal data.")
    return await put_on_record(services, applicant_ids, fields, why, caller)


async def put_on_record(
    services: Services, applicant_ids: Sequence[str], fields: Sequence[str], why: str | None, caller: Caller
) -> dict[str, dict[str, str]]:
    """As `revealed`, for whom registration alone decides whether they may see them."""
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(applicant_ids), _AT_ONCE):
        some = list(applicant_ids[start : start + _AT_ONCE])
        body = {"applicant_ids": some, "fields": list(fields), "reason": why}
        found |= (await services.post("registration", "/people/reveal", caller, body))["people"]
    return found
