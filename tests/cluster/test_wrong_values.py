"""Wrong values are refused at `helm install` with their path, or by a pod that says why in its first log line."""

import json
from collections.abc import Iterator

import pytest

from motcua_client import wait_for
from motcua_devstack.cluster.installation import CHART, RELEASE, Images, Installation
from motcua_devstack.errors import DevError

MINIMAL = CHART / "ci" / "minimal-values.yaml"
STARTED_SECONDS = 180.0


@pytest.fixture(scope="module")
def nothing(images: Images) -> Iterator[Installation]:
    """A namespace without any Secret."""
    installation = Installation("motcua-test-wrong", images)
    installation.remove()
    installation.kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "motcua-test-wrong"}}])
    yield installation
    installation.remove()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"services.dossier.replica": "3"}, "services.dossier"),
        ({"mongodb.password": "secret"}, "mongodb"),
        ({"mongodb.existingSecret": ""}, "mongodb.existingSecret"),
        ({"settings.GRPC_BIND": "0.0.0.0:1"}, "settings.GRPC_BIND"),
        ({"oidc.issuer": "http://identity.example.gov.vn", "profile": "production"}, "oidc.issuer"),
        ({"services.land.replicas": "-1"}, "services.land.replicas"),
    ],
    ids=["unknown key", "inline secret", "missing secret", "chart's own setting", "http", "negative"],
)
def test_refused_with_the_path(nothing: Installation, changes: dict[str, str], said: str) -> None:
    with pytest.raises(DevError) as refusal:
        nothing.install(changes)
    assert said.replace(".", "") in str(refusal.value).replace("/", "").replace(".", "")


def test_sample_secret_is_refused_by_the_first_log_line(nothing: Installation) -> None:
    nothing.prepare()
    sample = {"stringData": {"PAGE_TOKEN_KEY": "sample-key-of-page-tokens-0000000"}}
    nothing.kubectl("patch", "secret", "motcua-page-tokens", "--patch", json.dumps(sample))
    values = ["--values", str(MINIMAL)]
    for path, value in {**nothing.images.values(), "defaults.replicas": "1"}.items():
        values += ["--set", f"{path}={value}"]
    nothing.helm("install", RELEASE, str(CHART), *values, "--no-hooks")
    line = wait_for(lambda: first_log_line(nothing, "dossier"), bool, STARTED_SECONDS, "a pod that says something")
    assert "sample secret" in json.loads(line)["problems"]["PAGE_TOKEN_KEY"]


def first_log_line(suite: Installation, service: str) -> str:
    """The first line of a gRPC pod of a service; empty as long as there is none."""
    for pod in suite.pods(service=service, process="grpc"):
        for status in pod["status"].get("containerStatuses", []):
            if "waiting" not in status["state"] or status["restartCount"]:
                log = suite.kubectl.logs(pod["metadata"]["name"])
                return log.partition("\n")[0]
    return ""
