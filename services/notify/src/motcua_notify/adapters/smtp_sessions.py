"""SMTP sessions that stay open from one message to the next: a new one costs several answers, and more with TLS."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

OK, CLOSING = 250, 421
IDLE_SECONDS = 20.0
"""A session that was quiet for longer is not used again; servers end theirs after some minutes, busy ones sooner."""

MESSAGES = 100
"""So many go over one session: some servers want no more, and behind a name may stand several servers."""


@dataclass
class _Session:
    server: smtplib.SMTP
    messages: int = 0
    used: float = 0.0

    def goes_on(self) -> bool:
        """Tell whether another message may follow; asks the server, which may have ended the session since."""
        if self.messages >= MESSAGES or time.monotonic() - self.used > IDLE_SECONDS:
            return False
        try:
            return _silent(self.server) and self.server.rset()[0] == OK
        except (OSError, smtplib.SMTPException):
            return False


class Sessions:
    """Open sessions with one server; threads may share them, each uses one of its own. Make it after a fork.

    Args:
        connect: opens one, ready for a message.
    """

    def __init__(self, connect: Callable[[], smtplib.SMTP]) -> None:
        self._connect = connect
        self._idle: deque[_Session] = deque()
        weakref.finalize(self, _end_all, self._idle)

    def use(self, send: Callable[[smtplib.SMTP], object]) -> None:
        """Send one message over an open session, or over a new one; a session in which something failed is ended.

        Raises:
            smtplib.SMTPException: the server refuses, or has gone.
            OSError: it cannot be reached.
        """
        if session := self._open():
            try:
                self._send(session, send)
            except smtplib.SMTPSenderRefused as refusal:  # nothing of the message has been said yet
                if refusal.smtp_code != CLOSING:
                    raise
            else:
                return
        self._send(_Session(self._connect()), send)

    def _open(self) -> _Session | None:
        with contextlib.suppress(IndexError):  # there is none
            while True:
                session = self._idle.pop()
                if session.goes_on():
                    return session
                _end(session.server)
        return None

    def _send(self, session: _Session, send: Callable[[smtplib.SMTP], object]) -> None:
        try:
            send(session.server)
        except BaseException:
            _end(session.server)
            raise
        session.messages += 1
        session.used = time.monotonic()
        self._idle.append(session)


def _silent(server: smtplib.SMTP) -> bool:
    """Tell whether the server has said nothing unasked: each answer would be taken for that to the next command."""
    sock, answers = server.sock, server.file
    if sock is None or answers is None:
        return False
    sock.settimeout(0)
    try:
        return not answers.peek(1)
    except ssl.SSLWantReadError:
        return True
    finally:
        sock.settimeout(server.timeout)


def _end_all(sessions: deque[_Session]) -> None:
    for session in sessions:
        _end(session.server)


def _end(server: smtplib.SMTP) -> None:
    """Take leave; what becomes of that changes nothing for the messages."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()
