"""The two ways a servicer method calls the application: `execute` a command, answer a `query`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from google.protobuf.message import Message
from opentelemetry import trace

from motcua_kit import attributes
from motcua_kit.access import Access
from motcua_kit.command import Command, fingerprint_of
from motcua_kit.domain import FieldViolation, ValidationFailed
from motcua_kit.rpc.call import current_call
from motcua_kit.store.paging import Page
from motcua_kit.store.repository import Replayed

Result = TypeVar("Result")
Response = TypeVar("Response", bound=Message)


def execute(
    request: Message,
    respond: Callable[[Result], Response],
    run: Callable[[Command, Access], Result],
) -> Response:
    """Run a command of the application and answer with what it returns, or with the first answer when it is a repeat.

    Args:
        request: the request message; its `request_id` makes the command idempotent.
        respond: maps the application's result to the response message.
        run: calls the application.
    """
    call = current_call()
    kept: list[tuple[object, Response]] = []  # what the last write keeps for repeats, and for whom it was made

    def encode(result: Any) -> bytes:
        response = respond(result)
        kept[:] = [(result, response)]
        return response.SerializeToString()

    command = Command(
        name=call.method,
        actor=call.caller.name,
        on_behalf_of=call.caller.on_behalf_of,
        time=(now := call.clock()).replace(microsecond=now.microsecond // 1000 * 1000),  # what the store keeps
        request_id=getattr(request, "request_id", ""),
        fingerprint=fingerprint_of(call.rpc.encode(), request.SerializeToString(deterministic=True)),
        encode_reply=encode,
    )
    try:
        answered = run(command, call.access)
    except Replayed as done:
        trace.get_current_span().set_attribute(attributes.REPLAYED, True)
        call.access.checked = True  # the first time was checked, and the key names the caller
        return cast("Response", call.response_class.FromString(done.reply))
    for result, response in kept:
        if result is answered:
            return response
    return respond(answered)


def query(respond: Callable[[Result], Response], run: Callable[[Access], Result]) -> Response:
    """Ask the application and answer with what it returns."""
    return respond(run(current_call().access))


def id_of(name: str, collection: str, field: str = "name") -> str:
    """Return the id in a resource name.

    Raises:
        ValidationFailed: the name is not of this collection.
    """
    prefix, _, identity = name.partition("/")
    if prefix != collection or not identity or "/" in identity:
        message = f"want {collection}/{{id}}"
        raise ValidationFailed(
            "RESOURCE_NAME_INVALID", message, [FieldViolation(field, "RESOURCE_NAME_INVALID", message)], name=name
        )
    return identity


def page_of(request: Any) -> Page:
    """Return the page that a List request asks for, bound to the request's other arguments and the caller."""
    arguments = type(request)()
    arguments.CopyFrom(request)
    for name in ("page_size", "page_token"):
        arguments.ClearField(name)
    call = current_call()
    scope = fingerprint_of(
        call.rpc.encode(), call.caller.name.encode(), arguments.SerializeToString(deterministic=True)
    )
    return Page(size=request.page_size, token=request.page_token, scope=scope)
