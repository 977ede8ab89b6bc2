"""What is inside ZIP archives and Office files, looked at without unpacking more than is safe."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.parsers import expat

from motcua_kit.findings import Finding, Problem

MOST_ENTRIES = 10_000
MOST_UNPACKED_BYTES = 512 * 1024 * 1024
"""Of all entries together, and so of each."""

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Others let a few bytes ask for gigabytes of memory; no office program writes them."""

ENCRYPTED = 0x1
"""Bit of an entry's flags."""

CHUNK = 1024 * 1024
PROGRAMS = ("vbaproject.bin", "/activex/", "/embeddings/")
"""Parts of names, in lower case, of what an Office file can run or unpack."""

FETCHED = frozenset({"attachedTemplate", "oleObject", "frame", "subDocument", "control"})
"""Kinds of relationships that a reader follows by itself; what they name must lie inside the file."""


def inspect_archive(file: Path, *, office: bool) -> Iterator[Finding]:
    """Look into an archive; nothing is yielded when it may be taken.

    Args:
        file: a ZIP archive.
        office: whether it is a document of Office, which is looked at part by part.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if (finding := _outside(archive.infolist())) is not None:
                yield finding
                return
            for entry in archive.infolist():
                yield from _inside(archive, entry, office=office)
    # The last two: a name in an unknown encoding, a feature of the format that the reader lacks.
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError) as error:
        yield Finding(Problem.ARCHIVE_BROKEN, str(error))


def _outside(entries: list[zipfile.ZipInfo]) -> Finding | None:
    """Judge by the directory alone: before anything is unpacked."""
    unpacked = sum(entry.file_size for entry in entries)
    names = {entry.filename for entry in entries}
    out = next((entry.orig_filename for entry in entries if _leads_out(entry)), "")
    rules = (
        (len(entries) > MOST_ENTRIES, Problem.BOMB, f"{len(entries)} entries, at most {MOST_ENTRIES} are taken"),
        (unpacked > MOST_UNPACKED_BYTES, Problem.BOMB, f"unpacks to {unpacked} bytes, over {MOST_UNPACKED_BYTES}"),
        (any(entry.flag_bits & ENCRYPTED for entry in entries), Problem.ARCHIVE_PASSWORD, "an entry needs a password"),
        (any(entry.compress_type not in METHODS for entry in entries), Problem.ARCHIVE_BROKEN, "method not taken"),
        (len(names) < len(entries), Problem.ARCHIVE_NAMES, "two entries of one name"),
        (bool(out), Problem.ARCHIVE_NAMES, f"an entry leads out of its folder: {out!r}"),
    )
    return next((Finding(problem, detail) for broken, problem, detail in rules if broken), None)


def _leads_out(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename  # as it stands in the file; `filename` ends at a NUL
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        path.is_absolute()
        or ".." in path.parts
        or ":" in name
        or not name.isprintable()
        or stat.S_ISLNK(entry.external_attr >> 16)
    )


def _inside(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, office: bool) -> Iterator[Finding]:
    """Read an entry to its end, which compares size and checksum with what the directory says."""
    name = f"/{entry.filename.lower()}"
    if office and any(part in name for part in PROGRAMS):
        yield Finding(Problem.OFFICE_ACTIVE_CONTENT, f"holds {entry.filename}")
    xml = _Xml() if office and name.endswith((".xml", ".rels")) else None
    with archive.open(entry) as content:
        while chunk := content.read(CHUNK):
            if xml is not None:
                xml.read(chunk)
    if xml is not None and xml.finding is not None:
        yield xml.finding


class _Xml:
    """Reads a part of an Office file as far as it must: no entity is ever expanded.

    Attributes:
        finding: the first thing that is wrong.
    """

    def __init__(self) -> None:
        self.finding: Finding | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._element

    def read(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self.finding is not None:
            return
        try:
            self._parser.Parse(chunk, False)
        except _Found as found:
            self.finding = found.finding
        except expat.ExpatError as error:
            self.finding = Finding(Problem.ARCHIVE_BROKEN, f"XML that cannot be read: {error}")

    def _doctype(self, *_: object) -> None:
        # ECMA-376 part 2 forbids it; it is where entities are declared that grow or fetch files.
        raise _Found(Finding(Problem.BOMB, "XML with a document type"))

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] != "Relationship" or attributes.get("TargetMode") != "External":
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind in FETCHED:
            detail = f"fetches {kind} from {attributes.get('Target', '')!r}"
            raise _Found(Finding(Problem.OFFICE_ACTIVE_CONTENT, detail))


class _Found(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding
