"""The funnel of a programme: how many people stand at each step, in all and per class."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from services.gateway import stages
from services.gateway.readmodel import Applicant
from services.gateway.stages import ASSESSED, MATCHED, PLACED_AS, REACHED, Awaits, Stage
from shared.contracts.placement import Status

PER_CLASS = (Stage.ACCEPTED, Stage.COMPLETED, Stage.COMPETENT, Stage.CERTIFIED)


class ClassCounts(BaseModel):
    """Of those accepted into one class."""

    accepted: int = 0
    completed: int = 0
    competent: int = 0
    certified: int = 0


class Funnel(BaseModel):
    """People per step. The steps from registered to certified are cumulative; the others say where people are now.

    `placed` counts completed people by what became of them as of the latest wave; reached + not_reached = completed.
    `awaits` counts people for whom somebody has to do something.
    """

    registered: int = 0
    refused: int = 0
    passed: int = 0
    scored: int = 0
    accepted: int = 0
    reserve: int = 0
    rejected: int = 0
    withdrawn: int = 0
    completed: int = 0
    assessed: int = 0
    competent: int = 0
    certified: int = 0
    matched: int = 0
    placed: dict[Status, int] = dict.fromkeys(Status, 0)
    reached: int = 0
    not_reached: int = 0
    awaits: dict[Awaits, int] = dict.fromkeys(Awaits, 0)
    per_class: dict[str, ClassCounts] = {}


def tally(applicant: Applicant) -> str:
    """How somebody is counted: the counts that include them and, behind the bar, their class. Few are different."""
    class_code = applicant.decision.class_code if applicant.decision else None
    return f"{' '.join(stages.counted_in(applicant))}|{class_code or ''}"


def pipeline(programme_code: str, block: int) -> list[dict[str, Any]]:
    """The aggregation over a block of applicants whose rows `assemble` takes; an index holds all it needs."""
    return [
        {"$match": {"programme_code": programme_code, "block": block, "tally": {"$gt": ""}}},
        {"$group": {"_id": "$tally", "people": {"$sum": 1}}},
    ]


def assemble(rows: Iterable[Mapping[str, Any]]) -> Funnel:
    """The funnel from rows `{_id: tally, people}`."""
    counts: Counter[str] = Counter()
    per_class: dict[str, Counter[str]] = {}
    for row in rows:
        counted_in, _, class_code = row["_id"].partition("|")
        for count in counted_in.split():
            counts[count] += row["people"]
            if class_code and count in PER_CLASS:
                per_class.setdefault(class_code, Counter())[count] += row["people"]
    placed = {status: counts[PLACED_AS + status.value] for status in Status}
    reached, completed = counts[REACHED], counts[Stage.COMPLETED]
    single = [*Stage, ASSESSED, MATCHED]
    return Funnel.model_validate(
        {name: counts[name] for name in single if name in Funnel.model_fields and name != "placed"}
        | {"placed": placed, "reached": reached, "not_reached": completed - reached, "per_class": per_class}
        | {"awaits": {one: counts[one] for one in Awaits}}
    )
