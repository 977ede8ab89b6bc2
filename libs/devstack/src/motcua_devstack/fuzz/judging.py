"""What every answer must keep, however bad the question."""

import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grpc
import protovalidate
import yaml
from google.protobuf.message import Message

from motcua_client import MotcuaError
from motcua_kit.localisation import OWN_TEXTS

NEVER = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
}
"""Codes that say that something broke, or hung: every server behind is there, and the deadline is long."""

LEAK = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|<class |<function |object at 0x|0x[0-9a-f]{8,}"
    r"|\bmotcua_\w+\.|\b(pymongo|bson|builtins|google\._upb|grpc\._|secantus)\b|\b[A-Z]\w+(Error|Exception)\b"
)
"""Traces of the program in a text."""

INCIDENT = re.compile(r"[0-9a-f]{32}")

LONGEST_TEXT = 4_000
"""Characters in a message of an error: details travel in headers, of which clients take no more than eight KiB."""


def answer_problems(answer: Message) -> Iterator[str]:
    """What is wrong with an answer: something in it that the contract would not let in."""
    for violation in protovalidate.collect_violations(answer):
        elements = violation.proto.field.elements if violation.proto.field else ()  # none: the whole message
        path = ".".join(element.field_name for element in elements)
        yield f"answers with a {path} that its own rules refuse: {violation.proto.message}"


def error_problems(error: MotcuaError, service: str) -> Iterator[str]:
    """What is wrong with a refusal.

    Args:
        error: as a client of the suite gets it.
        service: who refused.
    """
    if error.code in NEVER:
        yield f"answers {error.code.name}: {INCIDENT.sub('…', str(error))[:200]}"
        return
    texts = (
        str(error),
        error.localized_message,
        *error.metadata.values(),
        *(one.description for one in error.violations),
    )
    if leak := next((found.group() for text in texts if (found := LEAK.search(text))), ""):
        yield f"tells of its program: {leak}"
    if max(map(len, texts)) > LONGEST_TEXT:
        yield "answers with a text that no header can hold"
    if error.domain != f"{service}.motcua":
        yield f"refuses in the name of {error.domain or 'nobody'}: {error.code.name} {str(error)[:120]}"
    template = texts_of(service).get(error.reason)
    if template is None:
        yield f"gives the reason {error.reason or '(none)'} that its contract does not know"
    elif missing := set(re.findall(r"{(\w+)}", template)) - {"reason"} - error.metadata.keys():
        yield f"leaves {', '.join(sorted(missing))} out of the text of {error.reason}"
    if not error.localized_message:
        yield "has no Vietnamese text"


@cache
def texts_of(service: str) -> dict[str, str]:
    """Vietnamese texts by reason: the service's and those of every service."""
    own = Path(importlib.import_module(f"motcua_{service}").__path__[0]) / "messages.vi.yaml"
    return {
        reason: text
        for file in (OWN_TEXTS, own)
        for reason, text in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items()
    }
