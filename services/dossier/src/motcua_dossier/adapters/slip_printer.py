"""Slips as signed PDFs, from the Typst templates of the City."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from motcua_dossier.application.ports import SlipPaper
from motcua_kit.documents.qr import qr_svg
from motcua_kit.documents.render import render
from motcua_kit.documents.signer import Signer


class TypstSlipPrinter:
    """See `ports.SlipPrinter`.

    Args:
        templates: folder with one template a form, e.g. `slip-01.typ`.
        signer: makes the signer when it is first needed: loading it takes a second, and only workers sign.
    """

    def __init__(self, templates: Path, signer: Callable[[], Signer]) -> None:
        self._templates = templates
        self._signer = signer

    def print(self, paper: SlipPaper, time: datetime) -> bytes:
        """See `ports.SlipPrinter.print`."""
        data = {**paper.data, "qr_svg": qr_svg(str(paper.data["qr"]))}
        pdf = render(self._templates / f"slip-{paper.form}.typ", data, time=time)
        return self._signer().sign(
            pdf, reason=f"{paper.title} {paper.number}", location=str(paper.data["place"]), time=time
        )
