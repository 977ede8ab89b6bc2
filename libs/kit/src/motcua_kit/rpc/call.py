"""The call in progress: what the stages learn and the servicer uses."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property

import grpc
from google.protobuf.message import Message

from motcua_kit.access import Access, Caller
from motcua_kit.clock import Clock

Proceed = Callable[[], Message]
"""The rest of a call: the stages within, and what serves it."""


@dataclass
class Call:
    """One unary call.

    Attributes:
        rpc: `motcua.dossier.v1.DossierService/AcceptDossier`.
        request: the request message.
        context: gRPC's own context.
        response_class: message class of the answer.
        clock: business time.
        caller: who calls; set by the authentication stage.
        access: the caller's grants; set by the authorisation stage.
        readable: whether the bytes that came were a request; `request` is an empty one when they were not.
    """

    rpc: str
    request: Message
    context: grpc.ServicerContext
    response_class: type[Message]
    clock: Clock
    caller: Caller = field(default_factory=Caller)
    access: Access = field(default_factory=lambda: Access(Caller(), ()))
    readable: bool = True

    @property
    def method(self) -> str:
        """Name of the RPC without its service, e.g. `AcceptDossier`."""
        return self.rpc.rpartition("/")[2]

    @property
    def status(self) -> grpc.StatusCode:
        """How it ended; OK as long as nobody has said otherwise."""
        code: grpc.StatusCode | None = self.context.code()  # type: ignore[attr-defined]
        return code or grpc.StatusCode.OK

    @cached_property
    def metadata(self) -> dict[str, str]:
        """Text metadata of the call."""
        return {key: value for key, value in self.context.invocation_metadata() if isinstance(value, str)}


_current: ContextVar[Call] = ContextVar("motcua_call")


def current_call() -> Call:
    """Return the call that this thread is handling.

    Raises:
        LookupError: outside a call.
    """
    return _current.get()


def enter(call: Call) -> None:
    """Make `call` the current one of this thread."""
    _current.set(call)


def acting_for() -> str:
    """Return the resource name of the person whom the present call serves; empty outside a call."""
    call = _current.get(None)
    if call is None:
        return ""
    return call.caller.on_behalf_of or (call.caller.name if call.caller.kind != "service" else "")
