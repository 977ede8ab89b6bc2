"""The doctor's view of the whole suite after the main job, from where stores and services are reached."""

import json

import pytest
from click.testing import CliRunner

from motcua_devstack import cast
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.demo.walk import Walk
from motcua_devstack.embedded import given_object_store
from motcua_devstack.stack import TOPOLOGY
from motcua_ops.doctor.command import command
from motcua_ops.naming import OPS

NOT_HERE = {
    "cluster",
    "permissions",
    "cluster-clock",
    "workloads",
    "pods",
    "jobs",
    "secrets",
    "certificates",
    "mounted-certificate",
    "dns",
    "seals",
}
"""Checks of what one machine has not."""


@pytest.fixture
def environment(main_job: MainJob, monkeypatch: pytest.MonkeyPatch) -> None:
    running, addresses = main_job.running, main_job.running.addresses
    given = given_object_store(running.stack.given)
    values = {
        "KUBECONFIG": str(running.stack.folder / "no-cluster"),
        "MONGODB_URI": addresses.mongodb_uri,
        "BROKER_URL": addresses.broker_url,
        "OBJECT_STORE_URL": addresses.object_store,
        "OBJECT_STORE_ACCESS_KEY": given.access_key if given else running.vault.token("object-store-access-key"),
        "OBJECT_STORE_SECRET_KEY": given.secret_key if given else running.vault.token("object-store-secret-key"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": addresses.otlp,
        "ISSUER": addresses.http["identity"],
        "CLIENT_SECRET": cast.client_secret(running.vault, OPS),
        "TOPOLOGY_FILE": str(TOPOLOGY),
        **{f"{service.upper()}_ADDRESS": address for service, address in addresses.grpc.items()},
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_a_suite_that_is_well_is_found_well(walk: Walk) -> None:
    del walk  # the main job has gone through
    result = CliRunner().invoke(command, ["--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["findings"]
    assert {item["check"] for item in found if item["status"] == "skipped"} == NOT_HERE
    assert [item for item in found if item["status"] in ("warn", "fail")] == []
