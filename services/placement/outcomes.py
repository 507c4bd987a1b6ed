"""What became of the graduates of a programme, as of the latest wave or of one: counts with their denominator."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

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


def outcomes(graduates: Iterable[Traced], months: int | None = None) -> Outcomes:
    """As of the wave so many months after the training; as of each one's latest when none is named."""
    everybody = list(graduates)
    answered = [(one, said) for one in everybody if (said := one.answer(months))]
    counted = Counter(said.status for _, said in answered)
    placed = [(one, held) for one, said in answered if (held := placement([said]))]
    heard = Counter(known.says for one, held in placed if (known := said_last(held, one.confirmations)))
    return Outcomes(
        graduates=len(everybody),
        traced=counted.total() - counted[Status.UNREACHABLE],
        statuses={status: counted[status] for status in Status},
        named=len(placed),
        employer_says={says: heard[says] for says in EmployerSays},
    )


def per_class(graduates: Sequence[Traced], months: int | None = None) -> dict[str, Outcomes]:
    """By class code, in their order."""
    codes = sorted({one.class_code for one in graduates if one.class_code})
    return {code: outcomes([one for one in graduates if one.class_code == code], months) for code in codes}


def told(found: Outcomes) -> dict[str, Any]:
    return {**found.model_dump(mode="json"), "working": found.working}
