"""What each service needs in production, against what it does."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from motcua_kit.refusals import Https
from motcua_kit.service import Service
from motcua_kit.settings import DOCUMENTS, Profile
from motcua_kit.topology import Topology

TOPOLOGY = Topology.load(Path(__file__).parents[2] / "telemetry" / "topology.yaml")
ADDRESSES = {f"{name}_address" for name in TOPOLOGY.services}
OWN = {
    "identity": {"sealing_key": "k" * 32, "attempts_url": "redis://counts/"},
    "notify": {"mail_sender": "a@example.gov.vn", "mail_message_domain": "example.gov.vn"},
}


@pytest.fixture(params=sorted(TOPOLOGY.services))
def service(request: pytest.FixtureRequest) -> Service[Any]:
    found: Service[Any] = importlib.import_module(f"motcua_{request.param}.bootstrap").SERVICE
    return found


def complete(service: Service[Any]) -> dict[str, Any]:
    """Settings that production accepts."""
    kinds = service.settings
    public = {
        name: "https://example.vn"
        for name, field in kinds.model_fields.items()
        if any(isinstance(mark, Https) for mark in field.metadata)
    }
    needed = dict.fromkeys(kinds.needed | kinds.needed_by_workers, "x")
    return {
        **needed,
        **public,
        "broker_url": "redis://queue/",
        "profile": Profile.PRODUCTION,
        **OWN.get(service.name, {}),
    }


def test_a_service_needs_the_addresses_of_those_it_calls_and_a_secret_to_call_them(service: Service[Any]) -> None:
    called = {f"{callee}_address" for caller, callee in TOPOLOGY.calls if caller == service.name}
    assert service.settings.needed & ADDRESSES == called
    assert ("client_secret" in service.settings.needed) == bool(called)


def test_a_service_with_documents_needs_an_object_store(service: Service[Any]) -> None:
    needed = service.settings.needed | service.settings.needed_by_workers
    assert needed & DOCUMENTS == (DOCUMENTS if service.buckets else set())


def test_each_needed_setting_is_refused_when_it_is_empty(service: Service[Any]) -> None:
    settings = complete(service)
    service.load_settings(**settings).for_worker()
    for name in service.settings.needed | service.settings.needed_by_workers:
        secret_or_text = service.settings.model_fields[name].annotation in (str, SecretStr)
        with pytest.raises(ValidationError, match=rf"(?m)^{name}$"):
            service.load_settings(**{**settings, name: "" if secret_or_text else None}).for_worker()
