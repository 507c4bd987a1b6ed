"""Every metric and label that an alert or the dashboard names is there, on a system that runs; promtool agrees."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.runner import LocalStack
from deploy.local.services import ALL

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana" / "jalur.json").read_text())
ALERTS: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
CONFIGURATION: dict[str, Any] = yaml.safe_load((MONITORING / "prometheus.yml").read_text())

# what Prometheus itself adds
_OF_PROMETHEUS = {"up"}
_LABELS_OF_PROMETHEUS = {"job", "service", "instance"}
_METRIC = re.compile(r"\b(up|(?:jalur|rabbitmq|process)_[a-z_]+)\b(?:\{([^}]*)\})?")
_LABEL = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")


def expressions() -> Iterator[tuple[str, str]]:
    """(where it stands, the expression)"""
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def named(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric in an expression, with the labels it is selected by."""
    for metric, selectors in _METRIC.findall(expression):
        yield metric, set(_LABEL.findall(selectors))


def _asked(url: str, params: Any) -> str:
    """What the broker shows; of its queues it knows nothing in its first seconds."""
    deadline = time.monotonic() + 30
    while True:
        answer = httpx.get(url, params=params, timeout=30)
        assert answer.status_code == httpx.codes.OK
        if params is None or "\nrabbitmq_detailed_queue_messages{" in answer.text or time.monotonic() > deadline:
            return answer.text
        time.sleep(0.5)


@pytest.fixture(scope="module")
def shown(stack: LocalStack) -> dict[str, set[str]]:
    """What there is: metric → its labels, as Prometheus's configuration asks for it."""
    ports = json.loads((stack.home.run / "ports.json").read_text()) | {"gateway": stack._port}
    token = stack.home.secret("metrics_token")
    texts = [
        httpx.get(f"http://127.0.0.1:{ports[name]}/metrics", headers={"Authorization": f"Bearer {token}"}).text
        for name in ALL
    ]
    for job in CONFIGURATION["scrape_configs"]:
        if job["job_name"].startswith("rabbitmq"):
            url = f"http://127.0.0.1:{ports['prometheus']}{job.get('metrics_path', '/metrics')}"
            texts.append(_asked(url, job.get("params")))
    found: dict[str, set[str]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_what_an_alert_or_a_panel_names_exists(where: str, expression: str, shown: dict[str, set[str]]) -> None:
    found = list(named(expression))
    assert found
    for metric, labels in found:
        if metric not in _OF_PROMETHEUS:
            assert metric in shown, f"{where}: nothing is called {metric}"
            assert labels <= shown[metric] | _LABELS_OF_PROMETHEUS, f"{where}: {metric} has no such label"


def test_all_that_we_tell_is_seen_by_somebody(shown: dict[str, set[str]]) -> None:
    used = {metric for _, expression in expressions() for metric, _ in named(expression)}
    ours = {re.sub(r"_(bucket|sum|count|created|total)$", "", name) for name in shown if name.startswith("jalur_")}
    assert ours == {re.sub(r"_(bucket|total)$", "", name) for name in used if name.startswith("jalur_")}


def test_every_alert_says_what_to_do() -> None:
    document = (ROOT / "docs" / "monitoring.md").read_text()
    for rule in ALERTS:
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert f"`{rule['alert']}`" in document


def test_prometheus_asks_every_service() -> None:
    (jalur,) = (job for job in CONFIGURATION["scrape_configs"] if job["job_name"] == "jalur")
    assert set(jalur["dns_sd_configs"][0]["names"]) == set(ALL)
    absent = next(rule for rule in ALERTS if rule["alert"] == "ServiceDown")["expr"]
    assert set(re.findall(r'service="(\w+)"', absent)) == set(ALL)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", str(MONITORING / "alerts.yml")),
        ("check", "config", "--syntax-only", str(MONITORING / "prometheus.yml")),
        ("test", "rules", str(Path(__file__).parent / "alerts.test.yml")),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT CHECKED: there is no promtool here; Debian's package prometheus has it")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
