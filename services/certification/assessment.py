"""Whether a trainee is competent: the results of certification bodies, attempt by attempt, unit by unit."""

from collections.abc import Hashable, Mapping
from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator

from services.certification import enrolment
from services.certification.trainee import Attempt, Trainee
from shared.cells import Cell, day, word
from shared.contracts.certification import AssessmentRecorded, Result, Unit
from shared.contracts.registration import ClassOffer, Programme
from shared.judging import Change, RowRefused, Text, per_person, read, refused
from shared.ledger import Signature
from shared.rows import Problem, Row

UNIT: Final = "unit:"  # what the columns of units begin with; the rest is their heading in the sheet
_COMPETENT: Final = {"k": True, "kompeten": True, "bk": False, "belum kompeten": False}


class AssessmentRow(BaseModel):
    scheme: Text
    assessed_on: Annotated[date, BeforeValidator(day)]
    recommendation: Text
    assessor: Text


def units_of(cells: Mapping[str, Cell]) -> list[Unit]:
    """The units of a row, in the order of its columns, each K(ompeten) or BK (belum kompeten).

    Raises RowRefused: "missing" or "not_k_or_bk" for each unit that is neither, "no_units" when there is none.
    """
    columns = [column for column in cells if column.startswith(UNIT)]
    if not columns:
        raise refused("no_units")
    unusable = [column for column in columns if word(cells[column]) not in _COMPETENT]
    if unusable:
        raise RowRefused(
            *(
                Problem(column=column, reason="not_k_or_bk" if word(value) else "missing", value=value)
                for column in unusable
                for value in [cells[column]]
            )
        )
    return [Unit(code=column.removeprefix(UNIT), competent=_COMPETENT[word(cells[column])]) for column in columns]


def result_of(units: list[Unit]) -> Result:
    """Competent only when every unit is."""
    return Result.COMPETENT if all(unit.competent for unit in units) else Result.NOT_YET_COMPETENT


def check_scheme(stated: Cell, offer: ClassOffer) -> None:
    """Raises RowRefused, "missing" or "other_scheme", unless the scheme stated is the one of the class."""
    if not word(stated):
        raise refused("missing", "scheme")
    if word(stated) != word(offer.scheme):
        raise refused("other_scheme", "scheme", stated)


def sitting(row: Row) -> Hashable:
    """Whose assessment of which day, and in which scheme, a row says. Raises RowRefused when it cannot be read."""
    units_of(row.cells)
    found = read(AssessmentRow, row.cells)
    return per_person(row), found.assessed_on, word(found.scheme)


def record(trainee: Trainee, cells: dict[str, Cell], programme: Programme, signed: Signature) -> Change | None:
    """Record one result (scheme, unit:…, recommendation, assessed_on, assessor): the next attempt, or a correction.

    None when it is known already. Raises RowRefused or RowWaits. Attendance may arrive later, but somebody known to
    have dropped out is not assessed.
    """
    row = read(AssessmentRow, cells)
    units = units_of(cells)
    offer = enrolment.class_of(trainee, programme)
    check_scheme(row.scheme, offer)
    if trainee.attendance is not None and not trainee.attendance.completed:
        raise refused("did_not_complete")
    known = next((attempt for attempt in trainee.attempts if attempt.assessed_on == row.assessed_on), None)
    if known is None:
        _check_order(trainee, row.assessed_on, offer, cells.get("assessed_on"))
    attempt = Attempt(
        attempt=len(trainee.attempts) + 1 if known is None else known.attempt,
        class_code=offer.code,
        scheme=offer.scheme,
        certification_body=offer.lsp,
        units=units,
        result=result_of(units),
        assessed_on=row.assessed_on,
        recommendation=row.recommendation,
        assessor=row.assessor,
    )
    if attempt == known:
        return None
    if known is not None and _upheld(trainee, known):
        if units in [one.units for one in trainee.superseded if one.attempt == known.attempt]:
            return None  # what a sheet said before the appeal: it may come again
        raise refused("decided_on_appeal", "assessed_on", cells.get("assessed_on"))
    warnings = _warnings(attempt, cells)
    if known is None:
        trainee.attempts.append(attempt)
        trainee.write(signed, "assessment_recorded", **_recordable(attempt))
    else:
        _replace(trainee, known, attempt, signed)
        if trainee.certificates and not trainee.competent_in(offer.code):
            warnings.append(Problem(reason="certificate_stands"))
    return Change([_recorded(trainee, attempt)], warnings)


def supersede(trainee: Trainee, known: Attempt, units: list[Unit], signed: Signature) -> Change:
    """Put another result in the place of an attempt's, which is kept among those superseded."""
    attempt = known.model_copy(update={"units": units, "result": result_of(units)})
    _replace(trainee, known, attempt, signed)
    return Change([_recorded(trainee, attempt)], [])


def _replace(trainee: Trainee, known: Attempt, attempt: Attempt, signed: Signature) -> None:
    trainee.superseded.append(known)
    trainee.attempts[trainee.attempts.index(known)] = attempt
    before, after = _recordable(known), _recordable(attempt)
    trainee.write(signed, "assessment_corrected", attempt=attempt.attempt, before=before, after=after)


def _upheld(trainee: Trainee, attempt: Attempt) -> bool:
    """Whether an appeal has changed this result; no sheet changes it back."""
    return any(
        one.decision is not None and one.decision.competent for one in trainee.appeals if one.attempt == attempt.attempt
    )


def _recordable(attempt: Attempt) -> dict[str, Any]:
    """What the ledger says of an attempt: not who assessed, for the audit names nobody but staff."""
    return attempt.model_dump(exclude={"assessor"})


def _check_order(trainee: Trainee, assessed_on: date, offer: ClassOffer, cell: Cell) -> None:
    if trainee.attempts and assessed_on < max(attempt.assessed_on for attempt in trainee.attempts):
        raise refused("older_than_last", "assessed_on", cell)
    if trainee.competent_in(offer.code):
        raise refused("already_competent")


def _warnings(attempt: Attempt, cells: Mapping[str, Cell]) -> list[Problem]:
    if attempt.recommendation is None:
        return []
    recommended = _COMPETENT.get(word(attempt.recommendation))
    if recommended is (attempt.result is Result.COMPETENT):
        return []
    reason = "not_k_or_bk" if recommended is None else "units_differ"
    return [Problem(column="recommendation", reason=reason, value=cells.get("recommendation"))]


def _recorded(trainee: Trainee, attempt: Attempt) -> AssessmentRecorded:
    return AssessmentRecorded(
        applicant_id=trainee.id,
        programme_code=trainee.programme_code,
        **attempt.model_dump(include=set(AssessmentRecorded.model_fields)),
    )
