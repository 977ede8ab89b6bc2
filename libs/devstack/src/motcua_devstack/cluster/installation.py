"""One installation of the suite in a namespace: made from nothing, exercised by Jobs, taken away."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from motcua_client import WaitTimeout, wait_for
from motcua_devstack.cluster.programs import Helm, Kubectl, Manifest, run
from motcua_devstack.errors import DevError
from motcua_devstack.paths import ROOT

CHART = ROOT / "helm" / "motcua"
DEV_VALUES = CHART / "ci" / "dev-values.yaml"
RELEASE = "motcua"
SUITE = MappingProxyType({"app.kubernetes.io/instance": RELEASE})
RESTRICTED = "restricted"
JOB_SECONDS = 600.0


@dataclass(frozen=True)
class Images:
    """Where the cluster finds the images.

    Attributes:
        repository: what stands before `/<name>`, e.g. `motcua` or `registry:5000/motcua`.
        tag: of all of them.
    """

    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "Images":
        """Read `repository:tag`.

        Raises:
            DevError: there is no tag.
        """
        repository, _, tag = text.rpartition(":")
        if not repository or "/" in tag:
            raise DevError(f"{text!r} names no images; say REPOSITORY:TAG, e.g. motcua:dev")
        return cls(repository, tag)

    def values(self) -> dict[str, str]:
        """The values of the chart that name them."""
        return {"image.repository": self.repository, "image.tag": self.tag}


@dataclass(frozen=True)
class JobResult:
    """How a Job ended.

    Attributes:
        succeeded: whether its pod ended with 0.
        log: everything that it wrote.
    """

    succeeded: bool
    log: str


class Installation:
    """The suite with its development stores and outside world in a namespace of its own.

    Args:
        namespace: where it lives.
        images: what runs.
    """

    def __init__(self, namespace: str, images: Images) -> None:
        self.namespace = namespace
        self.images = images
        self.kubectl = Kubectl(namespace)
        self.helm = Helm(namespace, RELEASE, CHART)

    def prepare(self, secrets: str = "") -> None:
        """Make the namespace, which enforces the restricted Pod Security level, and its Secrets.

        Args:
            secrets: manifests of Secrets that were kept; what they lack is made.
        """
        level = {f"pod-security.kubernetes.io/{mode}": RESTRICTED for mode in ("enforce", "warn", "audit")}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": level}}
        self.kubectl.apply([namespace])
        if secrets:
            self.kubectl.apply(secrets)
        command = [sys.executable, "-m", "motcua_devstack.secrets", "--apply"]
        run([*command, "--namespace", self.namespace, "--release", RELEASE])

    def install(
        self,
        changes: Mapping[str, str] = MappingProxyType({}),
        *,
        values: Sequence[Path] = (DEV_VALUES,),
        images: Images | None = None,
    ) -> float:
        """Install or upgrade, until everything is ready; returns the seconds that it took."""
        begun = time.monotonic()
        self.helm.upgrade(values, {**(images or self.images).values(), **changes})
        return time.monotonic() - begun

    def remove(self) -> None:
        """Take the namespace away with all that is in it, volumes included."""
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait", seconds=300)

    def start(self, job: str, template: str, arguments: Sequence[str] = (), command: Sequence[str] = ()) -> None:
        """Start a Job from one of the chart's CronJobs.

        Args:
            job: its name.
            template: name of the CronJob without the release, e.g. `verify`.
            arguments: given to the program besides those of the template.
            command: runs instead of the template's program, with the same rights, Secrets and ways through the network.
        """
        self.kubectl("delete", "job", job, "--ignore-not-found", "--wait")
        cronjob = self.kubectl.get("cronjob", f"{RELEASE}-{template}")
        spec = cronjob["spec"]["jobTemplate"]["spec"]
        container = spec["template"]["spec"]["containers"][0]
        if command:
            container.update(command=list(command), args=[])
        container["args"].extend(arguments)
        self.kubectl.apply([{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job}, "spec": spec}])

    def finish(self, job: str, seconds: float = JOB_SECONDS) -> JobResult:
        """Wait until a Job has ended.

        Raises:
            DevError: it has not ended in time.
        """

        def look() -> dict[str, Any]:
            status: dict[str, Any] = self.kubectl.get("job", job)["status"]
            return status

        try:
            status = wait_for(look, lambda now: bool(now.get("succeeded") or now.get("failed")), seconds, f"Job {job}")
        except WaitTimeout as error:
            raise DevError(f"{error}\n{self.kubectl.logs(f'job/{job}', '--tail=50')}") from error
        return JobResult(bool(status.get("succeeded")), self.kubectl.logs(f"job/{job}"))

    def perform(
        self,
        job: str,
        template: str,
        arguments: Sequence[str] = (),
        command: Sequence[str] = (),
    ) -> JobResult:
        """Start a Job from one of the chart's CronJobs and wait until it has ended."""
        self.start(job, template, arguments, command)
        return self.finish(job)

    def pods(self, **labels: str) -> list[Manifest]:
        """Pods of the suite; `service`, `process` and `pool` narrow them down."""
        own = {f"motcua.io/{name}": value for name, value in labels.items()}
        return self.kubectl.items("pods", {**SUITE, **own})

    def settle(self, minutes: int = 5) -> None:
        """Wait until every Deployment and StatefulSet has all its pods ready."""
        for kind in ("deployment", "statefulset"):
            for one in self.kubectl.items(kind, SUITE):
                self.kubectl("rollout", "status", f"{kind}/{one['metadata']['name']}", f"--timeout={minutes}m")
