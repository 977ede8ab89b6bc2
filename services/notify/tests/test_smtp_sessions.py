"""Sessions with mail servers that keep them open, end them, limit them and talk too much, over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from motcua_devstack import ports
from motcua_devstack.sinks import Fault, Sinks
from motcua_notify.adapters import smtp_sessions
from motcua_notify.adapters.smtp import SmtpSender
from motcua_notify.application.ports import Outgoing, ProviderDown, ProviderRefused
from motcua_notify.domain.template import Rendered

TEXT = Rendered("Hồ sơ đã nhận", "Kính gửi", "<p>Kính gửi</p>")


def mail(number: int) -> Outgoing:
    return Outgoing(f"message{number}", "an@example.vn", TEXT, "vi")


def sender_to(port: int) -> SmtpSender:
    return SmtpSender("127.0.0.1", port, "no-reply@motcua.test", "Một cửa", "motcua.test", timeout=2)


class MailServer:
    """Counts sessions and takes so many messages in each."""

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.taken: list[list[str]] = []
        """The messages of each session."""
        self.refused = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        session.taken = []
        self.taken.append(session.taken)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if len(session.taken) >= self.limit:
            self.refused += 1
            return "421 4.7.0 too many messages"
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        first, *_ = envelope.content.decode().splitlines()
        session.taken.append(first.removeprefix("Message-ID: <").partition("@")[0])
        return "250 2.0.0 taken"


@contextmanager
def serving(server: MailServer) -> Iterator[SmtpSender]:
    port = ports.allocate(["mail"])["mail"]
    controller = Controller(server, ports.HOST, port)
    controller.start()
    try:
        yield sender_to(port)
    finally:
        controller.stop()


def test_messages_go_over_one_session() -> None:
    server = MailServer()
    with serving(server) as sender:
        for number in range(3):
            sender.send(mail(number))
    assert server.taken == [["message0", "message1", "message2"]]


def test_a_server_that_wants_no_more_gets_the_message_in_a_new_session() -> None:
    server = MailServer(limit=2)
    with serving(server) as sender:
        for number in range(5):
            sender.send(mail(number))
    assert server.taken == [["message0", "message1"], ["message2", "message3"], ["message4"]]
    assert server.refused == 2


def test_a_server_that_wants_nothing_is_an_outage() -> None:
    server = MailServer(limit=0)
    with serving(server) as sender, pytest.raises(ProviderDown, match="smtp-421"):
        sender.send(mail(0))
    assert server.refused == 1


@pytest.mark.parametrize("bound", ["MESSAGES", "IDLE_SECONDS"])
def test_a_session_that_is_old_is_not_used_again(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(smtp_sessions, bound, 0)
    server = MailServer()
    with serving(server) as sender:
        sender.send(mail(0))
        sender.send(mail(1))
    assert server.taken == [["message0"], ["message1"]]


def test_a_server_that_has_ended_the_session_meanwhile_delays_nothing(tmp_path: Path) -> None:
    with Sinks(tmp_path) as first:
        sender = sender_to(first.smtp_port)
        sender.send(mail(0))
    with Sinks(tmp_path, smtp_port=first.smtp_port) as second:
        sender.send(mail(1))
        assert len(second.email.files()) == 2
        assert second.email.repeats == 0


def test_a_second_answer_is_not_taken_for_that_to_the_next_message(sinks: Sinks) -> None:
    sender = sender_to(sinks.smtp_port)
    sinks.faults.set({"smtp": Fault(answer_twice=True)})
    sender.send(mail(0))
    sinks.faults.set({"smtp": Fault(code=550)})
    with pytest.raises(ProviderRefused, match="smtp-550"):
        sender.send(mail(1))
    sinks.faults.set({})
    sender.send(mail(2))
    assert [file.name.partition("@")[0] for file in sinks.email.files()] == ["message0", "message2"]


def test_after_a_failure_the_session_is_a_new_one(sinks: Sinks) -> None:
    sender = sender_to(sinks.smtp_port)
    for code, failure in ((451, ProviderDown), (550, ProviderRefused)):
        sender.send(mail(code))
        sinks.faults.set({"smtp": Fault(code=code)})
        with pytest.raises(failure):
            sender.send(mail(0))
        sinks.faults.set({})
    sender.send(mail(0))
    assert (len(sinks.email.files()), sinks.email.repeats) == (3, 0)
