"""The register as messages. By name; what differs is said here."""

from __future__ import annotations

from collections.abc import Iterable

from google.type.latlng_pb2 import LatLng

from motcua.land.v1 import certificates_pb2, parcels_pb2
from motcua_kit.mapping import to_message
from motcua_land.application.titles import CertificateView, Holding
from motcua_land.domain.land_use import LandUse, LandUseCatalogue
from motcua_land.domain.parcel import Ownership, Parcel
from motcua_land.domain.planning import ParcelPlanning, PlanningSource
from motcua_land.domain.rights import Restriction, Right, RightKind

OBSTACLES = {
    RightKind.MORTGAGE: (
        "Quyền sử dụng đất đang được thế chấp tại {holders} ({source}); cần văn bản đồng ý của bên nhận thế chấp."
    ),
    Restriction.DISPUTE: "Thửa đất đang có tranh chấp ({source}).",
    Restriction.SEIZURE: "Quyền sử dụng đất đang bị kê biên ({source}).",
    Restriction.RECALL: "Thửa đất đã có quyết định thu hồi ({source}).",
}
"""What stands in the way, for people; one sentence for each kind that blocks."""


class Messages:
    """Makes messages of what the application returns.

    Args:
        land_uses: gives codes their names.
    """

    def __init__(self, land_uses: LandUseCatalogue) -> None:
        self._land_uses = land_uses

    def parcel(self, parcel: Parcel) -> parcels_pb2.Parcel:
        """Return a parcel. It holds no personal data."""
        return to_message(
            parcel,
            parcels_pb2.Parcel,
            location=LatLng(latitude=parcel.location.latitude, longitude=parcel.location.longitude),
            land_uses=self._uses(parcel.land_uses),
            road=f"roads/{parcel.road}" if parcel.road else "",
        )

    def right(self, parcel: Parcel, right: Right) -> parcels_pb2.Right:
        """Return a right in a parcel."""
        return to_message(right, parcels_pb2.Right, name=f"{parcel.name}/rights/{right.id}")

    def planning(self, planning: ParcelPlanning) -> parcels_pb2.ParcelPlanning:
        """Return planning facts."""
        zone, road, parcel = planning.zone, planning.road, planning.parcel
        message = to_message(
            planning,
            parcels_pb2.ParcelPlanning,
            parcel=parcel.name,
            zone=to_message(zone, parcels_pb2.PlanningZone, display_name=zone.name, source=_source(zone)),
            has_road=road is not None,
            frontage_m=parcel.frontage_m,
            lot_area_m2=parcel.area.measured_m2,
            legal_area_m2=parcel.area.legal_m2,
            land_uses=self._uses(parcel.land_uses),
        )
        if road is not None:
            message.road_name, message.road_width_m = road.name, road.width_m
            message.commercial_axis = road.commercial_axis
            message.road_source.CopyFrom(_source(road))
        return message

    def certificate(self, view: CertificateView) -> certificates_pb2.Certificate:
        """Return a certificate with what is registered on its parcels now."""
        return to_message(
            view.certificate,
            certificates_pb2.Certificate,
            parcels=[
                to_message(line, certificates_pb2.CertificateParcel, land_uses=self._uses(line.land_uses))
                for line in view.certificate.parcels
            ],
            mortgaged=view.mortgaged,
            restricted=view.restricted,
        )

    def holding(self, holding: Holding) -> certificates_pb2.Holding:
        """Return a parcel that a person holds."""
        parcel, certificate = holding.parcel, holding.certificate
        return to_message(
            holding,
            certificates_pb2.Holding,
            parcel=self.parcel(parcel),
            right=self.right(parcel, holding.right),
            certificate_serial=certificate.serial if certificate else "",
            certificate_issue_date=certificate.issue_date if certificate else None,
            encumbrances=[self.right(parcel, right) for right in parcel.encumbrances],
        )

    @staticmethod
    def ownership(ownership: Ownership) -> certificates_pb2.Ownership:
        """Return whether a person holds a parcel, and what stands in the way in words."""
        return to_message(
            ownership,
            certificates_pb2.Ownership,
            obstacles=[obstacle(right) for right in ownership.blocking],
        )

    def _uses(self, uses: Iterable[LandUse]) -> list[parcels_pb2.LandUse]:
        messages = []
        for use in uses:
            code = self._land_uses.get(use.code)
            messages.append(to_message(use, parcels_pb2.LandUse, display_name=code.name, residential=code.residential))
        return messages


def obstacle(right: Right) -> str:
    """Return the Vietnamese sentence about a right that blocks building."""
    text = OBSTACLES[right.kind if right.kind is RightKind.MORTGAGE else right.restriction]
    return text.format(holders=", ".join(holder.display_name for holder in right.holders), source=right.source_document)


def _source(fact: PlanningSource) -> parcels_pb2.PlanningSource:
    return to_message(fact, parcels_pb2.PlanningSource, document=fact.source, document_date=fact.source_date)
