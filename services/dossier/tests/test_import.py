"""Dossiers of the system before this one: taken over whole, once, by the rules of this one."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unicodedata import normalize

import pytest
from click.testing import CliRunner, Result

from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_dossier.adapters.import_lines import MAX_LINE
from motcua_dossier.application.importing import Importer, Refusal, Tally
from motcua_dossier.bootstrap import SERVICE, Parts
from motcua_dossier.entrypoints.import_command import BROKEN_OFF, REFUSED, import_command
from motcua_kit.service.commands import command_line
from motcua_kit.store.chain import breaks
from motcua_kit.testing import officer

Office = Any
Record = dict[str, Any]

PAPERS = ["land_paper", "site_plan", "architecture_drawings", "foundation_drawings"]
DECREE = {"source": "NĐ 217/2026/NĐ-CP", "article": "Điều 54", "confidence": "sure"}


def step(action: str, day: int, **more: Any) -> Record:
    return {"action": action, "time": f"2026-08-{day:02}T09:00:00+07:00", **more}


PROCESSING = [step("SubmitDossier", 10), step("AcceptDossier", 11), step("StartProcessing", 12)]
ITEM = {"component": "site_plan", "reason": "Bản vẽ thiếu kích thước", "legal_reference": DECREE}
CHARGE = {"code": "permit", "title": "Lệ phí", "amount_vnd": 75_000}
ENDS: dict[str, list[Record]] = {
    "SUBMITTED": PROCESSING[:1],
    "ACCEPTED": PROCESSING[:2],
    "REFUSED": [*PROCESSING[:1], step("RefuseDossier", 11, reason="sai", legal_reference=DECREE)],
    "PROCESSING": PROCESSING,
    "SUPPLEMENT_REQUESTED": [*PROCESSING, step("RequestSupplement", 13, items=[ITEM])],
    "PAYMENT_REQUESTED": [*PROCESSING, step("RequestPayment", 13, charges=[CHARGE])],
    "WITHDRAWN": [*PROCESSING, step("WithdrawDossier", 13, reason="đổi ý")],
    "STOPPED": [*PROCESSING, step("StopDossier", 13, reason="quá hạn", legal_reference=DECREE)],
    "COMPLETED": [
        *PROCESSING,
        step("RequestSupplement", 13, items=[ITEM]),
        step("AnswerSupplement", 14, reason="đã sửa"),
        step("RequestPayment", 17, charges=[CHARGE]),
        step("ConfirmPayment", 18, receipt_no="0001"),
        step("CompleteDossier", 19),
    ],
    "RETURNED": [*PROCESSING, step("CompleteDossier", 19), step("DeliverResult", 20)],
}


@pytest.fixture
def record(people: SimpleNamespace, house_form: Record) -> Callable[..., Record]:
    def make(number: int = 1, **fields: Any) -> Record:
        return {
            "format": "motcua.import/1",
            "code": f"H29.26740-260810-{number:04}",
            "procedure": "procedures/1.013225",
            "unit": people.ward,
            "applicant": people.an,
            "applicant_name": "NGUYỄN THỊ AN",
            "form": house_form,
            "papers": PAPERS,
            "steps": PROCESSING,
            **fields,
        }

    return make


class Desk:
    """Imports into the running service as the command does."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.settings = office.running.runtime.settings
        self._parts = Parts(self.settings, office.running.runtime)
        self._folder = folder
        self.store = office.running.runtime.store

    def importer(self, refuse: Callable[[Refusal], None], progress: Callable[[Tally], None]) -> Importer:
        return self._parts.importer(refuse, progress)

    @contextmanager
    def opened(self, refuse: Callable[[Refusal], None], progress: Callable[[Tally], None]) -> Iterator[Importer]:
        yield self.importer(refuse, progress)

    def run(self, *records: Record | bytes, options: tuple[str, ...] = ()) -> Result:
        file = self._folder / "old.jsonl"
        file.write_bytes(b"\n".join(one if isinstance(one, bytes) else line(one) for one in records))
        return self.call(str(file), *options)

    def call(self, *arguments: str, given: bytes = b"") -> Result:
        return CliRunner().invoke(import_command(self.opened, MAX_LINE), arguments, input=given)

    def refused(self, *records: Record | bytes) -> list[tuple[int, str, str]]:
        result = self.run(*records)
        found = [json.loads(text) for text in result.stdout.splitlines()]
        assert result.exit_code == (REFUSED if found else 0), result.stderr
        return [(one["line"], one["field"], one["reason"]) for one in found]

    def documents(self) -> list[Record]:
        return list(self.store.collection("dossiers").find({}, sort=[("code", 1)]))


def line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


@pytest.fixture
def desk(office: Office, tmp_path: Path) -> Desk:
    return Desk(office, tmp_path)


