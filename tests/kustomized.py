"""What deploy/kubernetes uses of kustomize; a test holds it to the original.

Lists whose items have names are merged by them in Kubernetes' own kinds, and replaced in others.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]

_KEYS = {"volumeMounts": "mountPath", "ports": "containerPort", "containers": "name", "volumes": "name", "env": "name"}
_OF_NO_NAMESPACE = ("Namespace",)
_KNOWN = {"apiVersion", "kind", "namespace", "resources", "patches", "images", "replicas"}


def render(directory: Path) -> list[Manifest]:
    """All manifests of the kustomization in `directory`, and of those it names."""
    said = yaml.safe_load((directory / "kustomization.yaml").read_text())
    unknown = set(said) - _KNOWN
    if unknown:
        raise NotImplementedError(f"{directory}: {unknown}")
    found = [one for name in said["resources"] for one in _resources(directory / name)]
    for patch in said.get("patches", []):
        text = yaml.safe_load((directory / patch["path"]).read_text())
        targets = [one for one in found if _is_meant(one, patch["target"])]
        if not targets:
            raise LookupError(f"{directory}: nothing is {patch['target']}")
        for one in targets:
            name = one["metadata"]["name"]
            _merge(one, text, by_name=_is_kubernetes_own(one))
            one["metadata"]["name"] = name
    counts = {one["name"]: one["count"] for one in said.get("replicas", [])}
    for one in found:
        if one["kind"] == "Deployment" and one["metadata"]["name"] in counts:
            one["spec"]["replicas"] = counts[one["metadata"]["name"]]
        if "namespace" in said and one["kind"] not in _OF_NO_NAMESPACE:
            one["metadata"]["namespace"] = said["namespace"]
        for image in said.get("images", []):
            for container in containers(one):
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return found


def containers(manifest: Manifest) -> list[Manifest]:
    """Those of a Deployment or a Job; of anything else none."""
    if manifest["kind"] not in ("Deployment", "Job"):
        return []
    found: list[Manifest] = manifest["spec"]["template"]["spec"]["containers"]
    return found


def _resources(path: Path) -> Iterator[Manifest]:
    if path.is_dir():
        yield from render(path)
    else:
        yield from yaml.safe_load_all(path.read_text())


def _is_meant(manifest: Manifest, target: dict[str, str]) -> bool:
    return manifest["kind"] == target["kind"] and target.get("name") in (None, manifest["metadata"]["name"])


def _is_kubernetes_own(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _merge(into: dict[str, Any], patch: dict[str, Any], *, by_name: bool) -> None:
    for field, value in patch.items():
        have = into.get(field)
        if isinstance(value, dict) and isinstance(have, dict):
            _merge(have, value, by_name=by_name)
        elif by_name and isinstance(value, list) and isinstance(have, list) and field in _KEYS:
            _merge_list(have, value, _KEYS[field])
        else:
            into[field] = value if not isinstance(value, dict | list) else yaml.safe_load(yaml.safe_dump(value))


def _merge_list(into: list[Any], patch: list[Any], key: str) -> None:
    have = {one[key]: one for one in into}
    for one in patch:
        if one[key] in have:
            _merge(have[one[key]], one, by_name=True)
        else:
            into.append(yaml.safe_load(yaml.safe_dump(one)))


def of_kind(overlay: str, kind: str) -> dict[str, Manifest]:
    """By name."""
    return {one["metadata"]["name"]: one for one in RENDERED[overlay] if one["kind"] == kind}


KUBERNETES = Path(__file__).parents[1] / "deploy" / "kubernetes"
OVERLAYS = ("small", "national")
RENDERED = {overlay: render(KUBERNETES / "overlays" / overlay) for overlay in OVERLAYS}
