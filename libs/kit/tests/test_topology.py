"""The suite's wiring as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from motcua_kit.topology import Subscription, Topology

TEXT = """
events:
  dossier.accepted:
    by: [dossier]
    to:
      - {task: dossier.issue_slip, queue: slow}
      - notify.tell
  dossier.drafted: {by: [dossier], to: []}
  parcel.changed: {by: [land], to: []}
schedules:
  - {task: notify.remind, every: 60}
calls:
  permits: [land, dossier]
"""


def load(folder: Path, text: str) -> Topology:
    file = folder / "topology.yaml"
    file.write_text(text)
    return Topology.load(file)


def test_subscriptions_and_their_queues(tmp_path: Path) -> None:
    topology = load(tmp_path, TEXT)
    assert topology.events["dossier.accepted"] == (
        Subscription("dossier.issue_slip", "slow"),
        Subscription("notify.tell"),
    )
    assert topology.events["dossier.drafted"] == ()
    assert [item.route for item in topology.events["dossier.accepted"]] == ["dossier.slow", "notify.default"]


def test_what_a_service_runs(tmp_path: Path) -> None:
    topology = load(tmp_path, TEXT)
    assert {name: item.route for name, item in topology.tasks_of("notify").items()} == {
        "notify.tell": "notify.default",
        "notify.remind": "notify.default",
    }
    assert [schedule.every for schedule in topology.schedules_of("notify")] == [60]
    assert topology.schedules_of("dossier") == []
    assert set(topology.calls) == {("permits", "land"), ("permits", "dossier")}
    assert topology.services == {"dossier", "notify", "land"}


def test_a_task_that_would_get_an_event_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"dossier\.drafted has a task twice"):
        load(
            tmp_path,
            TEXT.replace("drafted: {by: [dossier], to: []", "drafted: {by: [dossier], to: [notify.tell, notify.tell]"),
        )
