"""Pods die in the middle of the main job: it completes."""

from motcua_client import wait_for
from motcua_devstack.cluster.installation import Installation
from motcua_devstack.cluster.programs import Manifest

SERVICES = {
    "sign-in": ["identity-http"],
    "draft": ["dossier-grpc", "land-grpc"],
    "upload": ["dossier-worker"],
    "submit": ["dossier-grpc", "notify-worker"],
    "accept": ["permits-grpc", "identity-grpc"],
    "application": ["permits-worker"],
    "propose": ["permits-worker", "notify-grpc"],
}
"""Which pods are killed once a step is done, by what they are."""

LEADERS = {"draft": ["dossier"], "submit": ["dossier", "notify"], "approve": ["permits"]}
"""Whose relay leader is killed once a step is done."""

STORES = {"upload": ["minio"], "submit": ["valkey"], "application": ["mongodb"], "approve": ["valkey"]}

STEP_SECONDS = 300.0
LEASE_SECONDS = 120.0


class Killing:
    """The main job in the cluster, and the pods that die on its way.

    Args:
        suite: where it runs.
        job: name of its Job.
    """

    def __init__(self, suite: Installation, job: str) -> None:
        self.suite = suite
        self.job = job
        self.killed: set[str] = set()
        suite.start(job, "verify", ["--without-traces"])

    def after(self, step: str) -> None:
        """Wait until the walk has done a step."""
        wait_for(self._log, lambda log: f"✓ {step} " in log or "✗" in log, STEP_SECONDS, f"the step {step}")

    def _log(self) -> str:
        status = self.suite.kubectl.get("job", self.job)["status"]
        begun = any(status.get(how) for how in ("ready", "succeeded", "failed"))
        return self.suite.kubectl.logs(f"job/{self.job}") if begun else ""

    def kill(self, pod: Manifest, *, abruptly: bool = True) -> None:
        """Kill a pod; one of a store gets a second, so that its volume is not used twice."""
        name = pod["metadata"]["name"]
        grace = ("--grace-period=0", "--force") if abruptly else ("--grace-period=1",)
        self.suite.kubectl("delete", "pod", name, *grace, "--wait=false")
        self.killed.add(pod["metadata"]["uid"])

    def verify(self) -> None:
        """The main job is verified, and everything that was killed is there again."""
        result = self.suite.finish(self.job)
        assert result.succeeded, result.log
        assert self.killed, "nothing was killed: the test proves nothing"
        self.suite.settle()
        assert not self.killed & {pod["metadata"]["uid"] for pod in self.suite.pods()}


def component(suite: Installation, name: str) -> list[Manifest]:
    """The pods of a component, e.g. `dossier-grpc`."""
    return suite.kubectl.items("pods", {"app.kubernetes.io/instance": "motcua", "app.kubernetes.io/component": name})


def test_pods_die(suite: Installation) -> None:
    walk = Killing(suite, "verify-services")
    for step, names in SERVICES.items():
        walk.after(step)
        for name in names:
            pods = component(suite, name)
            assert pods, f"there is no {name}"
            walk.kill(pods[0])
    walk.verify()


def leader(suite: Installation, service: str) -> Manifest:
    """The pod that holds the lease of a service's relay; a dead holder's must run out first."""

    def holders() -> list[Manifest]:
        # A holder that ended in order leaves the lease without one.
        holder = suite.kubectl.get("lease", f"motcua-{service}-scheduler")["spec"].get("holderIdentity", "")
        return [
            pod
            for pod in suite.pods(service=service, process="scheduler")
            if holder.startswith(pod["metadata"]["name"]) and not pod["metadata"].get("deletionTimestamp")
        ]

    (pod,) = wait_for(holders, lambda found: len(found) == 1, LEASE_SECONDS, f"a relay leader of {service}")
    return pod


def test_relay_leaders_die(suite: Installation) -> None:
    walk = Killing(suite, "verify-leaders")
    for step, services in LEADERS.items():
        walk.after(step)
        for service in services:
            walk.kill(leader(suite, service))
    walk.verify()


def test_stores_die(suite: Installation) -> None:
    walk = Killing(suite, "verify-stores")
    for step, names in STORES.items():
        walk.after(step)
        for name in names:
            (pod,) = component(suite, name)
            walk.kill(pod, abruptly=False)
    walk.verify()
