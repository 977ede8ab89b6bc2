"""Wrong values are refused at `helm install` with their path, or by a pod that says why in its first log line."""

from collections.abc import Iterator

import pytest

from motcua_devstack.cluster.installation import Images, Installation
from motcua_devstack.errors import DevError


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
