"""Keyset pages: the token carries the sort key of the last row, signed, bound to the arguments of the call."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bson

from motcua_kit.domain import FieldViolation, ValidationFailed

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 200
_MAC_BYTES = 16

Sort = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Page:
    """What a caller asks for: how many rows, and after which.

    Attributes:
        size: rows wanted; 0 means the default, more than the maximum is cut to it (AIP-158).
        token: what the previous page gave; empty for the first.
        scope: the other arguments of the call; a token is good for the same scope only.
    """

    size: int = 0
    token: str = ""
    scope: str = ""

    @property
    def limit(self) -> int:
        """Rows to return.

        Raises:
            ValidationFailed: a negative number was asked for.
        """
        if self.size < 0:
            message = "a page cannot have a negative size"
            raise ValidationFailed(
                "REQUEST_INVALID", message, [FieldViolation("page_size", "PAGE_SIZE_NEGATIVE", message)]
            )
        return min(self.size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


class PageSigner:
    """Makes and reads page tokens."""

    def __init__(self, key: str) -> None:
        self._key = key.encode() or b"unsigned"

    def token(self, values: Sequence[object], scope: str) -> str:
        """Return the token for the page after the row with these sort values."""
        body = bson.encode({"v": list(values)})
        return base64.urlsafe_b64encode(self._mac(body, scope) + body).decode().rstrip("=")

    def values(self, token: str, scope: str, count: int) -> list[Any]:
        """Return the sort values in a token.

        Raises:
            ValidationFailed: the token is not ours, or was made for a call with other arguments.
        """
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not body or not hmac.compare_digest(mac, self._mac(body, scope)):
            raise _invalid_token()
        values: list[Any] = bson.decode(body, codec_options=bson.CodecOptions(tz_aware=True))["v"]
        if len(values) != count:
            raise _invalid_token()
        return values

    def _mac(self, body: bytes, scope: str) -> bytes:
        return hmac.new(self._key, scope.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]


def _invalid_token() -> ValidationFailed:
    message = "the page token is not valid for this call"
    return ValidationFailed(
        "PAGE_TOKEN_INVALID", message, [FieldViolation("page_token", "PAGE_TOKEN_INVALID", message)]
    )


def behind(query: Mapping[str, Any], sort: Sort, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the queries for the rows that sort behind the row with these values; together they are all of them.

    They are disjoint and in the order of the sort, so that a page is read from one after the other. Each is one range
    of one index, equalities first: an alternative (`$or`) in one query makes some planners merge, and others scan.

    Args:
        query: what all rows match; the row with the values matched it too.
        sort: fields with their directions; none is ever null.
        values: of these fields.
    """
    found = []
    for position in reversed(range(len(sort))):
        field, direction = sort[position]
        wanted = query.get(field, {})
        if not isinstance(wanted, Mapping):  # one value only: no row that matches lies behind it
            continue
        equal = {name: value for (name, _), value in zip(sort[:position], values, strict=False)}
        # The row was within what the query wants of the field, so a bound of the same kind is the tighter one.
        bounds = {**wanted, "$gt" if direction > 0 else "$lt": values[position]}
        found.append({**query, **equal, field: bounds})
    return found
