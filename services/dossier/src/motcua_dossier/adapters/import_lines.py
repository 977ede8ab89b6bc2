"""Lines of an import file, `motcua.import/1`: one JSON object each."""

from __future__ import annotations

import hashlib
import json

from pydantic import TypeAdapter, ValidationError

from motcua_dossier.domain.past import PastDossier, RecordRefused
from motcua_kit.domain import FieldViolation

MAX_LINE = 1_000_000
"""Bytes of the longest line; a form has some ten thousand."""

REASONS = {"missing": "FIELD_MISSING", "unexpected_keyword_argument": "FIELD_UNKNOWN", "json_invalid": "JSON_INVALID"}
"""Reasons by what the reader of the format calls the error; `FIELD_INVALID` for all others."""

_LINES = TypeAdapter(PastDossier)


def parse_line(line: bytes) -> tuple[PastDossier, str]:
    """Return what a line says, and a hash of it that neither spaces nor the order of fields change.

    Raises:
        RecordRefused: it is no JSON, or a field is missing, unknown or of another type. The value is not told.
    """
    if len(line) > MAX_LINE:
        raise RecordRefused([FieldViolation("", "LINE_TOO_LONG", f"has more than {MAX_LINE} bytes")])
    try:
        past = _LINES.validate_json(line, strict=True, extra="forbid")
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        refused = [
            FieldViolation(".".join(map(str, one["loc"])), REASONS.get(one["type"], "FIELD_INVALID"), one["msg"])
            for one in found
        ]
        raise RecordRefused(refused) from None
    plain = json.dumps(_LINES.dump_python(past, mode="json"), sort_keys=True, separators=(",", ":"))
    return past, hashlib.sha256(plain.encode()).hexdigest()
