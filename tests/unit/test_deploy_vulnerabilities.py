"""What is known of our dependencies fails the build; not having looked is said."""

from typing import Any

from deploy.vulnerabilities import verdict

FINE: dict[str, Any] = {"name": "motor", "version": "3.7.1", "vulns": []}
FLAWED: dict[str, Any] = {"name": "x", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNSEEN: dict[str, Any] = {"name": "y", "skip_reason": "not found"}


def test_a_known_vulnerability_fails_also_beside_packages_that_were_not_examined() -> None:
    assert verdict({"dependencies": [FINE, FLAWED, UNSEEN]}) == (False, ["x 1.0: PYSEC-1, fixed in 1.1"])


def test_packages_that_were_not_examined_are_not_called_fine() -> None:
    fine, said = verdict({"dependencies": [FINE, UNSEEN]})
    assert fine
    assert said == ["SKIPPED: pip-audit could examine 1 of 2 packages only, from here"]


def test_nothing_known_about_all_of_them() -> None:
    assert verdict({"dependencies": [FINE]}) == (True, ["no known vulnerability in 1 packages"])
