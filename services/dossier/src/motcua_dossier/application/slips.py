"""Slips of the one-stop process (TT 03/2025/TT-VPCP, Phụ lục I): composed, signed, kept, put into the dossier."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from motcua_dossier.application.ports import ObjectStore, Officer, Registry, Repository, SlipPaper, SlipPrinter
from motcua_dossier.application.results import document_of, keep_once
from motcua_dossier.domain.conditions import value_at
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import SATISFIED, Slip
from motcua_kit.command import Command

TITLES = {
    "01": "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    "02": "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    "03": "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
    "05": "Thông báo dừng giải quyết hồ sơ",
}

FORM_OF_EVENT = {
    "dossier.accepted": "01",
    "dossier.supplement_requested": "02",
    "dossier.refused": "03",
    "dossier.stopped": "05",
}

PDF = "application/pdf"

UNIT_KINDS = ("Phường", "Xã", "Đặc khu")


@dataclass(frozen=True)
class Slips:
    """Issues slips."""

    dossiers: Repository[Dossier]
    documents: Repository[Document]
    registry: Registry
    objects: ObjectStore
    printer: SlipPrinter

    def issue(self, command: Command, identity: str, event: str, data: Mapping[str, Any], time: datetime) -> None:
        """Issue the slip that an event asks for. Doing it again changes nothing.

        Args:
            command: the command.
            identity: id of the dossier.
            event: type of the event.
            data: fields of the event.
            time: when the event happened: the slip bears that time.
        """
        dossier = self.dossiers.get(identity)
        form = FORM_OF_EVENT[event]
        if any(slip.form == form for slip in dossier.slips):
            return
        paper = compose(dossier, form, data, time, self._signer(dossier, form))
        pdf = self.printer.print(paper, time)
        document_id = document_of(identity, f"slip-{form}")
        key = f"dossiers/{identity}/slips/{form}.pdf"
        stored = self.objects.put(key, pdf, PDF)
        document = Document(
            id=document_id,
            owner=dossier.applicant,
            dossier=f"dossiers/{identity}",
            unit=dossier.unit,
            kind=DocumentKind.SLIP,
            form=form,
            title=paper.title,
            number=paper.number,
            content_type=PDF,
            size=len(pdf),
            sha256=hashlib.sha256(pdf).hexdigest(),
            key=key,
            stored_version=stored.version,
            delivery_time=command.time,
        )
        keep_once(self.documents, document, command.derived("document"))
        slip = Slip(form, paper.number, f"documents/{document_id}", command.time)
        self.dossiers.change(identity, command, lambda fresh: fresh.add_slip(slip))

    def _signer(self, dossier: Dossier, form: str) -> Officer:
        """Return the officer whose name stands on the slip; nobody's when a service of the suite asked for it."""
        match form:
            case "01" | "03":
                name = dossier.receiver
            case "02" if dossier.supplement is not None:
                name = dossier.supplement.requester
            case _:
                name = dossier.handler
        return self.registry.officer(name) if name.startswith("officers/") else Officer("", "")


def compose(dossier: Dossier, form: str, data: Mapping[str, Any], time: datetime, signer: Officer) -> SlipPaper:
    """Return what a slip says.

    Args:
        dossier: the dossier.
        form: form number.
        data: fields of the event that asks for the slip.
        time: when that happened.
        signer: whose name stands under it.
    """
    number = f"{dossier.code}/{form}"
    content: dict[str, Any] = {
        "form": form,
        "title": TITLES[form],
        "number": number,
        "code": dossier.code,
        "agency": f"Ủy ban nhân dân {_in_sentence(dossier.unit_title)}",
        "place": _short_name(dossier.unit_title),
        "date": time,
        "procedure": dossier.procedure_title,
        "procedure_code": dossier.procedure.removeprefix("procedures/"),
        "applicant": {
            "full_name": dossier.applicant_name,
            **{name: str(value_at(dossier.form, f"applicant.{name}") or "") for name in ("address", "phone", "email")},
        },
        "qr": dossier.code,
        "signer": signer.full_name,
    }
    match form:
        case "01":
            content |= {
                "components": [
                    {
                        "title": component.title,
                        "kind": component.state.value,
                        "count": _count(dossier, component.code),
                    }
                    for component in dossier.components
                    if component.state in SATISFIED
                ],
                "working_days": dossier.working_days,
                "received": dossier.accept_time,
                "due": datetime.fromisoformat(data["due_time"]),
                "delivery": dossier.delivery_method.value,
                "charges": [{"title": charge.title, "amount_vnd": charge.amount_vnd} for charge in dossier.charges],
            }
        case "02" if dossier.supplement is not None:
            content |= {
                "items": [
                    {
                        "title": dossier.component(item.component).title,
                        "reason": item.reason,
                        "law": item.legal_reference.cite(),
                    }
                    for item in dossier.supplement.items
                ],
                "answer_by": datetime.fromisoformat(data["answer_by"]),
                "working_days": dossier.supplement.working_days,
            }
        case _:
            content |= {
                "reason": dossier.end_reason,
                "law": dossier.end_legal_reference.cite() if dossier.end_legal_reference else "",
                "paid": sum(charge.amount_vnd for charge in dossier.charges if charge.paid),
            }
    return SlipPaper(form, TITLES[form], number, content)


def _count(dossier: Dossier, component: str) -> int:
    return max(1, sum(upload.component == component for upload in dossier.uploads))


def _in_sentence(unit_title: str) -> str:
    """`Phường Sài Gòn` inside a sentence is `phường Sài Gòn`."""
    return unit_title[:1].lower() + unit_title[1:]


def _short_name(unit_title: str) -> str:
    """A paper of `Phường Sài Gòn` is made at `Sài Gòn` (NĐ 30/2020/NĐ-CP, Phụ lục I, II.4)."""
    for kind in UNIT_KINDS:
        if unit_title.startswith(kind):
            return unit_title.removeprefix(kind).strip()
    return unit_title
