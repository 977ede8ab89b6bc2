"""Which Secrets the pods of a release mount, with the keys that they cannot start without."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from motcua_ops import cluster
from motcua_ops.cluster import Manifest
from motcua_ops.doctor.context import Context

SERVICE_LABEL = "motcua.io/service"


@dataclass
class Reference:
    """One Secret as the pods want it.

    Attributes:
        name: of the Secret.
        keys: that must be there.
        services: whose pods mount it.
        optional: whether all of them start without it.
    """

    name: str
    keys: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    optional: bool = True


def references(context: Context) -> dict[str, Reference]:
    """All Secrets that Deployments, StatefulSets and CronJobs of the release mount, by name."""
    templates = [
        *(item["spec"]["template"] for item in context.objects_of(cluster.deployments, cluster.stateful_sets)),
        *(item["spec"]["jobTemplate"]["spec"]["template"] for item in context.objects_of(cluster.cron_jobs)),
    ]
    found: dict[str, Reference] = {}
    for template in templates:
        service = template["metadata"].get("labels", {}).get(SERVICE_LABEL)
        for name, source in _sources(template["spec"]):
            reference = found.setdefault(name, Reference(name))
            reference.services |= {service} if service else set()
            if not source.get("optional"):
                reference.optional = False
                reference.keys |= {item["key"] for item in source.get("items", ())}
                reference.keys |= {source["key"]} if "key" in source else set()
    return found


def _sources(spec: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Each mention of a Secret in a pod, with its name."""
    for volume in spec.get("volumes", ()):
        if secret := volume.get("secret"):
            yield secret["secretName"], secret
        for part in volume.get("projected", {}).get("sources", ()):
            if secret := part.get("secret"):
                yield secret["name"], secret
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        for variable in container.get("env", ()):
            if secret := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield secret["name"], secret
        for part in container.get("envFrom", ()):
            if secret := part.get("secretRef"):
                yield secret["name"], secret
