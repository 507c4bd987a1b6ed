"""Requests made up from the OpenAPI descriptions: no 500, no hang, and answers as the description says.

JALUR_FUZZ_SEED and JALUR_FUZZ_SECONDS (for each service) make it another or a longer run; `make fuzz` does. A failure's
seed is in the output, and the same seed sends the same requests.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.fuzz.system import CODE, TOKEN, System

SEED = os.environ.get("JALUR_FUZZ_SEED", "1")
SECONDS = os.environ.get("JALUR_FUZZ_SECONDS")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
# requests made up for each operation in the short run: a number, since what fits into a time is another each time
EACH = 4
# how many operations at least must have answered with success once; what is left is asked for sheets, or for people
# of whom there are none
LEAST_ANSWERED = {"gateway": 32, "registration": 16, "selection": 10, "certification": 10, "placement": 8}


class Run(NamedTuple):
    """What schemathesis said of one service, and the statuses that every operation answered."""

    code: int
    output: str
    answered: dict[str, list[int]]


@pytest.fixture(scope="module")
def known(system: System) -> dict[str, str]:
    """Parameters of paths that name something, so that more than 404 is answered."""
    applicants = f"/api/v1/programmes/{CODE}/applicants"
    certified = system.gateway.get(applicants, params={"stage": "certified"}).json()["items"]
    applicant_id = certified[0]["applicant_id"]
    (certificate,) = system.gateway.get(f"/api/v1/applicants/{applicant_id}").json()["certification"]["certificates"]
    run = system.gateway.post(f"/api/v1/programmes/{CODE}/selection/simulate").json()
    sheet = {"file": ("x.csv", b"NIK,Nilai Tes Tertulis,Nilai Wawancara\n1,2,3\n")}
    later = {"Prefer": "respond-async"}
    imported = system.gateway.post(f"/api/v1/programmes/{CODE}/imports/scores", files=sheet, headers=later).json()
    system.gateway.post("/api/v1/users", json={"name": "somebody", "role": "viewer"})
    return {
        "code": CODE,
        "programme_code": CODE,
        "applicant_id": applicant_id,
        "certificate_id": certificate["certificate_id"],
        "verify_code": certificate["verify_code"],
        "typed_code": certificate["verify_code"],
        "run_id": run["run_id"],
        "import_id": imported["import_id"],
        "name": "somebody",
    }


@pytest.fixture(scope="module")
def runs(system: System, known: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every service tried, all side by side."""
    folders = {service: tmp_path_factory.mktemp(service) for service in LEAST_ANSWERED}
    with ThreadPoolExecutor(len(folders)) as pool:
        return dict(zip(folders, pool.map(partial(_try_out, system, known), folders, folders.values()), strict=True))


@pytest.mark.parametrize("service", LEAST_ANSWERED)
def test_no_made_up_request_is_answered_by_a_failure(runs: dict[str, Run], service: str) -> None:
    run = runs[service]
    print(run.output[-3000:])
    assert run.code == 0, f"seed {SEED}\n{run.output[-6000:]}"


@pytest.mark.skipif(bool(SECONDS), reason="how far a run gets that is limited by time depends on the machine")
@pytest.mark.parametrize("service", LEAST_ANSWERED)
def test_made_up_requests_get_beyond_refusals(runs: dict[str, Run], service: str) -> None:
    answered = runs[service].answered
    for operation, statuses in sorted(answered.items()):
        print(operation, *statuses)
    succeeded = [operation for operation, statuses in answered.items() if min(statuses) < httpx.codes.BAD_REQUEST]
    assert len(succeeded) >= LEAST_ANSWERED[service], f"seed {SEED}: only {sorted(succeeded)}"


def _try_out(system: System, known: dict[str, str], service: str, folder: Path) -> Run:
    if service == "gateway":
        description, headers = "/api/openapi.json", {"Authorization": f"Bearer {TOKEN}"}
    else:
        description, headers = "/openapi.json", system.internal(service)
    config, sent = folder / "schemathesis.toml", folder / "sent.ndjson"
    config.write_text("[parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in known.items()))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
    command += ["run", system.urls[service] + description, "--seed", SEED, "--checks", ",".join(CHECKS)]
    command += [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    # systematic coverage of the description takes minutes: the long run has it
    command += ["--phases", "examples,coverage,fuzzing" if SECONDS else "examples,fuzzing", "--continue-on-failure"]
    # a stream that never ends, and signing in and out, are tried elsewhere
    command += ["--exclude-path", "/api/v1/events", "--exclude-path-regex", "session|/token"]
    command += ["--request-timeout", "20", "--generation-database", "none", "--no-color", "--warnings", "off"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(sent)]
    command += ["--max-time", SECONDS] if SECONDS else ["-n", str(EACH), "--no-shrink"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return Run(ran.returncode, ran.stdout + ran.stderr, _answered(sent))


def _answered(sent: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for line in sent.read_text().splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        if scenario is None:
            continue
        for exchange in scenario["recorder"].get("interactions", {}).values():
            if answer := exchange.get("response"):
                found.setdefault(scenario["recorder"]["label"], []).append(answer["status_code"])
    return found
