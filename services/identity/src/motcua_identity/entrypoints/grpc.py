"""The gRPC end: messages in, application, messages out."""

from __future__ import annotations

from typing import Any

from motcua.identity.v1 import access_pb2, account_pb2, officer_pb2, organisation_pb2, unit_pb2
from motcua.identity.v1.access_pb2_grpc import AccessServiceServicer
from motcua.identity.v1.account_pb2_grpc import AccountServiceServicer
from motcua.identity.v1.officer_pb2_grpc import OfficerServiceServicer
from motcua.identity.v1.organisation_pb2_grpc import OrganisationServiceServicer
from motcua.identity.v1.unit_pb2_grpc import UnitServiceServicer
from motcua_identity.application.access_log import AccessLogApp
from motcua_identity.application.accounts import UPDATABLE, AccountApp
from motcua_identity.application.officers import NewOfficer, OfficerApp
from motcua_identity.application.organisations import NewOrganisation, OrganisationApp
from motcua_identity.application.units import UnitApp
from motcua_identity.domain.access_entry import AccessEntry
from motcua_identity.domain.account import Account
from motcua_identity.domain.officer import Officer, Post, Role
from motcua_identity.domain.organisation import Organisation
from motcua_identity.domain.unit import Resolution, Unit, UnitType
from motcua_kit.mapping import from_message, to_message
from motcua_kit.rpc import execute, id_of, page_of, query
from motcua_kit.rpc.times import day_of, day_or_none


def account_message(account: Account) -> account_pb2.Account:
    """Return the message for an account."""
    return to_message(
        account, account_pb2.Account, name=f"accounts/{account.id}", verified_time=account.link.verified_time
    )


def organisation_message(organisation: Organisation) -> organisation_pb2.Organisation:
    """Return the message for an organisation."""
    return to_message(organisation, organisation_pb2.Organisation, name=f"organisations/{organisation.id}")


def officer_message(officer: Officer) -> officer_pb2.Officer:
    """Return the message for an officer."""
    return to_message(officer, officer_pb2.Officer, name=f"officers/{officer.id}")


def entry_message(entry: AccessEntry) -> access_pb2.AccessEntry:
    """Return the message for an entry of the access log."""
    return to_message(entry, access_pb2.AccessEntry)


class AccountGrpc(AccountServiceServicer):
    """AccountService."""

    def __init__(self, app: AccountApp) -> None:
        self._app = app

    def GetAccount(self, request: account_pb2.GetAccountRequest, context: Any) -> account_pb2.Account:
        """Get one account."""
        return query(
            account_message, lambda access: self._app.get(access, id_of(request.name, "accounts"), request.purpose)
        )

    def LookupAccount(self, request: account_pb2.LookupAccountRequest, context: Any) -> account_pb2.Account:
        """Find the account of a personal identification number."""
        return query(account_message, lambda access: self._app.lookup(access, request.citizen_id, request.purpose))

    def UpdateAccount(self, request: account_pb2.UpdateAccountRequest, context: Any) -> account_pb2.Account:
        """Change contact data."""
        account = request.account
        return execute(
            request,
            account_message,
            lambda command, access: self._app.update(
                command,
                access,
                id_of(account.name, "accounts", "account.name"),
                {name: getattr(account, name, "") for name in _masked(request)},
                etag=account.etag,
            ),
        )


def _masked(request: account_pb2.UpdateAccountRequest) -> list[str]:
    """Return the fields to change: those of the mask, all for `*`, those that are set without a mask (AIP-134)."""
    paths = list(request.update_mask.paths)
    if paths == ["*"]:
        return list(UPDATABLE)
    return paths or [name for name in UPDATABLE if getattr(request.account, name)]


class OrganisationGrpc(OrganisationServiceServicer):
    """OrganisationService."""

    def __init__(self, app: OrganisationApp) -> None:
        self._app = app

    def GetOrganisation(
        self, request: organisation_pb2.GetOrganisationRequest, context: Any
    ) -> organisation_pb2.Organisation:
        """Get one organisation."""
        return query(organisation_message, lambda access: self._app.get(access, id_of(request.name, "organisations")))

    def ListOrganisations(
        self, request: organisation_pb2.ListOrganisationsRequest, context: Any
    ) -> organisation_pb2.ListOrganisationsResponse:
        """List organisations."""

        def respond(found: tuple[list[Organisation], str]) -> organisation_pb2.ListOrganisationsResponse:
            return organisation_pb2.ListOrganisationsResponse(
                organisations=map(organisation_message, found[0]), next_page_token=found[1]
            )

        return query(respond, lambda access: self._app.list(access, request.representative, page_of(request)))

    def CreateOrganisation(
        self, request: organisation_pb2.CreateOrganisationRequest, context: Any
    ) -> organisation_pb2.Organisation:
        """Register an organisation."""
        return execute(
            request,
            organisation_message,
            lambda command, access: self._app.register(
                command, access, from_message(request.organisation, NewOrganisation)
            ),
        )


