"""The services in deploy/kubernetes are those of the code: settings, probes, queues, addresses, rights."""

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy import replica_set, topology
from deploy.composed import MONGODB, secrets
from deploy.local.services import ALL, BEHIND
from shared.settings import ServiceSettings
from shared.topology import queue_of
from tests.kustomized import KUBERNETES, OVERLAYS, Manifest, containers, of_kind

DEPLOY = KUBERNETES.parent

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_service = pytest.mark.parametrize("service", ALL)


def pod_of(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def environment_of(overlay: str, service: str) -> dict[str, str]:
    (container,) = containers(of_kind(overlay, "Deployment")[service])
    maps = of_kind(overlay, "ConfigMap")
    named = [one["configMapRef"]["name"] for one in container["envFrom"]]
    return {name: value for one in named for name, value in maps[one]["data"].items()}


@each_overlay
def test_every_service_is_there_and_may_be_moved(overlay: str) -> None:
    deployments, services = of_kind(overlay, "Deployment"), of_kind(overlay, "Service")
    assert set(deployments) == set(ALL)
    for name, one in deployments.items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        (container,) = containers(one)
        assert container["command"] == ["python", "-m", f"services.{name}"]
        budget = of_kind(overlay, "PodDisruptionBudget")[name]
        for selector in (one["spec"]["selector"]["matchLabels"], budget["spec"]["selector"]["matchLabels"]):
            assert selector.items() <= labels.items()
        assert services[name]["spec"]["selector"].items() <= labels.items()
        assert budget["spec"]["maxUnavailable"] == 1
        assert set(container["resources"]) == {"requests", "limits"}
        assert pod_of(one)["terminationGracePeriodSeconds"] >= 30


@each_overlay
@each_service
def test_a_service_is_given_every_setting_it_has_and_no_other(overlay: str, service: str, tmp_path: Path) -> None:
    kind: type[ServiceSettings] = importlib.import_module(f"services.{service}.settings").Settings
    known = {f"JALUR_{name.upper()}" for name in kind.model_fields}
    secrets.settle(tmp_path)
    in_files = {path.name.upper() for path in (tmp_path / "services" / service).iterdir()}
    given = environment_of(overlay, service)
    directory = given.pop("JALUR_SECRETS_DIR")
    assert set(given) | in_files == known
    assert not set(given) & in_files
    (container,) = containers(of_kind(overlay, "Deployment")[service])
    mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    volumes = {one["name"]: one for one in pod_of(of_kind(overlay, "Deployment")[service])["volumes"]}
    assert volumes[mounted[directory]]["secret"]["secretName"] == service


@each_overlay
def test_ours_run_as_the_user_of_the_image_without_any_right(overlay: str) -> None:
    user = int(re.findall(r"^USER (\d+):\d+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[0])
    for one in [*of_kind(overlay, "Deployment").values(), *of_kind(overlay, "Job").values()]:
        pod = pod_of(one)
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == user == 10001
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in containers(one):
            assert container["securityContext"] == {
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }
            assert importlib.util.find_spec(container["command"][2])


@each_service
async def test_a_service_starts_with_these_settings_and_answers_what_is_probed(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environment_of("small", service)
    secrets.settle(tmp_path)
    elsewhere = {"JALUR_SECRETS_DIR": tmp_path / "services" / service, "JALUR_SPOOL_DIR": tmp_path / "spool"}
    for name, value in given.items():
        monkeypatch.setenv(name, str(elsewhere.get(name, value)))
    # without its lifespan: alive, and not ready for want of servers
    transport = httpx.ASGITransport(importlib.import_module(f"services.{service}.app").build())
    (container,) = containers(of_kind("small", "Deployment")[service])
    assert container["ports"] == [{"name": "http", "containerPort": int(given["JALUR_HTTP_PORT"])}]
    answered = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[name]["httpGet"]["port"] == "http"
            answered[name] = (await client.get(container[name]["httpGet"]["path"])).status_code
    assert answered == {"startupProbe": 200, "livenessProbe": 200, "readinessProbe": 503}


@each_overlay
def test_the_addresses_are_those_of_services(overlay: str) -> None:
    there = set(of_kind(overlay, "Service")) | set(of_kind(overlay, "RabbitmqCluster"))
    environment = environment_of(overlay, "gateway")
    urls = [environment[f"JALUR_{name.upper()}_URL"] for name in BEHIND]
    assert sorted(urls) == sorted(f"http://{name}:8000" for name in BEHIND)
    # what deploy/init writes into the URLs of the servers
    assert {"rabbitmq", MONGODB.partition(":")[0]} <= there
    assert replica_set.NAME in of_kind(overlay, "MongoDBCommunity")


def test_what_waits_in_every_queue_is_looked_at_by_an_account_of_its_own() -> None:
    scaled = of_kind("national", "ScaledObject")
    assert set(scaled) == set(ALL)
    listening = {on.service: [queue_of(on.service, one) for one in on.contracts] for on in topology.subscriptions()}
    for service, one in scaled.items():
        assert one["spec"]["scaleTargetRef"] == {"name": service}
        assert one["spec"]["minReplicaCount"] == of_kind("national", "Deployment")[service]["spec"]["replicas"]
        triggers = [trigger for trigger in one["spec"]["triggers"] if trigger["type"] == "rabbitmq"]
        assert [trigger["metadata"]["queueName"] for trigger in triggers] == listening.get(service, [])
        for trigger in triggers:
            assert trigger["authenticationRef"]["name"] == "autoscaler"
            assert trigger["metadata"]["host"] == "amqp://rabbitmq.jalur.svc:5672/"
    (account,) = of_kind("national", "TriggerAuthentication").values()
    assert {one["name"] for one in account["spec"]["secretTargetRef"]} == {"autoscaler"}


def test_the_replicas_are_those_that_docs_scaling_reckons() -> None:
    text = (DEPLOY.parent / "docs" / "scaling.md").read_text()
    rows = re.findall(r"^\| (\w+) \| [\d.]+ \| [\d.]+ \| (\d+), (\d+) \|", text, re.MULTILINE)
    scaled = {name: one["spec"] for name, one in of_kind("national", "ScaledObject").items()}
    assert {name: (int(least), int(most)) for name, least, most in rows} == {
        name: (one["minReplicaCount"], one["maxReplicaCount"]) for name, one in scaled.items()
    }


@each_service
def test_replicas_are_added_when_each_uses_half_a_core(service: str) -> None:
    (container,) = containers(of_kind("national", "Deployment")[service])
    requested = str(container["resources"]["requests"]["cpu"])
    cores = float(requested.removesuffix("m")) / (1000 if requested.endswith("m") else 1)
    (percent,) = [
        int(trigger["metadata"]["value"])
        for trigger in of_kind("national", "ScaledObject")[service]["spec"]["triggers"]
        if trigger["type"] == "cpu"
    ]
    assert cores * percent == 50


@each_overlay
def test_more_than_one_gateway_has_a_spool_that_all_of_them_see(overlay: str) -> None:
    gateway = of_kind(overlay, "Deployment")["gateway"]["spec"]
    alone = gateway["replicas"] == 1 and "gateway" not in of_kind(overlay, "ScaledObject")
    modes = of_kind(overlay, "PersistentVolumeClaim")["spool"]["spec"]["accessModes"]
    assert modes == (["ReadWriteOnce"] if alone else ["ReadWriteMany"])
    assert (gateway["strategy"]["type"] == "Recreate") == alone
