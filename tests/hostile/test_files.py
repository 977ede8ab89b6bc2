"""Files that are made to do harm: to the worker that looks into them, or to the officer who opens them.

Wrong types, passwords, scripts and attachments in PDF files are in `libs/kit/tests/test_files.py`; forms and links
of the object store in `libs/kit/tests/test_objects.py`; uploads in `services/dossier/tests/test_uploads.py`.
"""

from __future__ import annotations

import io
import resource
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from motcua_kit import archives
from motcua_kit.files import DOCX, JPEG, PDF, PNG, TIFF, XLSX, ZIP, inspect
from motcua_kit.findings import Problem

MIB = 1024 * 1024
TYPES = "[Content_Types].xml"
RELATIONSHIPS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}" '
    'TargetMode="{mode}"/></Relationships>'
)
BILLION_LAUGHS = (
    '<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)
FETCHED_ENTITY = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'

Report = Callable[[bytes, str], list[Problem]]


@pytest.fixture
def problems(tmp_path: Path) -> Report:
    def look(content: bytes, declared: str) -> list[Problem]:
        (tmp_path / "f").write_bytes(content)
        return [finding.problem for finding in inspect(tmp_path / "f", declared).findings]

    return look


def archive(entries: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return out.getvalue()


def word(**parts: bytes | str) -> bytes:
    """A document with further parts: `word(styles="<xml/>")`."""
    named = {f"word/{name}.xml": content for name, content in parts.items()}
    return archive({TYPES: "<Types/>", "word/document.xml": "<document/>", **named})


def with_entry(name: str, content: bytes | str, base: str = "word") -> bytes:
    main = "word/document.xml" if base == "word" else "xl/workbook.xml"
    return archive({TYPES: "<Types/>", main: "<document/>", name: content})


def zeros(size: int) -> bytes:
    return archive({"zeros": bytes(size)})


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("L", (20, 10)).save(out, kind)
    return out.getvalue()


def renamed(content: bytes, before: bytes, after: bytes) -> bytes:
    """Put a name into an archive that its writer would not write."""
    assert len(before) == len(after)
    return content.replace(before, after)


def test_ordinary_archives_are_taken(problems: Report) -> None:
    assert problems(word(styles="<styles/>"), DOCX) == []
    assert problems(with_entry("xl/sheet1.xml", "<sheet/>", "xl"), XLSX) == []
    assert problems(archive({"bản vẽ/tầng 1.txt": "a", "bản vẽ/tầng 2.txt": "b"}), ZIP) == []
    link = RELATIONSHIPS.format(kind="hyperlink", target="https://motcua.example", mode="External")
    assert problems(with_entry("word/_rels/document.xml.rels", link), DOCX) == []


# ---- bombs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "expected"), [(2 * MIB, []), (2 * MIB - 1, [Problem.BOMB])])
def test_what_unpacks_to_too_much(
    problems: Report, monkeypatch: pytest.MonkeyPatch, limit: int, expected: list[Problem]
) -> None:
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", limit)
    assert problems(zeros(2 * MIB), ZIP) == expected


def test_what_holds_too_many_entries(problems: Report) -> None:
    assert problems(archive({f"{number}": "" for number in range(archives.MOST_ENTRIES + 1)}), ZIP) == [Problem.BOMB]


def test_an_archive_that_lies_about_its_size(problems: Report) -> None:
    """The directory says 10 bytes, the entry unpacks to a mebibyte: only what is declared is ever unpacked."""
    honest = zeros(MIB)
    lying = honest.replace(struct.pack("<L", MIB), struct.pack("<L", 10))
    assert lying != honest
    assert problems(lying, ZIP) == [Problem.ARCHIVE_BROKEN]


def test_entries_that_share_their_bytes(problems: Report) -> None:
    """As in David Fifield's bomb: every entry of the directory points to the same packed bytes."""
    made = archive({"a": bytes(MIB), "b": bytes(MIB)})
    second = made.index(b"PK\x03\x04", 4)
    assert problems(made.replace(struct.pack("<L", second) + b"b", struct.pack("<L", 0) + b"b"), ZIP) == [
        Problem.ARCHIVE_BROKEN
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_no_office_program_uses(problems: Report, method: int) -> None:
    assert problems(archive({"a": bytes(1000)}, method), ZIP) == [Problem.ARCHIVE_BROKEN]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_xml(problems: Report, encoding: str) -> None:
    laughs = BILLION_LAUGHS.format(encoding=encoding).encode(encoding)
    assert problems(word(styles=laughs), DOCX) == [Problem.BOMB]
    assert problems(with_entry("xl/sheet1.xml", laughs, "xl"), XLSX) == [Problem.BOMB]


def test_entities_that_fetch_files(problems: Report) -> None:
    assert problems(word(styles=FETCHED_ENTITY), DOCX) == [Problem.BOMB]


def png_of(width: int, height: int) -> bytes:
    """A picture of a few bytes that says how large it will be."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))

    header = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int) -> bytes:
    size = struct.pack(">HH", 10, 20)
    made = picture("JPEG")
    assert made.count(size) == 1
    return made.replace(size, struct.pack(">HH", height, width))


def tiff_of(width: int, height: int) -> bytes:
    """Width and height are the tags 256 and 257, here as numbers of four bytes (TIFF 6.0, section 2)."""
    made = picture("TIFF")
    for tag, before, after in ((256, 20, width), (257, 10, height)):
        for kind in (3, 4):
            entry = struct.pack("<HHLL", tag, kind, 1, before)
            made = made.replace(entry, struct.pack("<HHLL", tag, 4, 1, after))
    return made


@pytest.mark.parametrize(
    ("make", "declared"), [(png_of, PNG), (jpeg_of, JPEG), (tiff_of, TIFF)], ids=["png", "jpeg", "tiff"]
)
def test_a_small_file_that_is_a_huge_picture(
    problems: Report, make: Callable[[int, int], bytes], declared: str
) -> None:
    """65 500 pixels each way: a few hundred bytes that take 16 GB of whoever looks at them."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert problems(make(1000, 1000), declared) == []
    assert problems(make(65_500, 65_500), declared) == [Problem.PICTURE_TOO_LARGE]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024, "KiB"


def test_a_picture_whose_pages_run_in_a_circle(problems: Report) -> None:
    made = bytearray(picture("TIFF"))
    (first,) = struct.unpack_from("<L", made, 4)
    (entries,) = struct.unpack_from("<H", made, first)
    struct.pack_into("<L", made, first + 2 + 12 * entries, first)
    assert problems(bytes(made), TIFF) == [], "each counts once"


def pdf_with_objects_in(stream: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """A PDF file with an object in a packed stream, as programs write since PDF 1.5."""
    parts = [b"%PDF-1.7\n"]
    starts: dict[int, int] = {}

    def add(number: int, body: bytes) -> None:
        starts[number] = sum(map(len, parts))
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def packed(entries: bytes, content: bytes) -> bytes:
        return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)

    add(1, b"<</Type/Catalog/Pages 2 0 R/OpenAction 5 0 R>>")
    add(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    add(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
    add(4, packed(b"/Type/ObjStm/N 1/First 4/Filter" + filters, stream))
    start = sum(map(len, parts))
    rows = [(0, 0), *((1, starts[number]) for number in (1, 2, 3, 4)), (2, 4), (1, start)]
    table = b"".join(struct.pack(">BLB", kind, place, 0) for kind, place in rows)
    parts.append(b"6 0 obj\n" + packed(b"/Type/XRef/Size 7/W[1 4 1]/Root 1 0 R", table) + b"\nendobj\n")
    parts.append(b"startxref\n%d\n%%%%EOF\n" % start)
    return b"".join(parts)


def blown_up(content: bytes, mebibytes: int) -> bytes:
    packer = zlib.compressobj(9)
    packed = packer.compress(content)
    for _ in range(mebibytes):
        packed += packer.compress(b" " * MIB)
    return packed + packer.flush()


def test_objects_in_a_stream_are_looked_at(problems: Report) -> None:
    action = b"5 0 <</S/JavaScript/JS(app.alert\\(1\\))>>"
    assert problems(pdf_with_objects_in(blown_up(action, 1)), PDF) == [Problem.PDF_ACTIVE_CONTENT]


def test_a_pdf_bomb_costs_no_memory_and_hides_no_program(problems: Report) -> None:
    """300 KB that unpack to 300 MB, with a script in front that a reader would run."""
    action = b"5 0 <</S/JavaScript/JS(app.alert\\(1\\))>>"
    bomb = pdf_with_objects_in(blown_up(action, 300))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert Problem.BOMB in problems(bomb, PDF)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024, "KiB"


def test_a_stream_that_is_packed_twice(problems: Report) -> None:
    with pikepdf.new() as made:
        made.add_blank_page()
        inner = zlib.compress(zlib.compress(bytes(MIB)))
        stream = pikepdf.Stream(made, inner)
        stream.Filter = pikepdf.Array([pikepdf.Name.FlateDecode, pikepdf.Name.FlateDecode])
        made.pages[0].Contents = made.make_indirect(stream)
        out = io.BytesIO()
        made.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert problems(out.getvalue(), PDF) == [Problem.BOMB]


# ---- names, two types in one, programs -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/../../b",
        "/etc/passwd",
        "\\\\host\\share",
        "..\\..\\run.bat",
        "C:\\run.bat",
        "a\x1b[2J",
        "a\u202egpj.exe",
    ],
    ids=["up", "down-up", "root", "share", "windows-up", "drive", "escape", "right-to-left"],
)
def test_names_that_lead_out_or_deceive(problems: Report, name: str) -> None:
    assert problems(archive({"fine.txt": "a", name: "b"}), ZIP) == [Problem.ARCHIVE_NAMES]


def test_a_name_that_ends_early(problems: Report) -> None:
    made = renamed(archive({"plan.pdfXexe": "a"}), b"plan.pdfXexe", b"plan.pdf\0exe")
    assert problems(made, ZIP) != []


def test_a_link_to_a_file_outside(problems: Report) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(link, "/etc/passwd")
    assert problems(out.getvalue(), ZIP) == [Problem.ARCHIVE_NAMES]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(problems: Report) -> None:
    """One program checks the first, another one opens the second."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.txt", "good")
        made.writestr("a.txt", "bad")
    assert problems(out.getvalue(), ZIP) == [Problem.ARCHIVE_NAMES]


def test_entries_under_a_password(problems: Report) -> None:
    made = bytearray(archive({"a": "b"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        made[made.index(signature) + flags] |= archives.ENCRYPTED
    assert problems(bytes(made), ZIP) == [Problem.ARCHIVE_PASSWORD]


def plain_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("start", "declared"),
    [(picture("PNG"), PNG), (picture("JPEG"), JPEG), (plain_pdf(), PDF)],
    ids=["png", "jpeg", "pdf"],
)
def test_a_picture_or_document_that_is_an_archive_too(problems: Report, start: bytes, declared: str) -> None:
    assert problems(start, declared) == []
    assert problems(start + archive({"run.jar": "x"}), declared) == [Problem.TWO_TYPES]


@pytest.mark.parametrize("before", [b"<html><script>alert(1)</script>", b"GIF89a", b"#!/bin/sh\n", b"MZ"])
def test_a_pdf_that_begins_as_something_else(problems: Report, before: bytes) -> None:
    assert problems(before + plain_pdf(), PDF) != []


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("word/vbaProject.bin", "word"),
        ("xl/VBAPROJECT.BIN", "xl"),
        ("word/activeX/activeX1.bin", "word"),
        ("word/embeddings/oleObject1.bin", "word"),
    ],
)
def test_programs_in_office_files(problems: Report, name: str, base: str) -> None:
    declared = DOCX if base == "word" else XLSX
    assert problems(with_entry(name, b"\xd0\xcf\x11\xe0", base), declared) == [Problem.OFFICE_ACTIVE_CONTENT]


@pytest.mark.parametrize("kind", sorted(archives.FETCHED))
def test_what_an_office_file_fetches_by_itself(problems: Report, kind: str) -> None:
    part = "word/_rels/settings.xml.rels"
    outside = RELATIONSHIPS.format(kind=kind, target="https://evil.example/t.dotm", mode="External")
    assert problems(with_entry(part, outside), DOCX) == [Problem.OFFICE_ACTIVE_CONTENT]
    inside = RELATIONSHIPS.format(kind=kind, target="t.xml", mode="Internal")
    assert problems(with_entry(part, inside), DOCX) == []


# ---- archives inside archives ----------------------------------------------------------------------------------------

WORKBOOK = with_entry("xl/sheet1.xml", "<sheet/>", "xl")
CHART = "word/embeddings/Microsoft_Excel_Sheet1.xlsx"


def wrapped(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = archive({"inner.zip": content})
    return content


@pytest.mark.parametrize(
    "content",
    [
        wrapped(archive({"a": "b"}), 1),
        wrapped(archive({"a": "b"}), 30),
        archive({"a.pdf": archive({"run.exe": "x"})}),
        archive({"a.7z": b"7z\xbc\xaf\x27\x1c" + bytes(50)}),
        archive({"a.txt": b"Rar!\x1a\x07" + bytes(50)}),
        archive({"a.tar.gz": zlib.compress(bytes(50), wbits=31)}),
    ],
    ids=["zip", "zips", "by-another-name", "7-zip", "rar", "gzip"],
)
def test_archives_inside_archives(problems: Report, content: bytes) -> None:
    assert problems(content, ZIP) == [Problem.ARCHIVE_NESTED]


def test_office_files_inside_an_archive_are_looked_at(problems: Report) -> None:
    assert problems(archive({"đơn.docx": word(), "bảng.xlsx": WORKBOOK}), ZIP) == []
    macro = with_entry("word/vbaProject.bin", b"x")
    assert problems(archive({"đơn.docx": macro}), ZIP) == [Problem.OFFICE_ACTIVE_CONTENT]
    laughs = word(styles=BILLION_LAUGHS.format(encoding="utf-8"))
    assert problems(archive({"đơn.docx": laughs}), ZIP) == [Problem.BOMB]


def test_the_workbook_of_a_chart_is_data(problems: Report) -> None:
    """As Word stores a chart: its numbers are a workbook of Excel inside, reached by a relationship `package`."""
    relationship = RELATIONSHIPS.format(
        kind="package", target="../embeddings/Microsoft_Excel_Sheet1.xlsx", mode="Internal"
    )

    def with_chart(embedded: bytes) -> bytes:
        return archive(
            {
                TYPES: "<Types/>",
                "word/document.xml": "<document/>",
                "word/charts/chart1.xml": "<chart/>",
                "word/charts/_rels/chart1.xml.rels": relationship,
                CHART: embedded,
            }
        )

    assert problems(with_chart(WORKBOOK), DOCX) == []
    assert problems(archive({"đơn.docx": with_chart(WORKBOOK)}), ZIP) == []
    macro = with_entry("xl/vbaProject.bin", b"x", "xl")
    assert problems(with_chart(macro), DOCX) == [Problem.OFFICE_ACTIVE_CONTENT]
    assert problems(with_chart(b"\xd0\xcf\x11\xe0"), DOCX) == [Problem.OFFICE_ACTIVE_CONTENT], "OLE by that name"
    assert problems(with_chart(archive({"run.exe": "x"})), DOCX) == [Problem.ARCHIVE_NESTED]


def test_office_files_inside_each_other_without_end(problems: Report) -> None:
    made = WORKBOOK
    for _ in range(archives.MOST_DEPTH):
        made = with_entry("xl/embeddings/sheet.xlsx", made, "xl")
    assert problems(made, XLSX) == []
    assert problems(with_entry("xl/embeddings/sheet.xlsx", made, "xl"), XLSX) == [Problem.ARCHIVE_NESTED]


def test_the_limits_hold_for_all_that_is_inside_together(problems: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    large = with_entry("xl/sheet1.xml", "<sheet/>" + " " * MIB, "xl")
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 2 * MIB)
    assert problems(archive({"1.xlsx": large}), ZIP) == []
    assert problems(archive({"1.xlsx": large, "2.xlsx": large}), ZIP) == [Problem.BOMB]
    monkeypatch.setattr(archives, "MOST_UNPACKED_BYTES", 512 * MIB)
    monkeypatch.setattr(archives, "MOST_ENTRIES", 5)
    assert problems(archive({"1.xlsx": WORKBOOK}), ZIP) == []
    assert problems(archive({"1.xlsx": WORKBOOK, "2.xlsx": WORKBOOK}), ZIP) == [Problem.BOMB]


@pytest.mark.parametrize("kind", sorted(archives.RUN))
@pytest.mark.parametrize("mode", ["Internal", "External"])
def test_programs_by_another_name(problems: Report, kind: str, mode: str) -> None:
    """What Office runs is what a relationship says, not what the part is called."""
    relationship = RELATIONSHIPS.format(kind=kind, target="media/image1.png", mode=mode)
    made = archive(
        {
            TYPES: "<Types/>",
            "word/document.xml": "<document/>",
            "word/media/image1.png": b"\xd0\xcf\x11\xe0",
            "word/_rels/document.xml.rels": relationship,
        }
    )
    assert problems(made, DOCX) == [Problem.OFFICE_ACTIVE_CONTENT]