class OfficerGrpc(OfficerServiceServicer):
    """OfficerService."""

    def __init__(self, app: OfficerApp) -> None:
        self._app = app

    def GetOfficer(self, request: officer_pb2.GetOfficerRequest, context: Any) -> officer_pb2.Officer:
        """Get one officer."""
        return query(officer_message, lambda access: self._app.get(access, id_of(request.name, "officers")))

    def ListOfficers(self, request: officer_pb2.ListOfficersRequest, context: Any) -> officer_pb2.ListOfficersResponse:
        """List officers."""

        def respond(found: tuple[list[Officer], str]) -> officer_pb2.ListOfficersResponse:
            return officer_pb2.ListOfficersResponse(officers=map(officer_message, found[0]), next_page_token=found[1])

        return query(respond, lambda access: self._app.list(access, request.unit, page_of(request)))

    def CreateOfficer(self, request: officer_pb2.CreateOfficerRequest, context: Any) -> officer_pb2.Officer:
        """Register an officer."""
        return execute(
            request,
            officer_message,
            lambda command, access: self._app.register(command, access, from_message(request.officer, NewOfficer)),
        )

    def AppointOfficer(self, request: officer_pb2.AppointOfficerRequest, context: Any) -> officer_pb2.Officer:
        """Give an officer a post."""
        sent = request.post
        return execute(
            request,
            officer_message,
            lambda command, access: self._app.appoint(
                command,
                access,
                id_of(request.name, "officers"),
                Post(
                    post_id="",
                    unit=sent.unit,
                    role=Role[officer_pb2.Role.Name(sent.role).removeprefix("ROLE_")],
                    start_date=day_of(sent, "start_date", "post.start_date"),
                    end_date=day_or_none(sent, "end_date", "post.end_date"),
                    decision=sent.decision,
                ),
                etag=request.etag,
            ),
        )

    def EndPost(self, request: officer_pb2.EndPostRequest, context: Any) -> officer_pb2.Officer:
        """End a post."""
        return execute(
            request,
            officer_message,
            lambda command, access: self._app.end_post(
                command,
                access,
                id_of(request.name, "officers"),
                request.post_id,
                day_of(request, "end_date"),
                etag=request.etag,
            ),
        )


class UnitGrpc(UnitServiceServicer):
    """UnitService."""

    def __init__(self, app: UnitApp) -> None:
        self._app = app

    def GetUnit(self, request: unit_pb2.GetUnitRequest, context: Any) -> unit_pb2.Unit:
        """Get a unit as of a day."""
        return query(
            self._message,
            lambda _: self._app.get(id_of(request.name, "units"), day_or_none(request, "as_of_date")),
        )

    def ListUnits(self, request: unit_pb2.ListUnitsRequest, context: Any) -> unit_pb2.ListUnitsResponse:
        """List units in force."""

        def respond(found: tuple[list[Unit], str]) -> unit_pb2.ListUnitsResponse:
            return unit_pb2.ListUnitsResponse(units=map(self._message, found[0]), next_page_token=found[1])

        kind = unit_pb2.UnitType.Name(request.type).removeprefix("UNIT_TYPE_")
        return query(
            respond,
            lambda _: self._app.list(
                page_of(request),
                day_or_none(request, "as_of_date"),
                UnitType[kind] if request.type else None,
                request.parent.removeprefix("units/"),
                request.query,
            ),
        )

    def ResolveUnit(self, request: unit_pb2.ResolveUnitRequest, context: Any) -> unit_pb2.ResolveUnitResponse:
        """Follow an old code to today's units."""

        def respond(found: Resolution) -> unit_pb2.ResolveUnitResponse:
            return unit_pb2.ResolveUnitResponse(units=map(self._message, found.units), ambiguous=found.ambiguous)

        return query(
            respond,
            lambda _: self._app.resolve(
                id_of(request.name, "units"),
                day_or_none(request, "written_date"),
                day_or_none(request, "as_of_date"),
            ),
        )

    def _message(self, unit: Unit) -> unit_pb2.Unit:
        return to_message(
            unit,
            unit_pb2.Unit,
            parent=f"units/{unit.parent}" if unit.parent else "",
            valid_from_date=unit.valid_from,
            valid_to_date=unit.valid_to,
            successors=[f"units/{code}" for code in unit.successors],
            predecessors=[f"units/{code}" for code in self._app.predecessors(unit)],
        )


class AccessGrpc(AccessServiceServicer):
    """AccessService."""

    def __init__(self, app: AccessLogApp) -> None:
        self._app = app

    def ListAccessEntries(
        self, request: access_pb2.ListAccessEntriesRequest, context: Any
    ) -> access_pb2.ListAccessEntriesResponse:
        """List who read a person's data."""

        def respond(found: tuple[list[AccessEntry], str]) -> access_pb2.ListAccessEntriesResponse:
            return access_pb2.ListAccessEntriesResponse(
                access_entries=map(entry_message, found[0]), next_page_token=found[1]
            )

        return query(
            respond,
            lambda access: self._app.list(access, id_of(request.parent, "accounts", "parent"), page_of(request)),
        )
