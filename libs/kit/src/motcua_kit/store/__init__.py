"""Aggregates in MongoDB: one document each, one compare-and-set a change (see `repository`)."""

from motcua_kit.store.collections import Collection, ensure_collections
from motcua_kit.store.connection import Store
from motcua_kit.store.history import HistoryEntry
from motcua_kit.store.lives import STAYS, Life, Track
from motcua_kit.store.loading import entries_by, insert_absent, loaded_document
from motcua_kit.store.migrations import Migration, migrate, pending_migrations
from motcua_kit.store.paging import Page, PageSigner
from motcua_kit.store.removal import remove
from motcua_kit.store.repository import Replayed, Repository

__all__ = [
    "STAYS",
    "Collection",
    "HistoryEntry",
    "Life",
    "Migration",
    "Page",
    "PageSigner",
    "Replayed",
    "Repository",
    "Store",
    "Track",
    "ensure_collections",
    "entries_by",
    "insert_absent",
    "loaded_document",
    "migrate",
    "pending_migrations",
    "remove",
]
