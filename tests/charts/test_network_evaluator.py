"""The evaluator of NetworkPolicies itself, against cases from the API's documentation."""

from typing import Any

import pytest

from chartkit.network import Endpoint, allowed
from chartkit.rendering import Object

CLIENT = Endpoint("client", "10.1.0.1", "city", {"app": "client", "tier": "front"})
SERVER = Endpoint("server", "10.1.0.2", "city", {"app": "server"}, {"grpc": 50051, "http": 8080})
STRANGER = Endpoint("stranger", "10.1.0.3", "elsewhere", {"app": "client"})
INTERNET = Endpoint("internet", "198.51.100.7")

EVERYONE: Object = {}
NOBODY: list[Any] = []


def policy(selector: Object, **spec: Any) -> Object:
    types = [name.capitalize() for name in spec]
    return {"metadata": {"namespace": "city"}, "spec": {"podSelector": selector, "policyTypes": types, **spec}}


def labelled(**labels: str) -> Object:
    return {"matchLabels": labels}


def test_without_policies_all_is_allowed() -> None:
    assert allowed([], CLIENT, SERVER, 1)


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_deny_all(direction: str) -> None:
    assert not allowed([policy(EVERYONE, **{direction: NOBODY})], CLIENT, SERVER, 50051)


def test_a_policy_of_another_namespace_says_nothing() -> None:
    elsewhere = {**policy(EVERYONE, ingress=NOBODY), "metadata": {"namespace": "elsewhere"}}
    assert allowed([elsewhere], CLIENT, SERVER, 50051)
    assert not allowed([elsewhere], CLIENT, STRANGER, 50051)


def test_policies_add_up() -> None:
    rule = {"from": [{"podSelector": labelled(app="client")}], "ports": [{"port": "grpc"}]}
    policies = [policy(EVERYONE, ingress=NOBODY), policy(labelled(app="server"), ingress=[rule])]
    assert allowed(policies, CLIENT, SERVER, 50051)
    assert not allowed(policies, CLIENT, SERVER, 8080)
    assert not allowed(policies, CLIENT, SERVER, 50051, "UDP")
    assert not allowed(policies, SERVER, CLIENT, 50051)
    assert not allowed(policies, STRANGER, SERVER, 50051)
    assert not allowed(policies, INTERNET, SERVER, 50051)


def test_both_ends_must_agree() -> None:
    egress = policy(labelled(app="client"), egress=[{"to": [{"podSelector": labelled(app="server")}]}])
    assert allowed([egress], CLIENT, SERVER, 1)
    assert not allowed([egress, policy(labelled(app="server"), ingress=NOBODY)], CLIENT, SERVER, 1)


@pytest.mark.parametrize(
    ("peer", "sources"),
    [
        ({"podSelector": labelled(app="client")}, {CLIENT.name}),
        ({"namespaceSelector": EVERYONE}, {CLIENT.name, STRANGER.name}),
        ({"namespaceSelector": labelled(**{"kubernetes.io/metadata.name": "elsewhere"})}, {STRANGER.name}),
        ({"namespaceSelector": EVERYONE, "podSelector": labelled(tier="front")}, {CLIENT.name}),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, {CLIENT.name, STRANGER.name, INTERNET.name}),
        ({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}, {INTERNET.name}),
    ],
)
def test_peers(peer: Object, sources: set[str]) -> None:
    policies = [policy(labelled(app="server"), ingress=[{"from": [peer]}])]
    assert {end.name for end in (CLIENT, STRANGER, INTERNET) if allowed(policies, end, SERVER, 8080)} == sources


@pytest.mark.parametrize(
    ("operator", "values", "selected"),
    [
        ("In", ["client"], True),
        ("NotIn", ["client"], False),
        ("NotIn", ["other"], True),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_expressions(operator: str, values: list[str], *, selected: bool) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}
    assert allowed([policy(selector, egress=NOBODY)], CLIENT, SERVER, 1) is not selected


@pytest.mark.parametrize(("port", "passes"), [(8079, False), (8080, True), (8085, True), (8090, True), (8091, False)])
def test_ranges_of_ports(port: int, *, passes: bool) -> None:
    rule = {"ports": [{"port": 8080, "endPort": 8090}]}
    assert allowed([policy(EVERYONE, ingress=[rule])], CLIENT, SERVER, port) is passes


def test_an_egress_policy_without_types_also_isolates_ingress() -> None:
    spec = {"podSelector": EVERYONE, "egress": [{}]}
    assert not allowed([{"metadata": {"namespace": "city"}, "spec": spec}], CLIENT, SERVER, 1)
