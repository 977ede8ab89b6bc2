"""What the application needs from outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from motcua_kit.command import Command
from motcua_kit.store.paging import Page
from motcua_land.domain.certificate import Certificate
from motcua_land.domain.parcel import CadastralKey, Parcel


class Parcels(Protocol):
    """The parcels of the register."""

    def get(self, code: str) -> Parcel:
        """Return a parcel.

        Raises:
            NotFound: PARCEL_NOT_FOUND.
        """

    def get_many(self, codes: Collection[str]) -> list[Parcel]:
        """Return those of the parcels that are there, by code."""

    def in_unit(
        self, unit: str, rows: Mapping[str, Any], key: Mapping[str, Any], page: Page
    ) -> tuple[list[Parcel], str]:
        """Return a page of a unit's parcels by code, and the token of the next.

        Args:
            unit: `units/{code}`.
            rows: the caller's part of the query.
            key: parts of the cadastral key that must match.
            page: which page.
        """

    def at_cells(self, cells: Collection[str]) -> list[Parcel]:
        """Return the current parcels that one of the geohash cells belongs to, by code."""

    def used_by(self, citizen_id: str, page: Page) -> tuple[list[Parcel], str]:
        """Return a page of the parcels in which a person holds the right of use, by code, and the token of the next."""

    def create(self, parcel: Parcel, command: Command) -> Parcel:
        """Save a new parcel."""

    def taken_keys(self, keys: Collection[CadastralKey]) -> dict[str, str]:
        """Return the cadastral keys that are taken, each with the code of its parcel."""


class Certificates(Protocol):
    """The certificates of the register."""

    def get(self, identity: str) -> Certificate:
        """Return a certificate.

        Raises:
            NotFound: CERTIFICATE_NOT_FOUND.
        """

    def get_many(self, identities: Collection[str]) -> list[Certificate]:
        """Return those of the certificates that are there, by id."""

    def create(self, certificate: Certificate, command: Command) -> Certificate:
        """Save a new certificate."""


class Accounts(Protocol):
    """The accounts of people, as identity has them."""

    def name_of(self, citizen_id: str) -> str:
        """Return `accounts/{id}` of a person; empty when the person has none."""


class AccessLog(Protocol):
    """The log of who read a person's data."""

    def record_call(self, *, person: str, purpose: str, resource: str, fields: Sequence[str]) -> None:
        """Note a read by the present caller."""
