"""Secrets in the cluster: read by name, created when absent, never replaced by accident."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import urllib3
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from motcua_ops.cluster import SECONDS, Cluster
from motcua_ops.errors import OpsError
from motcua_ops.secrets.catalogue import SecretSpec

NOT_FOUND, CONFLICT = 404, 409
LABELS = {"app.kubernetes.io/part-of": "motcua", "app.kubernetes.io/managed-by": "motcua-ops"}


def manifest(name: str, namespace: str, spec: SecretSpec, values: Mapping[str, bytes]) -> dict[str, Any]:
    """The manifest of one Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": LABELS},
        "type": spec.type,
        "data": {key: base64.b64encode(value).decode() for key, value in sorted(values.items())},
    }


class SecretStore:
    """The Secrets of one namespace.

    Every method raises `OpsError` when the API server does not answer or refuses.
    """

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._core = cluster.core
        self._namespace = namespace

    def read(self, names: Iterable[str]) -> dict[str, dict[str, bytes]]:
        """Return the contents of those that exist."""
        found = {}
        for name in names:
            try:
                secret = self._core.read_namespaced_secret(name, self._namespace, _request_timeout=SECONDS)
            except ApiException as error:
                if error.status != NOT_FOUND:
                    raise self._refused(f"read Secret {name}", error) from error
            except urllib3.exceptions.HTTPError as error:
                raise OpsError(f"the API server does not answer: {error}") from error
            else:
                found[name] = {key: base64.b64decode(value) for key, value in (secret.data or {}).items()}
        return found

    def write(self, manifest: dict[str, Any], before: Mapping[str, bytes] | None) -> None:
        """Create a Secret, or give one that exists these contents.

        Args:
            manifest: of the Secret.
            before: its contents so far; None when there is none.
        """
        name = manifest["metadata"]["name"]
        try:
            if before is not None:
                change = {"data": {**dict.fromkeys(before), **manifest["data"]}}  # null takes a key out
                self._core.patch_namespaced_secret(name, self._namespace, change, _request_timeout=SECONDS)
            else:
                body = client.V1Secret.model_validate(manifest)
                self._core.create_namespaced_secret(self._namespace, body, _request_timeout=SECONDS)
        except ApiException as error:
            raise self._refused(f"write Secret {name}", error) from error
        except urllib3.exceptions.HTTPError as error:
            raise OpsError(f"the API server does not answer: {error}") from error

    def _refused(self, what: str, error: ApiException) -> OpsError:
        if error.status == CONFLICT:
            return OpsError(f"cannot {what} in namespace {self._namespace}: it appeared meanwhile; run this again")
        return OpsError(f"cannot {what} in namespace {self._namespace}: {error.status} {error.reason}")
