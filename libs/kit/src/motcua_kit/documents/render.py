"""PDF documents from Typst templates.

A template is a `.typ` file that imports the shared library: `#import "@motcua/documents:1.0.0": *` and reads what it
is given from `data`. Data is handed over as JSON and is never read as markup. A template sees its own folder and the
library, no network, no system font and no clock.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.resources import files
from pathlib import Path

import typst

from motcua_kit.clock import VIETNAM

ARCHIVAL_AND_ACCESSIBLE: tuple[typst.PDFStandard, ...] = ("a-2a", "ua-1")
"""ISO 19005-2 level A for archives, ISO 14289-1 for people who use a screen reader."""

_FONT_PACKAGES = ("fontpkg_noto_serif", "fontpkg_be_vietnam_pro")
_LIBRARY = Path(__file__).parent / "typst"


class RenderError(Exception):
    """A template does not compile with the data it was given: a mistake of the template's author."""


@cache
def _fonts() -> typst.Fonts:
    # Only these fonts, so that a document looks and hashes the same on every machine.
    folders = [Path(str(files(package))) / "files" for package in _FONT_PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def _json_value(value: object) -> object:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise RenderError(f"{value!r} has no time zone: the hour that people would read is unknown")
        return value.astimezone(VIETNAM).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise RenderError(f"{type(value).__name__} cannot be handed to a template")


def render(
    template: Path,
    data: Mapping[str, object],
    *,
    time: datetime,
    standards: Sequence[typst.PDFStandard] = ARCHIVAL_AND_ACCESSIBLE,
) -> bytes:
    """Compile a template to a tagged PDF. The same template, data and time give the same bytes.

    Args:
        template: the `.typ` file; it may read files of its own folder.
        data: what the template finds as `data`. Times are shown in Vietnam's time zone, dates and times arrive as
            ISO 8601 text, decimals as text, enums by value, dataclasses as dictionaries.
        time: aware time of creation for the metadata, from the business clock.
        standards: PDF standards that the file must conform to.

    Raises:
        RenderError: the template is wrong, or warns, or the data is not what it expects.
    """
    inputs = {"data": json.dumps(data, default=_json_value, ensure_ascii=False)}
    try:
        # Unknown fonts and glyphs are warnings to Typst; a document with holes must not be issued.
        pdf, warnings = typst.compile_with_warnings(
            template,
            root=template.parent,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs=inputs,
            pdf_standards=list(standards),
            timestamp=int(time.timestamp()),
            package_path=_LIBRARY,
        )
    except typst.TypstError as error:
        raise RenderError(f"{template}: {error.diagnostic or error.message}") from error
    if warnings:
        raise RenderError(f"{template}: {'; '.join(warning.message for warning in warnings)}")
    # Typst ends the file without an end-of-line. An incremental update, such as a signature, then starts on the same
    # line and breaks PDF/A-2 (ISO 19005-2, 6.1.9).
    return pdf + b"\n"
