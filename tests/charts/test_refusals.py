"""Wrong values are refused before anything is installed, with the path of the value that is wrong."""

from typing import Any

import helm_python
import pytest

from chartkit.rendering import Values, render, values_of, with_value
from motcua_ops.naming import SERVICES

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
        ("alerts.runbookBase", "docs/how-to", "alerts.runbookBase"),
        ("audit.lock", "worm", "audit.lock"),
        ("audit.retentionDays", 0, "audit.retentionDays"),
        ("audit.verifySince", "lately", "audit.verifySince"),
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


def test_all_secrets_that_are_not_named_are_said_at_once() -> None:
    shared = ("mongodb", "broker", "objectStore", "pageTokens", "signing", "ops", "ops.tls")
    paths = [f"{place}.existingSecret" for place in shared]
    paths += [f"services.{service}.{name}" for service in SERVICES for name in ("existingSecret", "tls.existingSecret")]
    values = values_of("tls")
    for path in paths:
        values = with_value(values, path, "")
    message = refusal(values)
    assert [path for path in paths if f"  {path}: " not in message] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("oidc.issuer", ""),
        ("oidc.issuer", "http://id.example.vn"),
        ("objectStore.url", ""),
        ("objectStore.publicUrl", "http://objects.example.vn"),
        ("services.permits.settings.PUBLIC_URL", "http://permits.example.vn"),
        ("services.identity.settings.EID_ISSUER", "http://eid.example.vn"),
        ("audit.lock", "none"),
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


MANAGED: dict[str, object] = {
    **dict.fromkeys(("GRPC_BIND", "HTTP_BIND", "HEALTH_BIND"), "0.0.0.0:1"),
    **dict.fromkeys(("ISSUER", "JWKS_URL", "TOKEN_URL", "OBJECT_STORE_URL", "OBJECT_STORE_PUBLIC_URL"), "https://x.vn"),
    **dict.fromkeys(("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRICS_ENDPOINT"), "https://x.vn"),
    **dict.fromkeys((f"{service.upper()}_ADDRESS" for service in SERVICES), "x.vn:443"),
    **dict.fromkeys(("CITY_DIR", "TOPOLOGY_FILE", "TLS_KEY_FILE", "SIGNING_KEY_FILE", "CLOCK_OFFSET_FILE"), "/etc/x"),
    **dict.fromkeys(("SERVICE_NAME", "LEASE_NAME", "LEASE_NAMESPACE"), "x"),
    "PROFILE": "local",
    "LEADER_ELECTION": "mongodb",
    "WORKER_CONCURRENCY": 4,
    "SCHEMA_WAIT": 1,
}
"""Settings that have a value of their own in the chart, or none at all."""


@pytest.mark.parametrize("place", ["settings", "services.dossier.settings"])
def test_what_the_chart_sets_itself_is_not_overridden(place: str) -> None:
    message = refusal(with_value(values_of("production"), place, MANAGED))
    assert [name for name in MANAGED if f"  {place}.{name}: " not in message] == []


@pytest.mark.parametrize("service", ["identity", "dossier", "land"])
def test_a_service_that_others_call_is_somewhere(service: str) -> None:
    values = with_value(values_of("production"), f"services.{service}.enabled", value=False)
    assert names(refusal(values), f"services.{service}.address")


@pytest.mark.parametrize("service", ["dossier", "land", "permits", "notify"])
def test_a_service_with_events_needs_its_scheduler(service: str) -> None:
    """Without one its events would wait in the database for ever, and nobody would see why."""
    path = f"services.{service}.scheduler.enabled"
    assert names(refusal(with_value(values_of("production"), path, value=False)), path)


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
