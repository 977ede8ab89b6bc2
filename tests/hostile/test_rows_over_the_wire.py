"""Every RPC that binds rows, over sockets, as those who must not reach a stored row; then as somebody who may.

What is called follows from the permission tables, so a new RPC or resource without a line in `rows.yaml` fails here.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.api import resource_pb2
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from motcua_devstack.fuzz.town import Town
from motcua_kit.access import ANYONE, Caller, Post, RowRule
from motcua_ops.naming import SERVICES

FILE = Path(__file__).with_name("rows.yaml")
DATA = yaml.safe_load(FILE.read_text(encoding="utf-8"))
REQUESTS: dict[str, dict[str, Any]] = DATA["requests"]

TABLES: dict[str, dict[str, RowRule]] = {
    rpc: row
    for name in SERVICES
    for rpc, row in importlib.import_module(f"motcua_{name}.bootstrap").SERVICE.permissions().rows.items()
}
BOUND = [rpc for rpc, row in TABLES.items() if any(rule is not RowRule.ANY for rule in row.values())]

PERSONS = ("citizen", "organisation_representative")
ELSEWHERE = "units/26743"
COLLEAGUE = f"officers/{'f' * 32}"

Code = grpc.StatusCode
REACHED = {Code.OK, Code.FAILED_PRECONDITION, Code.ALREADY_EXISTS}
"""What those hear who reach a row, whether or not its state lets them do what they want."""


def method(rpc: str) -> MethodDescriptor:
    service, _, name = rpc.partition("/")
    found: MethodDescriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return found


def resource(message: Descriptor | None) -> str:
    return str(message.GetOptions().Extensions[resource_pb2.resource].type) if message else ""


def spoken_of(message: Descriptor, depth: int = 2) -> Iterator[str]:
    """The resources that a message is, refers to or holds."""
    yield resource(message)
    for field in message.fields:
        reference = field.GetOptions().Extensions[resource_pb2.resource_reference]
        yield from (reference.type, reference.child_type)
        if field.message_type is not None and depth:
            yield from spoken_of(field.message_type, depth - 1)


def elements(message: Descriptor) -> FieldDescriptor | None:
    """What a list gives page by page; None for an answer that is no list."""
    if "next_page_token" not in message.fields_by_name:
        return None
    return next(field for field in message.fields if field.is_repeated and field.message_type is not None)


def is_list(rpc: str) -> bool:
    return elements(method(rpc).output_type) is not None


def subjects(rpc: str) -> set[str]:
    """The resources whose rows an RPC gives, changes or names."""
    answer = method(rpc).output_type
    listed = elements(answer)
    own = {resource(answer), resource(listed.message_type) if listed else "", *spoken_of(method(rpc).input_type)}
    return own - {""}


def test_every_rpc_that_binds_rows_is_tried() -> None:
    untried, needless = set(BOUND) - REQUESTS.keys(), REQUESTS.keys() - set(BOUND)
    assert not untried, f"say in {FILE.name} by what request about a stored row to try: {sorted(untried)}"
    assert not needless, f"no permission table binds rows of these, take them out of {FILE.name}: {sorted(needless)}"


def test_every_resource_has_rows_that_are_tried_or_a_reason_why_all_may_be_known() -> None:
    declared = {
        resource(message) for rpc in TABLES for message in method(rpc).output_type.file.message_types_by_name.values()
    } - {""}
    tried = {one for rpc in BOUND for one in subjects(rpc)}
    unknown = declared - tried - DATA["open"].keys()
    assert not unknown, f"bind their rows in a permission table, or say in {FILE.name} why they are open: {unknown}"
    assert DATA["open"].keys() <= declared


def test_nobody_acts_for_an_officer_by_delegation() -> None:
    """There is no way to hand one's rights on; when there is one, whom it lets in is to be tried here."""
    words = ("delegat", "deput", "substitut", "acting", "proxy")
    names = [*TABLES, *(role for row in TABLES.values() for role in row), *(field.name for field in fields(Caller))]
    names += [f"{rpc}.{field.name}" for rpc in TABLES for field in method(rpc).input_type.fields]
    assert [name for name in names if any(word in name.lower() for word in words)] == []


@dataclass(frozen=True)
class Attempt:
    """A call by somebody."""

    rpc: str
    who: str
    caller: Caller
    seconds: int = 600


