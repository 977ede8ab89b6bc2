"""What a file really is, whatever its sender calls it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pikepdf
import pikepdf.settings
import puremagic

from motcua_kit.archives import inspect_archive, office_folder
from motcua_kit.findings import Finding, Problem
from motcua_kit.pictures import inspect_picture

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
HEIF = "image/heif"
DWG = "image/vnd.dwg"
ZIP = "application/zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

OFFICE = {"word/": DOCX, "xl/": XLSX}
"""Media type by the folder that an Office file has its parts in."""

ARCHIVES = frozenset({ZIP, *OFFICE.values()})

MOST_PDF_STREAM_BYTES = 64 * 1024 * 1024
"""Of a stream that qpdf itself must unpack to find the objects of a file; images are never unpacked."""

pikepdf.settings.set_qpdf_limits(
    flate_max_memory=MOST_PDF_STREAM_BYTES,
    run_length_max_memory=MOST_PDF_STREAM_BYTES,
    max_stream_filters=4,
)

_ALIASES = {
    "application/acad": DWG,
    "application/x-pdf": PDF,
    "application/x-zip-compressed": ZIP,
    "image/heic": HEIF,
    "image/jpg": JPEG,
    "image/x-dwg": DWG,
}


class ActiveContent(StrEnum):
    """What a PDF file can do besides being read."""

    JAVASCRIPT = "JAVASCRIPT"
    LAUNCH = "LAUNCH"
    SUBMIT = "SUBMIT"
    FORM_PROGRAM = "FORM_PROGRAM"
    MULTIMEDIA = "MULTIMEDIA"
    ATTACHMENT = "ATTACHMENT"


_ACTIONS = {
    "/JavaScript": ActiveContent.JAVASCRIPT,
    "/Launch": ActiveContent.LAUNCH,
    "/SubmitForm": ActiveContent.SUBMIT,
    "/ImportData": ActiveContent.SUBMIT,
    "/Rendition": ActiveContent.MULTIMEDIA,
    "/Movie": ActiveContent.MULTIMEDIA,
    "/Sound": ActiveContent.MULTIMEDIA,
}
_TYPES = {"/EmbeddedFile": ActiveContent.ATTACHMENT}
_ANNOTATIONS = {
    "/3D": ActiveContent.MULTIMEDIA,
    "/Movie": ActiveContent.MULTIMEDIA,
    "/RichMedia": ActiveContent.MULTIMEDIA,
    "/Screen": ActiveContent.MULTIMEDIA,
    "/Sound": ActiveContent.MULTIMEDIA,
    "/FileAttachment": ActiveContent.ATTACHMENT,
}
_PACKING = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})
_KEYS = {
    "/JS": ActiveContent.JAVASCRIPT,
    "/XFA": ActiveContent.FORM_PROGRAM,
    "/EF": ActiveContent.ATTACHMENT,
}


@dataclass(frozen=True)
class FileReport:
    """What was found in a file.

    Attributes:
        content_type: media type by content; empty when unknown.
        pages: of a readable PDF, else None.
        active: what a readable PDF can do besides being read.
        findings: problems; none means that the file may be taken.
    """

    content_type: str
    findings: tuple[Finding, ...] = ()
    pages: int | None = None
    active: frozenset[ActiveContent] = frozenset()

    @property
    def ok(self) -> bool:
        """No problem was found."""
        return not self.findings


def inspect(file: Path, declared: str, *, max_pages: int = 1000) -> FileReport:
    """Compare a file with the type its sender declared, and look inside: PDF, pictures, archives.

    Args:
        file: where the bytes are.
        declared: media type by the sender.
        max_pages: most pages that a PDF or TIFF file may have.
    """
    if file.stat().st_size == 0:
        return FileReport("", (Finding(Problem.EMPTY, "the file has no bytes"),))
    actual = content_type_of(file)
    if actual != _ALIASES.get(declared, declared):
        unknown = Finding(Problem.TYPE_UNKNOWN, f"not recognisable, declared {declared}")
        mismatch = Finding(Problem.TYPE_MISMATCH, f"declared {declared}, is {actual}")
        return FileReport(actual, (mismatch if actual else unknown,))
    if actual in ARCHIVES:
        return FileReport(actual, tuple(inspect_archive(file)))
    if zipfile.is_zipfile(file):
        # The directory of an archive lies at its end: one reader sees a picture, another one an archive.
        return FileReport(actual, (Finding(Problem.TWO_TYPES, f"is {actual} and {ZIP} in one"),))
    if actual != PDF:
        return FileReport(actual, tuple(inspect_picture(file, actual, max_pages)))
    return _inspect_pdf(file, max_pages)


def content_type_of(file: Path) -> str:
    """Return the media type of a file by its content, "" when it is none that can be told by content."""
    try:
        guesses = puremagic.magic_file(file)
    except (puremagic.PureError, ValueError):
        return ""
    # Several formats may start alike; the surest guess comes first.
    best = next((guess.mime_type for guess in guesses if guess.mime_type), "")
    if best == "application/octet-stream":
        return ""
    return _archive_type(file) if _begins_as_zip(file) else _ALIASES.get(best, best)


def _begins_as_zip(file: Path) -> bool:
    # The directory of a ZIP lies at its end, so a file can be a picture and a ZIP; its beginning decides.
    with file.open("rb") as start:
        return start.read(4) == b"PK\x03\x04"


def _archive_type(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            return OFFICE.get(office_folder(archive), ZIP)
    except zipfile.BadZipFile:
        return ""


def _inspect_pdf(file: Path, max_pages: int) -> FileReport:
    try:
        # Without recovery: a reader that repairs a truncated file may silently show half of its pages.
        with pikepdf.open(file, attempt_recovery=False) as pdf:
            pages = len(pdf.pages)
            active = frozenset(_active_content(pdf))
            packed = _packed_twice(pdf)
            unread = _objects_unread(pdf)
    except pikepdf.PasswordError:
        return FileReport(PDF, (Finding(Problem.PDF_PASSWORD, "cannot be opened without a password"),))
    except (pikepdf.PdfError, ValueError, RuntimeError) as error:
        return FileReport(PDF, (Finding(Problem.PDF_BROKEN, str(error)),))
    findings: list[Finding] = []
    if pages == 0:
        findings.append(Finding(Problem.PDF_BROKEN, "has no page"))
    if packed:
        findings.append(Finding(Problem.BOMB, "holds a stream that is packed more than once"))
    if unread:
        findings.append(Finding(Problem.BOMB, "holds objects in a stream that cannot be unpacked, or to too much"))
    if pages > max_pages:
        findings.append(Finding(Problem.PDF_TOO_MANY_PAGES, f"{pages} pages, at most {max_pages} are taken"))
    if active:
        findings.append(Finding(Problem.PDF_ACTIVE_CONTENT, ", ".join(sorted(active))))
    return FileReport(PDF, tuple(findings), pages, active)


def _active_content(pdf: pikepdf.Pdf) -> Iterator[ActiveContent]:
    for indirect in pdf.objects:
        # References lead to objects that this loop visits anyway; following them would run in circles.
        unseen: list[object] = [indirect]
        while unseen:
            value = unseen.pop()
            if isinstance(value, pikepdf.Array):
                unseen.extend(_direct(value))
            elif isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
                yield from _active_in(value)
                unseen.extend(_direct(item for _, item in value.items()))


def _objects_unread(pdf: pikepdf.Pdf) -> bool:
    """Tell whether objects lie in a stream that was not unpacked: nobody has looked at them."""
    for stream in pdf.objects:
        if isinstance(stream, pikepdf.Stream) and {"/First", "/N"} <= stream.keys():
            try:
                stream.read_bytes()
            except pikepdf.PdfError:
                return True
    return False


def _packed_twice(pdf: pikepdf.Pdf) -> bool:
    # Each pass of packing makes a thousand from one; no program that writes PDF files for people packs twice.
    return any(
        sum(str(name) in _PACKING for name in value.get("/Filter", ()) if isinstance(name, pikepdf.Name)) > 1
        for value in pdf.objects
        if isinstance(value, pikepdf.Stream) and isinstance(value.get("/Filter"), pikepdf.Array)
    )


def _direct(items: Iterable[object]) -> Iterator[pikepdf.Object]:
    # Numbers and the like come as Python values, which lead nowhere.
    return (item for item in items if isinstance(item, pikepdf.Object) and not item.is_indirect)


def _active_in(dictionary: pikepdf.Object) -> Iterator[ActiveContent]:
    for key, kinds in (("/S", _ACTIONS), ("/Type", _TYPES), ("/Subtype", _ANNOTATIONS)):
        name = dictionary.get(key)
        if isinstance(name, pikepdf.Name) and str(name) in kinds:
            yield kinds[str(name)]
    for key, kind in _KEYS.items():
        if key in dictionary:
            yield kind
