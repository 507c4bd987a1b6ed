"""deploy/kubernetes: valid by Kubernetes' schemas, closed, and without a secret."""

import json
import re
import shutil
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.local.services import BEHIND
from tests.kustomized import KUBERNETES, OVERLAYS, RENDERED, containers, of_kind
from tests.unit.kubernetes_kinds import CUSTOM, faults

DEPLOY = KUBERNETES.parent
VERSION = "1.34"  # of Kubernetes, against whose schemas they are held

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@each_overlay
def test_every_manifest_is_valid(overlay: str) -> None:
    for one in RENDERED[overlay]:
        custom = CUSTOM.get((one["apiVersion"], one["kind"]))
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
    found = list(faults({"triggers": [trigger]}, CUSTOM["keda.sh/v1alpha1", "ScaledObject"], "it"))
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
