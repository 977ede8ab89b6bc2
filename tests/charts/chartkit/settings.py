"""What a container is told, set against the Settings class of its service."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import SecretStr

from chartkit.rendering import Object, Workload
from motcua_kit.settings import ServiceSettings

SECRETS_DIR = "SECRETS_DIR"

NOT_OURS = {
    "HOME",
    "PYTHONUNBUFFERED",
    # the collector's resource attributes; the city's own certificate authorities
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "K8S_POD_NAME",
    "K8S_NODE_NAME",
}
"""Variables that Python, OpenTelemetry and TLS libraries read themselves."""


def class_of(service: str) -> type[ServiceSettings]:
    """Return the Settings class of a service."""
    settings: type[ServiceSettings] = importlib.import_module(f"motcua_{service}.bootstrap").SERVICE.settings
    return settings


def variables(service: str) -> set[str]:
    """All variables that a service reads."""
    return {name.upper() for name in class_of(service).model_fields}


def secret_variables(service: str) -> set[str]:
    """Those of them that are secrets."""
    return {name.upper() for name, field in class_of(service).model_fields.items() if field.annotation is SecretStr}


def environment(container: Object) -> dict[str, str]:
    """Return the variables of a container that are written out."""
    return {item["name"]: item["value"] for item in container.get("env", []) if "value" in item}


def secret_files(workload: Workload, container: Object) -> set[str]:
    """Names of the files that a container finds in its `SECRETS_DIR`."""
    folder = PurePosixPath(environment(container).get(SECRETS_DIR, "/nowhere"))
    volumes = {volume["name"]: volume for volume in workload.spec.get("volumes", [])}
    files = {
        PurePosixPath(mount["mountPath"], item["path"])
        for mount in container.get("volumeMounts", [])
        for item in _items(volumes.get(mount["name"], {}))
    }
    return {file.name for file in files if file.parent == folder}


def secret_items(workload: Workload) -> list[Object]:
    """Keys of Secrets that a pod mounts one by one, each with the path of its file."""
    return [item for volume in workload.spec.get("volumes", []) for item in _items(volume)]


def _items(volume: Object) -> Iterator[Object]:
    for source in [volume, *volume.get("projected", {}).get("sources", [])]:
        yield from source.get("secret", {}).get("items", [])
