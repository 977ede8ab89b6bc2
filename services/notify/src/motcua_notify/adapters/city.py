"""The City's messages as files: `messages/templates/*.yaml`, `messages/triggers.yaml`, `messages/policy.yaml`."""

from __future__ import annotations

from pathlib import Path

from motcua_kit.data import load
from motcua_notify.domain.library import Library
from motcua_notify.domain.policy import DeliveryPolicy
from motcua_notify.domain.template import MessageTemplate
from motcua_notify.domain.trigger import Trigger


def load_library(city_dir: Path) -> Library:
    """Read all message data.

    Raises:
        motcua_kit.data.DataError: a record does not have its shape.
        ValueError: the records contradict each other.
    """
    folder = city_dir / "messages"
    return Library(
        templates=load(folder / "templates", MessageTemplate),
        triggers=load(folder / "triggers.yaml", Trigger),
        policies=load(folder / "policy.yaml", DeliveryPolicy),
    )
