"""Requests made up from the OpenAPI descriptions: no 500, no hang, and answers as the description says.

JALUR_FUZZ_SEED and JALUR_FUZZ_SECONDS (for each service) make it another or a longer run; `make fuzz` does. A failure's
seed is in the output, and the same seed sends the same requests.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.system import SERVICES, TOKEN, System

SEED = os.environ.get("JALUR_FUZZ_SEED", "1")
SECONDS = os.environ.get("JALUR_FUZZ_SECONDS")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
)
# ids that exist, so that more than 404 is answered
CONFIG = '[parameters]\n"path.code" = "LPKS-2025"\n'


@pytest.mark.parametrize("service", ["gateway", *SERVICES])
def test_no_made_up_request_is_answered_by_a_failure(system: System, service: str, tmp_path: Path) -> None:
    if service == "gateway":
        description, headers = "/api/openapi.json", {"Authorization": f"Bearer {TOKEN}"}
    else:
        description, headers = "/openapi.json", system.internal(service)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml")]
    command += ["run", system.urls[service] + description, "--seed", SEED, "--checks", ",".join(CHECKS)]
    command += [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    # systematic coverage of the description takes minutes: the long run has it
    command += [
        "--phases",
        "examples,coverage,fuzzing" if SECONDS else "examples,fuzzing",
        "--continue-on-failure",
        "--no-color",
        "--warnings",
        "off",
    ]
    # a stream that never ends, and signing in and out, are tried elsewhere
    command += ["--exclude-path", "/api/v1/events", "--exclude-path-regex", "session|/token"]
    command += ["--request-timeout", "20", "--generation-database", "none"]
    command += ["--max-time", SECONDS] if SECONDS else ["-n", "3", "--max-time", "15" if service == "gateway" else "4"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    print(ran.stdout[-3000:])
    assert ran.returncode == 0, f"seed {SEED}\n{ran.stdout[-6000:]}{ran.stderr[-2000:]}"
