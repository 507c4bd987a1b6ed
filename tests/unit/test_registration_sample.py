"""The sample registrations give the counts that are expected of them."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from services.gateway.columns import tabulate
from services.gateway.kinds import APPLICANTS
from services.registration.admission import Submission, admit
from services.registration.cleaning import Unusable, clean
from services.registration.programme import parse
from shared.cells import moment

SAMPLE = Path(__file__).parents[2] / "sample"


@pytest.mark.parametrize("folder", ["lpks-2025", "dbhcht-2-2025"])
def test_the_sample_rows_are_registered_repeated_or_refused_as_expected(folder: str) -> None:
    expected: dict[str, Any] = json.loads((SAMPLE / folder / "expected.json").read_text())
    programme = parse(yaml.safe_load((SAMPLE / folder / "programme.yaml").read_text()))
    sheet = openpyxl.load_workbook(SAMPLE / folder / "pendaftar.xlsx").worksheets[0]
    lines = [
        (number, [cell.isoformat() if isinstance(cell, datetime) else cell for cell in cells])
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
    ]
    rows = tabulate(APPLICANTS, lines).rows
    usable = []
    for number, cells in rows:
        at = moment(cells["submitted_at"])
        try:
            cleaned = clean(cells, programme, at.date())
        except Unusable:
            continue
        usable.append(Submission(number, at, cleaned.person.nik, cleaned))
    admission = admit(usable, (), programme.registration)

    assert len(rows) == expected["raw_rows"]
    assert len(rows) - len(usable) == expected["unusable_rows"]
    assert len(admission.admitted) == expected["registered"]
    assert len(admission.repeated) == expected["duplicates"]
    facts = [one.cleaned.facts for one in admission.admitted]
    least = programme.eligibility.minimum_age or 0
    found = {
        "employed": sum(one.occupation == "employed" for one in facts),
        "no_social_media": sum(not one.follows_social_media for one in facts),
        "not_healthy": sum(not one.health_certificate for one in facts),
        "not_resident": sum(one.city != programme.eligibility.resident_of for one in facts),
        "studying": sum(one.occupation == "studying" for one in facts),
        "under_age": sum(one.age < least for one in facts),
    }
    assert found == {reason: expected["refused_per_reason"][reason] for reason in found}
