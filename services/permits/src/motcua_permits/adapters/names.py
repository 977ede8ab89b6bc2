"""What the bucket holds for permits."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping

from motcua_kit.leftovers import EVERY_VERSION, Names
from motcua_kit.store import Store
from motcua_permits.adapters.collections import PERMITS

KEY = re.compile(r"permits/(?P<permit>[^/]+)/[^/]+\.pdf")


def names(store: Store) -> Names:
    """Return what says which objects permits name (see `motcua_kit.leftovers`).

    A permit that has its number but no document yet may be about to take what lies under any key of its own. It takes
    one version: two workers that print at once leave another one.
    """

    def named(keys: Collection[str]) -> Mapping[str, Container[str]]:
        owners = {key: found["permit"] for key in keys if (found := KEY.fullmatch(key))}
        wanted = {"_id": {"$in": sorted(set(owners.values()))}}
        stored = store.collection(PERMITS).find(wanted, {"document_key": 1, "document_version": 1})
        permits = {permit["_id"]: permit for permit in stored}
        kept: dict[str, Container[str]] = {key: EVERY_VERSION for key in keys if key not in owners}
        for key, owner in owners.items():
            permit = permits.get(owner)
            if permit is None:
                continue
            if not permit["document_key"] or (key == permit["document_key"] and not permit["document_version"]):
                kept[key] = EVERY_VERSION
            elif key == permit["document_key"]:
                kept[key] = {permit["document_version"]}
        return kept

    return named
