"""`kubectl` and `helm`, called as an operator calls them; the cluster is the one that KUBECONFIG names."""

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from motcua_devstack.errors import DevError

Manifest = dict[str, Any]
SHOWN = 4000
"""Characters of a failed program's output that are shown, from its end."""


def run(command: Sequence[str], *, given: str | None = None, seconds: float = 600) -> str:
    """Run a program to its end and return what it wrote.

    Raises:
        DevError: the program is not there, took too long or failed; the text holds what it said.
    """
    if shutil.which(command[0]) is None:
        raise DevError(f"{command[0]} is not on PATH; install it and point KUBECONFIG to a cluster")
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise DevError(f"{_shown(command)} did not end within {seconds:.0f} s") from error
    if done.returncode != 0:
        raise DevError(f"{_shown(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-SHOWN:]}")
    return done.stdout


def _shown(command: Sequence[str]) -> str:
    return " ".join(command[:8])


@dataclass(frozen=True)
class Kubectl:
    """kubectl in one namespace."""

    namespace: str

    def __call__(self, *arguments: str, given: str | None = None, seconds: float = 600) -> str:
        """Run it with these arguments and return what it wrote.

        Raises:
            DevError: it failed.
        """
        return run(["kubectl", "--namespace", self.namespace, *arguments], given=given, seconds=seconds)

    def get(self, *what: str) -> Any:
        """Objects as JSON: one when its name is given, a `List` otherwise."""
        return json.loads(self("get", *what, "-o", "json"))

    def items(self, kind: str, labels: Mapping[str, str] = MappingProxyType({})) -> list[Manifest]:
        """Objects of a kind that have all the labels."""
        selector = ",".join(f"{name}={value}" for name, value in labels.items())
        found: list[Manifest] = self.get(kind, *(("-l", selector) if selector else ()))["items"]
        return found

    def apply(self, manifests: str | Iterable[Manifest]) -> None:
        """Make objects be as the manifests say."""
        text = manifests if isinstance(manifests, str) else _as_list(manifests)
        self("apply", "-f", "-", given=text)

    def exec(self, pod: str, *command: str, given: str | None = None, seconds: float = 120) -> str:
        """Run a command in a pod's container and return what it wrote."""
        interactive = ("-i",) if given is not None else ()
        return self("exec", *interactive, pod, "--", *command, given=given, seconds=seconds)

    def logs(self, what: str, *options: str) -> str:
        """What a pod, or the pod of a Job, has written."""
        return self("logs", what, *options)


def _as_list(manifests: Iterable[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})


@dataclass(frozen=True)
class Helm:
    """helm for one release."""

    namespace: str
    release: str
    chart: Path

    def upgrade(self, values: Iterable[Path], changes: Mapping[str, str], *, minutes: int = 8) -> str:
        """Install the release, or bring it to these values, and wait until all of it is ready.

        Args:
            values: files of values, later ones win.
            changes: single values by path, which win over all files.
            minutes: how long to wait.
        """
        arguments = ["upgrade", "--install", self.release, str(self.chart), "--wait", "--wait-for-jobs"]
        arguments += [f"--timeout={minutes}m"]
        for file in values:
            arguments += ["--values", str(file)]
        for path, value in changes.items():
            arguments += ["--set", f"{path}={value}"]
        return self(*arguments, seconds=60 * minutes + 30)

    def __call__(self, *arguments: str, seconds: float = 600) -> str:
        """Run it with these arguments and return what it wrote.

        Raises:
            DevError: it failed.
        """
        return run(["helm", "--namespace", self.namespace, *arguments], seconds=seconds)
