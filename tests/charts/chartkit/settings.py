"""What a container is told, set against the Settings class of its service."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

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


def required_variables(service: str) -> set[str]:
    """Those of them without a default."""
    fields = class_of(service).model_fields.items()
    return {name.upper() for name, field in fields if field.default is PydanticUndefined}


def environment(container: Object) -> dict[str, str]:
    """Return the variables of a container that are written out."""
    return {item["name"]: item["value"] for item in container.get("env", []) if "value" in item}


def secret_files(workload: Workload, container: Object) -> set[str]:
    """Names of the files that a container finds in its `SECRETS_DIR`."""
    folder = environment(container).get(SECRETS_DIR)
    mounted = {mount["name"] for mount in container.get("volumeMounts", []) if mount["mountPath"] == folder}
    volumes = [volume for volume in workload.spec.get("volumes", []) if volume["name"] in mounted]
    return {item["path"] for volume in volumes for source in secret_sources(volume) for item in source.get("items", [])}


def secret_sources(volume: Object) -> Iterator[Object]:
    """Yield the Secrets of a volume, each with its `items`."""
    if "secret" in volume:
        yield {"name": volume["secret"]["secretName"], **volume["secret"]}
    for source in volume.get("projected", {}).get("sources", []):
        if "secret" in source:
            yield source["secret"]
