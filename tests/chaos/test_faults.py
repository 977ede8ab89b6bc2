"""A few faults under load: nothing acknowledged is lost, nothing happens twice, everything comes to its end."""

import io

import pytest

from motcua_devstack.chaos.audit import audit
from motcua_devstack.chaos.audit.stores import open_audited
from motcua_devstack.chaos.campaign import under_load
from motcua_devstack.chaos.faults import Site
from motcua_devstack.chaos.links import Links
from motcua_devstack.chaos.plan import Injection
from motcua_devstack.chaos.report import BROKEN
from motcua_devstack.demo.scenes import MainJob
from motcua_devstack.load.ledger import Ledger
from motcua_kit.clock import shifted_clock
from motcua_ops.backup.settings import BackupSettings

PLAN = [
    Injection(1, "kill", "dossier-worker", pause=2, seconds=0),
    Injection(2, "duplicate", "all workers", pause=2, seconds=3),
    Injection(3, "freeze", "permits-grpc", pause=1, seconds=3),
    Injection(4, "provider", "sms loses answers", pause=1, seconds=3),
    Injection(5, "second-relay", "all services", pause=1, seconds=3),
    Injection(6, "kill", "mongo", pause=1, seconds=0),
]
"""What hits a stack without links between its processes; `./dev chaos` has the rest."""


@pytest.fixture
def known(main_job: MainJob, suite_stores: BackupSettings) -> set[str]:
    """What other tests have left behind in the suite on purpose, as the audit tells it."""
    running = main_job.running
    clock = shifted_clock(running.stack.clock_offset)
    with open_audited(suite_stores, sink=running.addresses.sms, ledger=(), clock=clock) as opened:
        return set(audit(opened).wrong)


@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_doubled_under_faults(main_job: MainJob, known: set[str]) -> None:
    said: list[str] = []
    with Links() as none:
        figures = under_load(0, PLAN, Site(main_job.running, none), Ledger(io.StringIO()), said.append)
    figures["wrong"] = sorted(set(figures["wrong"]) - known)
    assert {name: figures[name] for name in BROKEN if figures[name]} == {}
    assert [fault["kind"] for fault in figures["faults"]] == [one.kind for one in PLAN]
    assert {"mongo", "dossier-worker"} <= {name for fault in figures["faults"] for name in fault["crashed"]}
    assert figures["acknowledged"] > len(PLAN)
    assert figures["lives_finished"] == figures["lives"] > 0
    assert len([line for line in said if "commands acknowledged" in line]) == len(PLAN)
