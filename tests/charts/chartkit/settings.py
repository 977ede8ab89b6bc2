"""What a container is told, set against the Settings class of its service."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from pydantic import SecretStr

from chartkit.rendering import Object, Workload
from motcua_kit.settings import ServiceSettings

SERVICES = ("identity", "dossier", "land", "permits", "notify")
SECRETS_DIR = "SECRETS_DIR"


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
        for source in _secrets(volumes[mount["name"]])
        for item in source.get("items", [])
    }
    return {file.name for file in files if file.parent == folder}


def _secrets(volume: Object) -> Iterator[Object]:
    """Yield the Secrets of a volume, each with its `items`."""
    if "secret" in volume:
        yield volume["secret"]
    for source in volume.get("projected", {}).get("sources", []):
        if "secret" in source:
            yield source["secret"]
