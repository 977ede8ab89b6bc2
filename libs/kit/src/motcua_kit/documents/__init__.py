"""Documents: rendered from Typst templates, signed with PAdES, verified, and marked with QR codes.

`documents.sign` and `documents.verify` load pyHanko, which takes a second: import them in the worker that signs.
"""

from motcua_kit.documents.qr import qr_svg
from motcua_kit.documents.render import RenderError, render
from motcua_kit.documents.signer import Signer

__all__ = ["RenderError", "Signer", "qr_svg", "render"]
