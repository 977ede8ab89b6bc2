"""Every RPC as every role, against the permission table, over a real socket."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory

from motcua_client import Forbidden, MotcuaError, NotAuthenticated, StaticToken, connect
from motcua_kit.access import ANYONE, Caller, PermissionTable, Post
from motcua_kit.rpc.server import rpcs_of
from motcua_kit.service import Service
from motcua_kit.testing import Issuer, RunningService, citizen, officer, service_caller
from motcua_ops.naming import SERVICES

OFFICER_ROLES = (
    "reception_officer",
    "handler",
    "unit_head",
    "leader",
    "clerk",
    "controller",
    "finance",
    "archivist",
    "system_admin",
    "auditor",
    "consultee",
)
CALLERS: dict[str, Caller | None] = {
    ANYONE: None,
    "citizen": citizen(),
    **{role: officer(role) for role in OFFICER_ROLES},
    **{f"service.{name}": service_caller(name) for name in (*SERVICES, "ops")},
    "organisation_representative": Caller(name="accounts/rep", kind="organisation_representative"),
}
PEERS = {f"{name}_address": "127.0.0.1:9" for name in SERVICES}
"""Nobody listens there: a call that gets so far was let in."""

REQUIRED: dict[str, dict[str, Any]] = {
    "identity": {
        "eid_issuer": "http://127.0.0.1:9",
        "eid_client_id": "motcua",
        "eid_client_secret": "of-this-test",
        "sealing_key": "0123456789abcdef0123456789abcdef",
    }
}
"""Settings without a default."""


def service_of(name: str) -> Service[Any]:
    """Return a service by name, as its command line runs it."""
    service: Service[Any] = importlib.import_module(f"motcua_{name}.bootstrap").SERVICE
    return service


@pytest.mark.parametrize("name", SERVICES)
def test_table_names_only_known_roles(name: str) -> None:
    roles = {role for row in service_of(name).permissions().rows.values() for role in row}
    assert roles <= CALLERS.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_rpc_lets_in_exactly_the_roles_of_its_row(
    name: str, serve: Callable[..., RunningService], issuer: Issuer
) -> None:
    service = service_of(name)
    running = serve(service, **PEERS, **REQUIRED.get(name, {}))
    table = service.permissions()
    rpcs = [rpc for servicer in running.app.servicers for rpc in rpcs_of(servicer.name)]
    assert table.rows.keys() == set(rpcs), "rows without an RPC"
    wrong = [
        f"{rpc} as {role}: let in {let_in}"
        for role, caller in CALLERS.items()
        for rpc, let_in in _attempts(running.address, rpcs, caller, issuer).items()
        if let_in is not _allowed(table, rpc, role)
    ]
    assert wrong == []


def test_an_officer_of_another_unit_has_the_role_there_only() -> None:
    table = PermissionTable.load(service_of("dossier").package / "permissions.yaml")
    here = Caller(name="officers/a", kind="officer", posts=(Post("units/26740", "handler"),))
    access = table.authorize(here, "motcua.dossier.v1.DossierService/GetDossier")
    assert access.allows(unit="units/26740")
    assert not access.allows(unit="units/26743")


def _allowed(table: PermissionTable, rpc: str, role: str) -> bool:
    row = table.rows[rpc]
    return role in row or ANYONE in row


def _attempts(address: str, rpcs: list[str], caller: Caller | None, issuer: Issuer) -> dict[str, bool]:
    """Call each RPC with an empty request; tell for each whether the caller was let in."""
    token = StaticToken(issuer.token(caller)) if caller else None
    with connect(address, token, deadline=5.0, wait_for_ready=False) as client:
        return {rpc: _let_in(client.channel, rpc) for rpc in rpcs}


def _let_in(channel: grpc.Channel, rpc: str) -> bool:
    service, _, method = rpc.partition("/")
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
    request = message_factory.GetMessageClass(descriptor.input_type)()
    response = message_factory.GetMessageClass(descriptor.output_type)
    call = channel.unary_unary(
        f"/{rpc}", request_serializer=type(request).SerializeToString, response_deserializer=response.FromString
    )
    try:
        call(request)
    except (Forbidden, NotAuthenticated):
        return False
    except MotcuaError:
        return True  # let in; then the empty request was refused
    return True
