"""A programme and its trainees, valid as they are, for the tests of certification."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from services.certification import assessment, certificate, training
from services.certification.trainee import Trainee
from shared.cells import Cell
from shared.contracts.registration import (
    ClassOffer,
    Eligibility,
    Programme,
    SelectionRule,
    Training,
    Window,
)
from shared.contracts.selection import Outcome, SelectionDecided, Stage
from shared.judging import Change
from shared.ledger import Signature

SIGNED = Signature("petugas", datetime(2030, 7, 1, tzinfo=UTC))
Cells = Mapping[str, Cell]
NONE: Cells = MappingProxyType({})
FIRST_DAY, SECOND_DAY, THIRD_DAY = "2030-06-10", "2030-06-11", "2030-06-12"


def programme(minimum_attendance: float | None = None) -> Programme:
    offers = [
        ClassOffer(
            code=code,
            name=f"Kelas {code}",
            vocation="Pengelasan",
            provider="BLK",
            provider_kind="BLK",
            seats=16,
            lsp="LSP Logam",
            scheme=scheme,
        )
        for code, scheme in (("LAS-1", "Juru las"), ("LAS-2", "Juru las bawah air"))
    ]
    return Programme(
        code="LAS-2030",
        name="Las",
        fund="APBD",
        city="Kota Tegal",
        registration=Window(opens=date(2030, 4, 1), closes=date(2030, 4, 30)),
        training=Training(starts=date(2030, 5, 6), ends=date(2030, 6, 7), minimum_attendance=minimum_attendance),
        selection=SelectionRule(written_weight=0.5, interview_weight=0.5, pass_mark=60),
        eligibility=Eligibility(),
        classes=offers,
    )


def trainee(**fields: Any) -> Trainee:
    """Accepted in LAS-1."""
    valid = {"_id": "a-1", "programme_code": "LAS-2030", "person_id": "p-1", "outcome": Outcome.ACCEPTED}
    return Trainee.model_validate({**valid, "class_code": "LAS-1", **fields})


def attend(person: Trainee, cells: Cells = NONE, *, minimum: float | None = None, **more: Cell) -> Change | None:
    row: dict[str, Cell] = {"class": "LAS-1", "days": 20, "present": 18, "note": None, **cells, **more}
    return training.record(person, row, programme(minimum), SIGNED)


def assess(person: Trainee, units: str = "K K K", cells: Cells = NONE, **more: Cell) -> Change | None:
    """One row; `units` are the cells of U.1, U.2 …, separated by spaces."""
    row: dict[str, Cell] = {"scheme": "Juru las", "assessed_on": FIRST_DAY, **cells, **more}
    row |= {f"{assessment.UNIT}U.{number}": unit for number, unit in enumerate(units.split(), start=1)}
    return assessment.record(person, row, programme(), SIGNED)


def certify(
    person: Trainee, cells: Cells = NONE, *, holder: str | None = None, verify_code: str = "CODE", **more: Cell
) -> Change | None:
    row: dict[str, Cell] = {"scheme": "Juru las", "lsp": "LSP Logam", "certificate_no": "62019 2513 4 0005747 2030"}
    row |= {"issued_on": "2030-07-20", "valid_until": None, **cells, **more}
    return certificate.record(person, row, programme(), SIGNED, holder=holder, verify_code=verify_code)


def competent(**fields: Any) -> Trainee:
    """Accepted in LAS-1, and assessed with success on the first day."""
    person = trainee(**fields)
    assess(person)
    return person


def decision(outcome: Outcome, class_code: str | None = None) -> SelectionDecided:
    """What selection says of the applicant a-1."""
    return SelectionDecided(
        applicant_id="a-1",
        programme_code="LAS-2030",
        person_id="p-1",
        outcome=outcome,
        stage=Stage.RANKING,
        class_code=class_code,
        rule_version=1,
    )
