"""Documents: rendered from Typst templates, signed with PAdES, verified, and marked with QR codes.

Import what is used: `sign` and `verify` load pyHanko, which takes a second, `render` loads Typst, and only services
that ask for `motcua-kit[documents]` have them. `signer` is free of both.
"""
