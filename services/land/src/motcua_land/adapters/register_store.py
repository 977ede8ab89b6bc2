"""The register in MongoDB."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel

from motcua_kit.access_log import ACCESS_RECORDS
from motcua_kit.command import Command
from motcua_kit.domain import NotFound
from motcua_kit.store import Collection, Migration, Page, PageSigner, Repository, Store, ensure_collections
from motcua_land.domain.certificate import Certificate
from motcua_land.domain.parcel import CadastralKey, Parcel, ParcelState

PARCELS = Collection(
    "parcels",
    indexes=[
        IndexModel(
            [
                ("cadastral_key.surveyed_ward_code", ASCENDING),
                ("cadastral_key.map_sheet", ASCENDING),
                ("cadastral_key.parcel_number", ASCENDING),
            ],
            name="cadastral_key",
            unique=True,
        ),
        IndexModel([("unit", ASCENDING), ("_id", ASCENDING)], name="unit"),
        IndexModel([("cells", ASCENDING), ("_id", ASCENDING)], name="cells"),
        IndexModel([("users", ASCENDING), ("_id", ASCENDING)], name="users"),
    ],
)
CERTIFICATES = Collection("certificates")


def _create_collections(store: Store) -> None:
    ensure_collections(store, [PARCELS, CERTIFICATES, ACCESS_RECORDS])


MIGRATIONS = (
    Migration("0001_collections", _create_collections),
    Migration("0002_chain", _create_collections),  # the index of the history's chain
)

BY_CODE = (("_id", ASCENDING),)


class MongoParcels:
    """Parcels in MongoDB. A point finds its parcel by geohash cells: an ordinary index, so any server can."""

    def __init__(self, store: Store, signer: PageSigner) -> None:
        self._repository = Repository(store, Parcel, PARCELS.name, signer=signer)

    def get(self, code: str) -> Parcel:
        """Return a parcel.

        Raises:
            NotFound: PARCEL_NOT_FOUND.
        """
        try:
            return self._repository.get(code)
        except NotFound as error:
            raise NotFound("PARCEL_NOT_FOUND", "no such parcel", **error.metadata) from None

    def get_many(self, codes: Several[str]) -> list[Parcel]:
        """Return those of the parcels that are there, by code."""
        return self._repository.find({"_id": {"$in": list(codes)}}, BY_CODE)

    def in_unit(
        self, unit: str, rows: Mapping[str, Any], key: Mapping[str, Any], page: Page
    ) -> tuple[list[Parcel], str]:
        """Return a page of a unit's parcels by code, and the token of the next."""
        parts = [part for part in ({"unit": unit}, key, rows) if part]
        return self._repository.page({"$and": parts}, (), page)

    def at_cells(self, cells: Several[str]) -> list[Parcel]:
        """Return the current parcels that one of the geohash cells belongs to, by code."""
        return self._repository.find({"cells": {"$in": list(cells)}, "state": ParcelState.CURRENT.value}, BY_CODE)

    def used_by(self, citizen_id: str, page: Page) -> tuple[list[Parcel], str]:
        """Return a page of the parcels in which a person holds the right of use, by code, and the token of the next."""
        return self._repository.page({"users": citizen_id, "state": ParcelState.CURRENT.value}, (), page)

    def create(self, parcel: Parcel, command: Command) -> Parcel:
        """Save a new parcel.

        Raises:
            AlreadyExists: its code or its cadastral key is taken.
        """
        return self._repository.create(parcel, command)

    def taken_keys(self, keys: Several[CadastralKey]) -> dict[str, str]:
        """Return the cadastral keys that are taken, each with the code of its parcel."""
        there = self._repository.find(
            {
                "$or": [
                    {f"cadastral_key.{name}": getattr(key, name) for name in key.__dataclass_fields__} for key in keys
                ]
            }
        )
        return {str(parcel.cadastral_key): parcel.id for parcel in there}


class MongoCertificates:
    """Certificates in MongoDB."""

    def __init__(self, store: Store) -> None:
        self._repository = Repository(store, Certificate, CERTIFICATES.name)

    def get(self, identity: str) -> Certificate:
        """Return a certificate.

        Raises:
            NotFound: CERTIFICATE_NOT_FOUND.
        """
        try:
            return self._repository.get(identity)
        except NotFound as error:
            raise NotFound("CERTIFICATE_NOT_FOUND", "no such certificate", **error.metadata) from None

    def get_many(self, identities: Several[str]) -> list[Certificate]:
        """Return those of the certificates that are there, by id."""
        return self._repository.find({"_id": {"$in": list(identities)}}, BY_CODE)

    def create(self, certificate: Certificate, command: Command) -> Certificate:
        """Save a new certificate.

        Raises:
            AlreadyExists: its serial is taken.
        """
        return self._repository.create(certificate, command)
