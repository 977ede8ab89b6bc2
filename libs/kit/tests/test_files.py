"""What files really are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

from motcua_kit import pictures
from motcua_kit.files import DOCX, DWG, JPEG, PDF, PNG, TIFF, XLSX, ZIP, ActiveContent, inspect
from motcua_kit.findings import Problem


def pdf(pages: int = 1, change: Callable[[pikepdf.Pdf], object] = lambda _: None, **save: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as made:
        for _ in range(pages):
            made.add_blank_page(page_size=(200, 200))
        change(made)
        made.save(out, **save)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "<xml/>")
    return out.getvalue()


def picture(kind: str, size: tuple[int, int] = (20, 10), **save: Any) -> bytes:
    out = io.BytesIO()
    Image.new("L", size).save(out, kind, **save)
    return out.getvalue()


JPEG_BYTES = picture("JPEG")
PNG_BYTES = picture("PNG")
TIFF_BYTES = picture("TIFF")
WORD = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
EXCEL = archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
EXE = b"MZ" + b"\0" * 58 + b"\x80\0\0\0" + b"\0" * 64 + b"PE\0\0"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (pdf(), PDF),
        (JPEG_BYTES, JPEG),
        (JPEG_BYTES, "image/jpg"),
        (PNG_BYTES, PNG),
        (TIFF_BYTES, TIFF),
        (WORD, DOCX),
        (EXCEL, XLSX),
        (archive("a.txt"), ZIP),
        (b"AC1032" + b"\0" * 100, DWG),
        (b"AC1032" + b"\0" * 100, "application/acad"),
    ],
)
def test_a_file_that_is_what_it_says(tmp_path: Path, content: bytes, declared: str) -> None:
    (tmp_path / "f").write_bytes(content)
    report = inspect(tmp_path / "f", declared)
    assert report.ok, report
    assert report.findings == ()


@pytest.mark.parametrize(
    ("content", "declared", "problem"),
    [
        (b"", PDF, Problem.EMPTY),
        (b"Xin ch\xc3\xa0o", PDF, Problem.TYPE_UNKNOWN),
        (EXE, PDF, Problem.TYPE_UNKNOWN),
        (HTML, PDF, Problem.TYPE_MISMATCH),
        (PNG_BYTES, JPEG, Problem.TYPE_MISMATCH),
        (pdf(), JPEG, Problem.TYPE_MISMATCH),
        (WORD, XLSX, Problem.TYPE_MISMATCH),
        (EXCEL, DOCX, Problem.TYPE_MISMATCH),
        (archive("a.txt"), DOCX, Problem.TYPE_MISMATCH),
        (WORD[:-30], DOCX, Problem.TYPE_UNKNOWN),
        (PNG_BYTES + archive("a.txt"), ZIP, Problem.TYPE_MISMATCH),
        (b"%PDF-1.7\nnothing of a document", PDF, Problem.PDF_BROKEN),
        (pdf()[:-60], PDF, Problem.PDF_BROKEN),
        (pdf(pages=0), PDF, Problem.PDF_BROKEN),
        (pdf(encryption=pikepdf.Encryption(owner="o", user="u")), PDF, Problem.PDF_PASSWORD),
        (pdf(pages=4), PDF, Problem.PDF_TOO_MANY_PAGES),
        (PNG_BYTES[:20], PNG, Problem.PICTURE_BROKEN),
        (JPEG_BYTES[:20], JPEG, Problem.PICTURE_BROKEN),
        (TIFF_BYTES[:6], TIFF, Problem.PICTURE_BROKEN),
    ],
)
def test_a_file_that_is_not(tmp_path: Path, content: bytes, declared: str, problem: Problem) -> None:
    (tmp_path / "f").write_bytes(content)
    report = inspect(tmp_path / "f", declared, max_pages=3)
    assert [finding.problem for finding in report.findings] == [problem]
    assert not report.ok
    assert report.findings[0].detail


def test_pages_are_counted_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(pdf(pages=3))
    report = inspect(tmp_path / "f", PDF, max_pages=3)
    assert (report.ok, report.pages) == (True, 3)


def open_action(made: pikepdf.Pdf, **action: Any) -> None:
    made.Root.OpenAction = Dictionary(**action)


def annotation(made: pikepdf.Pdf, **entries: Any) -> None:
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Rect=[0, 0, 1, 1], **entries)])


def attach(made: pikepdf.Pdf) -> None:
    made.attachments["a.txt"] = b"hidden"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda made: open_action(made, S=Name.JavaScript, JS=String("app.alert(1)")), {ActiveContent.JAVASCRIPT}),
        (lambda made: open_action(made, S=Name.Launch, F=String("cmd.exe")), {ActiveContent.LAUNCH}),
        (lambda made: open_action(made, S=Name.SubmitForm, F=String("http://x")), {ActiveContent.SUBMIT}),
        (lambda made: annotation(made, Subtype=Name.RichMedia), {ActiveContent.MULTIMEDIA}),
        (
            lambda made: annotation(made, Subtype=Name.Link, A=Dictionary(S=Name.JavaScript, JS=Stream(made, b"x"))),
            {ActiveContent.JAVASCRIPT},
        ),
        (
            lambda made: made.Root.__setattr__("AcroForm", Dictionary(Fields=Array(), XFA=Stream(made, b"<xdp/>"))),
            {ActiveContent.FORM_PROGRAM},
        ),
        (attach, {ActiveContent.ATTACHMENT}),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_pdf_that_can_do_more_than_be_read(
    tmp_path: Path, change: Callable[[pikepdf.Pdf], None], expected: set[ActiveContent], *, packed: bool
) -> None:
    mode = pikepdf.ObjectStreamMode.generate if packed else pikepdf.ObjectStreamMode.disable
    (tmp_path / "f").write_bytes(pdf(change=change, object_stream_mode=mode))
    report = inspect(tmp_path / "f", PDF)
    assert report.active == expected
    assert [finding.problem for finding in report.findings] == [Problem.PDF_ACTIVE_CONTENT]


def test_links_and_plain_forms_are_not_active(tmp_path: Path) -> None:
    def change(made: pikepdf.Pdf) -> None:
        annotation(made, Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=String("https://motcua.example")))
        made.Root.AcroForm = Dictionary(Fields=Array())

    (tmp_path / "f").write_bytes(pdf(change=change))
    assert inspect(tmp_path / "f", PDF).ok


@given(
    content=st.binary(max_size=400), prefix=st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04", b"\xff\xd8\xff\xe0"])
)
def test_any_bytes_get_a_report(tmp_path_factory: pytest.TempPathFactory, content: bytes, prefix: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "f"
    file.write_bytes(prefix + content)
    assert not inspect(file, PDF).ok


@pytest.mark.parametrize(("kind", "declared"), [("PNG", PNG), ("JPEG", JPEG), ("TIFF", TIFF)])
def test_a_picture_is_taken_up_to_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, declared: str
) -> None:
    (tmp_path / "f").write_bytes(picture(kind, (50, 40)))
    monkeypatch.setattr(pictures, "MOST_PIXELS", 2000)
    assert inspect(tmp_path / "f", declared).ok
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1999)
    (finding,) = inspect(tmp_path / "f", declared).findings
    assert finding.problem is Problem.PICTURE_TOO_LARGE
    assert finding.detail == "2000 pixels, at most 1999 are taken"


def test_all_pages_of_a_picture_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [Image.new("L", (50, 40)) for _ in range(2)]
    (tmp_path / "f").write_bytes(picture("TIFF", (50, 40), save_all=True, append_images=pages))
    assert inspect(tmp_path / "f", TIFF, max_pages=3).ok
    (finding,) = inspect(tmp_path / "f", TIFF, max_pages=2).findings
    assert finding.problem is Problem.PICTURE_TOO_LARGE
    monkeypatch.setattr(pictures, "MOST_PIXELS", 5999)
    (finding,) = inspect(tmp_path / "f", TIFF, max_pages=3).findings
    assert finding.detail == "6000 pixels, at most 5999 are taken"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # pytest forgets what the module says
@given(
    kind=st.sampled_from([("PNG", PNG), ("JPEG", JPEG), ("TIFF", TIFF)]),
    places=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.integers(8, 2000),
)
def test_a_damaged_picture_gets_a_report(
    tmp_path_factory: pytest.TempPathFactory, kind: tuple[str, str], places: list[tuple[int, int]], length: int
) -> None:
    content = bytearray(picture(kind[0]))
    for place, value in places:
        content[4 + place % (len(content) - 4)] = value
    file = tmp_path_factory.mktemp("damaged") / "f"
    file.write_bytes(content[:length])
    for finding in inspect(file, kind[1]).findings:
        assert finding.detail
