"""The RPCs of the land register."""

from __future__ import annotations

import grpc

from motcua.land.v1 import certificates_pb2, parcels_pb2
from motcua.land.v1.certificates_pb2_grpc import CertificateServiceServicer
from motcua.land.v1.parcels_pb2_grpc import ParcelServiceServicer
from motcua_kit.rpc import id_of, page_of, query
from motcua_kit.rpc.times import day_or_none
from motcua_land.application.cadastre import Cadastre, KeyFilter
from motcua_land.application.titles import Holding, Titles
from motcua_land.domain.crs import GeoPoint, ProjectedPoint
from motcua_land.domain.parcel import Parcel
from motcua_land.domain.rights import Right
from motcua_land.entrypoints.messages import Messages


class ParcelGrpc(ParcelServiceServicer):
    """Parcels, their rights, and planning."""

    def __init__(self, cadastre: Cadastre, messages: Messages) -> None:
        self._cadastre = cadastre
        self._messages = messages

    def GetParcel(self, request: parcels_pb2.GetParcelRequest, context: grpc.ServicerContext) -> parcels_pb2.Parcel:
        """Get a parcel."""
        return query(self._messages.parcel, lambda _: self._cadastre.get(id_of(request.name, "parcels")))

    def ListParcels(
        self, request: parcels_pb2.ListParcelsRequest, context: grpc.ServicerContext
    ) -> parcels_pb2.ListParcelsResponse:
        """List the parcels of a unit."""
        key = KeyFilter(request.surveyed_ward_code, request.map_sheet, request.parcel_number)

        def respond(found: tuple[list[Parcel], str]) -> parcels_pb2.ListParcelsResponse:
            parcels, token = found
            return parcels_pb2.ListParcelsResponse(
                parcels=[self._messages.parcel(parcel) for parcel in parcels], next_page_token=token
            )

        return query(respond, lambda access: self._cadastre.in_unit(access, request.parent, key, page_of(request)))

    def LocateParcel(
        self, request: parcels_pb2.LocateParcelRequest, context: grpc.ServicerContext
    ) -> parcels_pb2.Parcel:
        """Find the parcel at a point."""

        def point() -> ProjectedPoint | GeoPoint:
            if request.HasField("projected"):
                given = request.projected
                return ProjectedPoint(given.epsg, given.northing, given.easting)
            return GeoPoint(request.lat_lng.latitude, request.lat_lng.longitude)

        return query(self._messages.parcel, lambda _: self._cadastre.locate(point()))

    def GetParcelPlanning(
        self, request: parcels_pb2.GetParcelPlanningRequest, context: grpc.ServicerContext
    ) -> parcels_pb2.ParcelPlanning:
        """Get the zone and the road of a parcel."""
        return query(
            self._messages.planning,
            lambda _: self._cadastre.planning(id_of(request.name, "parcels"), day_or_none(request, "as_of_date")),
        )

    def ListRights(
        self, request: parcels_pb2.ListRightsRequest, context: grpc.ServicerContext
    ) -> parcels_pb2.ListRightsResponse:
        """List the rights in force in a parcel."""

        def respond(found: tuple[Parcel, list[Right], str]) -> parcels_pb2.ListRightsResponse:
            parcel, rights, token = found
            return parcels_pb2.ListRightsResponse(
                rights=[self._messages.right(parcel, right) for right in rights], next_page_token=token
            )

        return query(
            respond,
            lambda access: self._cadastre.rights(
                access, id_of(request.parent, "parcels", "parent"), page_of(request), purpose=request.purpose
            ),
        )


class CertificateGrpc(CertificateServiceServicer):
    """Certificates and holdings."""

    def __init__(self, titles: Titles, messages: Messages) -> None:
        self._titles = titles
        self._messages = messages

    def GetCertificate(
        self, request: certificates_pb2.GetCertificateRequest, context: grpc.ServicerContext
    ) -> certificates_pb2.Certificate:
        """Get a certificate."""
        return query(
            self._messages.certificate,
            lambda access: self._titles.get(access, id_of(request.name, "certificates"), request.purpose),
        )

    def LookupCertificate(
        self, request: certificates_pb2.LookupCertificateRequest, context: grpc.ServicerContext
    ) -> certificates_pb2.Certificate:
        """Find a certificate by its serial."""
        return query(
            self._messages.certificate,
            lambda access: self._titles.lookup(access, request.serial, request.purpose),
        )

    def ListHoldings(
        self, request: certificates_pb2.ListHoldingsRequest, context: grpc.ServicerContext
    ) -> certificates_pb2.ListHoldingsResponse:
        """List what a person holds."""

        def respond(found: tuple[list[Holding], str]) -> certificates_pb2.ListHoldingsResponse:
            holdings, token = found
            return certificates_pb2.ListHoldingsResponse(
                holdings=[self._messages.holding(holding) for holding in holdings], next_page_token=token
            )

        return query(
            respond,
            lambda _: self._titles.holdings(
                request.citizen_id, page_of(request), purpose=request.purpose, account=request.account
            ),
        )

    def CheckOwnership(
        self, request: certificates_pb2.CheckOwnershipRequest, context: grpc.ServicerContext
    ) -> certificates_pb2.Ownership:
        """Tell whether a person holds a parcel."""
        return query(
            self._messages.ownership,
            lambda access: self._titles.ownership(
                access,
                id_of(request.parcel, "parcels", "parcel"),
                request.citizen_id,
                purpose=request.purpose,
                account=request.account,
            ),
        )
