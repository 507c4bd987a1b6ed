"""A sample programme's files as the requests that play it, each safe to repeat."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import yaml

MATCHING_AFTER = timedelta(days=45)


class Step(NamedTuple):
    """One request, and how many rows of its sheet must be refused."""

    name: str
    send: Callable[[httpx.Client], httpx.Response]
    refused: int = 0
    of_a_sheet: bool = False


def steps(folder: Path, expected: dict[str, int]) -> Iterator[Step]:
    """The way through one programme, from its definition to the tracer study."""
    definition = (folder / "programme.yaml").read_bytes()
    parsed = yaml.safe_load(definition)
    code = parsed["code"]
    as_of = date.fromisoformat(str(parsed["training"]["ends"])) + MATCHING_AFTER
    imports = f"/programmes/{code}/imports"
    yield Step(
        "programme",
        lambda client: client.post("/programmes", content=definition, headers={"Content-Type": "application/yaml"}),
    )
    yield _sheet("alumni", folder / "alumni-2019-2024.xlsx", "/imports/alumni")
    yield _sheet("applicants", folder / "pendaftar.xlsx", f"{imports}/applicants", expected["unusable_rows"])
    yield _sheet("scores", folder / "nilai-tes-dan-wawancara.xlsx", f"{imports}/scores")
    yield Step("decide", lambda client: client.post(f"/programmes/{code}/selection/decide"))
    yield _sheet("attendance", folder / "kehadiran.xlsx", f"{imports}/attendance")
    for results in sorted(folder.glob("hasil-uji-*.xlsx")):
        yield _sheet(results.stem, results, f"{imports}/assessments")
    refused = expected["refused_certificate_rows"]
    yield _sheet("certificates", folder / "sertifikat-bnsp.xlsx", f"{imports}/certificates", refused)
    yield _sheet("vacancies", folder / "lowongan.xlsx", "/imports/vacancies")
    body = {"as_of": as_of.isoformat()}
    yield Step("matching", lambda client: client.post(f"/programmes/{code}/matching/run", json=body))
    yield _sheet("tracer", folder / "tracer-3-bulan.xlsx", f"{imports}/tracer")


def _sheet(name: str, file: Path, path: str, refused: int = 0) -> Step:
    content = file.read_bytes()
    return Step(name, lambda client: client.post(path, files={"file": (file.name, content)}), refused, True)


def funnel_of(expected: dict[str, int]) -> dict[str, int]:
    """What the funnel must say, of what `expected.json` says about everybody."""
    return {
        "registered": expected["registered"],
        "refused": expected["registered"] - expected["passed_administration"],
        "passed": expected["passed_administration"],
        "scored": expected["passed_administration"] - expected["absent"],
        "accepted": expected["accepted"],
        "completed": expected["completed"],
        "competent": expected["competent"],
        "certified": expected["certified"],
    }
