"""One call sent again and again: by callers who wait for each answer, or at a rate whatever comes back.

At a fixed rate calls are sent whether or not the earlier ones were answered (an open loop), as people do who do not
know of each other.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any

import grpc

Send = Callable[[], Any]
"""Starts one call and returns its future."""

CALLERS = 8
"""Calls at once while the best rate is looked for."""

MOST_OUTSTANDING = 1000
"""Calls under way at once: what a server refuses beyond them has no reason any more (docs/adr/0021)."""

CONNECTIONS = 4
DEADLINE_SECONDS = 10.0

TICK_SECONDS = 0.001
"""Between two looks at whether calls are due: a thousand a second are sent one by one, more in small bursts."""
STATUS_DETAILS, RETRY_INFO = "grpc-status-details-bin", b"google.rpc.RetryInfo"


@dataclass(frozen=True)
class Call:
    """A call as bytes: what the sender does for each, a server on the same machine does not get.

    Attributes:
        address: `host:port` of the server.
        path: `/service/method`.
        message: the request.
        token: of who calls.
    """

    address: str
    path: str
    message: bytes
    token: str = field(repr=False)

    @contextmanager
    def sender(self, connections: int = CONNECTIONS) -> Iterator[Send]:
        """Connections to the server, and what sends the call by each in turn."""
        metadata = (("authorization", f"Bearer {self.token}"),)
        with ExitStack() as opened:
            own = (("grpc.use_local_subchannel_pool", 1),)
            channels = [opened.enter_context(grpc.insecure_channel(self.address, own)) for _ in range(connections)]
            ways: Iterator[Any] = cycle([channel.unary_unary(self.path) for channel in channels])
            yield lambda: next(ways).future(self.message, timeout=DEADLINE_SECONDS, metadata=metadata)


@dataclass
class Answers:
    """What came back; times in seconds."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    refused_without_time: int = 0
    others: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    held_back: int = 0

    def note(self, call: Any, seconds: float) -> None:
        """Note how a call ended."""
        match call.code():
            case grpc.StatusCode.OK:
                self.answered.append(seconds)
            case grpc.StatusCode.RESOURCE_EXHAUSTED:
                self.refused.append(seconds)
                told = dict(call.trailing_metadata()).get(STATUS_DETAILS, b"")
                self.refused_without_time += RETRY_INFO not in told
            case code:
                self.others[code.name] += 1


def closed_loop(send: Send, seconds: float) -> float:
    """Return the rate of answers to `CALLERS` callers who wait for each answer."""
    until = time.monotonic() + seconds

    def caller() -> int:
        count = 0
        while time.monotonic() < until:
            call = send()
            call.exception()
            count += call.code() is grpc.StatusCode.OK
        return count

    with ThreadPoolExecutor(CALLERS) as callers:
        return sum(callers.map(lambda _: caller(), range(CALLERS))) / seconds


def open_loop(send: Send, rate: float, seconds: float) -> Answers:
    """Send at a rate for a time and wait for the last answer.

    What cannot be sent because `MOST_OUTSTANDING` calls wait already is counted in `held_back`.
    """
    answers = Answers()
    room = threading.Semaphore(MOST_OUTSTANDING)
    begin = time.monotonic()

    def ended(call: Any, *, sent: float) -> None:
        answers.note(call, time.monotonic() - sent)
        room.release()

    while (elapsed := time.monotonic() - begin) < seconds:
        due = int(elapsed * rate) - answers.sent - answers.held_back
        for _ in range(min(due, 100)):
            if not room.acquire(blocking=False):
                answers.held_back += 1
                continue
            answers.sent += 1
            send().add_done_callback(partial(ended, sent=time.monotonic()))
        if due <= 0:
            time.sleep(TICK_SECONDS)
    for _ in range(MOST_OUTSTANDING):
        room.acquire()
    return answers
