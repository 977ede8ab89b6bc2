"""Requests that may be sent twice without happening twice."""

import uuid
from typing import TypeVar

from google.protobuf.message import Message

Request = TypeVar("Request", bound=Message)


def with_request_id(request: Request) -> Request:
    """Give the request a `request_id` when its type has one and it is empty; returns the same request.

    The suite answers a repeated id with the first answer, so the request can be retried safely.
    """
    if "request_id" in request.DESCRIPTOR.fields_by_name and not getattr(request, "request_id"):  # noqa: B009
        setattr(request, "request_id", str(uuid.uuid4()))  # noqa: B010 - not every message has the field
    return request