def test_every_state_is_reached_and_follows_from_its_history(
    desk: Desk, office: Office, record: Callable[..., Record]
) -> None:
    """The fixture of the service compares states, queues and statistics with the histories at its end."""
    result = desk.run(*(record(number, steps=steps) for number, steps in enumerate(ENDS.values(), start=1)))
    assert (result.exit_code, result.stdout) == (0, ""), result.stdout
    assert result.stderr == "10 lines: 10 imported, 0 there before, 0 refused\n"
    documents = desk.documents()
    states = [pb.Dossier.State.Name(document["state"]).removeprefix("STATE_") for document in documents]
    assert states == list(ENDS)
    for document in documents:
        assert not list(breaks(f"dossiers/{document['_id']}", document))
        assert (document["history"][-1]["action"], document["outbox"]) == ("ImportDossier", [])
        assert "pending" not in document
    assert office.running.work() == []  # nobody is told


def test_what_is_open_goes_on_as_if_it_had_begun_here(
    desk: Desk, office: Office, people: SimpleNamespace, record: Callable[..., Record]
) -> None:
    desk.run(record(1), record(2, steps=ENDS["RETURNED"]), record(3, steps=ENDS["SUPPLEMENT_REQUESTED"]))
    (open_one,) = office.handler.ListQueue(pb.ListQueueRequest(parent=people.ward, role="handler")).dossiers
    assert open_one.code == "H29.26740-260810-0001"
    due = datetime(2026, 8, 20, 10, tzinfo=UTC)  # seven working days, 17:00 in the City
    assert open_one.due_time.ToDatetime(UTC) == due
    asked = office.permits.RequestSupplement(
        pb.RequestSupplementRequest(
            name=open_one.name,
            items=[pb.SupplementItem(component="site_plan", reason="Thiếu", legal_reference=people.law)],
        )
    )
    assert asked.state == pb.Dossier.STATE_SUPPLEMENT_REQUESTED
    office.provide(asked.name, "site_plan")
    answered = office.citizen.AnswerSupplement(pb.AnswerSupplementRequest(name=asked.name))
    assert answered.state == pb.Dossier.STATE_PROCESSING
    assert {one.code for one in answered.components if one.state == pb.Component.STATE_PROVIDED} == {*PAPERS}
    timeline = office.citizen.GetTimeline(pb.GetTimelineRequest(name=open_one.name))
    assert [entry.action for entry in timeline.entries[:5]] == [
        "CreateDossier",
        "SubmitDossier",
        "AcceptDossier",
        "StartProcessing",
        "ImportDossier",
    ]


def test_an_officer_hands_over_what_was_completed_before(
    desk: Desk, office: Office, people: SimpleNamespace, record: Callable[..., Record]
) -> None:
    desk.run(record(steps=ENDS["COMPLETED"]))
    clerk = office.as_(officer("clerk", people.ward))
    (waiting,) = clerk.ListQueue(pb.ListQueueRequest(parent=people.ward, role="clerk")).dossiers
    assert clerk.DeliverResult(pb.DeliverResultRequest(name=waiting.name)).state == pb.Dossier.STATE_RETURNED


def test_a_closed_one_needs_neither_account_nor_form_nor_papers(desk: Desk, record: Callable[..., Record]) -> None:
    closed = record(steps=ENDS["RETURNED"], applicant="", form={}, papers=[], working_days=15)
    assert desk.refused(closed) == []
    open_one = {**closed, "code": "H29.26740-260810-0002", "steps": PROCESSING}
    assert desk.refused(open_one)[0][2] == "FORM_REQUIRED"


def test_the_same_twice_is_skipped_and_other_content_refused(desk: Desk, record: Callable[..., Record]) -> None:
    first = record(1)
    assert desk.run(first, first, record(2)).stderr == "3 lines: 2 imported, 1 there before, 0 refused\n"
    before = desk.documents()
    other_order = dict(reversed(record(1).items()))
    assert desk.run(other_order).stderr == "1 lines: 0 imported, 1 there before, 0 refused\n"
    assert desk.refused(record(1, applicant_name="TRẦN VĂN BÌNH")) == [(1, "code", "CONTENT_DIFFERS")]
    assert desk.documents() == before


def test_it_is_known_again_after_it_has_gone_on(
    desk: Desk, office: Office, people: SimpleNamespace, record: Callable[..., Record]
) -> None:
    desk.run(record(steps=ENDS["COMPLETED"]))
    name = f"dossiers/{desk.documents()[0]['_id']}"
    office.as_(officer("clerk", people.ward)).DeliverResult(pb.DeliverResultRequest(name=name))
    assert desk.run(record(steps=ENDS["COMPLETED"])).stderr == "1 lines: 0 imported, 1 there before, 0 refused\n"


