"""Decides which connections NetworkPolicies (networking.k8s.io/v1) allow, as an enforcer of them would."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chartkit.rendering import Object

INGRESS, EGRESS = "Ingress", "Egress"
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Endpoint:
    """One end of a connection.

    Attributes:
        name: how a test speaks of it.
        address: its IPv4 address.
        namespace: where the pod is; empty for what is no pod.
        labels: labels of the pod.
        ports: its named ports.
    """

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def allowed(policies: Iterable[Object], source: Endpoint, target: Endpoint, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection is allowed: by the egress rules of its source and by the ingress rules of its target."""
    policies = list(policies)
    return _passes(policies, EGRESS, source, target, (target, port, protocol)) and _passes(
        policies, INGRESS, target, source, (target, port, protocol)
    )


def _passes(
    policies: list[Object], direction: str, pod: Endpoint, peer: Endpoint, to: tuple[Endpoint, int, str]
) -> bool:
    """Whether the policies of one end let a connection pass; an end that none selects is open."""
    selecting = [policy for policy in policies if direction in _types(policy) and _selects(policy, pod)]
    if not selecting:
        return True
    way = "from" if direction == INGRESS else "to"
    return any(
        _matches_peers(rule.get(way), peer, policy["metadata"]["namespace"]) and _matches_ports(rule.get("ports"), *to)
        for policy in selecting
        for rule in policy["spec"].get(direction.lower(), [])
    )


def _types(policy: Object) -> list[str]:
    spec = policy["spec"]
    types: list[str] = spec.get("policyTypes") or [INGRESS, *([EGRESS] if "egress" in spec else [])]
    return types


def _selects(policy: Object, pod: Endpoint) -> bool:
    return policy["metadata"]["namespace"] == pod.namespace and matches(policy["spec"]["podSelector"], pod.labels)


def _matches_peers(peers: list[Object] | None, end: Endpoint, namespace: str) -> bool:
    """Whether an end is one of the peers of a rule; a rule without peers means all."""
    return not peers or any(_matches_peer(peer, end, namespace) for peer in peers)


def _matches_peer(peer: Object, end: Endpoint, namespace: str) -> bool:
    if "ipBlock" in peer:
        address = ipaddress.ip_address(end.address)
        block = peer["ipBlock"]
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(excepted) for excepted in block.get("except", [])
        )
    if not end.namespace:
        return False
    if "namespaceSelector" in peer:
        in_namespace = matches(peer["namespaceSelector"], {NAME_LABEL: end.namespace})
    else:
        in_namespace = end.namespace == namespace
    return in_namespace and matches(peer.get("podSelector", {}), end.labels)


def _matches_ports(ports: list[Object] | None, target: Endpoint, port: int, protocol: str) -> bool:
    """Whether a port is one of those of a rule; a rule without ports means all."""
    return not ports or any(_matches_port(item, target, port, protocol) for item in ports)


def _matches_port(item: Object, target: Endpoint, port: int, protocol: str) -> bool:
    if item.get("protocol", "TCP") != protocol:
        return False
    match item.get("port"):
        case None:
            return True
        case str() as name:
            return target.ports.get(name) == port
        case int() as first:
            last: int = item.get("endPort", first)
            return first <= port <= last
        case other:
            raise TypeError(f"a port is a number or a name, not {other!r}")


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects labels; an empty one selects all."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise ValueError(f"no operator {other}")
