"""Log lines: JSON, with trace ids, without personal data."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from motcua_kit.logs import scrubbed


@pytest.mark.parametrize(
    "text",
    ["079123456789", "số 079123456789.", "an.nguyen+x@example.vn", "0912345678", "+84912345678", "id=079123456789&x"],
)
def test_personal_data_is_taken_out(text: str) -> None:
    assert "[…]" in scrubbed(text)
    assert not any(part in scrubbed(text) for part in ("079123456789", "@example", "912345678"))


@pytest.mark.parametrize(
    "text",
    [
        "H29.1-261123-0001",
        "dossiers/4f0c8a1b2c3d4e5f60718293a4b5c6d7",
        "2026-11-23T02:00:00.123456Z",
        "127.0.0.1:50051",
        "things/1#1.0",
        "00000000000000000000000000000000",
    ],
)
def test_names_times_and_codes_stay(text: str) -> None:
    assert scrubbed(text) == text


def test_it_looks_inside() -> None:
    assert scrubbed({"a": ["079123456789", 1, None], "b": ("x@y.vn",)}) == {"a": ["[…]", 1, None], "b": ["[…]"]}
    assert scrubbed(ValueError("079123456789")) == "[…]"


PROGRAM = """
import logging, structlog
from motcua_kit.logs import setup_logs
from motcua_kit.settings import ServiceSettings

setup_logs(ServiceSettings(profile="local", service_name="thing", mongodb_uri="unused"))
structlog.get_logger("ours").info("thing_done", name="Người 079123456789", event_id="things/1#1.0")
logging.getLogger("theirs").warning("mail to an@example.vn")
try:
    raise ValueError("079123456789")
except ValueError:
    structlog.get_logger("ours").exception("thing_failed")
"""


def test_our_lines_and_those_of_others_look_alike() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603
    ours, theirs, failed = (json.loads(line) for line in done.stdout.splitlines())
    assert (ours["event"], ours["service"], ours["logger"], ours["level"]) == ("thing_done", "thing", "ours", "info")
    assert (ours["name"], ours["event_id"]) == ("Người […]", "things/1#1.0")
    assert (theirs["event"], theirs["service"], theirs["level"]) == ("mail to […]", "thing", "warning")
    assert "ValueError: […]" in failed["exception"]
    assert all(line["timestamp"].endswith("Z") for line in (ours, theirs, failed))
