"""deploy/kubernetes: valid by Kubernetes' schemas, and true to the code: settings, queues, paths, accounts, secrets."""

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml

from deploy import replica_set, topology
from deploy.composed import MONGODB, secrets
from deploy.local.services import ALL, BEHIND
from shared.settings import ServiceSettings
from shared.topology import queue_of
from tests.kustomized import Manifest, containers, render

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("small", "national")
VERSION = "1.34"  # of Kubernetes, against whose schemas they are held
RENDERED = {overlay: render(KUBERNETES / "overlays" / overlay) for overlay in OVERLAYS}

# the custom kinds, as far as they are used: field → type, or what is in it; a trailing ! says that it is required.
# From the CustomResourceDefinitions of kedacore/keda (config/crd/bases), rabbitmq/cluster-operator (likewise) and
# mongodb/mongodb-kubernetes-operator (likewise). Dictionaries without fields are Kubernetes' own parts.
_TRIGGER = {"type!": str, "metadata!": {"*": str}, "metricType": str, "authenticationRef": {"name!": str}}
_CUSTOM: dict[tuple[str, str], dict[str, Any]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "scaleTargetRef!": {"name!": str},
        "minReplicaCount": int,
        "maxReplicaCount": int,
        "pollingInterval": int,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": int}}}},
        "triggers!": [_TRIGGER],
    },
    ("keda.sh/v1alpha1", "TriggerAuthentication"): {
        "secretTargetRef": [{"parameter!": str, "name!": str, "key!": str}],
    },
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): {
        "replicas": int,
        "image": str,
        "persistence": {"storage": str},
        "resources": {},
        "terminationGracePeriodSeconds": int,
        "affinity": {},
        "rabbitmq": {"additionalPlugins": [str], "additionalConfig": str},
        "override": {"statefulSet": {}},
    },
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity"): {
        "type!": str,
        "members": int,
        "version!": str,
        "security!": {"authentication": {"modes!": [str], "ignoreUnknownUsers": bool}},
        "users!": [
            {
                "name!": str,
                "db": str,
                "passwordSecretRef!": {"name!": str, "key": str},
                "roles!": [{"name!": str, "db!": str}],
                "scramCredentialsSecretName!": str,
            }
        ],
        "additionalMongodConfig": {},
        "statefulSet": {"spec!": {}},
    },
}

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_service = pytest.mark.parametrize("service", ALL)


def faults(value: Any, schema: Any, where: str) -> Iterator[str]:
    """What of a value its schema does not allow."""
    if isinstance(schema, type):
        if type(value) is not schema:
            yield f"{where} is no {schema.__name__}"
    elif isinstance(schema, list):
        for number, one in enumerate(value):
            yield from faults(one, schema[0], f"{where}[{number}]")
    elif schema:
        fields = {name.rstrip("!"): inner for name, inner in schema.items()}
        for name in value.keys() - ([*value] if "*" in fields else fields.keys()):
            yield f"{where}.{name} is not known"
        for name in schema:
            if name.endswith("!") and name[:-1] not in value:
                yield f"{where}.{name[:-1]} is missing"
        for name, inner in value.items():
            yield from faults(inner, fields.get(name, fields.get("*")), f"{where}.{name}")


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one for one in RENDERED[overlay] if one["kind"] == kind}


def pod_of(manifest: Manifest) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def environment_of(overlay: str, service: str) -> dict[str, str]:
    (container,) = containers(of_kind(overlay, "Deployment")[service])
    maps = of_kind(overlay, "ConfigMap")
    named = [one["configMapRef"]["name"] for one in container["envFrom"]]
    return {name: value for one in named for name, value in maps[one]["data"].items()}


@each_overlay
def test_every_manifest_is_valid(overlay: str) -> None:
    for one in RENDERED[overlay]:
        custom = _CUSTOM.get((one["apiVersion"], one["kind"]))
        if custom is None:
            kubernetes_validate.validate(one, VERSION, strict=True)
        else:
            assert list(faults(one["spec"], custom, one["kind"])) == []


def test_what_is_not_valid_is_found() -> None:
    deployment = of_kind("small", "Deployment")["selection"]
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)
    trigger = {"type": "rabbitmq", "metadata": {"value": 20}, "queue": "x"}
    found = list(faults({"triggers": [trigger]}, _CUSTOM["keda.sh/v1alpha1", "ScaledObject"], "it"))
    assert sorted(found) == [
        "it.scaleTargetRef is missing",
        "it.triggers[0].metadata.value is no str",
        "it.triggers[0].queue is not known",
    ]


