"""Independent judges of our documents: poppler for signatures, veraPDF for PDF/A and PDF/UA."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

VERAPDF = Path(__file__).parents[2] / "tools" / "verapdf.py"
UNAVAILABLE = 3


def unavailable(what: str) -> None:
    """Skip on a developer's machine; on CI, where the tools must be, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture
def pdf_text() -> Callable[[bytes], str]:
    """What poppler reads in a document, on single blanks."""
    program = shutil.which("pdftotext")
    if program is None:
        unavailable("pdftotext is missing: apt-get install poppler-utils")

    def run(pdf: bytes) -> str:
        command = [str(program), "-", "-"]
        return " ".join(subprocess.run(command, input=pdf, capture_output=True, check=True).stdout.decode().split())  # noqa: S603

    return run


@pytest.fixture
def pdfsig(tmp_path: Path) -> Callable[[bytes], str]:
    """What poppler says of the signatures of a document."""
    program = shutil.which("pdfsig")
    if program is None:
        unavailable("pdfsig is missing: apt-get install poppler-utils")

    def run(pdf: bytes) -> str:
        file = tmp_path / "signature.pdf"
        file.write_bytes(pdf)
        return subprocess.run([str(program), str(file)], capture_output=True, text=True, check=False).stdout  # noqa: S603

    return run


@pytest.fixture
def verapdf(tmp_path: Path) -> Callable[..., list[str]]:
    """What veraPDF says of documents, given by name: a line for each and each standard, and the rules broken."""

    def run(**pdfs: bytes) -> list[str]:
        files = [tmp_path / f"{name}.pdf" for name in pdfs]
        for file, pdf in zip(files, pdfs.values(), strict=True):
            file.write_bytes(pdf)
        result = subprocess.run(  # noqa: S603
            [sys.executable, str(VERAPDF), *map(str, files)], capture_output=True, text=True, check=False
        )
        if result.returncode == UNAVAILABLE:
            unavailable(result.stderr.strip())
        return result.stdout.replace(f"{tmp_path}/", "").splitlines()

    return run
