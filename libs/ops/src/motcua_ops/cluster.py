# mypy: disable-error-code="no-untyped-call"
"""The cluster, as the operator's kubeconfig or the pod's service account shows it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from kubernetes import client, config

from motcua_ops.errors import OpsError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
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
        try:
            if not context and (SERVICE_ACCOUNT / "token").exists():
                config.load_incluster_config(client_configuration=configuration)
                namespace = (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
            else:
                config.load_kube_config(context=context or None, client_configuration=configuration)
                contexts, active = config.list_kube_config_contexts()
                chosen = next((item for item in contexts if item["name"] == context), active)
                namespace = chosen["context"].get("namespace", "default")
        except config.ConfigException as error:
            raise OpsError(f"no cluster: {error}") from error
        configuration.retries = 1  # an absent server is told of soon
        return cls(client.ApiClient(configuration), namespace)

    @cached_property
    def core(self) -> client.CoreV1Api:
        """Pods, Services, Secrets."""
        return client.CoreV1Api(self.api)