@each_overlay
def test_kustomize_makes_the_same_of_it(overlay: str) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("NO KUBECTL: what our small renderer makes of the overlays is not held to kustomize's")
    command = ["kubectl", "kustomize", str(KUBERNETES / "overlays" / overlay)]
    answered = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    def in_order(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: in_order(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return sorted(map(in_order, value), key=lambda one: json.dumps(one, sort_keys=True))
        return value

    def by_name(manifests: Any) -> dict[tuple[str, str], Any]:
        return {(one["kind"], one["metadata"]["name"]): in_order(one) for one in manifests}

    assert by_name(yaml.safe_load_all(answered)) == by_name(RENDERED[overlay])


def test_every_file_is_used() -> None:
    named = {
        (path.parent / entry).resolve()
        for path in KUBERNETES.rglob("kustomization.yaml")
        for said in [yaml.safe_load(path.read_text())]
        for entry in [*said["resources"], *(patch["path"] for patch in said.get("patches", []))]
    }
    files = {path.resolve() for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert files <= named


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
    urls = [value for name, value in environment_of(overlay, "gateway").items() if name.endswith("_URL")]
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


@each_overlay
def test_more_than_one_gateway_has_a_spool_that_all_of_them_see(overlay: str) -> None:
    gateway = of_kind(overlay, "Deployment")["gateway"]["spec"]
    alone = gateway["replicas"] == 1 and "gateway" not in of_kind(overlay, "ScaledObject")
    modes = of_kind(overlay, "PersistentVolumeClaim")["spool"]["spec"]["accessModes"]
    assert modes == (["ReadWriteOnce"] if alone else ["ReadWriteMany"])
    assert (gateway["strategy"]["type"] == "Recreate") == alone


@each_overlay
def test_only_the_gateway_is_reached_from_outside(overlay: str) -> None:
    (ingress,) = of_kind(overlay, "Ingress").values()
    paths = [path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert [path["backend"]["service"]["name"] for path in paths] == ["gateway"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"] for rule in ingress["spec"]["rules"]]
    for one in of_kind(overlay, "Service").values():
        assert one["spec"].get("type", "ClusterIP") == "ClusterIP"
    policies = of_kind(overlay, "NetworkPolicy")
    assert policies["nothing-else"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policies["nothing-else"]["spec"]
    everybody = policies["nothing-else"]["spec"]["podSelector"]["matchLabels"]
    for one in [*of_kind(overlay, "Deployment").values(), *of_kind(overlay, "Job").values()]:
        assert everybody.items() <= one["spec"]["template"]["metadata"]["labels"].items()
    behind = policies["services"]["spec"]
    assert behind["ingress"][0]["from"] == [{"podSelector": {"matchLabels": {"jalur/tier": "gateway"}}}]
    for name in BEHIND:
        labels = of_kind(overlay, "Deployment")[name]["spec"]["template"]["metadata"]["labels"]
        assert labels["jalur/tier"] == "service"


@each_overlay
def test_the_broker_is_a_cluster_with_what_subscribers_need(overlay: str) -> None:
    (broker,) = of_kind(overlay, "RabbitmqCluster").values()
    (job,) = of_kind(overlay, "Job").values()
    assert broker["spec"]["replicas"] == 3
    assert containers(job)[0]["command"][-1] == str(broker["spec"]["replicas"])
    in_compose = set(re.findall(r"\w+", (DEPLOY / "composed" / "rabbitmq" / "enabled_plugins").read_text()))
    of_operator = {"rabbitmq_management", "rabbitmq_prometheus"}
    assert set(broker["spec"]["rabbitmq"]["additionalPlugins"]) | of_operator == in_compose
    (mongodb,) = of_kind(overlay, "MongoDBCommunity").values()
    assert mongodb["spec"]["additionalMongodConfig"]["operationProfiling.slowOpThresholdMs"] == 2**31 - 1
    assert mongodb["spec"]["security"]["authentication"]["ignoreUnknownUsers"]


@each_overlay
def test_no_secret_stands_in_a_manifest_and_every_one_that_is_named_is_explained(overlay: str) -> None:
    assert not of_kind(overlay, "Secret")
    for one in of_kind(overlay, "ConfigMap").values():
        for name, value in one["data"].items():
            assert not re.search(r"://[^/]*@|PASSWORD|TOKEN|_KEYS?$", f"{name}={value}"), name
    text = json.dumps(RENDERED[overlay])
    named = set(re.findall(r'"secretName": "([^"]+)"', text)) | {"mongodb"}
    named |= {"autoscaler"} if of_kind(overlay, "ScaledObject") else set()
    readme = (KUBERNETES / "README.md").read_text()
    one_each = re.findall(r"for service in ([\w ]+); do\n +kubectl -n jalur create secret generic \$service ", readme)
    explained = {*re.findall(r"create secret \w+ ([\w-]+)", readme), *" ".join(one_each).split()}
    assert named <= explained
