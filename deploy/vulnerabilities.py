"""Asks pip-audit for known vulnerabilities of what requirements.lock pins: `python -m deploy.vulnerabilities`.

A finding fails. Where pip-audit reaches no data it says so and passes: it answers "nothing known" then too, which
would look like an examination that never took place.
"""

import json
import subprocess
import sys
from typing import Any

_LONGEST_S = 120
_COMMAND = ("pip_audit", "--requirement", "requirements.lock", "--no-deps", "--disable-pip")


def verdict(answer: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether pip-audit's answer lets us go on, and what to say."""
    known = answer["dependencies"]
    examined = [one for one in known if "vulns" in one]
    found = [
        f"{one['name']} {one['version']}: {flaw['id']}, fixed in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in examined
        for flaw in one["vulns"]
    ]
    if found:
        return False, found
    if len(examined) < len(known):
        return True, [f"SKIPPED: pip-audit could examine {len(examined)} of {len(known)} packages only, from here"]
    return True, [f"no known vulnerability in {len(examined)} packages"]


def main() -> None:
    command = [sys.executable, "-m", *_COMMAND, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_S, check=False)
        fine, said = verdict(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError):
        fine, said = True, ["SKIPPED: pip-audit reaches no data about vulnerabilities from here"]
    for line in said:
        print(f"vulnerabilities: {line}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
