"""The rules of employers' confirmations: of which placement one speaks, and what it may say."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from services.placement.confirmation import Channel, Confirmation, Said
from services.placement.graduate import Answer, Graduate
from shared.cells import JAKARTA, word
from shared.contracts import Event
from shared.contracts.placement import EmployerSays, PlacementRecorded, Source, Status
from shared.ledger import Signature
from shared.problems import Conflict, Invalid

_MOST_CHANGES: Final = 20  # of what an employer says of one graduate by link: each is kept, and told to whoever listens
_DEEDS: Final = {
    EmployerSays.CONFIRMED: "placement_confirmed",
    EmployerSays.DENIED: "placement_denied",
    EmployerSays.LEFT: "placement_ended",
}


def placement(answers: Iterable[Answer]) -> Answer | None:
    """The latest answer when it names an employer, who alone can confirm it."""
    latest = max(answers, key=lambda one: one.wave, default=None)
    return latest if latest is not None and _named(latest) else None


def said_last(answer: Answer, confirmations: Sequence[Confirmation]) -> Confirmation | None:
    """What the employer of this answer said last; another one's words, of a job before, do not count."""
    if not _named(answer):
        return None
    return next((one for one in reversed(confirmations) if at(answer, one.employer)), None)


def at(answer: Answer, employer: str) -> bool:
    """Whether the answer is about this employer, however it is written."""
    return word(answer.employer) == word(employer)


def recorded(graduate: Graduate, answer: Answer, source: Source) -> PlacementRecorded:
    """What is told of an answer, with what the employer said of it."""
    said = said_last(answer, graduate.confirmations)
    return PlacementRecorded(
        applicant_id=graduate.id,
        programme_code=graduate.programme_code,
        source=source,
        employer_says=None if said is None else said.says,
        **answer.model_dump(),
    )


def confirm(graduate: Graduate, employer: str, said: Said, signed: Signature) -> list[Event] | None:
    """Keep what `employer` says of this graduate; None when it said so last.

    Raises Conflict `placement_changed` when the graduate is not reported there (any more), `changed_too_often` by link;
    Invalid `left_on_missing`, `before_start`, `in_future`.
    """
    held = placement(graduate.answers)
    if held is None or not at(held, employer):
        raise Conflict("placement_changed", "This graduate is not reported to work there.")
    _check_days(held, said, signed)
    known = said_last(held, graduate.confirmations)
    if known is not None and known.repeats(said):
        return None
    if said.channel is Channel.LINK and _by_link(graduate, held) >= _MOST_CHANGES:
        raise Conflict("changed_too_often", "This has been changed too often by its link.")
    kept = Confirmation(employer=held.employer or "", by=signed.by, at=signed.at, **said.model_dump())
    graduate.confirmations = [*graduate.confirmations, kept]
    # who at the employer said it is somebody's name: the ledger could never forget it
    told = kept.model_dump(mode="json", include={"employer", "channel", "said_on", "left_on"}, exclude_none=True)
    replaced = {} if known is None else {"before": known.says.value}
    graduate.write(signed, _DEEDS[said.says], None, **told, **replaced)
    return [recorded(graduate, held, Source.EMPLOYER)]


def check_seen(graduate: Graduate, seen: datetime | None, said: Said) -> None:
    """Nobody overrules unseen what was noted meanwhile: raises Conflict `confirmed_meanwhile`, with that."""
    held = placement(graduate.answers)
    known = None if held is None else said_last(held, graduate.confirmations)
    if known is not None and known.at != seen and not known.repeats(said):
        told = known.model_dump(mode="json")
        raise Conflict("confirmed_meanwhile", "The employer has been heard meanwhile.", confirmation=told)


def _check_days(held: Answer, said: Said, signed: Signature) -> None:
    today = _day(signed.at)
    if said.says is EmployerSays.LEFT and said.left_on is None:
        raise Invalid("left_on_missing", "Since when somebody no longer works there has to be said.")
    if said.says is not EmployerSays.LEFT and said.left_on is not None:
        raise Invalid("left_on_unexpected", "Only of somebody who has left is it known since when.")
    if said.left_on is not None and held.started_on is not None and said.left_on < held.started_on:
        raise Invalid("before_start", "Nobody leaves before they have begun.")
    if max(said.said_on, said.left_on or said.said_on) > today:
        raise Invalid("in_future", "That day has not come.")


def _by_link(graduate: Graduate, held: Answer) -> int:
    return sum(one.channel is Channel.LINK and at(held, one.employer) for one in graduate.confirmations)


def _named(answer: Answer) -> bool:
    return answer.status is Status.EMPLOYED and bool(word(answer.employer))


def _day(moment: datetime) -> date:
    return moment.astimezone(JAKARTA).date()