def test_a_code_that_was_given_here_is_no_code_of_the_old_system(
    desk: Desk, office: Office, record: Callable[..., Record]
) -> None:
    code = office.submitted().code
    office.clock.move(timedelta(days=1))
    assert desk.refused(record(code=code)) == [(1, "code", "CODE_TAKEN")]


def test_two_at_once_take_each_over_once(desk: Desk, record: Callable[..., Record], tmp_path: Path) -> None:
    file = tmp_path / "both.jsonl"
    file.write_bytes(b"\n".join(line(record(number, steps=ENDS["RETURNED"])) for number in range(1, 301)))
    tallies: list[Tally] = []

    def run(_: int) -> None:
        numbered = enumerate(file.read_bytes().splitlines(), start=1)
        tallies.append(desk.importer(lambda refusal: pytest.fail(str(refusal)), lambda _: None).run(numbered))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    assert sum(tally.imported for tally in tallies) == len(desk.documents()) == 300
    assert sum(tally.known for tally in tallies) == 300


def test_killed_in_the_middle_and_run_again(
    desk: Desk, office: Office, record: Callable[..., Record], city: Path
) -> None:
    runtime, count = office.running.runtime, 1_500
    lines = b"\n".join(line(record(number, steps=ENDS["RETURNED"])) for number in range(1, count + 1)) + b"\n"
    program = Path(__file__).parent / "importing.py"
    uri, database = runtime.settings.mongodb_uri.get_secret_value(), runtime.store.database.name
    command = [sys.executable, str(program), uri, database, office.peers.address, str(city)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        assert process.stdin
        assert process.stdout
        process.stdin.write(lines[: len(lines) // 2])  # it waits for the rest
        process.stdin.flush()
        assert process.stdout.readline() == b"500\n"
        process.kill()
    kept = len(desk.documents())
    assert 500 <= kept < count
    again = desk.call("-", given=lines)
    assert again.stderr == f"{count} lines: {count - kept} imported, {kept} there before, 0 refused\n"
    assert all(not list(breaks(f"dossiers/{one['_id']}", one)) for one in desk.documents())


def test_a_check_writes_nothing(desk: Desk, record: Callable[..., Record]) -> None:
    result = desk.run(record(1), record(2, unit="units/nowhere"), options=("--check",))
    assert result.exit_code == REFUSED
    assert result.stderr.endswith("1 refused; nothing was written\n")
    assert desk.documents() == []


def test_packed_files_and_broken_ones(desk: Desk, record: Callable[..., Record], tmp_path: Path) -> None:
    packed = gzip.compress(line(record(1)) + b"\n\n" + line(record(2)))
    file = tmp_path / "old.jsonl.gz"
    file.write_bytes(packed)
    assert desk.call(str(file)).stderr == "2 lines: 2 imported, 0 there before, 0 refused\n"
    file.write_bytes(packed[:-20])
    broken = desk.call(str(file))
    assert broken.exit_code == BROKEN_OFF
    assert "run it again" in broken.stderr


def test_a_server_that_is_down_breaks_off(desk: Desk, office: Office, record: Callable[..., Record]) -> None:
    office.peers.stop()
    result = desk.run(record())
    assert result.exit_code == BROKEN_OFF
    assert desk.documents() == []


def wrong_records() -> Iterator[tuple[Record, str, str]]:
    """What is changed in a record, and the field and reason of the refusal."""
    later = step("AcceptDossier", 9)
    yield {"format": "motcua.import/2"}, "format", "FIELD_INVALID"
    yield {"steps": [{"action": "SubmitDossier"}]}, "steps.0.time", "FIELD_MISSING"
    yield {"surplus": 1}, "surplus", "FIELD_UNKNOWN"
    yield {"applicant_name": 7}, "applicant_name", "FIELD_INVALID"
    yield {"applicant_name": " "}, "applicant_name", "TEXT_INVALID"
    yield {"applicant_name": normalize("NFD", "NGUYỄN")}, "applicant_name", "TEXT_NOT_NFC"
    yield {"code": "0001"}, "code", "CODE_INVALID"
    yield {"code": "H29.26740-261123-0001"}, "code", "CODE_NOT_PAST"
    yield {"procedure": "procedures/9.999999"}, "procedure", "PROCEDURE_NOT_FOUND"
    yield {"procedure": "1.013225"}, "procedure", "RESOURCE_NAME_INVALID"
    yield {"unit": "units/so-xay-dung"}, "unit", "UNIT_NOT_COMPETENT"
    yield {"unit": "units/nowhere"}, "unit", "UNIT_NOT_COMPETENT"
    yield {"applicant": "accounts/" + "9" * 32}, "applicant", "APPLICANT_UNKNOWN"
    yield {"applicant": ""}, "applicant", "APPLICANT_UNKNOWN"
    yield {"papers": ["site_plan"]}, "papers", "COMPONENT_MISSING"
    yield {"papers": ["poem"]}, "papers", "COMPONENT_UNKNOWN"
    yield {"working_days": 0}, "working_days", "NUMBER_INVALID"
    yield {"form": {"request": {"kind": "CASTLE"}}}, "form.request.kind", "FORM_ENUM"
    yield {"steps": []}, "steps", "STEPS_INVALID"
    yield {"steps": [step("AcceptDossier", 9)]}, "steps", "STEPS_INVALID"
    yield {"steps": [*PROCESSING[:1], later]}, "steps.1.time", "STEPS_OUT_OF_ORDER"
    yield {"steps": [{"action": "SubmitDossier", "time": "2026-08-10T09:00:00"}]}, "steps.0.time", "TIME_WITHOUT_ZONE"
    yield {"steps": [{"action": "SubmitDossier", "time": "2027-08-10T09:00:00Z"}]}, "steps.0.time", "TIME_IN_FUTURE"
    yield {"steps": [step("SubmitDossier", 10, actor="Ông Ba")]}, "steps.0.actor", "RESOURCE_NAME_INVALID"
    yield {"steps": [*PROCESSING, step("DeliverResult", 13)]}, "steps.3", "TRANSITION_NOT_ALLOWED"
    yield {"steps": [*PROCESSING[:1], step("RefuseDossier", 11, reason="sai")]}, "steps.1", "LEGAL_REFERENCE_MISSING"
    yield {"steps": [*PROCESSING, step("WithdrawDossier", 13)]}, "steps.3", "REASON_MISSING"
    yield {"steps": [*PROCESSING, step("RequestSupplement", 13)]}, "steps.3", "ITEMS_MISSING"
    yield {"steps": [*PROCESSING, step("RequestPayment", 13)]}, "steps.3", "CHARGES_MISSING"
    twice = [*ENDS["COMPLETED"][:5], step("RequestSupplement", 15, items=[ITEM])]
    yield {"steps": twice}, "steps.5", "SUPPLEMENT_ALREADY_REQUESTED"


def test_what_is_wrong_is_told_by_line_field_and_reason(desk: Desk, record: Callable[..., Record]) -> None:
    wrong = list(wrong_records())
    refused = desk.refused(*(record(number, **change) for number, (change, _, _) in enumerate(wrong, start=1)))
    for number, (change, field, reason) in enumerate(wrong, start=1):
        assert (number, field, reason) in refused, change
    assert desk.documents() == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "JSON_INVALID"),
        (b"[]", "FIELD_INVALID"),
        (b"\xff\xfe", "JSON_INVALID"),
        (b'{"format": "\\ud800"}', "JSON_INVALID"),
        (b"[" * 10_000, "JSON_INVALID"),
        (b" " * MAX_LINE + b"{}", "LINE_TOO_LONG"),
    ],
)
def test_lines_that_are_no_records(desk: Desk, record: Callable[..., Record], raw: bytes, reason: str) -> None:
    assert {(number, found) for number, _, found in desk.refused(raw, record())} == {(1, reason)}
    assert len(desk.documents()) == 1  # the line behind it is taken


def test_a_report_tells_nothing_that_a_person_wrote(desk: Desk, record: Callable[..., Record]) -> None:
    secret = "NGUYỄN THỊ BÍ MẬT"
    result = desk.run(
        record(1, applicant_name=secret * 20),
        record(2, steps=[step("SubmitDossier", 10, actor=secret)]),
        record(3, channel=secret),
        record(4, form={"applicant": secret}),
    )
    assert len(result.stdout.splitlines()) >= 4
    assert secret not in result.output


def test_refusals_have_the_documented_fields() -> None:
    assert list(asdict(Refusal(1, "", "", "", ""))) == ["line", "code", "field", "reason", "message"]


def test_how_to_import_explains_every_reason() -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "import.md").read_text(encoding="utf-8")
    told = {
        "JSON_INVALID",
        "LINE_TOO_LONG",
        "CODE_TAKEN",
        "CONTENT_DIFFERS",
        *(reason for *_, reason in wrong_records()),
    }
    assert {reason for reason in told if not reason.startswith("FORM_") and f"`{reason}`" not in guide} == set()


def test_the_service_has_the_command(desk: Desk, tmp_path: Path) -> None:
    settings = desk.settings
    environment = {
        "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
        "MONGODB_DATABASE": desk.store.database.name,
        "CITY_DIR": str(settings.city_dir),
        "CLIENT_SECRET": "of-this-test",
        "PAGE_TOKEN_KEY": "of-this-test",
        "PROFILE": "local",
    }
    nothing = tmp_path / "nothing.jsonl"
    nothing.touch()
    result = CliRunner().invoke(command_line(SERVICE), ["import", str(nothing)], env=environment)
    assert (result.exit_code, result.output) == (0, "0 lines: 0 imported, 0 there before, 0 refused\n")
