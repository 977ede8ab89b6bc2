"""`execute`: the message that is kept for a repeat is the answer; it is made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from motcua_kit.access import Access, Caller
from motcua_kit.command import Command
from motcua_kit.rpc.call import Call, enter
from motcua_kit.rpc.handlers import execute
from motcua_kit.store import Replayed


class Mapper:
    """Makes messages, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, result: list[str]) -> StringValue:
        self.made += 1
        return StringValue(value=result[0])


@pytest.fixture
def mapper() -> Mapper:
    call = Call("s/Do", StringValue(), cast("Any", None), StringValue, lambda: datetime.now(UTC), Caller("accounts/an"))
    enter(call)
    return Mapper()


def run(mapper: Mapper, do: Callable[[Command, Access], list[str]]) -> str:
    return execute(StringValue(), mapper, do).value


def test_the_kept_reply_is_the_answer(mapper: Mapper) -> None:
    def do(command: Command, _: Access) -> list[str]:
        result = ["done"]
        assert StringValue.FromString(command.encode_reply(result)).value == "done"
        return result

    assert run(mapper, do) == "done"
    assert mapper.made == 1


def test_without_a_kept_reply_the_answer_is_made(mapper: Mapper) -> None:
    assert run(mapper, lambda _command, _access: ["done"]) == "done"
    assert mapper.made == 1


def test_a_reply_of_an_attempt_that_lost_is_not_the_answer(mapper: Mapper) -> None:
    def do(command: Command, _: Access) -> list[str]:
        command.encode_reply(["first"])
        second = ["second"]
        command.encode_reply(second)
        return second

    assert run(mapper, do) == "second"


def test_a_command_that_answers_with_something_else(mapper: Mapper) -> None:
    def do(command: Command, _: Access) -> list[str]:
        command.encode_reply(["kept"])
        return ["kept"]  # equal, and not the same

    assert run(mapper, do) == "kept"
    assert mapper.made == 2


def test_a_repeat_gets_what_was_kept(mapper: Mapper) -> None:
    def do(command: Command, _: Access) -> list[str]:
        raise Replayed(command.encode_reply(["then"]))

    assert run(mapper, do) == "then"
