"""Whether a process is ready: one quick look each, asked again by the supervisor."""

import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from motcua_devstack.ports import HOST

Probe = Callable[[], bool]
LOOK_SECONDS = 0.5


def tcp(port: int) -> Probe:
    """Ready when somebody accepts connections on `port`."""

    def look() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=LOOK_SECONDS):
                return True
        except OSError:
            return False

    return look


def http(url: str, *, below: int = 400) -> Probe:
    """Ready when `url` answers with a status lower than `below`."""

    def look() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=LOOK_SECONDS) as answer:  # noqa: S310 - a URL of ours
                return int(answer.status) < below
        except urllib.error.HTTPError as error:
            with error:
                return error.code < below
        except OSError:
            return False

    return look


def grpc_health(port: int) -> Probe:
    """Ready when the gRPC health service says SERVING."""
    listening = tcp(port)

    def look() -> bool:
        if not listening():
            return False
        with grpc.insecure_channel(f"{HOST}:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            try:
                answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=LOOK_SECONDS)
            except grpc.RpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return look


def log_line(log: Path, text: str) -> Probe:
    """Ready when `text` stands in the log that the process has written since it was started."""
    start = log.stat().st_size if log.exists() else 0

    def look() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as file:
            file.seek(start)
            return text.encode() in file.read()

    return look
