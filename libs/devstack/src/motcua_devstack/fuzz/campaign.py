"""Hostile calls of RPCs, each judged."""

from collections.abc import Iterator

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from motcua_client import Client, MotcuaError, connect
from motcua_devstack.fuzz.corpus import Corpus
from motcua_devstack.fuzz.judging import answer_problems, error_problems
from motcua_devstack.fuzz.requests import requests
from motcua_devstack.fuzz.tally import Tally, repeatable
from motcua_devstack.fuzz.town import Town
from motcua_devstack.fuzz.wire import payloads
from motcua_kit.rpc.server import rpcs_of

DEADLINE_SECONDS = 20.0
"""A call that takes longer hangs."""

FIRST = ("Get", "List")
LAST = ("Delete", "EndPost", "Refuse", "Replace", "Stop", "Withdraw")


class Campaign:
    """Calls RPCs of a town with hostile requests.

    Args:
        town: what is called.
        tally: where it is noted what happens.
    """

    def __init__(self, town: Town, tally: Tally) -> None:
        self._town = town
        self._clients: dict[tuple[str, str], Client] = {}
        self._corpus = Corpus(town.names())
        self.tally = tally

    def close(self) -> None:
        """End all connections."""
        for client in self._clients.values():
            client.close()

    def rpcs(self) -> list[str]:
        """All RPCs: queries first, so that commands know names, and last what ends things for the others."""
        found = [
            rpc
            for one in self._town.services.values()
            for servicer in one.app.servicers
            for rpc in rpcs_of(servicer.name)
        ]
        return sorted(found, key=lambda rpc: (_has(rpc, LAST), not _has(rpc, FIRST)))

    def roles(self, rpc: str) -> list[str]:
        """The roles that may call an RPC."""
        return sorted(self._town.permissions(_service(rpc))[rpc])

    def attack(self, rpc: str, examples: int, *, number: int) -> None:
        """Call an RPC so many times as all who may call it.

        Args:
            rpc: full name.
            examples: how many requests.
            number: seed; the same one asks the same questions of the same town.
        """
        service, _, method = rpc.partition("/")
        descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
        answers: list[Message] = []
        for request in self._town.overheard:
            self._corpus.overhear(request)
        self._town.overheard.clear()

        @repeatable(examples, number)
        @given(st.sampled_from(self.roles(rpc)), requests(descriptor.input_type, self._corpus).flatmap(payloads))
        def one(role: str, payload: bytes) -> None:
            answers.extend(self.ask(rpc, role, payload, number))

        one()
        for answer in answers:  # only now, so that the questions do not depend on the answers to them
            self._corpus.learn(answer)

    def ask(self, rpc: str, role: str, payload: bytes, number: int) -> Iterator[Message]:
        """Call once and judge; yields the answer if there is one."""
        service, _, method = rpc.partition("/")
        descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
        answer_class = message_factory.GetMessageClass(descriptor.output_type)
        call = self._client(_service(rpc), role).channel.unary_unary(
            f"/{rpc}", request_serializer=bytes, response_deserializer=answer_class.FromString
        )
        try:
            answer: Message = call(payload)
        except MotcuaError as error:
            self.tally.calls[error.code.name] += 1
            self.tally.note(rpc, role, payload, error_problems(error, _service(rpc)), number=number)
            return
        self.tally.calls["OK"] += 1
        self.tally.reached.add(rpc)
        self.tally.note(rpc, role, payload, answer_problems(answer), number=number)
        yield answer

    def _client(self, service: str, role: str) -> Client:
        if (service, role) not in self._clients:
            address = self._town.services[service].address
            self._clients[service, role] = connect(address, self._town.credentials(role), deadline=DEADLINE_SECONDS)
        return self._clients[service, role]


def _has(rpc: str, verbs: tuple[str, ...]) -> bool:
    return rpc.partition("/")[2].startswith(verbs)


def _service(rpc: str) -> str:
    return rpc.split(".")[1]
