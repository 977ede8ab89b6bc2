"""Programs besides the services: told only what they read; run by hand, by a schedule or by `helm test`."""

import pytest
from pydantic_settings import BaseSettings

from chartkit.rendering import Rendered, Workload, rendered
from chartkit.settings import NOT_OURS, environment, secret_files
from motcua_devstack.demo.remote import Surroundings
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.settings import OpsSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "smoke": OpsSettings,
    "doctor": OpsSettings,
    "backup": BackupSettings,
    "verify": Surroundings,
    "load": Surroundings,
}
"""What each program reads."""


def programs(release: Rendered) -> list[Workload]:
    return [workload for workload in release.workloads if workload.component in SETTINGS]


def test_each_variable_is_one_that_the_program_reads(release: Rendered) -> None:
    for workload in programs(release):
        read = {name.upper() for name in SETTINGS[workload.component].model_fields}
        told = environment(workload.main).keys() | secret_files(workload, workload.main)
        assert told <= read | NOT_OURS, workload


def test_a_test_of_the_release_is_a_signed_in_call(release: Rendered) -> None:
    tests = [workload for workload in release.workloads if workload.hooks == {"test"}]
    assert ["motcua_ops", "smoke"] in [workload.main["args"] for workload in tests]
    assert {workload.spec["restartPolicy"] for workload in tests} == {"Never"}


def test_development_also_tests_the_main_job() -> None:
    tests = [workload.main["args"] for workload in rendered("dev").workloads if workload.hooks == {"test"}]
    assert ["motcua_devstack.verify"] in tests


@pytest.mark.parametrize("name", ["doctor", "backup", "verify", "load"])
def test_what_is_run_by_hand_waits_for_it(name: str) -> None:
    """`kubectl create job --from=cronjob/…`; the schedule of a suspended CronJob never comes."""
    assert rendered("dev").get("CronJob", f"motcua-{name}")["spec"]["suspend"] is True


def test_backups_run_by_their_schedule() -> None:
    spec = rendered("production").get("CronJob", "motcua-backup")["spec"]
    assert spec["suspend"] is False
    assert spec["concurrencyPolicy"] == "Forbid"


def test_names_of_cron_jobs_leave_room_for_those_of_their_jobs(release: Rendered) -> None:
    assert [item for item in release.of("CronJob") if len(item["metadata"]["name"]) > 52] == []
