"""HTTP as people's browsers and applications speak it: patient, and trusting the suite's own authority if told to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3.util import Retry

from motcua_client import http_session

TIMEOUT = (5.0, 30.0)
"""Seconds of one attempt to connect, and of each wait for the answer."""

LONGEST_PAUSE = 5.0
FIRST_RETRIES = 5
"""Retries before the pauses have grown to the longest."""

PASSING = (502, 503, 504)
"""Answers of proxies and of services whose stores are away."""

PASSING_OF_STORES = (500, *PASSING)
"""An object store that cannot keep a file says 500 and means: again (S3, Error Responses, InternalError)."""


@dataclass(frozen=True)
class Web:
    """How HTTP requests are made.

    Attributes:
        patience: seconds for which a request is repeated that finds nobody or gets an answer that passes. Every request
            of the walk may be repeated: forms and uploads replace what they sent before, and codes that a lost answer
            used up make the sign-in begin again.
        ca: authorities that are trusted besides the system's.
    """

    patience: float = 0.0
    ca: Path | None = None

    def session(self, passing: Collection[int] = PASSING) -> requests.Session:
        """A browser with nothing in it; `passing` are the answers that make it ask again."""
        session = http_session(self.ca)
        for adapter in session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                adapter.max_retries = self._retries(passing)
        return session

    def get(self, url: str, **options: Any) -> requests.Response:
        """GET with a session of its own; an answer that breaks off is asked for again."""
        again = self._repeats()
        with self.session() as session:
            while True:
                try:
                    return session.get(url, timeout=TIMEOUT, **options)
                except ChunkedEncodingError:  # the session's own retries end with the head of an answer
                    if not again:
                        raise
                    again -= 1

    def post(self, url: str, **options: Any) -> requests.Response:
        """POST with a session of its own."""
        with self.session() as session:
            return session.post(url, timeout=TIMEOUT, **options)

    def send_file(self, url: str, fields: Mapping[str, str], name: str, content: bytes) -> None:
        """Send a form with a file to the object store, which takes the fields in any order but wants the file last.

        Raises:
            requests.RequestException: the store does not take it.
        """
        with self.session(PASSING_OF_STORES) as session:
            answer = session.post(url, data=dict(fields), files={"file": (name, content)}, timeout=TIMEOUT)
        answer.raise_for_status()

    def _repeats(self) -> int:
        return FIRST_RETRIES + round(self.patience / LONGEST_PAUSE) if self.patience else 0

    def _retries(self, passing: Collection[int]) -> Retry:
        return Retry(
            total=self._repeats(),
            backoff_factor=0.2,
            backoff_max=LONGEST_PAUSE,
            backoff_jitter=0.2,
            status_forcelist=passing,
            allowed_methods=None,
            raise_on_status=False,
            # A locked sign-in asks for a quarter of an hour.
            respect_retry_after_header=False,
            redirect=False,
        )
