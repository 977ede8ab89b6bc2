"""Migrations and base data: when they run, and that nothing they need is missing at that moment."""

import pytest

from chartkit.network import Endpoint, allowed
from chartkit.rendering import NAMESPACE, Rendered, Workload, rendered

MOMENTS = {"pre-install", "post-install", "pre-upgrade", "post-upgrade", "test"}
STORE = Endpoint("store", "10.20.0.5")
OF_HOOKS = {"NetworkPolicy", "Job", "Pod"}


def migrations(release: Rendered) -> list[Workload]:
    found = [workload for workload in release.workloads if workload.component.endswith("-migrate")]
    assert found
    return found


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_rollback_runs_nothing(variation: str, *, upgrade: bool) -> None:
    """An older version works on a newer schema; its migrations know nothing of it."""
    release = rendered(variation, upgrade=upgrade)
    assert set().union(*(workload.hooks for workload in release.workloads)) <= MOMENTS


def test_external_stores_are_migrated_before_anything_else_changes() -> None:
    for workload in migrations(rendered("production")):
        assert workload.hooks == {"pre-install", "pre-upgrade"}


def test_stores_of_the_release_are_there_before_they_are_migrated() -> None:
    """A hook before the installation would wait for a database that is installed after it."""
    for workload in migrations(rendered("dev")):
        assert workload.hooks == set()
    for workload in migrations(rendered("dev", upgrade=True)):
        assert workload.hooks == {"pre-upgrade"}


def test_base_data_come_when_all_is_installed() -> None:
    release = rendered("dev")
    for component in ("identity-seed", "land-parcels"):
        (workload,) = (workload for workload in release.workloads if workload.component == component)
        assert workload.hooks == {"post-install", "post-upgrade"}


def test_a_migration_before_the_installation_needs_nothing_that_is_installed(variation: str) -> None:
    """Of the release there are then only hooks; accounts and policies of the release come later."""
    release = rendered(variation)
    hooks = [item for item in release.objects if "helm.sh/hook" in item["metadata"].get("annotations", {})]
    assert {item["kind"] for item in hooks} <= OF_HOOKS
    for workload in migrations(release):
        if workload.hooks:
            assert workload.spec["serviceAccountName"] == "default"
            claims = [volume for volume in workload.spec["volumes"] if "persistentVolumeClaim" in volume]
            assert claims == []


def test_a_migration_reaches_its_database_whatever_the_installed_policies_say() -> None:
    """Before an upgrade the policies of the version before are there, which may know of other stores."""
    release = rendered("production", upgrade=True)
    everything_denied = release.get("NetworkPolicy", "motcua-default-deny")
    own = [item for item in release.of("NetworkPolicy") if "helm.sh/hook" in item["metadata"].get("annotations", {})]
    for workload in migrations(release):
        pod = Endpoint(str(workload), "10.96.1.1", NAMESPACE, workload.labels)
        assert not allowed([everything_denied], pod, STORE, 27017)
        assert allowed([everything_denied, *own], pod, STORE, 27017), workload


def test_policies_of_hooks_come_before_their_jobs(variation: str) -> None:
    release = rendered(variation, upgrade=True)
    weights = {
        kind: {
            int(item["metadata"]["annotations"]["helm.sh/hook-weight"])
            for item in release.of(kind)
            if "pre-upgrade" in item["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        }
        for kind in ("NetworkPolicy", "Job")
    }
    assert weights["Job"]
    assert not weights["NetworkPolicy"] or max(weights["NetworkPolicy"]) < min(weights["Job"])
