"""Procedures as City data: files that load, examples that hold, and one more file that needs no Python."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from motcua.dossier.v1 import procedure_pb2 as pb
from motcua.dossier.v1.procedure_pb2_grpc import ProcedureServiceStub
from motcua_client import errors
from motcua_dossier.adapters.city import JsonSchemaForms, ProcedureFiles
from motcua_dossier.domain.calendar import CityCalendar
from motcua_dossier.domain.conditions import Condition
from motcua_dossier.domain.procedure import Channel, Example, Procedure
from motcua_kit.data import DataError

CITY = Path(__file__).resolve().parents[3] / "city"
FILES = ProcedureFiles(CITY)
EXAMPLES = [
    pytest.param(
        procedure, example, id=f"{procedure.code}-{example.received:%Y-%m-%d}-{example.channel.value}-{number}"
    )
    for procedure in FILES.all
    for number, example in enumerate(procedure.examples)
]


@pytest.mark.parametrize(("procedure", "example"), EXAMPLES)
def test_the_examples_of_the_file_hold(procedure: Procedure, example: Example, calendar: CityCalendar) -> None:
    limit = procedure.time_limit(example.form)
    assert calendar.working().due_date(example.received, limit.working_days) == example.due
    required = {component.code for component in procedure.components if component.required_for(example.form)}
    assert required == set(example.required)
    if example.fee:
        assert procedure.fee(example.fee).amount(example.form, example.channel) == example.amount_vnd


@pytest.mark.parametrize("procedure", FILES.all, ids=lambda procedure: procedure.code)
def test_a_procedure_is_whole(procedure: Procedure) -> None:
    assert procedure.examples
    assert procedure.title.en
    assert all(law.source and law.confidence in {"sure", "likely", "check", "own"} for law in procedure.legal_basis)
    codes = [component.code for component in procedure.components]
    assert len(codes) == len(set(codes))
    schema = JsonSchemaForms(CITY, [procedure]).schema(procedure)
    for item in procedure.prefill:
        part: Any = schema
        for name in item.field.split("."):
            part = part["properties"][name]
    for name in procedure.shared_fields:
        assert name in schema["properties"]
        assert name != "applicant"


@pytest.mark.parametrize(
    ("pages", "copies", "amount"),
    [(1, 1, 2_000), (2, 1, 4_000), (3, 1, 5_000), (10, 2, 24_000), (500, 1, 200_000)],
)
def test_certified_copies_cost_by_the_page(pages: int, copies: int, amount: int) -> None:
    """TT 226/2016/TT-BTC Điều 4: 2 000 a page, 1 000 from the third, at most 200 000 a copy."""
    procedure = FILES.current("procedures/2.000815", date(2026, 11, 23))
    form = {"copy": {"pages": pages, "copies": copies}}
    assert procedure.fee("certification").amount(form, Channel.COUNTER) == amount


@pytest.mark.parametrize(
    ("condition", "form", "holds"),
    [
        (Condition("a.b", one_of=(True,)), {"a": {"b": True}}, True),
        (Condition("a.b", one_of=("X", "Y")), {"a": {"b": "Z"}}, False),
        (Condition("a.b", at_least=2), {"a": {"b": 2}}, True),
        (Condition("a.b", at_least=2), {"a": {"b": 1.9}}, False),
        (Condition("a.b", at_least=2, at_most=3), {"a": {"b": 4}}, False),
        (Condition("a.b", at_least=0), {"a": {}}, False),
        (Condition("a.b", at_least=0), {"a": {"b": "2"}}, False),
        (Condition("a.b", at_least=0), {"a": {"b": True}}, False),
        (Condition("a.b", one_of=(1,)), {"a": 1}, False),
    ],
)
def test_conditions(condition: Condition, form: dict[str, Any], holds: bool) -> None:  # noqa: FBT001
    assert condition.holds(form) is holds


def test_one_more_file_is_one_more_procedure(tmp_path: Path) -> None:
    city = copy_of_city(tmp_path)
    new = yaml.safe_load((CITY / "procedures/2.000815.yaml").read_text(encoding="utf-8"))
    new[0] |= {"code": "2.000908", "title": {"vi": "Cấp bản sao từ sổ gốc", "en": "Copy from the register"}}
    (city / "procedures/2.000908.yaml").write_text(yaml.safe_dump(new, allow_unicode=True), encoding="utf-8")
    files = ProcedureFiles(city)
    procedure = files.current("procedures/2.000908", date(2026, 11, 23))
    assert procedure.title.vi == "Cấp bản sao từ sổ gốc"
    assert JsonSchemaForms(city, files.all).violations(procedure, {}, complete=True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"valid_from": "soon"}, "valid_from"),
        ({"surprise": 1}, "surprise"),
        ({"components": [{"code": "x"}]}, "components"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    city = copy_of_city(tmp_path)
    file = city / "procedures/2.000815.yaml"
    records = yaml.safe_load(file.read_text(encoding="utf-8"))
    records[0] |= change
    file.write_text(yaml.safe_dump(records, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DataError, match=complaint) as refused:
        ProcedureFiles(city)
    assert "2.000815.yaml" in str(refused.value)


def test_versions_must_not_overlap(tmp_path: Path) -> None:
    city = copy_of_city(tmp_path)
    file = city / "procedures/2.000815.yaml"
    records = yaml.safe_load(file.read_text(encoding="utf-8"))
    records.append({**records[0], "version": "2026-01-01", "valid_from": date(2026, 1, 1)})
    file.write_text(yaml.safe_dump(records, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DataError, match="overlap"):
        ProcedureFiles(city)
    records[0]["valid_to"] = date(2025, 12, 31)
    file.write_text(yaml.safe_dump(records, allow_unicode=True), encoding="utf-8")
    files = ProcedureFiles(city)
    assert files.current("procedures/2.000815", date(2025, 12, 31)).version == "2025-07-01"
    assert files.current("procedures/2.000815", date(2026, 1, 1)).version == "2026-01-01"
    assert files.version("procedures/2.000815", "2025-07-01").valid_to == date(2025, 12, 31)


def test_the_catalogue_is_open_to_anyone(office: Any) -> None:
    catalogue = office.running.call(ProcedureServiceStub)
    procedure = catalogue.GetProcedure(pb.GetProcedureRequest(name="procedures/1.013225"))
    assert procedure.form_schema["properties"]["works"]["properties"]["storeys"]["type"] == "integer"
    assert procedure.supplement_answer_days == 2
    first = catalogue.ListProcedures(pb.ListProceduresRequest(page_size=1))
    second = catalogue.ListProcedures(pb.ListProceduresRequest(page_size=1, page_token=first.next_page_token))
    assert [one.code for one in (*first.procedures, *second.procedures)] == ["1.013225", "2.000815"]
    assert second.next_page_token == ""


def test_a_procedure_is_looked_up_as_of_a_day(office: Any) -> None:
    catalogue = office.running.call(ProcedureServiceStub)
    early = pb.GetProcedureRequest(name="procedures/1.013225")
    early.as_of_date.year, early.as_of_date.month, early.as_of_date.day = 2026, 6, 30
    with pytest.raises(errors.NotFound) as refused:
        catalogue.GetProcedure(early)
    assert refused.value.reason == "PROCEDURE_NOT_FOUND"
    early.as_of_date.day = 31
    with pytest.raises(errors.ValidationFailed):
        catalogue.GetProcedure(early)


def copy_of_city(tmp_path: Path) -> Path:
    for folder in ("procedures", "forms"):
        shutil.copytree(CITY / folder, tmp_path / folder)
    return tmp_path
