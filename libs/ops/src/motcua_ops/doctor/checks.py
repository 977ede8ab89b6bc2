"""All checks, as data: what each asks, and what it needs to be asked at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests
import urllib3
from kubernetes.client.exceptions import ApiException
from minio.error import MinioException
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from motcua_ops.doctor import cluster, databases, network, queues, seals, secrets, stores, workloads
from motcua_ops.doctor.context import Context
from motcua_ops.doctor.findings import Finding, fail, skipped
from motcua_ops.errors import OpsError

Need = Callable[[Context], str]
"""Says why a check cannot be done here; empty when it can."""

UNREACHABLE = (
    ApiException,
    MinioException,
    OSError,
    OpsError,
    PyMongoError,
    RedisError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
)
"""What the clients of cluster and stores raise when these do not answer or refuse."""


def _cluster(context: Context) -> str:
    return "" if context.cluster else context.no_cluster


def _inside(context: Context) -> str:
    return "" if context.inside else "only pods can tell"


def _setting(*names: str) -> Need:
    def need(context: Context) -> str:
        values = {name: getattr(context.settings, name) for name in names}
        lacking = [
            name.upper()
            for name, value in values.items()
            if not getattr(value, "get_secret_value", lambda v=value: v)()
        ]
        return f"not set: {', '.join(lacking)}" if lacking else ""

    return need


def _sealed(context: Context) -> str:
    """The bucket has a default: that it is named says that histories are sealed here."""
    return "" if "audit_bucket" in context.settings.model_fields_set else "not set: AUDIT_BUCKET"


_MONGODB, _BROKER = _setting("mongodb_uri"), _setting("broker_url")
_OBJECTS = _setting("object_store_url", "object_store_access_key", "object_store_secret_key")


@dataclass(frozen=True)
class Check:
    """One question about an installation.

    Attributes:
        name: for `--only`.
        ask: yields what it found.
        need: says why it cannot be asked.
        advice: what to do when whoever is asked does not answer.
    """

    name: str
    ask: Callable[[Context], Iterator[Finding]]
    need: Need
    advice: str

    def findings(self, context: Context) -> Iterator[Finding]:
        """Ask; what cannot be asked is skipped, what does not answer has failed."""
        if reason := self.need(context):
            yield skipped(self.name, reason)
            return
        try:
            yield from self.ask(context)
        except UNREACHABLE as error:
            yield fail(self.name, _said(error), self.advice)


def _said(error: Exception) -> str:
    if isinstance(error, ApiException):
        return f"the API server said {error.status} {error.reason}"
    return " ".join(str(error).split())[:300] or type(error).__name__


_API = "kubectl auth can-i --list; check the kubeconfig's context and your rights"
_DATABASE = "check MONGODB_URI, the server, and that network policies let this pod reach it"
_QUEUES = "check BROKER_URL, the server, and that network policies let this pod reach it"
_SEALS = "check AUDIT_STORE_URL, its keys, and that network policies let this pod reach it"
_BUCKETS = "check OBJECT_STORE_URL, its keys, and that network policies let this pod reach it"

CHECKS = (
    Check("cluster", cluster.version, _cluster, _API),
    Check("permissions", cluster.permissions, _cluster, _API),
    Check("cluster-clock", cluster.clock, _cluster, _API),
    Check("workloads", workloads.deployments, _cluster, _API),
    Check("pods", workloads.pods, _cluster, _API),
    Check("jobs", workloads.jobs, _cluster, _API),
    Check("secrets", secrets.secrets, _cluster, _API),
    Check("certificates", secrets.certificates, _cluster, _API),
    Check("mounted-certificate", secrets.mounted, _setting("tls_certificate_file"), "mount the whole Secret"),
    Check("dns", network.names, _inside, "look at CoreDNS"),
    Check("mongodb", stores.mongodb, _MONGODB, _DATABASE),
    Check("schemas", databases.schemas, _MONGODB, _DATABASE),
    Check("object-store", stores.objects, _OBJECTS, _BUCKETS),
    Check("seals", seals.seals, _sealed, _SEALS),
    Check("broker", stores.broker, _BROKER, _QUEUES),
    Check("queues", queues.queues, _BROKER, _QUEUES),
    Check("outboxes", queues.outboxes, _MONGODB, _DATABASE),
    Check("dead-letters", queues.dead_letters, _MONGODB, _DATABASE),
    Check("deadlines", databases.overdue, _MONGODB, _DATABASE),
    Check("issuer", network.issuer, _setting("issuer"), "look at identity's HTTP end, Ingress and certificate"),
    Check("calls", network.calls, _setting("issuer", "client_secret"), "see the finding"),
    Check("telemetry", network.telemetry, _setting("otel_exporter_otlp_endpoint"), "look at the collector"),
)
