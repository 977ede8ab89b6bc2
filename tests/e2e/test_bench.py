"""`./dev bench` measures a row of a stack of its own; how fast it is is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_row_is_measured_and_written(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "motcua_devstack", "bench", "--quick", "--rows", "read", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert list(rows) == ["read 1 client", "read 8 clients", "read 32 clients"]
    for name, row in rows.items():
        assert name in done.stdout
        assert row["value"] > 0
        assert row["limit"] > 0
        assert row["details"].keys() == {"p50 ms", "p95 ms", "p99 ms"}
