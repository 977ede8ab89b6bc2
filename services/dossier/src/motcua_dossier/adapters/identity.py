"""People and units, asked of the identity service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import grpc
from google.type.date_pb2 import Date

from motcua.identity.v1.account_pb2 import GetAccountRequest
from motcua.identity.v1.account_pb2_grpc import AccountServiceStub
from motcua.identity.v1.officer_pb2 import GetOfficerRequest
from motcua.identity.v1.officer_pb2_grpc import OfficerServiceStub
from motcua.identity.v1.unit_pb2 import GetUnitRequest, UnitType
from motcua.identity.v1.unit_pb2_grpc import UnitServiceStub
from motcua_client import errors as remote
from motcua_dossier.application.ports import Officer, Person, Unit
from motcua_kit.domain import NotFound

WARD_LEVEL = frozenset({UnitType.UNIT_TYPE_WARD, UnitType.UNIT_TYPE_COMMUNE, UnitType.UNIT_TYPE_SPECIAL_ZONE})
"""Units of the lower of the two tiers (phường, xã, đặc khu)."""

ABSENT = (remote.NotFound, remote.ValidationFailed)
"""How identity says that there is no such thing: a name that none can have names nobody."""


class IdentityRegistry:
    """See `ports.Registry`.

    Args:
        channel: opens the channel to identity when it is first needed.
    """

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel

    def person(self, account: str, purpose: str) -> Person:
        """See `ports.Registry.person`."""
        try:
            found = AccountServiceStub(self._channel()).GetAccount(GetAccountRequest(name=account, purpose=purpose))
        except ABSENT as absent:
            raise NotFound(resource=account) from absent
        return Person(
            name=found.name,
            citizen_id=found.citizen_id,
            full_name=found.full_name,
            address=found.address,
            phone=found.phone,
            email=found.email,
            assurance_level=int(found.assurance_level),
        )

    def unit(self, name: str, day: date) -> Unit:
        """See `ports.Registry.unit`."""
        request = GetUnitRequest(name=name, as_of_date=Date(year=day.year, month=day.month, day=day.day))
        try:
            found = UnitServiceStub(self._channel()).GetUnit(request)
        except (*ABSENT, remote.PreconditionFailed) as absent:  # the latter: it is no unit of that day
            raise NotFound(resource=name) from absent
        kind = "ward" if found.type in WARD_LEVEL else UnitType.Name(found.type).removeprefix("UNIT_TYPE_").lower()
        return Unit(name=found.name, title=found.display_name, kind=kind, agency_code=found.agency_code)

    def officer(self, name: str) -> Officer:
        """See `ports.Registry.officer`."""
        try:
            found = OfficerServiceStub(self._channel()).GetOfficer(GetOfficerRequest(name=name))
        except ABSENT as absent:
            raise NotFound(resource=name) from absent
        return Officer(full_name=found.full_name, title=found.title)
