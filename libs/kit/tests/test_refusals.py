"""A scheduler that refuses its settings; services are tested through their command line."""

from __future__ import annotations

import json
import subprocess
import sys


def test_a_scheduler_says_in_its_only_line_what_it_needs() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "motcua_kit.scheduler", "--service", "dossier"],
        env={"MONGODB_URI": "sample-of-a-uri", "LEADER_ELECTION": "kubernetes", "LEASE_NAME": "relay"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, "")
    [line] = ended.stdout.splitlines()
    said = json.loads(line)
    assert (said["event"], said["service"]) == ("settings_refused", "scheduler")
    assert said["problems"] == {
        "BROKER_URL": "is empty; this process needs it",
        "LEASE_NAMESPACE": "is empty; this process needs it",
        "MONGODB_URI": "holds a sample secret; make one of your own",
    }
