"""What waits, as the leading scheduler measures it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from motcua_kit.events import DeadLetters, Relay
from motcua_kit.events.backlog import Backlog
from motcua_kit.events.relay import oldest_event

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def backlog(bench: Any) -> Backlog:
    return Backlog(bench.service, bench.store, bench.topology, bench.app)


def test_the_oldest_event_counts_until_it_is_relayed(bench: Any) -> None:
    (none,) = backlog(bench).oldest_age()
    assert (none.value, dict(none.attributes or {})) == (0, {"motcua.service": bench.service})
    bench.add("1")
    bench.add("2")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    bench.store.collection("things").update_one({"_id": "2"}, {"$set": {"outbox.0.time": hour_ago}})
    assert oldest_event(bench.store) is not None
    (age,) = backlog(bench).oldest_age()
    assert age.value >= 3600
    Relay(bench.store, bench.topology, bench.app).sweep()
    (none,) = backlog(bench).oldest_age()
    assert none.value == 0


def test_queues_are_counted_one_by_one(bench: Any) -> None:
    empty = [one.value for one in backlog(bench).queue_lengths()]
    assert empty == [0, 0]
    bench.add("1", times=3)
    Relay(bench.store, bench.topology, bench.app).sweep()
    lengths = {dict(one.attributes or {})["motcua.queue.name"]: one.value for one in backlog(bench).queue_lengths()}
    assert lengths == {f"{bench.service}.default": 3, f"{bench.service}.slow": 3}


def test_dead_letters_are_counted(bench: Any) -> None:
    DeadLetters(bench.store).keep("t.take", "t.default", {"id": "things/1#1.0"}, ValueError("no"), 8, NOW)
    (count,) = backlog(bench).dead_letters()
    assert count.value == 1
