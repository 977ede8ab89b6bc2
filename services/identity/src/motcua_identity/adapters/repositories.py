"""People, organisations, officers and the access log in MongoDB."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

from motcua_identity.domain.access_entry import AccessEntry
from motcua_identity.domain.account import Account
from motcua_identity.domain.officer import Officer
from motcua_identity.domain.organisation import Organisation
from motcua_kit.access import Access
from motcua_kit.store import Collection, Page, PageSigner, Repository, Store

COLLECTIONS = (
    Collection(
        "accounts",
        [
            IndexModel([("citizen_id", ASCENDING)], name="citizen_id", unique=True),
            IndexModel([("link.issuer", ASCENDING), ("link.subject", ASCENDING)], name="link", unique=True),
        ],
    ),
    Collection(
        "organisations",
        [
            IndexModel([("tax_code", ASCENDING)], name="tax_code", unique=True),
            IndexModel([("representative", ASCENDING), ("tax_code", ASCENDING)], name="representative"),
        ],
    ),
    Collection(
        "officers",
        [
            IndexModel([("username", ASCENDING)], name="username", unique=True),
            IndexModel([("posts.unit", ASCENDING), ("username", ASCENDING)], name="unit"),
        ],
    ),
    Collection(
        "access_entries",
        [IndexModel([("person", ASCENDING), ("read_time", DESCENDING), ("_id", DESCENDING)], name="person")],
    ),
)


class MongoAccounts(Repository[Account]):
    """People."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, Account, "accounts")

    def by_citizen_id(self, number: str) -> Account | None:
        """Return the account of a personal identification number."""
        return next(iter(self.find({"citizen_id": number}, limit=1)), None)

    def by_subject(self, issuer: str, subject: str) -> Account | None:
        """Return the account linked with an e-ID subject."""
        return next(iter(self.find({"link.issuer": issuer, "link.subject": subject}, limit=1)), None)


class MongoOrganisations(Repository[Organisation]):
    """Organisations."""

    def __init__(self, store: Store, signer: PageSigner) -> None:
        super().__init__(store, Organisation, "organisations", signer=signer)

    def list(self, access: Access, representative: str, page: Page) -> tuple[list[Organisation], str]:
        """Return a page of those the caller may see, by tax code."""
        query = access.filter(owner="representative")
        if representative:
            query = (
                {"$and": [query, {"representative": representative}]} if query else {"representative": representative}
            )
        return self.page(query, [("tax_code", 1)], page)


class MongoOfficers(Repository[Officer]):
    """Officers."""

    def __init__(self, store: Store, signer: PageSigner) -> None:
        super().__init__(store, Officer, "officers", signer=signer)

    def by_username(self, username: str) -> Officer | None:
        """Return the officer with this user name."""
        return next(iter(self.find({"username": username}, limit=1)), None)

    def list(self, access: Access, unit: str, page: Page) -> tuple[list[Officer], str]:
        """Return a page of those the caller may see, by user name."""
        query = access.filter(unit="posts.unit")
        if unit:
            query = {"$and": [query, {"posts.unit": unit}]} if query else {"posts.unit": unit}
        return self.page(query, [("username", 1)], page)


class MongoAccessLog(Repository[AccessEntry]):
    """The access log."""

    def __init__(self, store: Store, signer: PageSigner) -> None:
        super().__init__(store, AccessEntry, "access_entries", "accessEntries", signer)

    def list(self, person: str, page: Page) -> tuple[list[AccessEntry], str]:
        """Return a page of a person's entries, latest first."""
        return self.page({"person": person}, [("read_time", -1)], page)
