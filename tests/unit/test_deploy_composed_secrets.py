"""The secrets of a composed deployment: decided once, shown to each container as far as it needs them."""

import base64
import hashlib
import json
import stat
from pathlib import Path

import pytest

from deploy.composed import secrets
from deploy.topology import SERVICES


@pytest.fixture
def settled(tmp_path: Path) -> Path:
    secrets.settle(tmp_path)
    return tmp_path


def contents(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def test_what_was_decided_stays(settled: Path) -> None:
    before = contents(settled)
    secrets.settle(settled)
    after = contents(settled)
    # its salt is another, the password it stands for is not
    salted = "rabbitmq/definitions.json"
    assert before.pop(salted) and after.pop(salted)
    assert after == before


def test_nobody_else_on_the_host_gets_as_far_as_a_secret_and_a_container_reads_what_it_is_shown(settled: Path) -> None:
    assert stat.S_IMODE(settled.stat().st_mode) == 0o700
    for path in settled.rglob("*"):
        directly = path.parent == settled and path.is_file()
        allowed = 0o755 if path.is_dir() else 0o600 if directly else 0o444
        assert stat.S_IMODE(path.stat().st_mode) == allowed, path


def test_a_container_is_shown_no_secret_that_it_does_not_need(settled: Path) -> None:
    decided = {path.name: path.read_text() for path in settled.iterdir() if path.is_file()}
    assert len(set(decided.values())) == len(decided)

    def shown(container: str) -> set[str]:
        text = "\n".join(contents(settled / container).values())
        return {name for name, secret in decided.items() if secret in text}

    for service in SERVICES:
        own = {
            "registration": {"field_key", "jalur_person_key"},
            "gateway": {"jalur_admin_password", "jalur_admin_token", "jalur_webhook_keys"},
        }
        common = {f"account_{service}", "metrics_token"}
        assert shown(f"services/{service}") - {"actor_private_key"} == common | own.get(service, set())
    holds_private_key = [name for name in SERVICES if "actor_private_key" in shown(f"services/{name}")]
    assert holds_private_key == ["gateway"]
    assert shown("mongodb") == {"mongodb_key"}
    assert shown("rabbitmq") == set()
    accounts = {f"account_{service}" for service in SERVICES}
    assert shown("prepare") == {"mongodb_key", "mongodb_password", "rabbitmq_password"} | accounts
    assert shown("jalur") == {"rabbitmq_password", "jalur_admin_token"}
    assert (shown("prometheus"), shown("grafana")) == ({"metrics_token"}, {"grafana_password"})


def test_the_broker_starts_with_the_operator_alone_whose_password_it_knows_by_its_hash(settled: Path) -> None:
    definitions = json.loads((settled / "rabbitmq" / "definitions.json").read_text())
    (operator,) = definitions["users"]
    hashed = base64.b64decode(operator["password_hash"])
    password = (settled / "rabbitmq_password").read_text()
    assert hashed[4:] == hashlib.sha256(hashed[:4] + password.encode()).digest()
    assert operator["tags"] == ["administrator"]
    assert [one["user"] for one in definitions["permissions"]] == [operator["name"]]
