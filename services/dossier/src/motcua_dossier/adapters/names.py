"""What the bucket holds for dossiers and documents."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass

from motcua_dossier.adapters.collections import DOCUMENTS, DOSSIERS
from motcua_dossier.application.results import document_of
from motcua_dossier.domain.parts import UploadState
from motcua_kit.leftovers import EVERY_VERSION, Names
from motcua_kit.store import Store

KEY = re.compile(r"dossiers/(?P<dossier>[0-9a-f]{32})/(?:uploads/(?P<upload>[0-9a-f]{32})|slips/(?P<slip>[^/]+)\.pdf)")
SETTLED = frozenset({UploadState.CHECKED.value, UploadState.REJECTED.value})


@dataclass(frozen=True)
class _Place:
    """What a key says: whose dossier, which file in it, and the document that may have been made of the file."""

    dossier: str
    upload: str
    document: str


def names(store: Store) -> Names:
    """Return what says which objects dossiers and documents name (see `motcua_kit.leftovers`)."""

    def named(keys: Collection[str]) -> Mapping[str, Container[str]]:
        places = {key: _place(key) for key in keys}
        known = {key: place for key, place in places.items() if place is not None}
        kept: defaultdict[str, set[str]] = defaultdict(set)
        for key, version in (*_by_dossiers(store, known), *_by_documents(store, known)):
            kept[key].add(version)
        understood = {key: EVERY_VERSION if "" in versions else versions for key, versions in kept.items()}
        return {**understood, **{key: EVERY_VERSION for key, place in places.items() if place is None}}

    return named


def _place(key: str) -> _Place | None:
    found = KEY.fullmatch(key)
    if found is None:
        return None
    dossier, upload = found["dossier"], found["upload"] or ""
    return _Place(dossier, upload, document_of(dossier, upload or f"slip-{found['slip']}"))


def _by_dossiers(store: Store, places: Mapping[str, _Place]) -> Iterator[tuple[str, str]]:
    """Yield key and version that a dossier names; the version is empty while none was chosen."""
    keys = {(place.dossier, place.upload): key for key, place in places.items() if place.upload}
    found = store.collection(DOSSIERS).find(
        {"_id": {"$in": sorted({dossier for dossier, _ in keys})}},
        {f"papers.uploads.{name}": 1 for name in ("id", "state", "stored_version")},
    )
    for dossier in found:
        for upload in dossier["papers"]["uploads"]:
            if key := keys.get((dossier["_id"], upload["id"])):
                yield key, upload["stored_version"] if upload["state"] in SETTLED else ""


def _by_documents(store: Store, places: Mapping[str, _Place]) -> Iterator[tuple[str, str]]:
    """Yield key and version that a document names: also one whose dossier does not name it yet."""
    keys = {place.document: key for key, place in places.items()}
    for document in store.collection(DOCUMENTS).find({"_id": {"$in": sorted(keys)}}, {"key": 1, "stored_version": 1}):
        yield document["key"], document["stored_version"]
