"""Clients in processes of their own, in a closed loop: each sends its next call when it has the answer to the last.

    python -m motcua_devstack.bench.clients     # a job a line on stdin, its outcome a line on stdout

A client sends bytes and looks at no answer, so that it takes as little as it can of the cores that it shares.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import IO, Any, Self

import grpc

from motcua_devstack.bench.rows import Sample, percentile
from motcua_devstack.errors import DevError

CALL_SECONDS = 30.0
LENGTH_DELIMITED = 2


@dataclass(frozen=True)
class Calls:
    """What is called.

    Attributes:
        address: `host:port` of the server.
        method: e.g. `/motcua.dossier.v1.DossierService/GetDossier`.
        requests: serialised messages, sent in turns.
        token: access token; empty for a server that wants none.
        request_id_field: number of the field that gets a fresh id in each request; 0 for none.
        once: each request is good for one call only; the sample ends when there are no more.
    """

    address: str
    method: str
    requests: Sequence[bytes]
    token: str = ""
    request_id_field: int = 0
    once: bool = False


@dataclass
class Outcome:
    """What a process of clients saw: seconds of each call, and failures by status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)


class ClientProcesses:
    """As many processes as there are cores; use it in a `with` block."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        """Start them."""
        for _ in os.sched_getaffinity(0):
            command = [sys.executable, "-m", "motcua_devstack.bench.clients"]
            self._processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.communicate()
        self._processes.clear()

    def run(self, calls: Calls, clients: int, seconds: float) -> Sample:
        """Let clients call for some time.

        Returns:
            Calls a second, with the latencies that the clients saw.

        Raises:
            DevError: a call failed, or none was answered.
        """
        used = self._processes[: min(clients, len(self._processes))]
        for number, process in enumerate(used):
            share = calls.requests[number :: len(used)] if calls.once else calls.requests
            job = {
                **asdict(calls),
                "requests": [base64.b64encode(request).decode() for request in share],
                "clients": len(range(number, clients, len(used))),
                "seconds": seconds,
            }
            print(json.dumps(job), file=_open(process.stdin), flush=True)
        for process in used:  # all have their job and their connections
            if not _open(process.stdout).readline():
                raise DevError(f"a client process ended with {process.wait()}")
        for process in used:
            print("go", file=_open(process.stdin), flush=True)
        outcomes = [Outcome(**json.loads(_open(process.stdout).readline())) for process in used]
        return _sample(calls, outcomes)


def _open(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        message = "the process was started without pipes"
        raise ValueError(message)
    return stream


def _sample(calls: Calls, outcomes: Sequence[Outcome]) -> Sample:
    failures: Counter[str] = Counter()
    for outcome in outcomes:
        failures.update(outcome.failures)
    latencies = sorted(latency for outcome in outcomes for latency in outcome.latencies)
    if failures or not latencies:
        raise DevError(f"{calls.method}: {len(latencies)} calls were answered, and failed: {dict(failures)}")
    return Sample(
        sum(len(outcome.latencies) / outcome.seconds for outcome in outcomes),
        {f"p{share} ms": percentile(latencies, share / 100) * 1000 for share in (50, 95, 99)},
    )


async def _serve() -> None:
    """Do one job after the other, as the lines come."""
    while line := sys.stdin.readline():
        job = json.loads(line)
        channels = [_channel(job["address"]) for _ in range(job["clients"])]
        try:
            await asyncio.gather(*(channel.channel_ready() for channel in channels))
            print("ready", flush=True)
            sys.stdin.readline()
            outcome = await _loop(job, channels)
        finally:
            await asyncio.gather(*(channel.close() for channel in channels))
        print(json.dumps(asdict(outcome)), flush=True)


def _channel(address: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])


async def _loop(job: dict[str, Any], channels: Sequence[grpc.aio.Channel]) -> Outcome:
    outcome = Outcome()
    requests = requests_of(job)
    failures: Counter[str] = Counter()
    metadata = (("authorization", f"Bearer {job['token']}"),) if job["token"] else ()
    begun = time.perf_counter()
    end = begun + job["seconds"]

    async def client(channel: grpc.aio.Channel) -> None:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(job["method"])
        for request in requests:
            before = time.perf_counter()
            if before >= end:
                return
            try:
                await call(request, metadata=metadata, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                failures[f"{error.code().name}: {error.details()}"] += 1
            else:
                outcome.latencies.append(time.perf_counter() - before)

    await asyncio.gather(*(client(channel) for channel in channels))
    outcome.seconds = time.perf_counter() - begun
    outcome.failures = dict(failures)
    return outcome


def requests_of(job: dict[str, Any]) -> Iterator[bytes]:
    """The requests, in turns; a field that is appended to a serialised message counts as a part of it."""
    requests = [base64.b64decode(request) for request in job["requests"]]
    number = job["request_id_field"]
    for request in requests if job["once"] else itertools.cycle(requests):
        if number:
            request_id = str(uuid.uuid4()).encode()
            yield request + bytes([number << 3 | LENGTH_DELIMITED, len(request_id)]) + request_id
        else:
            yield request


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all, and who started us ends us
    asyncio.run(_serve())
