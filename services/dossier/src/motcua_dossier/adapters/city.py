"""Reads what the City says in files: procedures, forms, calendar overrides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from motcua_dossier.domain.calendar import Override, OverrideKind
from motcua_dossier.domain.procedure import Procedure
from motcua_kit.data import DataError, load
from motcua_kit.domain import FieldViolation, NotFound

MISSING = frozenset({"required"})
"""Keywords that only a complete form must satisfy."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins inside a JSON Schema keyword, e.g. `exclusive|Minimum`."""


@dataclass(frozen=True)
class OverrideRecord:
    """A row of an override file; `confidence` says how certain the row is."""

    date: date
    kind: OverrideKind
    reason: str
    decision_no: str
    unit: str = ""
    confidence: str = "sure"


def load_overrides(file: Path) -> list[Override]:
    """Read an override file.

    Raises:
        motcua_kit.data.DataError: a row is not of the right shape.
    """
    return [
        Override(record.date, record.kind, record.reason, record.decision_no, record.unit)
        for record in load(file, OverrideRecord)
    ]


class ProcedureFiles:
    """The catalogue, from the folder `procedures` of the City; read once.

    Raises:
        motcua_kit.data.DataError: a file is not of the right shape, or two versions of a procedure overlap.
    """

    def __init__(self, city: Path) -> None:
        self._versions: dict[str, list[Procedure]] = {}
        for procedure in load(city / "procedures", Procedure):
            self._versions.setdefault(procedure.name, []).append(procedure)
        for name, versions in self._versions.items():
            _require_apart(name, versions)

    def current(self, name: str, day: date) -> Procedure:
        """See `ports.Procedures.current`."""
        for procedure in self._versions.get(name, ()):
            if procedure.in_force(day):
                return procedure
        raise NotFound("PROCEDURE_NOT_FOUND", f"{name} is not in force on {day}", resource=name)

    def version(self, name: str, version: str) -> Procedure:
        """See `ports.Procedures.version`."""
        for procedure in self._versions.get(name, ()):
            if procedure.version == version:
                return procedure
        raise NotFound("PROCEDURE_NOT_FOUND", f"{name} has no version {version}", resource=name)

    def in_force(self, day: date) -> list[Procedure]:
        """See `ports.Procedures.in_force`."""
        found = [procedure for versions in self._versions.values() for procedure in versions if procedure.in_force(day)]
        return sorted(found, key=lambda procedure: procedure.code)

    @cached_property
    def all(self) -> list[Procedure]:
        """Every version of every procedure."""
        return [procedure for versions in self._versions.values() for procedure in versions]


def _require_apart(name: str, versions: list[Procedure]) -> None:
    ordered = sorted(versions, key=lambda procedure: procedure.valid_from)
    for earlier, later in pairwise(ordered):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            message = f"{name}: versions {earlier.version} and {later.version} overlap"
            raise DataError(message)


class JsonSchemaForms:
    """Forms checked against the JSON Schemas that procedures name; schemas are compiled once.

    Args:
        city: folder of the City.
        procedures: all versions whose forms may be asked for.

    Raises:
        jsonschema.SchemaError: a schema is not a JSON Schema.
    """

    def __init__(self, city: Path, procedures: Iterable[Procedure]) -> None:
        self._schemas: dict[str, dict[str, Any]] = {}
        self._validators: dict[str, Draft202012Validator] = {}
        for file in {procedure.form_schema for procedure in procedures}:
            schema = json.loads((city / file).read_text(encoding="utf-8"))
            Draft202012Validator.check_schema(schema)
            self._schemas[file] = schema
            self._validators[file] = Draft202012Validator(schema)

    def schema(self, procedure: Procedure) -> dict[str, Any]:
        """See `ports.Forms.schema`."""
        return self._schemas[procedure.form_schema]

    def violations(self, procedure: Procedure, form: Mapping[str, Any], *, complete: bool) -> list[FieldViolation]:
        """See `ports.Forms.violations`."""
        errors = self._validators[procedure.form_schema].iter_errors(form)
        found = {
            violation for error in errors if complete or error.validator not in MISSING for violation in _of(error)
        }
        return sorted(found, key=lambda violation: violation.field)


def _of(error: ValidationError) -> Iterator[FieldViolation]:
    """A violation names the field and the rule, never the value: values are personal data."""
    path = ".".join(["form", *(str(part) for part in error.absolute_path)])
    keyword = str(error.validator)
    reason = f"FORM_{_CAMEL.sub('_', keyword).upper()}"
    if keyword == "required":
        present: Any = error.instance
        wanted: Any = error.validator_value
        for name in wanted:
            if name not in present:
                yield FieldViolation(f"{path}.{name}", reason, "is required")
    else:
        yield FieldViolation(path, reason, f"does not satisfy {keyword}")
