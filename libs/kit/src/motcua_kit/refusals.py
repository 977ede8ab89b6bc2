"""Why a process refuses its settings, and how it says so: in one log line that names each and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import structlog
from pydantic import BaseModel, SecretStr, ValidationError

log = structlog.get_logger(__name__)

EXIT_CODE = 2
"""Of a process that was started wrongly, as that of a command with a wrong option."""

SAMPLE_SECRET_MARK = "sample"  # noqa: S105 - the mark of a secret that must not reach production


class Https:
    """Marks a URL (`Annotated[str, Https()]`) that people's browsers, tokens or personal data travel to."""


class Refusal(NamedTuple):
    """One setting that cannot be.

    Attributes:
        setting: its field, e.g. `issuer`.
        problem: what is wrong and what to do, in English.
    """

    setting: str
    problem: str


def refused(title: str, refusals: Sequence[Refusal]) -> ValidationError:
    """Return the exception that a validator raises with all that it refuses."""
    return ValidationError.from_exception_data(
        title,
        [
            {"type": "value_error", "loc": (item.setting,), "input": None, "ctx": {"error": item.problem}}
            for item in refusals
        ],
        hide_input=True,
    )


def unfit_for_production(settings: BaseModel, needed: frozenset[str]) -> Iterator[Refusal]:
    """Yield what may be on one machine only: empty settings that are needed, sample secrets, http in public.

    Args:
        settings: with fields marked `Https`.
        needed: fields that must not be empty.
    """
    yield from empty(settings, needed)
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and value.get_secret_value().startswith(SAMPLE_SECRET_MARK):
            yield Refusal(name, "holds a sample secret; make one of your own")
        if value and any(isinstance(mark, Https) for mark in field.metadata) and not value.startswith("https://"):
            yield Refusal(name, f"want https://…, not {value}")


def empty(settings: BaseModel, needed: frozenset[str]) -> Iterator[Refusal]:
    """Yield those of the needed settings that are empty."""
    for name in sorted(needed):
        value = getattr(settings, name)
        if (value.get_secret_value() if isinstance(value, SecretStr) else value) in ("", None):
            yield Refusal(name, "is empty; this process needs it")


def problems(error: ValidationError) -> dict[str, str]:
    """Return what is wrong by variable name, e.g. `ISSUER`."""
    return {
        ".".join(map(str, item["loc"])).upper(): str(item.get("ctx", {}).get("error", item["msg"]))
        for item in error.errors()
    }


@contextmanager
def refusals_told(service: str) -> Iterator[None]:
    """End the process with one log line when it refuses its settings.

    Args:
        service: name for the log line.

    Raises:
        SystemExit: with `EXIT_CODE`.
    """
    try:
        yield
    except ValidationError as error:
        from motcua_kit.logs import setup_logs  # noqa: PLC0415 - it imports the settings, which import this module
        from motcua_kit.settings import ServiceSettings  # noqa: PLC0415

        setup_logs(ServiceSettings.model_construct(service_name=service))
        log.error("settings_refused", problems=problems(error), help="docs/reference/settings.md")  # noqa: TRY400 - that is all
        raise SystemExit(EXIT_CODE) from None
