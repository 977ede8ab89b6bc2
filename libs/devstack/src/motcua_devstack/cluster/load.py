"""The load driver as a Job in the cluster."""

import json
from types import TracebackType
from typing import Any, Self

from motcua_client import wait_for
from motcua_devstack.cluster.installation import Installation

STOP = "import os, signal; os.kill(1, signal.SIGTERM)"
READY_SECONDS = 120.0


class Load:
    """Commands that are sent all the time, from the start of the block until `stop`.

    Args:
        suite: where to.
        job: name of the Job.
        arguments: for the driver.
    """

    def __init__(self, suite: Installation, job: str, *arguments: str) -> None:
        self._suite = suite
        self._job = job
        self._arguments = arguments

    def __enter__(self) -> Self:
        """Start, and return when the first commands were acknowledged."""
        self._suite.start(self._job, "load", self._arguments)
        wait_for(self._ready, bool, READY_SECONDS, "the load to begin")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the Job away."""
        self._suite.kubectl("delete", "job", self._job, "--ignore-not-found", "--wait=false")

    def _ready(self) -> bool:
        if not self._suite.kubectl.get("job", self._job)["status"].get("ready"):
            return False
        return any(entry["acknowledged"] for entry in self._entries())

    def _entries(self) -> list[dict[str, Any]]:
        """The latest lines of the ledger."""
        lines = self._suite.kubectl.logs(f"job/{self._job}", "--tail=200").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def served_by(self) -> set[str]:
        """Pods that answered lately."""
        return {entry["served_by"] for entry in self._entries()}

    def stop(self) -> dict[str, Any]:
        """End the load; returns its summary after its audit."""
        (pod,) = self._suite.kubectl.items("pods", {"job-name": self._job})
        self._suite.kubectl.exec(pod["metadata"]["name"], "python", "-c", STOP)
        result = self._suite.finish(self._job)
        summary: dict[str, Any] = json.loads(result.log.strip().splitlines()[-1])
        return summary
