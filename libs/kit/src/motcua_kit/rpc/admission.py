"""Admission of calls: a short queue before the threads, and an early, typed refusal of what finds it full.

A server that takes more than it can do does all of it late: callers give up and try again, and the threads work for
nobody. So a call that finds the queue full, or slow, is refused at once, before anything of it is read, and is told
when to come back (docs/adr/0021).
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NoReturn, ParamSpec, TypeVar

import grpc

from motcua_kit import metrics
from motcua_kit.domain import RateLimited
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.arrival import Arrivals
from motcua_kit.rpc.errors import WireStatus, status_of

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

RETRY_SECONDS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""A refused caller is told one of these, by chance: all at once they would only be refused again."""

LONGEST_WAIT_SECONDS = 1.0
"""Where calls are slow, each place in a queue is a long wait: all of them would be begun and none be in time."""

HEALTH = "/grpc.health."


class CallPool(ThreadPoolExecutor):
    """Threads for calls, which knows how many calls wait for one.

    Args:
        threads: calls handled at once.

    Attributes:
        in_flight: calls that have a thread or wait for one.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="grpc")
        self._size = threads
        self._lock = threading.Lock()
        self._queued: deque[float] = deque()
        self.in_flight = 0

    @property
    def full(self) -> bool:
        """Whether the next call waits."""
        return self.in_flight >= self._size

    @property
    def waiting(self) -> int:
        """Calls that have no thread yet."""
        return len(self._queued)

    @property
    def longest_wait(self) -> float:
        """Seconds that the first call of the queue has waited."""
        try:
            return time.monotonic() - self._queued[0]
        except IndexError:
            return 0.0

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Queue a call."""

        def begin() -> Result:
            self._queued.popleft()  # calls begin in the order in which they came
            return fn(*args, **kwargs)

        self._queued.append(time.monotonic())
        self._count(1)
        future = super().submit(begin)
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def _count(self, change: int) -> None:
        with self._lock:
            self.in_flight += change


class _Here(ThreadPoolExecutor):
    """Runs what never waits in the thread that hands it over: gRPC's own, which saves two changes of threads."""

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Do it now."""
        future: Future[Result] = Future()
        future.set_result(fn(*args, **kwargs))  # gRPC's own functions, which raise nothing
        return future


class Admission(grpc.ServerInterceptor):
    """Refuses calls while the queue is full or too slow; health checks always go on. The outermost interceptor.

    Args:
        pool: whose queue is watched.
        arrivals: calls without a message, which give way to one that would wait.
        most_waiting: length of the queue.
        service: named as the domain of the refusal.
        catalogue: Vietnamese texts of errors.
    """

    def __init__(
        self, pool: CallPool, arrivals: Arrivals, most_waiting: int, service: str, catalogue: Catalogue
    ) -> None:
        self._pool = pool
        self._arrivals = arrivals
        self._most_waiting = most_waiting
        message = f"{most_waiting} calls wait for a thread, or one of them for more than {LONGEST_WAIT_SECONDS:g} s"
        refusals = [
            WireStatus(status_of(RateLimited("OVERLOADED", message, timedelta(seconds=each)), service, catalogue))
            for each in RETRY_SECONDS
        ]

        def refuse(_: object, context: grpc.ServicerContext) -> NoReturn:
            metrics.calls_refused.add(1)
            context.abort_with_status(random.choice(refusals))  # noqa: S311 - spreads callers, hides nothing

        refuse.experimental_thread_pool = _Here()  # type: ignore[attr-defined]  # gRPC's way to say where it runs
        # It takes a stream, so that gRPC does not wait for a message that nobody will read.
        self._refusing: grpc.RpcMethodHandler[Any, Any] = grpc.stream_unary_rpc_method_handler(refuse)

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Let a call go on to the queue, or refuse it."""
        if self._pool.full:
            self._arrivals.end_late()
        full = self._pool.waiting >= self._most_waiting or self._pool.longest_wait > LONGEST_WAIT_SECONDS
        if full and not handler_call_details.method.startswith(HEALTH):
            return self._refusing
        return continuation(handler_call_details)
