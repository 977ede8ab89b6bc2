"""Validates objects strictly against the schemas of the Kubernetes versions that the charts support."""

from __future__ import annotations

import json
from functools import cache

import kubernetes_validate
from kubernetes_validate import utils

from chartkit.rendering import Object

# It would read 1.5 MB of JSON again for each object.
utils.schema_contents = cache(utils.schema_contents)

VERSIONS = ("1.29", "1.34", "1.37")
"""The lowest of `kubeVersion`, the one of our own cluster tests, the newest known."""

CUSTOM = {("monitoring.coreos.com/v1", "PrometheusRule")}
"""Kinds that operators bring; their schemas are not Kubernetes'."""


def violation(item: Object, version: str) -> str:
    """Return what a version of Kubernetes would refuse of an object; empty when nothing."""
    if (item["apiVersion"], item["kind"]) in CUSTOM:
        return ""
    return _violation(json.dumps(item, sort_keys=True), version)


@cache
def _violation(text: str, version: str) -> str:
    """Judge an object; variations share most of theirs, which are judged once."""
    item = json.loads(text)
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        path = ".".join(map(str, error.absolute_path))
        return f"{item['kind']}/{item['metadata']['name']}: {path}: {error.message}"
    return ""
