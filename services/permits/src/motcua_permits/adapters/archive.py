"""Signed permits in the object store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property

from motcua_kit.domain import NotFound
from motcua_kit.objects import ObjectStore
from motcua_permits.application.ports import StoredDocument


class ObjectArchive:
    """Documents by key; a document names its version, so what was signed cannot be swapped."""

    def __init__(self, objects: Callable[[], ObjectStore]) -> None:
        self._open = objects

    @cached_property
    def _objects(self) -> ObjectStore:
        return self._open()

    def find(self, key: str) -> StoredDocument | None:
        """See `Archive.find`."""
        try:
            info = self._objects.stat(key)
        except NotFound:
            return None
        return StoredDocument(key, info.version, self._objects.sha256(key, version=info.version))

    def keep(self, key: str, content: bytes) -> StoredDocument:
        """See `Archive.keep`."""
        info = self._objects.put(key, content, "application/pdf")
        return StoredDocument(key, info.version, hashlib.sha256(content).hexdigest())

    def read(self, document: StoredDocument) -> bytes:
        """See `Archive.read`."""
        return self._objects.get(document.key, version=document.version)
