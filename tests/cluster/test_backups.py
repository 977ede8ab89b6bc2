"""Back up, destroy the namespace with its volumes, restore: everything is there again."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua_devstack.cluster.installation import DEV_VALUES, RELEASE, Installation
from motcua_devstack.cluster.programs import Kubectl

HERE = Path(__file__).parent
VAULT = "motcua-test-vault"
VALUES = (DEV_VALUES, HERE / "values" / "vault.yaml")
WRITERS = f"app.kubernetes.io/instance={RELEASE},motcua.io/service"
OWN_SECRETS = "type!=helm.sh/release.v1"


@pytest.fixture(scope="module")
def vault() -> Iterator[Kubectl]:
    """Another object store, in a namespace that outlives the suite's."""
    kubectl = Kubectl(VAULT)
    kubectl("delete", "namespace", VAULT, "--ignore-not-found", "--wait")
    kubectl.apply((HERE / "manifests" / "vault.yaml").read_text())
    kubectl("rollout", "status", "deployment/minio", "--timeout=3m")
    yield kubectl
    kubectl("delete", "namespace", VAULT, "--wait=false")


def figures(log: str) -> dict[str, str]:
    """The last line of a backup or a restore."""
    return dict(re.findall(r"(\w+)=(\S+)", log.strip().splitlines()[-1]))


def operation(*arguments: str) -> tuple[str, ...]:
    """A command of the operators, in the place of the backup's own."""
    return ("python", "-m", "motcua_ops", *arguments)


@pytest.mark.usefixtures("vault")
def test_backup_destroy_restore(suite: Installation, figure: Callable[[str, str], None]) -> None:
    place = "s3://motcua-backups/city"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "motcua-backup"},
        "stringData": {"BACKUP_STORE_ACCESS_KEY": "vault", "BACKUP_STORE_SECRET_KEY": "vault-of-tests"},
    }
    suite.kubectl.apply([secret])
    suite.install(values=VALUES)
    lived = suite.perform("verify-before", "verify", ["--without-traces"])
    assert lived.succeeded, lived.log
    taken = suite.perform("backup-test", "backup")
    assert taken.succeeded, taken.log
    backup = figures(taken.log)
    secrets = suite.kubectl.get("secrets", "--field-selector", OWN_SECRETS)

    suite.remove()
    lost = time.monotonic()

    suite.prepare(secrets=yaml.safe_dump({**secrets, "items": [_bare(one) for one in secrets["items"]]}))
    suite.install(values=VALUES)
    suite.kubectl("scale", "deployment", "-l", WRITERS, "--replicas=0")
    suite.kubectl("wait", "pod", "-l", WRITERS + ",motcua.io/process!=job", "--for=delete", "--timeout=2m")
    restored = suite.perform("restore", "backup", command=operation("restore", "--from", place, "--replace"))
    assert restored.succeeded, restored.log
    compared = suite.perform("compare", "backup", command=operation("verify-restore", place))
    assert compared.succeeded, compared.log
    suite.install(values=VALUES)
    recovery = time.monotonic() - lost
    walked = suite.perform("verify-restored", "verify")
    assert walked.succeeded, walked.log
    assert int(backup["documents"]) > 1000
    assert int(backup["objects"]) > 0
    figure("backup", str(backup))
    figure(
        "restore",
        f"RPO {backup['age_seconds']} s at the end of the backup, RTO {recovery:.0f} s from nothing until all "
        f"is ready; {figures(restored.log)}",
    )


def _bare(secret: dict[str, Any]) -> dict[str, Any]:
    """A Secret without what its old namespace added to it."""
    return {**secret, "metadata": {"name": secret["metadata"]["name"]}}
