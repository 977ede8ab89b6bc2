"""Wrong values are refused before anything is installed, with the path of the value that is wrong."""

from typing import Any

import helm_python
import pytest

from chartkit.rendering import Values, render, values_of, with_value
from chartkit.settings import SERVICES

REFUSED = (helm_python.HelmValuesError, helm_python.HelmRenderError)


def refusal(values: Values) -> str:
    """Return what is said of values that are refused."""
    with pytest.raises(REFUSED) as caught:
        render(values)
    message = str(caught.value)
    assert message.startswith(("execution error at (", "values don't meet the specifications")), message
    return message


def names(message: str, path: str) -> bool:
    """Whether a message names a path, as the schema (`/tls/enabled`) or a template (`tls.enabled`) says it."""
    return path in message or "/" + path.replace(".", "/") in message


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("colour", "red", "colour"),
        ("services.dossier.colour", "red", "services.dossier"),
        ("services.payments", {"enabled": True}, "services"),
        ("profile", "staging", "profile"),
        ("image.tag", 1.5, "image.tag"),
        ("tls.enabled", "yes", "tls.enabled"),
        ("services.dossier.replicas", -1, "services.dossier.replicas"),
        ("services.dossier.replicas", "two", "services.dossier.replicas"),
        ("services.dossier.workers.default.concurrency", 0, "services.dossier.workers.default.concurrency"),
        ("services.dossier.autoscaling.minReplicas", 0, "services.dossier.autoscaling.minReplicas"),
        ("mongodb.password", "hunter2", "mongodb"),
        ("mongodb.uri", "mongodb://motcua:hunter2@db", "mongodb"),
        ("settings.MONGODB_URI", "mongodb://motcua:hunter2@db", "settings"),
        ("settings.LOGLEVEL", "DEBUG", "settings"),
        ("settings.SMTP_HOST", "mail.example.vn", "settings"),
        ("services.notify.settings.SMTP_PASSWORD", "hunter2", "services.notify.settings"),
        ("services.identity.settings.SMTP_HOST", "mail.example.vn", "services.identity.settings"),
        ("services.identity.settings.EID_ISSUER", ["https://eid.example.vn"], "services.identity.settings.EID_ISSUER"),
    ],
)
def test_the_schema_refuses(path: str, value: object, named: str) -> None:
    assert names(refusal(with_value(values_of("production"), path, value)), named)


@pytest.mark.parametrize(
    "path",
    [
        "mongodb.existingSecret",
        "broker.existingSecret",
        "objectStore.existingSecret",
        "pageTokens.existingSecret",
        "signing.existingSecret",
        *(f"services.{service}.existingSecret" for service in SERVICES),
    ],
)
def test_a_secret_that_is_not_named(path: str) -> None:
    assert names(refusal(with_value(values_of("production"), path, "")), path)


@pytest.mark.parametrize("service", SERVICES)
def test_a_certificate_that_is_not_named(service: str) -> None:
    path = f"services.{service}.tls.existingSecret"
    assert names(refusal(with_value(values_of("tls"), path, "")), path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("oidc.issuer", ""),
        ("oidc.issuer", "http://id.example.vn"),
        ("objectStore.url", ""),
        ("objectStore.publicUrl", "http://objects.example.vn"),
        ("services.permits.settings.PUBLIC_URL", "http://permits.example.vn"),
        ("services.identity.settings.EID_ISSUER", "http://eid.example.vn"),
        ("devStores.enabled", True),
        ("devWorld.enabled", True),
    ],
)
def test_production_refuses(path: str, value: object) -> None:
    assert names(refusal(with_value(values_of("production"), path, value)), path)


@pytest.mark.parametrize("service", [service for service in SERVICES if service in ("identity", "permits")])
def test_production_refuses_an_ingress_without_certificate(service: str) -> None:
    path = f"services.{service}.http.ingress"
    ingress: dict[str, Any] = {"enabled": True, "host": "example.vn", "tls": {"secretName": ""}}
    assert names(refusal(with_value(values_of("production"), path, ingress)), f"{path}.tls.secretName")


MANAGED = (
    "PROFILE", "GRPC_BIND", "HTTP_BIND", "HEALTH_BIND", "ISSUER", "IDENTITY_ADDRESS", "CITY_DIR", "TOPOLOGY_FILE",
    "LEASE_NAME", "SIGNING_KEY_FILE", "TLS_KEY_FILE", "OBJECT_STORE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT",
    "WORKER_CONCURRENCY",
)  # fmt: skip


@pytest.mark.parametrize("name", MANAGED)
@pytest.mark.parametrize("place", ["settings", "services.dossier.settings"])
def test_what_the_chart_sets_itself_is_not_overridden(place: str, name: str) -> None:
    assert names(refusal(with_value(values_of("production"), f"{place}.{name}", "x")), f"{place}.{name}")


@pytest.mark.parametrize("service", ["identity", "dossier", "land"])
def test_a_service_that_others_call_is_somewhere(service: str) -> None:
    values = with_value(values_of("production"), f"services.{service}.enabled", value=False)
    assert names(refusal(values), f"services.{service}.address")


def test_a_service_that_nobody_calls_may_be_left_out() -> None:
    release = render(with_value(values_of("production"), "services.notify.enabled", value=False))
    assert "notify" not in {workload.service for workload in release.of_services}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("services.dossier.workers.slow.queues", [], "services.dossier.workers"),
        ("services.dossier.workers.slow.queues", ["slow", "default"], "services.dossier.workers"),
        ("services.dossier.workers.slow.queues", ["sluggish"], "services.dossier.workers"),
        ("services.dossier.workers.slow", None, "services.dossier.workers"),
    ],
)
def test_each_queue_is_worked_on_by_one_pool(path: str, value: object, named: str) -> None:
    assert names(refusal(with_value(values_of("production"), path, value)), named)


def test_an_autoscaler_needs_more_at_most_than_at_least() -> None:
    scaling = {"enabled": True, "minReplicas": 5, "maxReplicas": 2}
    path = "services.dossier.autoscaling"
    assert names(refusal(with_value(values_of("production"), path, scaling)), path)
