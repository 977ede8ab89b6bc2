"""Renders the umbrella chart with Helm's own engine and gives typed access to the objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "helm" / "motcua"
LIBRARY = ROOT / "helm" / "motcua-service"
VARIATIONS = {file.name.removesuffix("-values.yaml"): file for file in sorted((CHART / "ci").glob("*-values.yaml"))}
"""Values files of the supported variations, by name."""

RELEASE, NAMESPACE = "motcua", "city"
HOOK = "helm.sh/hook"
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")

Object = dict[str, Any]
Values = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """An object that makes pods, and the pods that it makes.

    Attributes:
        owner: the Deployment, StatefulSet, Job, CronJob or bare Pod.
        template: metadata and spec of its pods.
    """

    owner: Object
    template: Object

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def kind(self) -> str:
        """Kind of the owner."""
        return str(self.owner["kind"])

    @property
    def name(self) -> str:
        """Name of the owner."""
        return str(self.owner["metadata"]["name"])

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of the pods."""
        labels: Mapping[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def spec(self) -> Object:
        """Spec of the pods."""
        spec: Object = self.template["spec"]
        return spec

    @property
    def containers(self) -> list[Object]:
        """All containers, those that run before the others included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def main(self) -> Object:
        """The container that does the work."""
        container: Object = self.spec["containers"][0]
        return container

    @property
    def service(self) -> str:
        """Which service's process runs in it; empty for stores, the outside world and operators' programs."""
        return self.labels.get("motcua.io/service", "")

    @property
    def process(self) -> str:
        """`grpc`, `http`, `worker`, `scheduler` or `job`."""
        return self.labels.get("motcua.io/process", "")

    @property
    def component(self) -> str:
        """What the pods are among all those of the release."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def is_long_running(self) -> bool:
        """Whether the pods are kept running."""
        return self.kind in ("Deployment", "StatefulSet", "DaemonSet")

    @property
    def hooks(self) -> set[str]:
        """Moments at which Helm runs it; none for what is simply there."""
        moments = self.owner["metadata"].get("annotations", {}).get(HOOK, "")
        return set(filter(None, moments.split(",")))


@dataclass(frozen=True)
class Rendered:
    """What one set of values becomes."""

    objects: tuple[Object, ...]
    notes: str

    def of(self, kind: str) -> list[Object]:
        """Return all objects of a kind."""
        return [item for item in self.objects if item["kind"] == kind]

    def get(self, kind: str, name: str) -> Object:
        """Return one object.

        Raises:
            LookupError: there is none.
        """
        for item in self.of(kind):
            if item["metadata"]["name"] == name:
                return item
        raise LookupError(f"no {kind}/{name}")

    @cached_property
    def workloads(self) -> list[Workload]:
        """Everything that makes pods."""
        return [Workload(item, _template(item)) for kind in WORKLOADS for item in self.of(kind)]

    @property
    def of_services(self) -> list[Workload]:
        """Workloads that run the code of a service."""
        return [workload for workload in self.workloads if workload.service]


def _template(owner: Object) -> Object:
    match owner["kind"]:
        case "Pod":
            return owner
        case "CronJob":
            template: Object = owner["spec"]["jobTemplate"]["spec"]["template"]
        case _:
            template = owner["spec"]["template"]
    return template


@cache
def chart() -> helm_python.Chart:
    """Return the umbrella chart, loaded once."""
    return helm_python.Chart.load(CHART)


def render(values: Values, *, name: str = RELEASE, upgrade: bool = False) -> Rendered:
    """Render the umbrella chart.

    Raises:
        helm_python.HelmError: the values are refused, by the schema or by a template.
    """
    texts = chart().render(values, name=name, namespace=NAMESPACE, is_install=not upgrade, is_upgrade=upgrade)
    notes = "".join(text for path, text in texts.items() if path.endswith("NOTES.txt"))
    manifests = [text for path, text in sorted(texts.items()) if path.endswith((".yaml", ".yml"))]
    return Rendered(tuple(item for text in manifests for item in _documents(text)), notes)


def _documents(text: str) -> Iterator[Object]:
    for document in yaml.load_all(text, Loader=yaml.CSafeLoader):
        if document:
            yield document


def values_of(variation: str) -> Values:
    """Return a fresh copy of the values of a supported variation."""
    values: Values = yaml.load(VARIATIONS[variation].read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return values


@cache
def rendered(variation: str, *, upgrade: bool = False) -> Rendered:
    """Return a supported variation, rendered once."""
    return render(values_of(variation), upgrade=upgrade)


def with_value(values: Values, path: str, value: object) -> Values:
    """Return the values with one of them set; lists are left as they are.

    Args:
        values: they stay untouched.
        path: keys joined by dots.
        value: what to set.
    """
    key, _, rest = path.partition(".")
    inner = values.get(key)
    changed = with_value(inner if isinstance(inner, dict) else {}, rest, value) if rest else value
    return {**values, key: changed}
