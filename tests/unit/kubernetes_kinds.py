"""Schemas of the kinds that operators bring to Kubernetes, as far as deploy/kubernetes uses them."""

from collections.abc import Iterator
from typing import Any, Final

# the custom kinds, as far as they are used: field → type, or what is in it; a trailing ! says that it is required.
# From the CustomResourceDefinitions of kedacore/keda (config/crd/bases), rabbitmq/cluster-operator (likewise) and
# mongodb/mongodb-kubernetes-operator (likewise). Dictionaries without fields are Kubernetes' own parts.
_TRIGGER = {"type!": str, "metadata!": {"*": str}, "metricType": str, "authenticationRef": {"name!": str}}
CUSTOM: Final[dict[tuple[str, str], dict[str, Any]]] = {
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
