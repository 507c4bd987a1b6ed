"""deploy/compose.yaml and deploy/env.example: bounded, closed, and with every setting explained."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.fields import FieldInfo

from deploy.composed import secrets
from deploy.topology import SERVICES
from shared.settings import ServiceSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = [name for name, one in CONTAINERS.items() if one.get("restart") == "unless-stopped"]
OURS = [name for name, one in CONTAINERS.items() if one["image"].startswith("jalur:")]

_INTERPOLATED = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_EXAMPLE = re.compile(r"^#(\w+)=(.*)$", re.MULTILINE)
EXAMPLE = (DEPLOY / "env.example").read_text()

each_container = pytest.mark.parametrize("name", CONTAINERS)
each_service = pytest.mark.parametrize("service", SERVICES)


def settings_of(service: str) -> dict[str, FieldInfo]:
    kind: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    return {f"JALUR_{name.upper()}": field for name, field in kind.model_fields.items()}


@each_service
def test_every_setting_of_a_service_can_be_given_to_its_container(service: str, tmp_path: Path) -> None:
    secrets.settle(tmp_path)
    in_files = {path.name.upper() for path in (tmp_path / "services" / service).iterdir()}
    in_environment = set(CONTAINERS[service]["environment"])
    missing = set(settings_of(service)) - in_files - in_environment
    assert not missing, "name them in compose.yaml and explain them in env.example, or in deploy/secret_files.py"
    assert not in_files & in_environment


def test_every_setting_is_explained() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    passed_through = {
        name for one in CONTAINERS.values() for name, value in one.get("environment", {}).items() if value is None
    }
    beside = (DEPLOY / "compose.monitoring.yaml").read_text()
    used = {name for name, _ in _INTERPOLATED.findall(text + beside)} | passed_through | {"COMPOSE_PROFILES"}
    explained = {name for name, _ in _EXAMPLE.findall(EXAMPLE)}
    assert explained == used
    # in words above it, or above the group that it belongs to
    for paragraph in re.split(r"\n\s*\n", EXAMPLE):
        assert paragraph.startswith("# "), paragraph


def test_the_defaults_that_are_explained_are_those_that_hold() -> None:
    explained = dict(_EXAMPLE.findall(EXAMPLE))
    text = (DEPLOY / "compose.yaml").read_text() + (DEPLOY / "compose.monitoring.yaml").read_text()
    for name, default in _INTERPOLATED.findall(text):
        assert explained[name] == default, name
    for service in SERVICES:
        for name, field in settings_of(service).items():
            if name in explained and CONTAINERS[service]["environment"].get(name, "") is None:
                held = field.default
                assert explained[name] in (str(held), json.dumps(held)), name


@each_container
def test_what_a_container_may_use_is_bounded(name: str) -> None:
    one = CONTAINERS[name]
    assert set(one["deploy"]["resources"]["limits"]) == {"memory", "cpus", "pids"}
    assert set(one["logging"]["options"]) == {"max-size", "max-file"}
    assert "no-new-privileges:true" in one["security_opt"]


def test_what_lasts_is_started_again_and_everything_it_waits_for_can_be_asked() -> None:
    assert set(LASTING) == {*SERVICES, "rabbitmq", "mongodb", "proxy"}
    for name in {*SERVICES, "rabbitmq", "mongodb"}:
        assert "test" in CONTAINERS[name]["healthcheck"]


def test_ours_write_to_no_image_and_have_no_privileges() -> None:
    assert set(OURS) == {*SERVICES, "prepare", "secrets", "jalur"}
    for name in OURS:
        assert CONTAINERS[name]["read_only"]
        assert CONTAINERS[name]["cap_drop"] == ["ALL"]


def test_only_the_gateway_and_the_proxy_are_published_and_reach_the_outside() -> None:
    assert [name for name, one in CONTAINERS.items() if "ports" in one] == ["gateway", "proxy"]
    assert [name for name, one in CONTAINERS.items() if "front" in one.get("networks", [])] == ["gateway", "proxy"]
    assert COMPOSE["networks"]["back"] == {"internal": True}


def test_the_database_logs_no_values_it_was_asked_for_and_lets_nobody_in_without_an_account() -> None:
    command = CONTAINERS["mongodb"]["command"]
    assert f"--slowms={2**31 - 1}" in command
    assert "--setParameter=enableLocalhostAuthBypass=false" in command
    assert any(word.startswith("--keyFile=") for word in command)


def test_the_image_holds_the_versions_that_are_tested() -> None:
    def pinned(lock: Path) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^ ;\\]+)", lock.read_text(), re.MULTILINE))

    image = DEPLOY / "requirements.lock"
    assert pinned(image) <= pinned(DEPLOY.parent / "requirements.lock")
    assert "://" not in image.read_text()
