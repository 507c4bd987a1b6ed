"""What became of the graduates of a programme, as of the latest wave or of one: counts with their denominator."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from services.placement.confirmation import Confirmation
from services.placement.confirming import placement, said_last
from services.placement.graduate import Answer
from shared.contracts.placement import EmployerSays, Status


class Outcomes(BaseModel):
    """Of so many `graduates` (who completed the training), how many are known to be what; the others have said nothing.

    `traced` are those whose status is another than unreachable; `named` are the employed whose employer is known, and
    `employer_says` what these employers said last.
    """

    graduates: int = 0
    traced: int = 0
    statuses: dict[Status, int] = Field(default_factory=lambda: dict.fromkeys(Status, 0))
    named: int = 0
    employer_says: dict[EmployerSays, int] = Field(default_factory=lambda: dict.fromkeys(EmployerSays, 0))

    @property
    def working(self) -> int:
        return self.statuses[Status.EMPLOYED] + self.statuses[Status.SELF_EMPLOYED]


class Traced(BaseModel):
    """A graduate as the tracer study sees them."""

    applicant_id: str = Field(alias="_id")
    class_code: str | None = None
    answers: list[Answer] = Field(default_factory=list)
    confirmations: list[Confirmation] = Field(default_factory=list)

    def answer(self, months: int | None) -> Answer | None:
        """What they said in that wave, or in their latest one."""
        said = [one for one in self.answers if months in (None, one.wave)]
        return max(said, key=lambda one: one.wave, default=None)


class Alike(NamedTuple):
    """So many graduates who count as this one does: of the same class, with the same answers, of whom their employers
    say the same.
    """

    one: Traced
    number: int = 1


def outcomes(graduates: Iterable[Alike], months: int | None = None) -> Outcomes:
    """As of the wave so many months after the training; as of each one's latest when none is named."""
    counted: Counter[Status] = Counter()
    heard: Counter[EmployerSays] = Counter()
    everybody = named = 0
    for one, number in graduates:
        everybody += number
        said = one.answer(months)
        if said is None:
            continue
        counted[said.status] += number
        if held := placement([said]):
            named += number
            if known := said_last(held, one.confirmations):
                heard[known.says] += number
    return Outcomes(
        graduates=everybody,
        traced=counted.total() - counted[Status.UNREACHABLE],
        statuses={status: counted[status] for status in Status},
        named=named,
        employer_says={says: heard[says] for says in EmployerSays},
    )


def per_class(graduates: Iterable[Alike], months: int | None = None) -> dict[str, Outcomes]:
    """By class code, in their order."""
    of_class: dict[str, list[Alike]] = defaultdict(list)
    for group in graduates:
        if group.one.class_code:
            of_class[group.one.class_code].append(group)
    return {code: outcomes(of_class[code], months) for code in sorted(of_class)}


def told(found: Outcomes) -> dict[str, Any]:
    return {**found.model_dump(mode="json"), "working": found.working}
