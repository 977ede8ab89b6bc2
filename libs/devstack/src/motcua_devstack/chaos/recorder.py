"""A channel that writes down every command that goes over it, and how it ended for the caller."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc

from motcua_client import MotcuaError, attempts
from motcua_client.credentials import CredentialsError
from motcua_client.requests import with_request_id
from motcua_devstack.load.ledger import Entry, Ledger

REQUEST_ID = "request_id"


class Recorder(grpc.UnaryUnaryClientInterceptor):
    """Repeats each call by the documented retry policy, and keeps the ledger of those that change something.

    Args:
        ledger: where each command is written down.
        caller: resource name of who calls.
        patience: seconds for which a call is tried again before it counts as failed.
    """

    def __init__(self, ledger: Ledger, caller: str, patience: float) -> None:
        self._ledger = ledger
        self._caller = caller
        self._patience = patience

    def channel(self, channel: grpc.Channel) -> grpc.Channel:
        """The channel, with this around it."""
        return grpc.intercept_channel(channel, self)

    def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.ClientCallDetails, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call until it is answered."""
        begun, number = time.monotonic(), 0
        with_request_id(request)

        def note(resource: str, *, acknowledged: str = "", failure: str = "") -> None:
            if REQUEST_ID in request.DESCRIPTOR.fields_by_name:
                command = client_call_details.method.rpartition("/")[2]
                seconds = round(time.monotonic() - begun, 4)
                request_id = request.request_id
                entry = Entry(command, self._caller, request_id, resource, acknowledged, number, seconds, "", failure)
                self._ledger.add(entry)

        asked = getattr(request, "name", "") or getattr(request, "parent", "")
        try:
            for attempt in attempts(self._patience):
                with attempt:
                    number = attempt.num
                    call = _answered(continuation(client_call_details, request))
        except Exception as error:
            note(asked, failure=f"{type(error).__name__}: {error}")
            raise
        # What was made is named by the answer, what was changed by the request.
        note(
            asked if hasattr(request, "name") else getattr(call.result(), "name", asked),
            acknowledged=datetime.now(UTC).isoformat(),
        )
        return call


def _answered(call: Any) -> Any:
    """The call, when it was answered.

    Raises:
        MotcuaError: it was refused, or nobody answered.
        CredentialsError: the caller could not show who they are.
    """
    if isinstance(error := call.exception(), (MotcuaError, CredentialsError)):
        raise error
    return call
