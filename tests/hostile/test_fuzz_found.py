"""What hostile calls have brought to light in more than one service, one by one."""

from __future__ import annotations

import math

import pytest
from google.protobuf.struct_pb2 import Struct, Value

from motcua.dossier.v1 import dossier_pb2
from motcua.dossier.v1.dossier_pb2 import CreateDossierRequest, Dossier, UpdateDossierRequest
from motcua.identity.v1.unit_pb2 import ResolveUnitRequest
from motcua.identity.v1.unit_pb2_grpc import UnitServiceStub
from motcua.notify.v1.template_pb2 import RenderTemplateRequest
from motcua.notify.v1.template_pb2_grpc import TemplateServiceStub
from motcua_client import ValidationFailed
from motcua_devstack.demo import house, people
from motcua_devstack.fuzz.town import Town

ABOLISHED = "units/760"
"""Quận 1, which ended with the districts on 30 June 2025."""


def form(number: float) -> Struct:
    works = Struct(fields={"height_m": Value(number_value=number)})
    return Struct(fields={"works": Value(struct_value=works)})


def test_unit_that_is_no_more_is_not_competent(town: Town) -> None:
    citizen = town.person(people.Citizen, "citizen")
    draft = Dossier(procedure=f"procedures/{house.PROCEDURE}", unit=ABOLISHED)
    with pytest.raises(ValidationFailed) as refusal:
        citizen.dossiers.CreateDossier(CreateDossierRequest(dossier=draft))
    assert refusal.value.reason == "UNIT_NOT_COMPETENT"


@pytest.mark.parametrize("number", [math.nan, math.inf, 1.7e308], ids=str)
def test_form_holds_no_number_that_cannot_be_kept(town: Town, number: float) -> None:
    citizen = town.person(people.Citizen, "citizen")
    draft = citizen.start(house.PROCEDURE, house.WARD)
    request = UpdateDossierRequest(dossier=Dossier(name=draft.name, form=form(number)))
    request.update_mask.paths.append("form")
    with pytest.raises(ValidationFailed) as refusal:
        citizen.dossiers.UpdateDossier(request)
    assert refusal.value.reason in ("REQUEST_INVALID", "FORM_INVALID")
    assert citizen.dossier(draft.name) == draft


def test_template_is_not_filled_with_what_is_no_number(town: Town) -> None:
    auditor = town.person(people.Person, "auditor")
    variables = Struct(fields={"code": Value(number_value=math.nan)})
    request = RenderTemplateRequest(name="templates/dossier_accepted", channel=1, variables=variables)  # type: ignore[arg-type]
    with pytest.raises(ValidationFailed) as refusal:
        auditor.stub("notify", TemplateServiceStub).RenderTemplate(request)
    assert [one.field for one in refusal.value.violations] == ["variables"]


def test_refused_resolution_names_unit_and_day(town: Town) -> None:
    units = town.person(people.Person, "anyone").stub("identity", UnitServiceStub)
    request = ResolveUnitRequest(name="units/26740")
    request.written_date.year, request.written_date.month, request.written_date.day = 2026, 1, 1
    request.as_of_date.year, request.as_of_date.month, request.as_of_date.day = 2025, 1, 1
    with pytest.raises(ValidationFailed) as refusal:
        units.ResolveUnit(request)
    assert "…" not in refusal.value.localized_message
    assert "2025-01-01" in refusal.value.localized_message


@pytest.mark.parametrize("count", [200, 2_000])
def test_many_wrong_fields_are_a_refusal_and_not_a_broken_stream(town: Town, count: int) -> None:
    handler = town.person(people.Handler, "handler")
    items = [dossier_pb2.SupplementItem(component="A B", reason="")] * count
    with pytest.raises(ValidationFailed) as refusal:
        handler.dossiers.RequestSupplement(
            dossier_pb2.RequestSupplementRequest(name=f"dossiers/{'0' * 32}", items=items)
        )
    assert refusal.value.reason == "REQUEST_INVALID"
    assert refusal.value.violations
