"""The document store of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motcua_dossier.application.files import DOWNLOAD_EXPIRES, Link
from motcua_dossier.application.ports import AccessLog, ObjectStore, Repository
from motcua_dossier.domain.documents import Document, DocumentKind
from motcua_kit.access import Access
from motcua_kit.clock import Clock
from motcua_kit.domain import NotFound
from motcua_kit.store import Page


@dataclass(frozen=True)
class DocumentStore:
    """Queries on documents."""

    documents: Repository[Document]
    objects: ObjectStore
    log: AccessLog
    clock: Clock

    def get(self, access: Access, identity: str) -> Document:
        """Return a document.

        Raises:
            NotFound: there is none that the caller may see; its owner sees it once it is delivered.
        """
        document = self.documents.get(identity)
        resource = f"documents/{identity}"
        access.check(owner=document.owner, unit=document.unit, resource=resource)
        if not document.visible_to(access.caller.name):
            raise NotFound(resource=resource)
        self.log.record_call(person=document.owner, purpose="document.read", resource=resource, fields=["document"])
        return document

    def page(
        self, access: Access, owner: str, page: Page, *, kind: DocumentKind | None, dossier: str
    ) -> tuple[list[Document], str]:
        """Return a page of the delivered documents of a person, newest first.

        Raises:
            NotFound: the caller may not see that person's documents.
        """
        access.check(owner=owner, resource=owner)
        query: dict[str, Any] = {"owner": owner, "delivery_time": {"$ne": None}}
        if kind is not None:
            query["kind"] = kind.value
        if dossier:
            query["dossier"] = dossier
        documents, token = self.documents.page(query, [("create_time", -1)], page)
        self.log.record_call(person=owner, purpose="document.read", resource=f"{owner}/documents", fields=["document"])
        return documents, token

    def download(self, access: Access, identity: str) -> Link:
        """Return a link to the bytes of a document.

        Raises:
            NotFound: there is none that the caller may see.
        """
        document = self.get(access, identity)
        extension = ".pdf" if document.content_type == "application/pdf" else ""
        filename = f"{document.number.replace('/', '-') or document.id}{extension}"
        uri = self.objects.presign_get(document.key, filename, DOWNLOAD_EXPIRES, version=document.stored_version)
        return Link(uri, document.sha256, self.clock() + DOWNLOAD_EXPIRES)
