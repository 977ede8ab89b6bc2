"""Somebody who calls now and then while others send far too much, from a process with nothing else to do.

Whoever sends thousands of calls a second is late in reading what came back. A bystander is not: how long it waits is
what the server takes.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from motcua_devstack.load.calls import Answers, Call

PAUSE_SECONDS = 0.05


@contextmanager
def bystander(call: Call) -> Iterator[Callable[[float], Callable[[], Answers]]]:
    """A process that stands by.

    Yields:
        What starts calling for so many seconds, and returns what waits for the end and tells what came back.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        process.submit(_call_now_and_then, call, 0.0).result()  # it has started
        yield lambda seconds: process.submit(_call_now_and_then, call, seconds).result


def _call_now_and_then(call: Call, seconds: float) -> Answers:
    answers = Answers()
    until = time.monotonic() + seconds
    with call.sender(connections=1) as send:
        while (begin := time.monotonic()) < until:
            answers.sent += 1
            sent = send()
            sent.exception()
            answers.note(sent, time.monotonic() - begin)
            time.sleep(PAUSE_SECONDS)
    return answers
