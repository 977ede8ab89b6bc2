"""Days and moments in requests: field rules let 30 February and the year 30 000 pass, Python's calendar does not."""

from __future__ import annotations

from datetime import UTC, date, datetime

from google.protobuf.message import Message

from motcua_kit.domain import FieldViolation, ValidationFailed


def day_of(message: Message, field: str, path: str = "") -> date:
    """Return the day in a `google.type.Date` field.

    Args:
        message: a request, or a part of one.
        field: name of the field.
        path: path of the field in the whole request, for the error; the same as `field` when empty.

    Raises:
        ValidationFailed: it is no day of the calendar.
    """
    sent = getattr(message, field)
    try:
        return date(sent.year, sent.month, sent.day)
    except ValueError as error:
        raise _invalid(path or field, "no day of the calendar") from error


def day_or_none(message: Message, field: str, path: str = "") -> date | None:
    """Return the day in an optional `google.type.Date` field; None when it is absent.

    Raises:
        ValidationFailed: it is no day of the calendar.
    """
    return day_of(message, field, path) if message.HasField(field) else None


def moment_of(message: Message, field: str) -> datetime:
    """Return the moment in a `google.protobuf.Timestamp` field, aware, in UTC.

    Raises:
        ValidationFailed: it lies outside the calendar.
    """
    try:
        moment: datetime = getattr(message, field).ToDatetime(tzinfo=UTC)
    except ValueError as error:
        raise _invalid(field, "no moment of the calendar") from error
    return moment


def moment_or_none(message: Message, field: str) -> datetime | None:
    """Return the moment in an optional `google.protobuf.Timestamp` field; None when it is absent.

    Raises:
        ValidationFailed: it lies outside the calendar.
    """
    return moment_of(message, field) if message.HasField(field) else None


def _invalid(path: str, text: str) -> ValidationFailed:
    return ValidationFailed("REQUEST_INVALID", f"{path}: {text}", [FieldViolation(path, "REQUEST_INVALID", text)])
