"""Dossiers of an old system, as lines that the suite's importer takes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from google.protobuf import json_format

from motcua.dossier.v1.dossier_pb2 import Component, Dossier
from motcua_devstack.bench import population
from motcua_devstack.demo import house
from motcua_devstack.demo.people import Citizen
from motcua_devstack.paths import ROOT

FAMILIES = ("Nguyễn", "Trần", "Nguyễn", "Lê", "Nguyễn", "Phạm", "Nguyễn", "Hoàng", "Võ", "Đỗ")
MIDDLES = ("Thị", "Văn", "Minh", "Ngọc", "Hữu", "Thanh", "Quốc")
GIVEN = ("An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Hòa", "Lan", "Long", "Mai", "Nam", "Phúc", "Sơn")
"""Numbers of these without a common divisor: their combinations come in turns."""

APART = timedelta(milliseconds=50)
"""Between two submissions: all of a large City lie within a day."""


class OldSystem:
    """Hands a City's dossiers over: first those that wait in one queue, then elsewhere, every second one withdrawn.

    Args:
        citizen: whose they are; makes a draft, whose form they all have.
        waiting: how many wait at `house.WARD`.
    """

    def __init__(self, citizen: Citizen, waiting: int) -> None:
        self._waiting = waiting
        draft = population.draft(citizen)
        # Midnight in the City, the day before yesterday: past in whatever zone this machine is.
        self._begin = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0) - timedelta(days=3)
        self._elsewhere = [unit for unit in _wards() if unit != house.WARD]
        self._same = {
            "format": "motcua.import/1",
            "procedure": draft.procedure,
            "applicant": draft.applicant,
            "form": json_format.MessageToDict(draft.form),
            "papers": papers_of(draft),
        }

    def lines(self) -> Iterator[bytes]:
        """Yield lines without end, always the same."""
        day = self._begin + timedelta(days=1)
        for number in count():
            here = number < self._waiting
            unit = house.WARD if here else self._elsewhere[number % len(self._elsewhere)]
            time = self._begin + APART * number
            steps: list[dict[str, Any]] = [{"action": "SubmitDossier", "time": time.isoformat()}]
            if not here and number % 2:
                steps.append({"action": "WithdrawDossier", "time": time.isoformat(), "reason": "Người nộp rút hồ sơ"})
            record = {
                **self._same,
                "code": f"H29.{unit.partition('/')[2]}-{day:%y%m%d}-{number:07}",
                "unit": unit,
                "applicant_name": name(number),
                "steps": steps,
            }
            yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def name(number: int) -> str:
    """A name; one in a hundred and thirty has the same family and given name."""
    return " ".join(words[number % len(words)] for words in (FAMILIES, MIDDLES, GIVEN))


def papers_of(draft: Dossier) -> list[str]:
    """The components that a complete dossier of this form has on paper."""
    return [one.code for one in draft.components if one.required and one.state != Component.STATE_FROM_FORM]


def _wards() -> list[str]:
    """The wards of the City that are in force."""
    with (ROOT / "city" / "units" / "units.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["type"] == "WARD" and not row["valid_to"]]
    return [f"units/{row['code']}" for row in rows]
