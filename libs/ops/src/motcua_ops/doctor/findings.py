"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How bad it is."""

    OK = "ok"
    SKIPPED = "skipped"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One statement.

    Attributes:
        status: how bad it is.
        subject: of what, e.g. a pod.
        text: what was seen.
        advice: what to do next; empty when there is nothing to do.
    """

    status: Status
    subject: str
    text: str
    advice: str = ""


def ok(subject: str, text: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, subject, text)


def skipped(subject: str, text: str) -> Finding:
    """It cannot be looked at from here."""
    return Finding(Status.SKIPPED, subject, text)


def warn(subject: str, text: str, advice: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(Status.WARN, subject, text, advice)


def fail(subject: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(Status.FAIL, subject, text, advice)
