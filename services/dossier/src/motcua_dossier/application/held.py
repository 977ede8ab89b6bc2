"""What the City knows already: values that fill the form in, and papers that need not be filed (once-only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from motcua_dossier.application.ports import Holding, LandRegister, Person
from motcua_dossier.domain.conditions import value_at, with_value
from motcua_dossier.domain.parts import HeldPaper
from motcua_dossier.domain.procedure import CERTIFICATES, Procedure


@dataclass(frozen=True)
class HeldFacts:
    """Reads what the City holds of a person."""

    land: LandRegister

    def holdings(
        self, procedure: Procedure, citizen_id: str, account: str, purpose: str = "dossier.prefill"
    ) -> list[Holding]:
        """Return what a person holds, when the procedure asks about land."""
        if not procedure.parcel_field:
            return []
        return self.land.holdings(citizen_id, account, purpose)


def prefilled(procedure: Procedure, person: Person, holdings: Sequence[Holding], unit: str) -> dict[str, Any]:
    """Return the form with everything that the City knows.

    A parcel is filled in only when the person holds exactly one in the unit: the City does not guess.
    """
    here = [holding for holding in holdings if holding.unit == unit]
    known: dict[str, Mapping[str, Any]] = {
        "account": asdict(person),
        "holding": asdict(here[0]) if len(here) == 1 else {},
    }
    form: dict[str, Any] = {}
    for item in procedure.prefill:
        origin, _, name = item.source.partition(".")
        value = known[origin].get(name)
        if value not in (None, ""):
            form = with_value(form, item.field, value)
    return form


def with_locked(procedure: Procedure, new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new form in which fields that a register decides have their old value."""
    form = dict(new)
    for item in procedure.prefill:
        if item.locked and (value := value_at(old, item.field)) is not None:
            form = with_value(form, item.field, value)
    return form


def held_papers(procedure: Procedure, form: Mapping[str, Any], holdings: Sequence[Holding]) -> list[HeldPaper]:
    """Return the papers that stand for components: the certificate of the parcel that the form names."""
    parcel = value_at(form, procedure.parcel_field) if procedure.parcel_field else None
    certificate = next((holding.certificate for holding in holdings if holding.parcel == parcel), "")
    if not certificate:
        return []
    return [
        HeldPaper(component.code, certificate)
        for component in procedure.components
        if CERTIFICATES in component.reuse_sources
    ]
