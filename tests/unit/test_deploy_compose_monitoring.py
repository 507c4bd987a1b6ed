"""deploy/compose.monitoring.yaml: bounded and closed, and what it mounts is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.topology import SERVICES
from shared.settings import ServiceSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.monitoring.yaml").read_text())
ADDED = {name: one for name, one in COMPOSE["services"].items() if name not in SERVICES}


@pytest.mark.parametrize("name", ADDED)
def test_what_watches_is_bounded_may_write_to_no_image_and_runs_only_where_it_is_wanted(name: str) -> None:
    one = ADDED[name]
    assert one["profiles"] == ["monitoring"]
    assert set(one["deploy"]["resources"]["limits"]) == {"memory", "cpus", "pids"}
    assert set(one["logging"]["options"]) == {"max-size", "max-file"}
    assert (one["read_only"], one["cap_drop"], one["restart"]) == (True, ["ALL"], "unless-stopped")
    assert "no-new-privileges:true" in one["security_opt"]
    assert re.search(r":v?\d+\.\d+\.\d+$", one["image"]), "an image without a version is another one each time"
    assert all(port.startswith("127.0.0.1:") for port in one.get("ports", [])), "figures are for this host alone"


def test_what_is_mounted_is_there() -> None:
    for one in ADDED.values():
        for mount in one["volumes"]:
            if isinstance(mount, str) and mount.startswith("./"):
                assert (DEPLOY / mount.partition(":")[0]).is_file()


def test_every_service_can_be_told_where_traces_go() -> None:
    settings = {f"JALUR_{name.upper()}" for name in ServiceSettings.model_fields}
    for name in SERVICES:
        told = set(COMPOSE["services"][name]["environment"])
        assert told == {"JALUR_OTLP_URL", "JALUR_TRACED_SHARE"} and told <= settings
