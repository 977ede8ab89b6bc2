"""The suite's retry policy for callers that can wait: the very same request again, under the same `request_id`."""

from collections.abc import Callable, Iterable
from typing import Any

import grpc
import stamina

from motcua_client.credentials import CredentialsError, IssuerAway
from motcua_client.errors import DeadlineExceeded, MotcuaError, RateLimited, Unavailable

CURABLE = (Unavailable, DeadlineExceeded, RateLimited, IssuerAway)
"""Failures that pass: nothing was decided, and a repeat of what did happen gets the first answer."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


def attempts(seconds: float) -> Iterable[stamina.Attempt]:
    """Attempts at one call, with growing pauses between them and those that the server asks for.

    ```python
    for attempt in attempts(60):
        with attempt:
            answer = stub.SubmitDossier(request)
    ```

    The request must have its `request_id` before the first attempt; `with_request_id` gives it one.

    Args:
        seconds: after how long the last failure is raised; 0 for one attempt.
    """
    return stamina.retry_context(
        on=_again,
        attempts=None if seconds else 1,
        timeout=seconds or None,
        wait_initial=FIRST_PAUSE,
        wait_max=LONGEST_PAUSE,
    )


def _again(error: Exception) -> bool | float:
    """Whether to try again; seconds when the server named them."""
    if not isinstance(error, CURABLE):
        return False
    return getattr(error, "retry_seconds", None) or True


class Patience(grpc.UnaryUnaryClientInterceptor):
    """Tries every call through a channel again by the policy; outside of what gives the request its id.

    Args:
        seconds: after how long a failure is the caller's.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.ClientCallDetails, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call until it is answered."""
        for attempt in attempts(self._seconds):
            with attempt:
                call = continuation(client_call_details, request)
                if isinstance(error := call.exception(), (MotcuaError, CredentialsError)):
                    raise error
        return call
