"""The City's facts and law as data: YAML lists of records, checked when loaded, looked up as of a date."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Protocol, TypeVar

import cattrs
import yaml
from cattrs.errors import BaseValidationError

Record = TypeVar("Record")

_converter = cattrs.Converter(forbid_extra_keys=True)


def _date(value: Any, _type: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _only(wanted: type, *accepted: type) -> Callable[[Any, Any], Any]:
    # cattrs alone would turn `no` into "False", 00123 (octal in YAML) into "83" and "no" into True.
    def check(value: Any, cls: Any) -> Any:
        if type(value) not in accepted:
            raise TypeError(f"want {wanted.__name__}, not {value!r}")
        return cls(value)  # `cls` may be an enumeration over `wanted`

    return check


_converter.register_structure_hook(date, _date)
_converter.register_structure_hook(str, _only(str, str))
_converter.register_structure_hook(bool, _only(bool, bool))
_converter.register_structure_hook(int, _only(int, int))
_converter.register_structure_hook(float, _only(float, int, float))
_converter.register_structure_hook_func(lambda cls: cls is object, lambda value, _: value)


class DataError(ValueError):
    """A data file does not have the shape its records need; the text names file, record and field."""


class Dated(Protocol):
    """A record that holds for a time."""

    @property
    def valid_from(self) -> date:
        """First day."""

    @property
    def valid_to(self) -> date | None:
        """Last day; None while it holds."""


DatedRecord = TypeVar("DatedRecord", bound=Dated)


def load_file(file: Path, cls: type[Record]) -> Record:
    """Read one YAML file that holds one record.

    Raises:
        DataError: a field is missing, unknown or of another type.
    """
    return structure(yaml.safe_load(file.read_text(encoding="utf-8")), cls, str(file))


def load(path: Path, cls: type[Record]) -> list[Record]:
    """Read all records in a YAML list, or in all YAML files of a folder in the order of their names.

    Raises:
        DataError: a field is missing, unknown or of another type.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    records = []
    for file in files:
        for number, raw in enumerate(yaml.safe_load(file.read_text(encoding="utf-8")) or (), start=1):
            records.append(structure(raw, cls, f"{file}, record {number}"))
    return records


def structure(raw: Any, cls: type[Record], place: str) -> Record:
    """Return a record from plain data.

    Raises:
        DataError: a field is missing, unknown or of another type.
    """
    try:
        return _converter.structure(raw, cls)
    except BaseValidationError as error:
        message = f"{place}: {'; '.join(cattrs.transform_error(error))}"
        raise DataError(message) from error


def as_of(records: Iterable[DatedRecord], day: date) -> list[DatedRecord]:
    """Return the records in force on a day."""
    return [
        record for record in records if record.valid_from <= day and (record.valid_to is None or day <= record.valid_to)
    ]
