# mypy: disable-error-code="no-untyped-call"
"""The cluster, as the operator's kubeconfig or the pod's service account shows it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from kubernetes import client, config

from motcua_ops.errors import OpsError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Manifest = dict[str, Any]
"""An object as the API server writes it."""

SECONDS = 10
"""Bound of one request to the API server."""


@dataclass(frozen=True)
class Cluster:
    """A connection to the API server.

    Attributes:
        api: its client.
        namespace: the one that the kubeconfig's context or the service account lies in.
    """

    api: client.ApiClient
    namespace: str

    @classmethod
    def connect(cls, context: str = "") -> Self:
        """Connect from inside a pod or, elsewhere, as the kubeconfig says.

        Args:
            context: of the kubeconfig; its current one when empty.

        Raises:
            OpsError: there is neither.
        """
        configuration = client.Configuration()
        files = os.environ.get("KUBECONFIG")  # the library looks only once, when it is imported
        try:
            if not (context or files) and "KUBERNETES_SERVICE_HOST" in os.environ:
                if not (SERVICE_ACCOUNT / "token").exists():
                    raise OpsError("this pod may not ask the API server: it has no service account token")
                config.load_incluster_config(client_configuration=configuration)
                namespace = (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
            else:
                config.load_kube_config(files, context=context or None, client_configuration=configuration)
                contexts, active = config.list_kube_config_contexts(files)
                chosen = next((item for item in contexts if item["name"] == context), active)
                namespace = chosen["context"].get("namespace", "default")
        except config.ConfigException as error:
            raise OpsError(f"no cluster: {error}") from error
        configuration.retries = 1  # an absent server is told of soon
        return cls(client.ApiClient(configuration), namespace)

    def labelled(self, kind: "Kind", namespace: str, selector: str) -> list[Manifest]:
        """Return the objects of a kind that a label selector finds, as the API server writes them.

        Raises:
            kubernetes.client.exceptions.ApiException: it refused.
            urllib3.exceptions.HTTPError: it does not answer.
        """
        answer = kind(self.api)(namespace, label_selector=selector, _preload_content=False, _request_timeout=SECONDS)
        items: list[Manifest] = json.loads(answer.data)["items"]
        return items

    @cached_property
    def core(self) -> client.CoreV1Api:
        """Pods, Services, Secrets."""
        return client.CoreV1Api(self.api)


Kind = Callable[[client.ApiClient], Callable[..., Any]]
"""Makes the client's method that lists the objects of a kind."""


def deployments(api: client.ApiClient) -> Callable[..., Any]:
    """Deployments."""
    return client.AppsV1Api(api).list_namespaced_deployment


def stateful_sets(api: client.ApiClient) -> Callable[..., Any]:
    """StatefulSets."""
    return client.AppsV1Api(api).list_namespaced_stateful_set


def pods(api: client.ApiClient) -> Callable[..., Any]:
    """Pods."""
    return client.CoreV1Api(api).list_namespaced_pod


def jobs(api: client.ApiClient) -> Callable[..., Any]:
    """Jobs."""
    return client.BatchV1Api(api).list_namespaced_job


def cron_jobs(api: client.ApiClient) -> Callable[..., Any]:
    """CronJobs."""
    return client.BatchV1Api(api).list_namespaced_cron_job
