"""The land service over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

import grpc

from motcua.land.v1 import parcels_pb2 as pb
from motcua.land.v1.parcels_pb2_grpc import ParcelServiceStub
from motcua_client import NotFound
from motcua_permits.domain.facts import SiteFacts


class GrpcLandRegister:
    """Facts of parcels from the register."""

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel

    @cached_property
    def _parcels(self) -> ParcelServiceStub:
        return ParcelServiceStub(self._channel())

    def site(self, parcel: str, *, now: datetime) -> SiteFacts:
        """See `LandRegister.site`. A parcel or a plan that the register does not know leaves facts unknown."""
        try:
            record = self._parcels.GetParcel(pb.GetParcelRequest(name=parcel))
        except NotFound:
            return SiteFacts(read_time=now)
        try:
            planning = self._parcels.GetParcelPlanning(pb.GetParcelPlanningRequest(name=parcel))
        except NotFound:
            planning = None
        return site_facts(record, planning, now)


def site_facts(record: pb.Parcel, planning: pb.ParcelPlanning | None, now: datetime) -> SiteFacts:
    """Return what a parcel and its planning say, in the terms of the rules; 0 stands for "not known" there."""
    key = record.cadastral_key
    zone = planning.zone if planning is not None and planning.HasField("zone") else None
    road = planning if planning is not None and planning.has_road else None
    return SiteFacts(
        read_time=now,
        lot_area_m2=record.area.legal_m2 or record.area.measured_m2 or None,
        land_uses=tuple(use.code for use in record.land_uses),
        zone=zone.code if zone else "",
        existing_urban_area=zone.existing_urban if zone else None,
        central_area=zone.central if zone else None,
        permit_area=zone.permit_area if zone else None,
        commercial_axis=road.commercial_axis if road else None,
        road_width_m=road.road_width_m or None if road else None,
        road_name=road.road_name if road else "",
        plan_max_storeys=zone.max_storeys or None if zone else None,
        plan_max_height_m=zone.max_height_m or None if zone else None,
        plan_max_density_percent=zone.max_density_percent or None if zone else None,
        lot_depth_m=road.depth_m or None if road else None,
        lot_frontage_m=road.frontage_m or None if road else None,
        restricted=record.restricted,
        source=f"{zone.source.document}, {zone.source.article}".strip(", ") if zone else "",
        map_sheet=str(key.map_sheet) if key.map_sheet else "",
        parcel_number=str(key.parcel_number) if key.parcel_number else "",
    )
