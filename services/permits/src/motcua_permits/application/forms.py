"""The dossier's form, read as a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_permits.domain.facts import HouseProposal
from motcua_permits.domain.values import PermitKind

_KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int, float),
    "float": (int, float),
    "bool": (bool,),
    "float | None": (int, float),
    "tuple[str, ...]": (list, tuple),
}


def proposal_of(form: Mapping[str, Any]) -> HouseProposal:
    """Return the proposed house of a form (`works` of the form of single houses).

    Raises:
        ValidationFailed: a measure is missing or of another kind (PROPOSAL_INVALID). The dossier service has checked
            the form before, so this means that form and service are of different releases.
    """
    works: Mapping[str, Any] = form.get("works") or {}
    values: dict[str, Any] = {}
    violations = []
    for field in fields(HouseProposal):
        raw = works.get(field.name)
        path = f"works.{field.name}"
        if raw is None:
            if field.default is MISSING:
                violations.append(FieldViolation(path, "PROPOSAL_INVALID", "is missing"))
        elif not isinstance(raw, _KINDS[str(field.type)]) or (isinstance(raw, bool) and field.type != "bool"):
            violations.append(FieldViolation(path, "PROPOSAL_INVALID", f"wants {field.type}"))
        else:
            values[field.name] = _converted(raw, str(field.type))
    if not violations and values["lot_area_m2"] <= 0:
        violations.append(FieldViolation("works.lot_area_m2", "PROPOSAL_INVALID", "must be above 0"))
    if violations:
        names = ", ".join(violation.field for violation in violations)
        raise ValidationFailed(
            "PROPOSAL_INVALID", f"the form's proposal is not usable: {names}", violations, fields=names
        )
    return HouseProposal(**values)


def _converted(raw: Any, kind: str) -> Any:
    if kind.startswith("tuple"):
        return tuple(str(item) for item in raw)
    if kind.startswith("float"):
        return float(raw)
    return int(raw) if kind == "int" else raw


def kind_of(form: Mapping[str, Any], default: PermitKind) -> PermitKind:
    """Return the kind of permit that the form asks for; the procedure's when it names none."""
    named = (form.get("request") or {}).get("kind")
    return PermitKind(named) if named else default
