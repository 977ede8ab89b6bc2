"""The retry policy against a real gRPC server that fails first."""

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from motcua.dossier.v1.dossier_pb2 import Dossier, SubmitDossierRequest
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceStub
from motcua_client import DeadlineExceeded, PreconditionFailed, RateLimited, attempts, connect
from motcua_client.credentials import IssuerAway

Failure = tuple[grpc.StatusCode, float | None]


@contextmanager
def failing(*failures: Failure) -> Iterator[tuple[str, list[str]]]:
    """A server that fails so often and then answers; yields its address and the request ids it got."""
    left = list(failures)
    seen: list[str] = []

    def submit(request: SubmitDossierRequest, context: grpc.ServicerContext) -> Dossier:
        seen.append(request.request_id)
        if left:
            code, retry_seconds = left.pop(0)
            details = []
            if retry_seconds is not None:
                delay = duration_pb2.Duration(nanos=int(retry_seconds * 1e9))
                details.append(any_pb2.Any())
                details[0].Pack(error_details_pb2.RetryInfo(retry_delay=delay))
            status = status_pb2.Status(code=code.value[0], message="not now", details=details)
            context.abort_with_status(rpc_status.to_status(status))
        return Dossier(name=request.name)

    server = grpc.server(futures.ThreadPoolExecutor(2))
    method = grpc.unary_unary_rpc_method_handler(submit, SubmitDossierRequest.FromString, Dossier.SerializeToString)
    handler = grpc.method_handlers_generic_handler("motcua.dossier.v1.DossierService", {"SubmitDossier": method})
    server.add_generic_rpc_handlers([handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", seen
    finally:
        server.stop(None).wait()


def submitting(address: str, patience: float) -> Callable[[], Dossier]:
    client = connect(address, patience=patience)
    request = SubmitDossierRequest(name="dossiers/1")
    stub = client.stub(DossierServiceStub)

    def submit() -> Dossier:
        with client:
            return stub.SubmitDossier(request)

    return submit


@pytest.mark.parametrize("code", [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_patient_caller_sends_the_same_request_again(code: grpc.StatusCode) -> None:
    with failing((code, None), (code, 0.01)) as (address, seen):
        assert submitting(address, 30)().name == "dossiers/1"
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0]


def test_decision_is_not_tried_again() -> None:
    with failing((grpc.StatusCode.FAILED_PRECONDITION, None)) as (address, seen):
        with pytest.raises(PreconditionFailed):
            submitting(address, 30)()
        assert len(seen) == 1


def test_patience_ends() -> None:
    endless = [(grpc.StatusCode.DEADLINE_EXCEEDED, 0.01)] * 1000
    with failing(*endless) as (address, seen), pytest.raises(DeadlineExceeded):
        submitting(address, 0.3)()
    assert len(seen) > 2


def test_without_patience_there_is_one_attempt() -> None:
    with failing((grpc.StatusCode.RESOURCE_EXHAUSTED, 0.01)) as (address, seen):
        with pytest.raises(RateLimited):
            submitting(address, 0)()
        assert len(seen) == 1


class LateCredentials:
    """Credentials of an identity service that is away at first."""

    def __init__(self) -> None:
        self.asked = 0

    def token(self) -> str:
        self.asked += 1
        if self.asked < 3:
            raise IssuerAway("no answer")
        return "a token"


def test_patient_caller_waits_for_its_token_too() -> None:
    credentials = LateCredentials()
    with failing() as (address, seen), connect(address, credentials, patience=30) as client:
        client.stub(DossierServiceStub).SubmitDossier(SubmitDossierRequest(name="dossiers/1"))
    assert (credentials.asked, len(seen)) == (3, 1)


def test_attempts_around_one_call_are_counted() -> None:
    numbers: list[int] = []
    with failing((grpc.StatusCode.DEADLINE_EXCEEDED, 0.01)) as (address, _), connect(address) as client:
        for attempt in attempts(30):
            with attempt:
                numbers.append(attempt.num)
                client.stub(DossierServiceStub).SubmitDossier(SubmitDossierRequest(name="dossiers/1"))
    assert numbers == [1, 2]
