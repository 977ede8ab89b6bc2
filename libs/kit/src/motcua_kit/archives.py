"""What is inside ZIP archives and Office files, looked at without unpacking more than is safe."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO
from xml.parsers import expat

from motcua_kit.findings import Finding, Problem

MOST_ENTRIES = 10_000
MOST_UNPACKED_BYTES = 512 * 1024 * 1024
"""Of all entries together, those of Office files inside too."""

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Others let a few bytes ask for gigabytes of memory; no office program writes them."""

ENCRYPTED = 0x1
"""Bit of an entry's flags."""

CHUNK = 1024 * 1024
OFFICE_FOLDERS = ("word/", "xl/")
"""Where the parts of an Office file lie that may be taken."""

EMBEDDED = "/embeddings/"
"""Folder of what was put into an Office file: the workbook behind a chart, but also anything that can be packed."""

PROGRAMS = ("vbaproject.bin", "/activex/")
"""Parts of names, in lower case, of what an Office file can run."""

RUN = frozenset({"vbaProject", "xlMacrosheet", "xlIntlMacrosheet", "oleObject", "control"})
"""Kinds of relationships to what an Office file can run or unpack, by whatever name it lies inside."""

FETCHED = frozenset({"attachedTemplate", "frame", "subDocument"})
"""Kinds of relationships that a reader follows by itself; what they name must lie inside the file."""

MOST_DEPTH = 2
"""An Office file in an archive, and the workbook of a chart in that; what lies deeper is not taken."""

BEGINS_AS_ZIP = b"PK\x03\x04"
PACKED = (
    BEGINS_AS_ZIP,
    b"PK\x05\x06",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"(\xb5/\xfd",
    b"MSCF",
)
"""How archives and packed files begin: ZIP, 7-Zip, RAR, gzip, bzip2, xz, Zstandard, Cabinet."""


def inspect_archive(file: Path) -> Iterator[Finding]:
    """Look into a ZIP archive, part by part if it is an Office file; nothing is yielded when it may be taken.

    Office files inside are looked at in the same way; other archives inside are not taken.
    """
    return _Inspection().of(file)


def office_folder(archive: zipfile.ZipFile) -> str:
    """Return where an Office file has its parts; empty when the archive is none."""
    names = archive.namelist()
    if "[Content_Types].xml" not in names:
        return ""
    return next((folder for folder in OFFICE_FOLDERS if any(name.startswith(folder) for name in names)), "")


class _Inspection:
    """Of an archive with all that lies inside it: the limits hold for everything together."""

    def __init__(self) -> None:
        self._entries = MOST_ENTRIES
        self._size = MOST_UNPACKED_BYTES

    def of(self, file: Path | IO[bytes], depth: int = 0) -> Iterator[Finding]:
        """Yield what is wrong with an archive."""
        try:
            with zipfile.ZipFile(file) as archive:
                office = bool(office_folder(archive))
                if depth and (depth > MOST_DEPTH or not office):
                    yield Finding(Problem.ARCHIVE_NESTED, f"an archive inside an archive, {depth} deep")
                    return
                if (finding := self._outside(archive.infolist())) is not None:
                    yield finding
                    return
                for entry in archive.infolist():
                    yield from self._inside(archive, entry, depth, office=office)
        # The last two: a name in an unknown encoding, a feature of the format that the reader lacks.
        except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, NotImplementedError) as error:
            yield Finding(Problem.ARCHIVE_BROKEN, str(error))

    def _outside(self, entries: list[zipfile.ZipInfo]) -> Finding | None:
        """Judge by the directory alone: before anything is unpacked."""
        self._entries -= len(entries)
        self._size -= sum(entry.file_size for entry in entries)
        names = {entry.filename for entry in entries}
        out = next((entry.orig_filename for entry in entries if _leads_out(entry)), "")
        rules = (
            (self._entries < 0, Problem.BOMB, f"over {MOST_ENTRIES} entries"),
            (self._size < 0, Problem.BOMB, f"unpacks to more than {MOST_UNPACKED_BYTES} bytes"),
            (any(entry.flag_bits & ENCRYPTED for entry in entries), Problem.ARCHIVE_PASSWORD, "needs a password"),
            (any(entry.compress_type not in METHODS for entry in entries), Problem.ARCHIVE_BROKEN, "method not taken"),
            (len(names) < len(entries), Problem.ARCHIVE_NAMES, "two entries of one name"),
            (bool(out), Problem.ARCHIVE_NAMES, f"an entry leads out of its folder: {out!r}"),
        )
        return next((Finding(problem, detail) for broken, problem, detail in rules if broken), None)

    def _inside(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int, *, office: bool
    ) -> Iterator[Finding]:
        """Read an entry to its end, which compares size and checksum with what the directory says."""
        name = f"/{entry.filename.lower()}"
        xml = _Xml() if office and name.endswith((".xml", ".rels")) else None
        with archive.open(entry) as content, TemporaryFile() as copy:
            start = chunk = content.read(CHUNK)
            nested = start.startswith(BEGINS_AS_ZIP)
            while chunk:
                if xml is not None:
                    xml.read(chunk)
                if nested:
                    copy.write(chunk)
                chunk = content.read(CHUNK)
            if nested:
                yield from self.of(copy, depth + 1)
            elif start.startswith(PACKED) and not office:
                yield Finding(Problem.ARCHIVE_NESTED, f"holds {entry.filename}")
        runs = any(part in name for part in PROGRAMS) or (EMBEDDED in name and bool(start) and not nested)
        if office and runs:
            yield Finding(Problem.OFFICE_ACTIVE_CONTENT, f"holds {entry.filename}")
        if xml is not None and xml.finding is not None:
            yield xml.finding


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
        if name.rpartition(":")[2] != "Relationship":
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind in RUN or (kind in FETCHED and attributes.get("TargetMode") == "External"):
            detail = f"has {kind} from {attributes.get('Target', '')!r}"
            raise _Found(Finding(Problem.OFFICE_ACTIVE_CONTENT, detail))


class _Found(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding
