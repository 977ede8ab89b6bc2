"""A new decision on working days moves open due dates, and people are told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from motcua.dossier.v1 import calendar_pb2 as pb
from motcua.dossier.v1 import consultation_pb2, dossier_pb2
from motcua.dossier.v1.calendar_pb2_grpc import CalendarServiceStub
from motcua_client import errors
from motcua_dossier.adapters.city import load_overrides
from motcua_dossier.bootstrap import Parts
from motcua_dossier.entrypoints.cli import commands
from motcua_kit.testing import officer

Office = Any
IN_USE = "calendars/hcmc"


def override(day: date, kind: Any, decision: str = "QĐ 99/2026") -> pb.CalendarOverride:
    return pb.CalendarOverride(
        date=Date(year=day.year, month=day.month, day=day.day), kind=kind, reason="Bão", decision_no=decision
    )


def admin(office: Office) -> CalendarServiceStub:
    stub: CalendarServiceStub = office.running.call(CalendarServiceStub, officer("system_admin", "units/hcmc"))
    return stub


def test_the_calendar_in_use_is_that_of_the_file(office: Office) -> None:
    anyone = office.running.call(CalendarServiceStub)
    calendar = anyone.GetCalendar(pb.GetCalendarRequest(name=IN_USE))
    assert [(one.date.day, one.kind) for one in calendar.overrides] == [
        (2, pb.CalendarOverride.KIND_OFF),
        (10, pb.CalendarOverride.KIND_WORK),
    ]
    with pytest.raises(errors.NotFound):
        anyone.GetCalendar(pb.GetCalendarRequest(name="calendars/other"))


def test_due_dates_of_open_dossiers_move(office: Office) -> None:
    accepted = office.accepted()
    closed = office.citizen.WithdrawDossier(
        dossier_pb2.WithdrawDossierRequest(name=office.accepted().name, reason="đổi ý")
    )
    asked = office.ask(office.processing().name)
    question = office.consultations.CreateConsultation(
        consultation_pb2.CreateConsultationRequest(
            consultation=consultation_pb2.Consultation(
                dossier=accepted.name, unit="units/so-xay-dung", subject="architecture", question="Ý kiến?"
            )
        )
    )
    office.running.work()

    # Wednesday and Thursday 25–26/11 become days off.
    overrides = [override(date(2026, 11, day), pb.CalendarOverride.KIND_OFF) for day in (25, 26)]
    admin(office).ReplaceOverrides(pb.ReplaceOverridesRequest(name=IN_USE, overrides=overrides))
    changed = next(event for event in office.running.events() if event["type"] == "calendar.changed")
    office.running.receive("dossier.recompute_due", changed)

    moved = office.get(accepted.name)
    assert moved.due_time.ToDatetime(UTC) == datetime(2026, 12, 7, 10, 0, tzinfo=UTC)
    assert office.get(closed.name).due_time == closed.due_time
    assert office.get(asked.name).supplement.answer_by.ToDatetime(UTC) == datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC)
    later = office.consultations.GetConsultation(consultation_pb2.GetConsultationRequest(name=question.name))
    assert later.deadline.ToDatetime(UTC) == datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC)
    told = [event for event in office.running.events() if event["type"] == "dossier.due_changed"]
    assert {event["data"]["dossier"] for event in told} == {accepted.name, asked.name}
    assert {event["data"]["cause"] for event in told} == {"calendar"}
    assert {event["data"]["new_due"] for event in told} == {"2026-12-07T10:00:00Z"}

    office.running.receive("dossier.recompute_due", changed)
    assert office.get(accepted.name).etag == moved.etag


def test_the_same_calendar_moves_nothing(office: Office) -> None:
    office.accepted()
    office.running.work()
    calendar = admin(office).GetCalendar(pb.GetCalendarRequest(name=IN_USE))
    admin(office).ReplaceOverrides(pb.ReplaceOverridesRequest(name=IN_USE, overrides=calendar.overrides))
    assert office.running.events() == []


def test_contradicting_days_are_refused(office: Office) -> None:
    day = date(2026, 11, 25)
    with pytest.raises(errors.ValidationFailed) as refused:
        admin(office).ReplaceOverrides(
            pb.ReplaceOverridesRequest(
                name=IN_USE,
                overrides=[
                    override(day, pb.CalendarOverride.KIND_OFF),
                    override(day, pb.CalendarOverride.KIND_WORK),
                ],
            )
        )
    assert refused.value.reason == "CALENDAR_INVALID"
    assert "2026-11-25" in refused.value.localized_message


def test_only_an_administrator_replaces_the_calendar(office: Office) -> None:
    citizen = office.running.call(CalendarServiceStub, officer("leader"))
    with pytest.raises(errors.Forbidden):
        citizen.ReplaceOverrides(pb.ReplaceOverridesRequest(name=IN_USE))


def test_anyone_may_ask_when_something_is_due(office: Office) -> None:
    received = Timestamp()
    received.FromDatetime(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))  # 16:00 in the City, after the cut-off
    answer = office.running.call(CalendarServiceStub).ComputeDueTime(
        pb.ComputeDueTimeRequest(name=IN_USE, receive_time=received, working_days=10)
    )
    assert (answer.receipt_date.month, answer.receipt_date.day) == (11, 23)
    assert answer.due_time.ToDatetime(UTC) == datetime(2026, 12, 8, 10, 0, tzinfo=UTC)


def test_an_operator_loads_a_file(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "overrides.yaml"
    file.write_text("- {date: 2026-11-25, kind: 'off', reason: Bão, decision_no: QĐ 99/2026}\n", encoding="utf-8")
    runtime = office.running.runtime
    parts = Parts(runtime.settings, runtime)
    (group,) = commands(lambda: (parts.calendar_office, runtime.clock), load_overrides, "hcmc")
    loaded = CliRunner().invoke(group, ["load", str(file), "--reason", "Bão số 12"])
    assert (loaded.exit_code, loaded.output) == (0, "1 overrides in use\n")
    assert "2026-11-25 off  all  Bão" in CliRunner().invoke(group, ["show"]).output
    file.write_text("- {date: 2026-11-25, kind: half, reason: Bão, decision_no: QĐ}\n", encoding="utf-8")
    refused = CliRunner().invoke(group, ["load", str(file)])
    assert refused.exit_code == 1
    assert "kind" in refused.output
