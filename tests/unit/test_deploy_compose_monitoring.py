"""deploy/compose.monitoring.yaml: bounded and closed, and what it mounts is there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.composed import secrets

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.monitoring.yaml").read_text())
ADDED: dict[str, dict[str, Any]] = COMPOSE["services"]


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


@pytest.mark.parametrize(("container", "file"), [("prometheus", "metrics_token"), ("grafana", "grafana_password")])
def test_each_is_shown_its_own_secret_and_no_other(container: str, file: str, tmp_path: Path) -> None:
    secrets.settle(tmp_path)
    assert [path.name for path in (tmp_path / container).iterdir()] == [file]
    (mounted,) = (one for one in ADDED[container]["volumes"] if not isinstance(one, str))
    assert mounted["source"] == "${JALUR_SECRETS:-./secrets}/" + container
    assert f"/run/secrets/{file}" in str(ADDED[container]) + (DEPLOY / "monitoring" / "prometheus.yml").read_text()


def test_prometheus_shows_the_token_that_services_ask_for(tmp_path: Path) -> None:
    secrets.settle(tmp_path)
    of_services = {path.read_text() for path in tmp_path.glob("services/*/jalur_metrics_token")}
    assert of_services == {(tmp_path / "prometheus" / "metrics_token").read_text()}
