"""`./dev bench`: statistics, turns, table, comparison, and what clients send."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import math
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from motcua.dossier.v1.dossier_pb2 import UpdateDossierRequest
from motcua_devstack import cli
from motcua_devstack.bench import clients, profile, rounds, table
from motcua_devstack.bench.budget import Budget
from motcua_devstack.bench.registry import ROWS
from motcua_devstack.bench.rows import Bench, Better, Round, Row, Sample, percentile, row_of, spread
from motcua_devstack.bench.shared import Shared
from motcua_devstack.commands import bench
from motcua_devstack.errors import DevError

BENCH = cast("Bench", None)
"""The probes below need nothing of it."""


class Scripted:
    """A probe whose samples are given, and that notes what is asked of it."""

    unit = "calls/s"
    target: float | None = 0.7

    def __init__(
        self,
        suite: Sequence[float],
        limit: Sequence[float] = (),
        better: Better = Better.HIGHER,
        *,
        broken: bool = False,
    ) -> None:
        self.name, self.better, self.asked = "scripted", better, list[str]()
        self._suite, self._limit, self._broken = iter(suite), iter(limit), broken

    def setup(self, bench: Bench) -> None:
        del bench
        self.asked.append("setup")
        if self._broken:
            raise DevError("no")

    def measure(self) -> Sample:
        self.asked.append("suite")
        return Sample(next(self._suite), {"p95 ms": 2.0})

    def limit(self) -> Sample | None:
        self.asked.append("limit")
        value = next(self._limit, None)
        return None if value is None else Sample(value)

    def close(self) -> None:
        self.asked.append("close")


def measured(probe: Scripted, number: int = 3) -> Row:
    (row,), late = rounds.measure([probe], BENCH, number, math.inf)
    assert not late
    return row


def test_the_ratio_is_the_median_of_the_rounds_ratios() -> None:
    row = measured(Scripted([70, 90, 10], [100, 100, 100]))
    assert (row.value, row.limit, row.ratio, row.rounds) == (70, 100, 0.7, 3)
    assert row.spread == pytest.approx((0.9 - 0.1) / 2 / 0.7)
    assert row.details == {"p95 ms": 2.0}
    assert row.met is True


def test_a_drift_that_hits_both_leaves_the_ratio_alone() -> None:
    assert measured(Scripted([80, 40, 8], [100, 50, 10])).spread == pytest.approx(0)


def test_lower_is_better_where_the_probe_says_so() -> None:
    assert measured(Scripted([6], [10], Better.LOWER), 1).met is True
    assert measured(Scripted([9], [10], Better.LOWER), 1).met is False
    assert measured(Scripted([6], [10], Better.HIGHER), 1).met is False


class Enough(Scripted):
    """A probe for which 20 are enough."""

    enough: float | None = 20


def test_what_is_enough_meets_the_target_whatever_the_limit() -> None:
    assert measured(Enough([20], [100]), 1).met is True
    assert measured(Enough([19], [100]), 1).met is False
    assert measured(Enough([14], [20]), 1).met is True
    assert measured(Scripted([20], [100]), 1).met is False


def test_without_a_limit_there_is_nothing_to_meet() -> None:
    row = measured(Scripted([10, 12, 11]))
    assert (row.limit, row.ratio, row.met) == (None, None, None)
    assert row.spread == pytest.approx(1 / 11)


def test_the_spread_forgets_outliers_of_many_rounds() -> None:
    assert spread([10, 10, 10, 10, 1000]) == 0
    assert spread([5]) is None


def test_percentiles_are_values_that_were_seen() -> None:
    ordered = [float(value) for value in range(1, 101)]
    assert [percentile(ordered, share) for share in (0.5, 0.95, 0.99)] == [51, 96, 100]
    assert percentile([3.0], 0.99) == 3


def test_suite_and_limit_take_turns_at_being_first() -> None:
    probe = Scripted([1, 1], [1, 1])
    measured(probe, 2)
    assert probe.asked == ["setup", "suite", "limit", "limit", "suite", "close"]


class Slow(Scripted):
    """A probe in whose second round the time is over."""

    def measure(self) -> Sample:
        if "suite" in self.asked:
            signal.raise_signal(signal.SIGALRM)
        return super().measure()


def test_when_the_time_is_over_what_was_measured_counts() -> None:
    first, second, third = Scripted([1, 1], [1, 1]), Slow([1], [1]), Scripted([1], [1])
    rows, late = rounds.measure([first, second], BENCH, 2, time.monotonic() + 1000)
    assert [(row.rounds, row.wanted) for row in rows] == [(2, 2), (1, 2)]
    assert not late
    assert first.asked[-1] == second.asked[-1] == "close"
    assert rounds.measure([third], BENCH, 2, time.monotonic() - 1) == ([], ["scripted"])
    assert "suite" not in third.asked


def test_a_row_without_its_rounds_says_so() -> None:
    probe = Scripted([])
    rows = [row_of(probe, [Round(Sample(1), None)] * number, 3) for number in (2, 3)]
    lines = table.text(rows).splitlines()
    assert "2 of 3" in lines[1]
    assert "of 3" not in lines[2]


def test_what_a_row_leaves_of_its_time_is_the_others() -> None:
    end = time.monotonic() + 1000
    shares = Budget(end, 4)
    assert shares.share() == pytest.approx(end - 750, abs=1)
    assert shares.share() == pytest.approx(end - 1000 + 1000 / 3, abs=1)
    assert Budget(time.monotonic() - 1, 2).share() <= time.monotonic()


def test_a_probe_whose_setup_fails_is_closed() -> None:
    first, second = Scripted([1]), Scripted([1], broken=True)
    with pytest.raises(DevError):
        rounds.measure([first, second], BENCH, 1, math.inf)
    assert first.asked == ["setup", "suite", "limit", "close"]
    assert second.asked == ["setup", "close"]


def test_what_rows_share_is_made_once_and_closed_at_the_end() -> None:
    said: list[str] = []

    def make(keep: contextlib.ExitStack, fails: bool) -> str:  # noqa: FBT001 - a test's own
        said.append("made")
        keep.callback(said.append, "closed")
        if fails:
            raise DevError("no")
        return "it"

    with Shared() as shared:
        with pytest.raises(DevError):
            shared.get(make, True)
        assert said == ["made", "closed"]
        assert [shared.get(make, False) for _ in range(2)] == ["it", "it"]
        assert said == ["made", "closed", "made"]
    assert said[-1] == "closed"


def results(name: str, suite: float, limit: float | None, better: Better = Better.HIGHER) -> Row:
    probe = Scripted([], better=better)
    probe.name = name
    return row_of(probe, [Round(Sample(suite), None if limit is None else Sample(limit))] * 2, 2)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    rows = [results("read", 70, 100), results("free", 5, None)]
    table.write(table.document(rows, "abc"), file)
    assert table.read(file) == rows
    written = json.loads(file.read_text())
    assert {"machine", "commit", "when", "rows"} == written.keys()
    assert [row["met"] for row in written["rows"]] == [True, None]
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"rows": [{}]}', '{"rows": [{"met": true, "speed": 1}]}'])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)
    with pytest.raises(DevError, match="no results"):
        table.read(file)


def test_a_comparison_tells_what_moved_beyond_the_spread() -> None:
    then = [results("read", 70, 100), results("page", 10, 10, Better.LOWER), results("gone", 1, 1)]
    now = [results("read", 140, 100), results("page", 20, 10, Better.LOWER), results("new", 1, 1)]
    moves = {move.name: (move.change, move.verdict) for move in table.compare(now, then)}
    assert moves == {"read": (2.0, "better"), "page": (2.0, "WORSE")}
    assert table.Move("read", 1.04, 0.05, Better.HIGHER).verdict == ""
    assert table.Move("read", 2.0, None, Better.HIGHER).verdict == ""


def test_the_table_shows_target_and_outcome() -> None:
    lines = table.text([results("read", 35, 100), results("free", 5, None)]).splitlines()
    assert lines[0].split()[:4] == ["row", "suite", "limit", "unit"]
    assert "0.35" in lines[1]
    assert "≥ 0.7" in lines[1]
    assert lines[1].endswith("MISSED")
    assert "MISSED" not in lines[2]


def test_each_request_of_a_client_has_an_id_of_its_own() -> None:
    first = UpdateDossierRequest(request_id="old")
    first.dossier.name = "dossiers/1"
    number = UpdateDossierRequest.DESCRIPTOR.fields_by_name["request_id"].number
    job: dict[str, Any] = {
        "requests": [base64.b64encode(first.SerializeToString()).decode()],
        "request_id_field": number,
        "once": False,
    }
    sent = [UpdateDossierRequest.FromString(request) for request in itertools.islice(clients.requests_of(job), 3)]
    assert {request.dossier.name for request in sent} == {"dossiers/1"}
    assert len({request.request_id for request in sent} - {"old"}) == 3


def test_every_row_has_probes_with_names_of_their_own() -> None:
    names = [probe.name for entry in ROWS.values() for probe in entry.probes((1_000, 10_000))]
    assert len(names) >= len(ROWS)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("sizes", [(1_000,), (100, 1_000)])
def test_a_queue_needs_sizes_that_can_be_compared(sizes: tuple[int, ...]) -> None:
    with pytest.raises(DevError, match="two sizes"):
        ROWS["queue"].probes(sizes)


def test_what_cannot_be_written_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    options = cli.parser().parse_args(["bench", "--json", str(tmp_path / "none" / "results.json")])
    with pytest.raises(DevError, match="no folder"):
        bench.run(options)


def test_an_unknown_row_is_said_before_anything_is_measured() -> None:
    with pytest.raises(DevError, match="no such row: speed"):
        bench.run(cli.parser().parse_args(["bench", "--rows", "speed"]))


def test_a_row_that_only_starts_processes_cannot_be_profiled() -> None:
    with pytest.raises(DevError, match=r"start has nothing to profile.*read, update"):
        bench.run(cli.parser().parse_args(["bench", "--profile", "start"]))


def test_a_profile_has_no_machine_paths_and_no_rare_frames() -> None:
    lines = [
        "run (/a/lib/python3.11/threading.py:9);Pages.get (/a/src/motcua_kit/store/pages.py:3) 600",
        "run (/a/lib/python3.11/threading.py:9);start (/a/site-packages/grpc/__init__.py:1) 399",
        "run (/a/lib/python3.11/threading.py:9);start (/a/site-packages/grpc/__init__.py:1);read (<frozen codecs>) 1",
        "main (/a/bin/secantusd-py:4);work (/b/work.py:2) 90",
        'process 12:"/a/bin/python -m work";main (/a/bin/secantusd-py:4);work (/b/work.py:2) 10',
        "process 13 90",
    ]
    assert profile.folded(lines) == [
        "rare 90",
        "secantusd-py:main;work:work 100",
        "threading:run;grpc:start 400",
        "threading:run;motcua_kit.store.pages:Pages.get 600",
    ]


def test_the_rows_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(cli.parser().parse_args(["bench", "--list"])) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(ROWS)
