"""Organisations: registering and finding them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from motcua_identity.application.ports import Accounts, Organisations
from motcua_identity.domain.organisation import Organisation
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, NotFound, PreconditionFailed
from motcua_kit.store.paging import Page


@dataclass(frozen=True, slots=True)
class NewOrganisation:
    """What is told about an organisation when it registers."""

    tax_code: str
    display_name: str
    address: str
    representative: str


class OrganisationApp:
    """Commands and queries about organisations."""

    def __init__(self, organisations: Organisations, accounts: Accounts) -> None:
        self._organisations = organisations
        self._accounts = accounts

    def get(self, access: Access, organisation_id: str) -> Organisation:
        """Return an organisation.

        Raises:
            NotFound: there is none, or the caller may not know of it.
        """
        organisation = self._organisations.get(organisation_id)
        access.check(owner=organisation.representative, resource=f"organisations/{organisation_id}")
        return organisation

    def list(self, access: Access, representative: str, page: Page) -> tuple[list[Organisation], str]:
        """Return a page of organisations by tax code."""
        return self._organisations.list(access, representative, page)

    def register(self, command: Command, access: Access, new: NewOrganisation) -> Organisation:
        """Register an organisation.

        Raises:
            NotFound: the caller may not register it.
            ValidationFailed: `TAX_CODE_INVALID`.
            PreconditionFailed: `REPRESENTATIVE_NOT_FOUND`.
            AlreadyExists: `ORGANISATION_EXISTS`.
        """
        access.check(owner=new.representative)
        organisation = Organisation.register(
            uuid.uuid4().hex,
            tax_code=new.tax_code,
            display_name=new.display_name,
            representative=new.representative,
            address=new.address,
        )
        try:
            self._accounts.get(new.representative.removeprefix("accounts/"))
        except NotFound as error:
            raise PreconditionFailed(
                "REPRESENTATIVE_NOT_FOUND", "no such account", representative=new.representative
            ) from error
        try:
            return self._organisations.create(organisation, command)
        except AlreadyExists as error:
            raise AlreadyExists("ORGANISATION_EXISTS", "the tax code is registered", tax_code=new.tax_code) from error
