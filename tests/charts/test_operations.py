"""Programs besides the services: told only what they read; run by hand, by a schedule or by `helm test`."""

import pytest
from pydantic_settings import BaseSettings

from chartkit.rendering import Rendered, Workload, render, rendered, values_of, with_value
from chartkit.settings import NOT_OURS, environment, secret_files
from motcua_devstack.demo.remote import Surroundings
from motcua_kit.clock import VIETNAM
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.backup.settings import BackupSettings
from motcua_ops.settings import OpsSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "smoke": OpsSettings,
    "doctor": AuditSettings,
    "backup": BackupSettings,
    "audit-seal": AuditSettings,
    "audit-verify": AuditSettings,
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


@pytest.mark.parametrize("name", ["doctor", "backup", "audit-seal", "audit-verify", "verify", "load"])
def test_what_is_run_by_hand_waits_for_it(name: str) -> None:
    """`kubectl create job --from=cronjob/…`; the schedule of a suspended CronJob never comes."""
    assert rendered("dev").get("CronJob", f"motcua-{name}")["spec"]["suspend"] is True


def test_backups_run_by_their_schedule() -> None:
    spec = rendered("production").get("CronJob", "motcua-backup")["spec"]
    assert spec["suspend"] is False
    assert spec["concurrencyPolicy"] == "Forbid"


@pytest.mark.parametrize(("name", "schedule"), [("audit-seal", "30 0 * * *"), ("audit-verify", "0 3 * * 6")])
def test_days_are_sealed_and_held_against_their_seals_by_the_clock_of_the_city(name: str, schedule: str) -> None:
    spec = rendered("production").get("CronJob", f"motcua-{name}")["spec"]
    assert (spec["suspend"], spec["schedule"], spec["timeZone"]) == (False, schedule, VIETNAM.tzname(None))
    assert spec["concurrencyPolicy"] == "Forbid"


def test_how_far_back_histories_are_held_against_seals_can_be_said() -> None:
    release = render(with_value(values_of("production"), "audit.verifySince", "35d"))
    (verify,) = (workload for workload in release.workloads if workload.component == "audit-verify")
    assert verify.main["args"] == ["motcua_ops", "audit", "verify", "--since", "35d"]


def test_only_who_seals_has_the_key_of_seals() -> None:
    with_key = {
        workload.component
        for workload in rendered("production").workloads
        for volume in workload.spec["volumes"]
        for source in volume.get("projected", {}).get("sources", ())
        if source["secret"]["name"] == "motcua-audit"
        and "key.pem" in {item["key"] for item in source["secret"]["items"]}
    }
    assert with_key == {"audit-seal"}


def test_seals_lie_in_a_store_of_their_own_or_in_that_of_documents() -> None:
    for variation, elsewhere in (("production", True), ("dev", False)):
        for workload in programs(rendered(variation)):
            if workload.component.startswith("audit-"):
                told = environment(workload.main).keys() | secret_files(workload, workload.main)
                assert {"AUDIT_STORE_URL", "AUDIT_STORE_ACCESS_KEY"}.isdisjoint(told) != elsewhere, workload
                assert {"OBJECT_STORE_URL", "OBJECT_STORE_ACCESS_KEY"}.isdisjoint(told) == elsewhere, workload


def test_names_of_cron_jobs_leave_room_for_those_of_their_jobs(release: Rendered) -> None:
    assert [item for item in release.of("CronJob") if len(item["metadata"]["name"]) > 52] == []
