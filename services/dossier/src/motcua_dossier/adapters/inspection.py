"""Looks into files: size, hash, malware, real type, and whether a PDF can be read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from motcua_dossier.domain.parts import Inspection, Rejection, Upload
from motcua_kit.files import inspect
from motcua_kit.findings import Problem
from motcua_kit.objects import CHUNK, ObjectStore
from motcua_kit.scanning import Scanner

REJECTIONS = {
    Problem.EMPTY: Rejection.BROKEN,
    Problem.TYPE_UNKNOWN: Rejection.TYPE_MISMATCH,
    Problem.TYPE_MISMATCH: Rejection.TYPE_MISMATCH,
    Problem.TWO_TYPES: Rejection.TYPE_MISMATCH,
    Problem.BOMB: Rejection.BROKEN,
    Problem.ARCHIVE_BROKEN: Rejection.BROKEN,
    Problem.ARCHIVE_NAMES: Rejection.BROKEN,
    Problem.ARCHIVE_NESTED: Rejection.BROKEN,
    Problem.ARCHIVE_PASSWORD: Rejection.ENCRYPTED,
    Problem.OFFICE_ACTIVE_CONTENT: Rejection.ACTIVE_CONTENT,
    Problem.PICTURE_BROKEN: Rejection.BROKEN,
    Problem.PICTURE_TOO_LARGE: Rejection.BROKEN,
    Problem.PDF_BROKEN: Rejection.BROKEN,
    Problem.PDF_PASSWORD: Rejection.ENCRYPTED,
    Problem.PDF_TOO_MANY_PAGES: Rejection.TOO_MANY_PAGES,
    Problem.PDF_ACTIVE_CONTENT: Rejection.ACTIVE_CONTENT,
}


class FileInspector:
    """See `ports.Inspector`.

    Args:
        objects: where the bytes are.
        scanner: looks for malware.
    """

    def __init__(self, objects: ObjectStore, scanner: Scanner) -> None:
        self._objects = objects
        self._scanner = scanner

    def inspect(self, key: str, upload: Upload) -> Inspection:
        """See `ports.Inspector.inspect`."""
        stored = self._objects.stat(key)
        if stored.size != upload.size:
            return Inspection(
                Rejection.SIZE_MISMATCH, f"declared {upload.size} bytes, has {stored.size}", stored.version
            )
        if stored.encoding:  # whoever downloads it would see other bytes than those that are looked at here
            return Inspection(Rejection.TYPE_MISMATCH, f"is stored as {stored.encoding}", stored.version)
        with tempfile.TemporaryDirectory(prefix="motcua-check-") as folder:
            file = Path(folder) / "file"
            digest = self._objects.download(key, file, version=stored.version)
            if digest != upload.sha256:
                return Inspection(Rejection.HASH_MISMATCH, f"has SHA-256 {digest}", stored.version)
            verdict = self._scanner.scan(_chunks(file))
            if not verdict.clean:
                return Inspection(Rejection.MALWARE, verdict.signature, stored.version)
            report = inspect(file, upload.content_type)
        if report.ok:
            return Inspection(None, "", stored.version)
        finding = report.findings[0]
        return Inspection(REJECTIONS[finding.problem], finding.detail, stored.version)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk
