"""Probes: what is late, what is stuck, and what is merely busy."""

from __future__ import annotations

import threading

import pytest
import requests

from motcua_kit.health import Health, Progress, Pulse, serve_health

AT_ONCE, NEVER = -1.0, 3600.0
"""Seconds after which a test calls something late."""


def test_a_loop_that_does_not_turn_is_late() -> None:
    assert Pulse("the loop has not turned", NEVER)() == ""
    late = Pulse("the loop has not turned", AT_ONCE)
    late.beat()
    assert late() == "the loop has not turned for 0 s"


def test_threads_are_stuck_when_all_are_busy_and_silent() -> None:
    progress = Progress(2, AT_ONCE)
    with progress.work():
        assert progress() == ""  # one is free
        with progress.work():
            assert progress() == "all 2 threads are busy and none has finished anything for 0 s"
        assert progress() == ""


def test_threads_that_finish_something_are_only_busy() -> None:
    progress = Progress(1, NEVER)
    with progress.work():
        assert progress() == ""


def test_a_probe_says_why_not() -> None:
    health = Health()
    with serve_health("127.0.0.1:0", health) as address:

        def probe(path: str) -> tuple[int, str]:
            response = requests.get(f"http://{address}{path}", timeout=5)
            return response.status_code, response.text

        assert probe("/livez") == (200, "ok\n")
        assert probe("/readyz") == (503, "starting\n")
        health.ready = lambda: ""
        assert probe("/readyz") == (200, "ok\n")
        health.live = lambda: "the loop stands still"
        assert probe("/livez") == (503, "the loop stands still\n")
        assert probe("/readyz") == (503, "the loop stands still\n")


def test_without_an_address_nothing_is_served() -> None:
    before = threading.active_count()
    with serve_health("", Health()) as address:
        assert address == ""
        assert threading.active_count() == before


def test_an_address_that_is_taken_is_refused() -> None:
    with serve_health("127.0.0.1:0", Health()) as address, pytest.raises(OSError, match="in use"):  # noqa: SIM117
        with serve_health(address, Health()):
            pass