class Wire:
    """Calls RPCs of a town with the requests of the file."""

    def __init__(self, town: Town, rows: dict[str, str]) -> None:
        self._issuer = town.issuer
        self._rows = rows
        self._channels = {name: grpc.insecure_channel(one.address) for name, one in town.services.items()}

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def call(self, attempt: Attempt) -> tuple[grpc.StatusCode, int]:
        """Return how the call ended, and how many elements a list had."""
        described = method(attempt.rpc)
        request = self._request(attempt.rpc, described)
        metadata = (
            ("authorization", f"Bearer {self._issuer.token(attempt.caller, seconds=attempt.seconds)}"),
            ("on-behalf-of", self._rows["applicant"]),  # only a service is believed
        )
        answer = message_factory.GetMessageClass(described.output_type)
        channel = self._channels[attempt.rpc.split(".")[1]]
        call: Any = channel.unary_unary(f"/{attempt.rpc}", type(request).SerializeToString, answer.FromString)
        try:
            got = call(request, timeout=20, metadata=metadata)
        except grpc.RpcError as error:
            return error.code(), 0
        listed = elements(described.output_type)
        return Code.OK, len(getattr(got, listed.name)) if listed else 0

    def _request(self, rpc: str, described: MethodDescriptor) -> Message:
        message = message_factory.GetMessageClass(described.input_type)()
        return json_format.ParseDict(self._filled(REQUESTS.get(rpc, {})), message)

    def _filled(self, part: Any) -> Any:
        match part:
            case dict():
                return {key: self._filled(value) for key, value in part.items()}
            case list():
                return [self._filled(value) for value in part]
            case str() if part.startswith("$"):
                return self._rows[part.removeprefix("$")]
            case _:
                return part


def rightful(town: Town, rpc: str) -> Iterator[Attempt]:
    """Holders of the roles whose rows the row rules bind, and to whom the rows of the file belong."""
    for role, rule in TABLES[rpc].items():
        caller = town.caller(role)
        if caller is not None and rule is not RowRule.ANY:
            yield Attempt(rpc, role, caller)


def strangers(town: Town, rpc: str) -> Iterator[Attempt]:
    """Who holds the same roles and must not reach these rows."""
    for one in rightful(town, rpc):
        role, caller = one.who, one.caller
        match TABLES[rpc][role]:
            case RowRule.UNIT:
                there = (Post(ELSEWHERE, role),)
                yield replace(one, who=f"{role} of another unit", caller=Caller(COLLEAGUE, "officer", there))
                yield replace(one, who=f"{role} who moved on", caller=replace(caller, posts=there))
            case _ if role in PERSONS:
                yield replace(one, who=f"another {role}", caller=replace(caller, name=town.neighbour))
            case _ if caller.kind == "officer":
                yield replace(one, who=f"another {role}", caller=replace(caller, name=COLLEAGUE))
            case _:
                yield one  # a service, which owns nothing


def former(town: Town) -> Iterator[tuple[Attempt, grpc.StatusCode]]:
    """Officers whose posts have ended, and what they hear: with a token of today, and with the last one of before."""
    for rpc, row in TABLES.items():
        for role in row:
            caller = town.caller(role)
            if caller is not None and caller.kind == "officer" and ANYONE not in row:
                left = replace(caller, posts=())
                yield Attempt(rpc, f"former {role}", left), Code.PERMISSION_DENIED
                yield Attempt(rpc, f"{role} with an expired token", caller, seconds=-60), Code.UNAUTHENTICATED


def stored(town: Town) -> dict[str, Any]:
    """All documents of all services, by collection and key."""
    return {
        f"{service}.{name}/{document['_id']}": document
        for service, running in town.services.items()
        for name in running.runtime.store.database.list_collection_names()
        if not name.startswith("_")
        for document in running.runtime.store.database[name].find()
    }


@pytest.fixture
def wire(quiet_town: Town, rows: dict[str, str]) -> Iterator[Wire]:
    with closing(Wire(quiet_town, rows)) as wire:
        yield wire


def test_strangers_and_former_officers_reach_nothing_and_change_nothing(quiet_town: Town, wire: Wire) -> None:
    before, wrong = stored(quiet_town), []
    for rpc in REQUESTS:
        for attempt in strangers(quiet_town, rpc):
            code, found = wire.call(attempt)
            if code is not Code.NOT_FOUND and not (is_list(rpc) and code is Code.OK and not found):
                wrong.append(f"{rpc} as {attempt.who}: {code.name}, {found} rows")
    for attempt, expected in former(quiet_town):
        if (code := wire.call(attempt)[0]) is not expected:
            wrong.append(f"{attempt.rpc} as {attempt.who}: {code.name}")
    assert not wrong, "\n".join(wrong)
    after = stored(quiet_town)
    assert sorted(key for key in before | after if before.get(key) != after.get(key)) == []
    # Whoever may reach the rows does: so it was the row rule that stood in the way.
    unreached = []
    for rpc in REQUESTS:
        ends = [(one.who, *wire.call(one)) for one in rightful(quiet_town, rpc)]
        if not any(code in REACHED and (found or not is_list(rpc)) for _, code, found in ends):
            unreached.append(f"{rpc}: {[(who, code.name, found) for who, code, found in ends]}")
    assert not unreached, "\n".join(unreached)
