"""Bytes in the buckets against the documents that name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.stores import Audited
from motcua_dossier.adapters.collections import DOCUMENTS, DOSSIERS
from motcua_dossier.application.files import upload_key
from motcua_ops.backup.objects import Bucket, sha256_of
from motcua_permits.adapters.collections import PERMITS

READERS = 4
CHECKED = "checked"


@dataclass(frozen=True)
class Named:
    """Bytes that a document names.

    Attributes:
        by: resource name of the document.
        service: whose bucket they are in.
        key: key of the object.
        version: version of it; empty when the bucket has none, or none was chosen yet.
        sha256: hash on record; empty when the bytes are nobody's yet, or were found wrong.
    """

    by: str
    service: str
    key: str
    version: str = ""
    sha256: str = ""


def named_by_documents(audited: Audited) -> Iterator[Named]:
    """Return all bytes that documents name."""
    for dossier in audited.collection("dossier", DOSSIERS).find({}, {"papers.uploads": 1}):
        for upload in dossier["papers"]["uploads"]:
            name = f"dossiers/{dossier['_id']}/uploads/{upload['id']}"
            digest = upload["sha256"] if upload["state"] == CHECKED else ""
            yield Named(name, "dossier", upload_key(dossier["_id"], upload["id"]), upload["stored_version"], digest)
    for document in audited.collection("dossier", DOCUMENTS).find():
        name = f"documents/{document['_id']}"
        yield Named(name, "dossier", document["key"], document["stored_version"], document["sha256"])
    for permit in audited.collection("permits", PERMITS).find({"document_key": {"$gt": ""}}):
        name, digest = f"permits/{permit['_id']}", permit["document_sha256"]
        yield Named(name, "permits", permit["document_key"], permit["document_version"], digest)


def check(audited: Audited, sheet: Sheet) -> None:
    """Read all named bytes, then look for others."""
    named = list(named_by_documents(audited))

    def problem(one: Named) -> str:
        return _problem(audited.buckets[one.service], one) if one.sha256 else ""

    with ThreadPoolExecutor(READERS) as readers:
        for one, text in zip(named, readers.map(problem, named), strict=True):
            sheet.saw()
            if text:
                sheet.blame(one.by, text)
    _check_unnamed(audited, sheet, named)


def _problem(bucket: Bucket, one: Named) -> str:
    """Say what is wrong with named bytes; empty when nothing is."""
    found = sha256_of(bucket, one.key, one.version)
    if found is None:
        return f"{bucket.name} has no {one.key} in version {one.version or 'latest'}"
    return "" if found == one.sha256 else f"{one.key} has SHA-256 {found}, recorded is {one.sha256}"


def _check_unnamed(audited: Audited, sheet: Sheet, named: list[Named]) -> None:
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for one in named:
        keys[one.service].add(one.key)
    dossiers = {dossier["_id"] for dossier in audited.collection("dossier", DOSSIERS).find({}, {"_id": 1})}
    for service, bucket in audited.buckets.items():
        for item in bucket.client.list_objects(bucket.name, recursive=True):
            sheet.saw()
            key = item.object_name or ""
            if key not in keys[service]:
                _, dossier, kind = (*key.split("/"), "", "")[:3]
                if service == "dossier" and kind == "uploads" and dossier in dossiers:
                    sheet.tell("uploads that were not finished", key)
                else:
                    sheet.blame(f"{bucket.name}/{key}", "no document names it")
