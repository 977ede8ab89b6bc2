"""Prints permits on the City's template and signs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from motcua_kit.documents.qr import qr_svg
from motcua_kit.documents.render import render
from motcua_kit.documents.signer import Signer
from motcua_permits.application.ports import Investor, Signatory
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.bylaws import vi_number
from motcua_permits.domain.catalogue import Catalogue, in_force
from motcua_permits.domain.permit import Permit, grouped

UNIT_TYPES = ("Phường", "Xã", "Đặc khu")


class TypstPress:
    """Prints form 03 of NĐ 217/2026 Annex II as PDF/A-2a and PDF/UA-1 with a PAdES signature.

    Args:
        template: Typst template of the permit.
        catalogue: titles and legal basis.
        signer: gives what makes the signature, when the first permit is printed.
        verification_page: address of the public verification page; number and code are added to it.
    """

    def __init__(
        self, template: Path, catalogue: Catalogue, signer: Callable[[], Signer], verification_page: str
    ) -> None:
        self._template = template
        self._catalogue = catalogue
        self._signer = signer
        self._page = verification_page

    def print(
        self,
        permit: Permit,
        investor: Investor,
        signatory: Signatory,
        *,
        application: PermitApplication,
        time: datetime,
    ) -> bytes:
        """See `Press.print`."""
        data = self._data(permit, investor, signatory, application)
        pdf = render(self._template, data, time=time)
        return self._signer().sign(
            pdf, reason=f"{data['title']} số {permit.number}", location=permit.unit_display_name, time=time
        )

    def _data(
        self, permit: Permit, investor: Investor, signatory: Signatory, application: PermitApplication
    ) -> dict[str, Any]:
        procedure = self._catalogue.procedure(application.procedure.removeprefix("procedures/"), application.rules_date)
        if procedure is None:
            message = f"{application.procedure} is no building permit on {application.rules_date}"
            raise ValueError(message)
        work = {
            name: vi_number(value) if isinstance(value, float) else value for name, value in asdict(permit.work).items()
        }
        url = f"{self._page}?{urlencode({'number': permit.number, 'code': permit.verification_code})}"
        place = urlsplit(self._page)
        return {
            **work,
            "title": procedure.title,
            "subject": procedure.subject,
            "form": procedure.form,
            "agency": f"Ủy ban nhân dân\n{permit.unit_display_name}",
            "place": place_name(permit.unit_display_name),
            "number": permit.number,
            "issue_date": permit.issue_date,
            "start_before_date": permit.start_before_date,
            "investor_name": investor.full_name,
            "investor_address": investor.address,
            "signer_name": signatory.full_name,
            "signer_title": signing_position(signatory.title),
            "dossier_code": application.dossier_code,
            "verification_code": grouped(permit.verification_code),
            "verification_url": url,
            "verification_page": f"{place.netloc}{place.path}",
            "qr": qr_svg(url),
            "legal_basis": [basis.text for basis in in_force(self._catalogue.legal_basis, application.rules_date)],
        }


def signing_position(title: str) -> str:
    """Return the position as it is signed: a deputy signs for the head, "KT." (NĐ 30/2020, Phụ lục I, II.7)."""
    head = title.removeprefix("Phó ")
    return title if head == title else f"KT. {head}\n{title}"


def place_name(unit: str) -> str:
    """Return the place in front of a date: the unit's name without its type (NĐ 30/2020, Phụ lục I)."""
    for kind in UNIT_TYPES:
        if unit.startswith(f"{kind} "):
            return unit.removeprefix(f"{kind} ")
    return unit
