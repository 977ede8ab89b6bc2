"""Whom HTTPS calls trust."""

import ssl
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter


def http_session(ca: Path | None = None) -> requests.Session:
    """Return a session that trusts the authorities in a PEM file besides those that everybody trusts.

    Raises:
        OSError: the file is missing or no PEM.
    """
    session = requests.Session()
    if ca is not None:
        context = ssl.create_default_context()
        context.load_verify_locations(ca)
        session.mount("https://", _Adapter(context))
    return session


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)
