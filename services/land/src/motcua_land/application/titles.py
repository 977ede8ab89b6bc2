"""Queries about certificates and about what a person holds."""

from __future__ import annotations

from dataclasses import dataclass

from motcua_kit.access import Access
from motcua_kit.domain import NotFound
from motcua_kit.store.paging import Page
from motcua_land.application.cadastre import parcel_not_found
from motcua_land.application.ports import Certificates, Parcels
from motcua_land.application.reads_of_people import ReadsOfPeople
from motcua_land.domain.certificate import Certificate, certificate_id
from motcua_land.domain.parcel import Ownership, Parcel
from motcua_land.domain.rights import Right, check_citizen_id

HOLDING_FIELDS = ("citizen_id", "display_name", "share", "parcel", "certificate", "encumbrances")
OWNERSHIP_FIELDS = ("share", "certificate", "encumbrances")


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate with what is registered on its parcels now."""

    certificate: Certificate
    mortgaged: bool
    restricted: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """A parcel that a person holds, the right, and the certificate that states it; None for land without one."""

    parcel: Parcel
    right: Right
    certificate: Certificate | None


class Titles:
    """Answers questions about who holds what."""

    def __init__(self, parcels: Parcels, certificates: Certificates, reads: ReadsOfPeople) -> None:
        self._parcels = parcels
        self._certificates = certificates
        self._reads = reads

    def get(self, access: Access, identity: str, purpose: str) -> CertificateView:
        """Return a certificate. Each holder is told of the read.

        Raises:
            NotFound: CERTIFICATE_NOT_FOUND; also when none of its parcels lies where the caller may look.
        """
        return self._view(access, identity, purpose or "GetCertificate")

    def lookup(self, access: Access, serial: str, purpose: str) -> CertificateView:
        """Return the certificate with a serial, in any spelling of blanks and case. Each holder is told of the read.

        Raises:
            NotFound: CERTIFICATE_NOT_FOUND; also when none of its parcels lies where the caller may look.
            ValidationFailed: CERTIFICATE_SERIAL_INVALID.
        """
        return self._view(access, certificate_id(serial), purpose or "LookupCertificate")

    def holdings(self, citizen_id: str, page: Page, *, purpose: str, account: str = "") -> tuple[list[Holding], str]:
        """Return a page of what a person holds by parcel code, and the token of the next. The person is told.

        Args:
            citizen_id: whose.
            page: which page.
            purpose: why it is read.
            account: `accounts/{id}` of the person, where the caller knows it.

        Raises:
            ValidationFailed: CITIZEN_ID_INVALID.
        """
        check_citizen_id(citizen_id)
        parcels, token = self._parcels.used_by(citizen_id, page)
        rights = [parcel.use_right_of(citizen_id) for parcel in parcels]
        stated = {right.certificate.removeprefix("certificates/") for right in rights} - {""}
        certificates = {certificate.name: certificate for certificate in self._certificates.get_many(stated)}
        for parcel in parcels:
            self._reads.note_person(
                citizen_id,
                purpose=purpose or "ListHoldings",
                resource=parcel.name,
                fields=HOLDING_FIELDS,
                account=account,
            )
        holdings = [
            Holding(parcel, right, certificates.get(right.certificate))
            for parcel, right in zip(parcels, rights, strict=True)
        ]
        return holdings, token

    def ownership(self, access: Access, code: str, citizen_id: str, *, purpose: str, account: str = "") -> Ownership:
        """Tell whether a person holds the right to use a parcel, and what blocks building. The person is told.

        Args:
            access: what the caller may.
            code: of the parcel.
            citizen_id: whose.
            purpose: why it is checked.
            account: `accounts/{id}` of the person, where the caller knows it.

        Raises:
            NotFound: PARCEL_NOT_FOUND; also when the caller may not ask about it.
            ValidationFailed: CITIZEN_ID_INVALID.
        """
        parcel = self._parcels.get(code)
        if not access.allows(unit=parcel.unit):
            raise parcel_not_found(parcel.name)
        ownership = parcel.ownership_of(citizen_id)
        self._reads.note_person(
            citizen_id,
            purpose=purpose or "CheckOwnership",
            resource=parcel.name,
            fields=OWNERSHIP_FIELDS,
            account=account,
        )
        return ownership

    def _view(self, access: Access, identity: str, purpose: str) -> CertificateView:
        certificate = self._certificates.get(identity)
        parcels = self._parcels.get_many([line.parcel.removeprefix("parcels/") for line in certificate.parcels])
        if not any(access.allows(unit=parcel.unit) for parcel in parcels):
            raise NotFound("CERTIFICATE_NOT_FOUND", "no such certificate", resource=certificate.name)
        self._reads.note_holders(certificate.holders, purpose=purpose, resource=certificate.name)
        return CertificateView(
            certificate,
            mortgaged=any(parcel.mortgaged for parcel in parcels),
            restricted=any(parcel.restricted for parcel in parcels),
        )
