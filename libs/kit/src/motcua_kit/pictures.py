"""How large a picture is, read from its header: nothing is decoded."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from motcua_kit.findings import Finding, Problem

MOST_PIXELS = 200_000_000
"""Of all pages together. The largest camera of a phone makes as many; an A0 sheet scanned with 300 dpi has 140 million.

Each takes four bytes of memory when somebody looks at the picture, however small its file is.
"""

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF"}
"""Media types whose headers are read. HEIF and DWG are not: Pillow has no reader for them."""

_BROKEN = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError, struct.error)
"""What Pillow raises for headers that lie."""

# Pillow would warn and then raise at sizes of its own. Nothing here decodes a picture; whoever does sets it again.
Image.MAX_IMAGE_PIXELS = None
# What is wrong with a file is in the report; a worker's standard error is no place for it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def inspect_picture(file: Path, content_type: str, max_pages: int) -> Iterator[Finding]:
    """Look at the size of a picture; nothing is yielded when it may be taken.

    Args:
        file: where the bytes are.
        content_type: media type by content; what is not in `FORMATS` is not looked at.
        max_pages: most pages that a TIFF file may have.
    """
    if content_type not in FORMATS:
        return
    try:
        sizes = list(_sizes(file, content_type, max_pages))
    except _BROKEN as error:
        yield Finding(Problem.PICTURE_BROKEN, f"{type(error).__name__}: {error}")
        return
    pixels = sum(width * height for width, height in sizes)
    if len(sizes) > max_pages:
        yield Finding(Problem.PICTURE_TOO_LARGE, f"more than {max_pages} pages")
    elif pixels > MOST_PIXELS:
        yield Finding(Problem.PICTURE_TOO_LARGE, f"{pixels} pixels, at most {MOST_PIXELS} are taken")
    elif not all(width and height for width, height in sizes):
        yield Finding(Problem.PICTURE_BROKEN, "has no pixels")


def _sizes(file: Path, content_type: str, max_pages: int) -> Iterator[tuple[int, int]]:
    """Yield width and height of each page, and of one more than there may be."""
    with Image.open(file, formats=[FORMATS[content_type]]) as picture:
        yield picture.size
        if content_type != "image/tiff":
            return
        for page in range(1, max_pages + 1):
            try:
                picture.seek(page)
            except EOFError:
                return
            yield picture.size
