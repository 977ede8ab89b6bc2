"""Settings both ways: a container is told only what its service reads, and all that a service reads can be told."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from chartkit.rendering import CHART, NAMESPACE, Rendered, Workload, chart, render, rendered, values_of, with_value
from chartkit.settings import (
    NOT_OURS,
    SECRETS_DIR,
    class_of,
    environment,
    secret_files,
    secret_items,
    secret_variables,
    variables,
)
from motcua_kit.settings import SchedulerSettings
from motcua_ops.naming import SERVICES

IMAGES_OWN = {"CITY_DIR", "TOPOLOGY_FILE"}
"""The image sets them: they name what lies in it."""

LOCAL_ONLY = {"CLOCK_OFFSET_FILE"}
"""There is no shifted clock in a cluster."""

OF_DOCUMENTS = {"OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY", "SIGNING_KEY_PASSPHRASE"}
"""Every service could read these secrets; only those that keep and sign documents get them."""
WITH_DOCUMENTS = ("dossier", "permits")


def containers(release: Rendered) -> list[tuple[Workload, dict[str, Any]]]:
    return [(workload, container) for workload in release.of_services for container in workload.containers]


def test_each_variable_is_one_that_the_service_reads(release: Rendered) -> None:
    for workload, container in containers(release):
        names = {item["name"] for item in container["env"]}
        assert names <= variables(workload.service) | NOT_OURS, workload


def test_each_secret_file_is_one_that_the_service_reads(release: Rendered) -> None:
    for workload, container in containers(release):
        assert secret_files(workload, container) <= secret_variables(workload.service), workload


def test_the_folder_of_secrets_is_mounted_wherever_it_is_named(release: Rendered) -> None:
    """A process refuses one that is not there."""
    for workload in release.workloads:
        for container in workload.containers:
            folders = {mount["mountPath"] for mount in container.get("volumeMounts", [])}
            assert environment(container).get(SECRETS_DIR, "") in {"", *folders}, workload


def test_no_secret_is_written_into_the_environment(release: Rendered) -> None:
    for workload, container in containers(release):
        assert not {item["name"] for item in container["env"]} & secret_variables(workload.service), workload
        assert not any("secretKeyRef" in item.get("valueFrom", {}) for item in container["env"]), workload
        assert "envFrom" not in container, workload


def test_no_variable_is_said_twice(release: Rendered) -> None:
    for workload, container in containers(release):
        names = [item["name"] for item in container["env"]]
        assert len(set(names)) == len(names), workload


def test_the_service_accepts_what_its_pods_are_told(release: Rendered, tmp_path: Path) -> None:
    """Each process loads its settings as it does at its start, from the variables and files of its container."""
    for workload, container in containers(release):
        files = tmp_path / workload.name
        files.mkdir(exist_ok=True)
        for name in secret_files(workload, container):
            (files / name).write_text(f"a text that is long enough for {name}")
        # Certificates are read at once; that they are mounted has a test of its own.
        told = {name: value for name, value in environment(container).items() if not name.startswith("TLS_")}
        with patch.dict(os.environ, {**told, SECRETS_DIR: str(files)}, clear=True):
            load_as(workload)


def load_as(workload: Workload) -> None:
    """Load settings as a process does.

    Raises:
        pydantic.ValidationError: it would refuse them.
    """
    match workload.process:
        case "scheduler":
            SchedulerSettings(service_name=workload.service)
        case "worker":
            class_of(workload.service)(service_name=workload.service).for_worker()
        case _:
            class_of(workload.service)(service_name=workload.service)


def test_files_named_in_settings_are_mounted(release: Rendered) -> None:
    for workload, container in containers(release):
        folders = {mount["mountPath"] for mount in container["volumeMounts"]}
        for name, value in environment(container).items():
            if name.endswith(("_FILE", "_BUNDLE")) and name not in IMAGES_OWN:
                assert any(value.startswith(f"{folder}/") for folder in folders), (str(workload), name)


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_a_service_reads_can_be_told(service: str) -> None:
    """Each variable is set by some variation, is a secret file of one, or may stand in `settings`."""
    allowed = set(chart_settings(service))
    told: set[str] = set()
    for name in ("tls", "production", "dev"):
        for workload, container in containers(rendered(name)):
            if workload.service == service:
                told |= environment(container).keys() | secret_files(workload, container)
    untold = variables(service) - told - allowed - IMAGES_OWN - LOCAL_ONLY
    assert untold == (set() if service in WITH_DOCUMENTS else OF_DOCUMENTS)


def chart_settings(service: str) -> list[str]:
    schema = chart().schema
    assert schema is not None
    return list(schema["$defs"][f"{service}Settings"]["properties"])


def test_settings_of_all_services_reach_all_of_them() -> None:
    release = render(with_value(values_of("production"), "settings.LOG_LEVEL", "DEBUG"))
    levels = {
        environment(workload.main).get("LOG_LEVEL") for workload in release.of_services if workload.is_long_running
    }
    assert levels == {"DEBUG"}


def test_settings_of_one_service_win_and_reach_nobody_else() -> None:
    values = with_value(values_of("production"), "settings.LOG_LEVEL", "DEBUG")
    release = render(with_value(values, "services.land.settings.LOG_LEVEL", "WARNING"))
    long_running = [workload for workload in release.of_services if workload.is_long_running]
    levels = {(workload.service == "land", environment(workload.main)["LOG_LEVEL"]) for workload in long_running}
    assert levels == {(True, "WARNING"), (False, "DEBUG")}


def test_a_changed_setting_restarts_its_pods_and_no_others() -> None:
    before = rendered("production")
    after = render(with_value(values_of("production"), "services.land.settings.LOG_LEVEL", "WARNING"))
    changed = {
        workload.service
        for workload in before.workloads
        if workload.is_long_running and after.get(workload.kind, workload.name)["spec"] != workload.owner["spec"]
    }
    assert changed == {"land"}


def test_each_key_of_a_secret_that_pods_mount_is_in_the_readme(release: Rendered) -> None:
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    keys = {item["key"] for workload in release.workloads for item in secret_items(workload)}
    assert keys
    assert sorted(key for key in keys if f"`{key}`" not in readme) == []


def test_numbers_and_booleans_become_text() -> None:
    values = with_value(values_of("production"), "services.notify.settings.SMTP_STARTTLS", value=True)
    release = render(with_value(values, "services.notify.settings.GRPC_MAX_WAITING", 1000000))
    for workload in release.of_services:
        if workload.service == "notify" and workload.is_long_running:
            assert (
                environment(workload.main).items() >= {"SMTP_STARTTLS": "true", "GRPC_MAX_WAITING": "1000000"}.items()
            )


def test_with_tls_nothing_of_ours_is_called_in_plain_text() -> None:
    for workload, container in containers(rendered("tls")):
        own = [value for value in environment(container).values() if f".{NAMESPACE}.svc" in value]
        assert [value for value in own if value.startswith("http://")] == [], workload
