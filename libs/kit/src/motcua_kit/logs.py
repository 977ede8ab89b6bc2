"""Logs: one JSON object a line, with trace ids, without personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import trace

from motcua_kit.settings import ServiceSettings

PERSONAL = (
    re.compile(r"(?<![0-9A-Fa-f.])[0-9]{12}(?![0-9A-Fa-f])"),  # citizen id
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"),  # e-mail address
    re.compile(r"(?<![0-9A-Fa-f.])(?:\+84|0)[35789][0-9]{8}(?![0-9A-Fa-f])"),  # mobile number
)
"""What must not stand in a log line; third-party libraries write such things into messages."""

QUIET = (
    "amqp",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "fontTools",
    "kombu",
    "pyhanko",
    "pyhanko_certvalidator",
    "urllib3",
    "werkzeug",
)
"""Libraries whose everyday lines say nothing that a span does not say better."""


def setup_logs(settings: ServiceSettings) -> None:
    """Send our own and third-party log lines through one formatter to standard output."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _add_service(settings.service_name),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                scrub,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def scrub(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like personal data in any text of a log line."""
    for key, value in line.items():
        line[key] = scrubbed(value)
    return line


def scrubbed(value: Any) -> Any:
    """Return the value with personal data in its texts replaced by `[…]`."""
    match value:
        case str():
            for pattern in PERSONAL:
                value = pattern.sub("[…]", value)
            return value
        case dict():
            return {key: scrubbed(item) for key, item in value.items()}
        case list() | tuple():
            return [scrubbed(item) for item in value]
        case None | bool() | int() | float():
            return value
        case _:
            return scrubbed(str(value))


def _add_trace(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = f"{context.trace_id:032x}"
        line["span_id"] = f"{context.span_id:016x}"
    return line


def _add_service(name: str) -> Any:
    def add(_logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line.setdefault("service", name)
        return line

    return add
