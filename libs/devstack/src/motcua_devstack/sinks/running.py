"""Both sinks together."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from motcua_devstack.ports import HOST
from motcua_devstack.sinks.faults import Faults
from motcua_devstack.sinks.files import MessageFolder
from motcua_devstack.sinks.sms import SmsSink
from motcua_devstack.sinks.smtp import SmtpSink


class Sinks:
    """A mail server and a short-message gateway; use it in a `with` block.

    Args:
        folder: gets the folders `email` and `sms` with the messages.
        smtp_port: port of the mail server; 0 for any.
        sms_port: port of the gateway; 0 for any.
        host: address to listen on.

    Attributes:
        faults: how they misbehave.
        email: e-mails kept.
        sms: short messages kept.
    """

    def __init__(self, folder: Path, smtp_port: int = 0, sms_port: int = 0, host: str = HOST) -> None:
        self.faults = Faults()
        self.email = MessageFolder(folder / "email", ".eml")
        self.sms = MessageFolder(folder / "sms", ".json")
        self._host = host
        self._ports = (smtp_port, sms_port)
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Start both.

        Raises:
            OSError: a port is in use.
        """
        with ExitStack() as starting:
            smtp = starting.enter_context(SmtpSink(self._host, self._ports[0], self.email, self.faults))
            sms = starting.enter_context(SmsSink(self._host, self._ports[1], self.sms, self.email, self.faults))
            self.smtp_port, self.sms_port = smtp.port, sms.port
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both."""
        self._running.close()

    @property
    def sms_url(self) -> str:
        """Base URL of the gateway."""
        return f"http://{self._host}:{self.sms_port}"
