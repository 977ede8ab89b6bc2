"""The identity service over gRPC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property

import grpc
from google.type import date_pb2

from motcua.identity.v1 import account_pb2, officer_pb2, unit_pb2
from motcua.identity.v1.account_pb2_grpc import AccountServiceStub
from motcua.identity.v1.officer_pb2_grpc import OfficerServiceStub
from motcua.identity.v1.unit_pb2_grpc import UnitServiceStub
from motcua_permits.application.ports import Investor, IssuingUnit, Signatory


class GrpcPeople:
    """Names as they are printed. The identity service enters the read in the person's access log."""

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel

    @cached_property
    def _accounts(self) -> AccountServiceStub:
        return AccountServiceStub(self._channel())

    @cached_property
    def _officers(self) -> OfficerServiceStub:
        return OfficerServiceStub(self._channel())

    @cached_property
    def _units(self) -> UnitServiceStub:
        return UnitServiceStub(self._channel())

    def investor(self, account: str, *, purpose: str) -> Investor:
        """See `People.investor`."""
        found = self._accounts.GetAccount(account_pb2.GetAccountRequest(name=account, purpose=purpose))
        return Investor(full_name=found.full_name, address=found.address)

    def signatory(self, officer: str) -> Signatory:
        """See `People.signatory`."""
        found = self._officers.GetOfficer(officer_pb2.GetOfficerRequest(name=officer))
        return Signatory(full_name=found.full_name, title=found.title)

    def unit(self, unit: str, day: date) -> IssuingUnit:
        """See `People.unit`."""
        found = self._units.GetUnit(
            unit_pb2.GetUnitRequest(name=unit, as_of_date=date_pb2.Date(year=day.year, month=day.month, day=day.day))
        )
        return IssuingUnit(found.display_name)
