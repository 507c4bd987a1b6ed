"""Queries of a programme's graduates as far as the tracer study goes: each of them, or only how many are alike."""

from typing import Any, Final

from services.placement.graduate import Graduate
from services.placement.outcomes import Alike, Traced
from shared.storage import Documents, IndexModel

_OF_COMPLETED: Final = "completed"
_COMPLETED: Final = {"completed": True}  # a tenth of those who register: nobody else is read
INDEX: Final = IndexModel([("programme_code", 1)], name=_OF_COMPLETED, partialFilterExpression=_COMPLETED)

_ANSWERS: Final = {"$ifNull": ["$answers", []]}
_CONFIRMATIONS: Final = {"$ifNull": ["$confirmations", []]}
_COUNTED: Final[dict[str, Any]] = {
    "class_code": "$class_code",
    "waves": "$answers.wave",
    "statuses": "$answers.status",
    # which employer it is matters only to what an employer has said
    "employers": {
        "$cond": [
            {"$eq": [_CONFIRMATIONS, []]},
            {"$map": {"input": "$answers.employer", "in": {"$gt": ["$$this", ""]}}},
            "$answers.employer",
        ]
    },
    "heard_from": "$confirmations.employer",
    "heard": "$confirmations.says",
}


async def completed(graduates: Documents[Graduate], programme_code: str) -> list[Traced]:
    """All of them, in the order of their ids."""
    shown = {"$project": {"class_code": 1, "answers": 1, "confirmations": 1}}
    found = await graduates.aggregate([_those(programme_code), shown], hint=_OF_COMPLETED)
    return sorted(map(Traced.model_validate, found), key=lambda one: one.applicant_id)


async def alike(graduates: Documents[Graduate], programme_code: str) -> list[Alike]:
    """All of them, those together who differ in nothing that outcomes count."""
    group = {
        "_id": _COUNTED,
        "applicant_id": {"$first": "$_id"},
        "class_code": {"$first": "$class_code"},
        "answers": {"$first": _ANSWERS},
        "confirmations": {"$first": _CONFIRMATIONS},
        "number": {"$sum": 1},
    }
    found = await graduates.aggregate([_those(programme_code), {"$group": group}], hint=_OF_COMPLETED)
    return [Alike(Traced.model_validate({**one, "_id": one["applicant_id"]}), one["number"]) for one in found]


def _those(programme_code: str) -> dict[str, Any]:
    return {"$match": {"programme_code": programme_code, **_COMPLETED}}
