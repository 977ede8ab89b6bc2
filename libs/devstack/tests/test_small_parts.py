"""Ports, locks, secrets, spans and the command line."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from motcua_devstack import cli, filelock, ports, probes, spans, traces
from motcua_devstack.commands.call import find_method
from motcua_devstack.errors import DevError
from motcua_devstack.keys import Vault
from motcua_devstack.supervisor import Process, Supervisor


def test_ports_are_kept_while_they_are_free(tmp_path: Path) -> None:
    memory = tmp_path / "ports.json"
    first = ports.allocate(["a", "b"], memory)
    assert ports.allocate(["a", "b"], memory) == first
    assert len({*first.values()}) == 2


def test_taken_port_is_replaced(tmp_path: Path) -> None:
    import socket  # noqa: PLC0415 - only here

    memory = tmp_path / "ports.json"
    with socket.socket() as other:
        other.bind((ports.HOST, 0))
        other.listen()
        taken = other.getsockname()[1]
        memory.write_text(json.dumps({"a": taken}))
        assert ports.allocate(["a"], memory)["a"] != taken


def test_second_holder_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    waited = []

    def give_up(process_id: int) -> None:
        waited.append(process_id)
        raise DevError("busy")

    with filelock.hold(path, give_up):
        assert filelock.holder(path) == os.getpid()
        with pytest.raises(DevError, match="busy"), filelock.hold(path, give_up):
            pass
    assert waited == [os.getpid()]
    assert filelock.holder(path) is None


def test_folder_without_write_right_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DevError, match="cannot write"), filelock.hold(file / "lock", lambda _: None):
        pass


def test_secrets_are_made_once_for_their_owner_only(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    assert vault.token("a") == Vault(tmp_path / "secrets").token("a") != vault.token("b")
    vault.signing()
    private = (tmp_path / "secrets" / "a", tmp_path / "secrets" / "b", vault.signing().key_file)
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_signing_certificate_is_issued_by_the_root(tmp_path: Path) -> None:
    files = Vault(tmp_path).signing()
    root = x509.load_pem_x509_certificate(files.chain_file.read_bytes())
    certificate = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
    certificate.verify_directly_issued_by(root)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign


def test_spans_are_kept_as_lines(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    port = ports.allocate(["spans"])["spans"]
    command = (sys.executable, "-m", "motcua_devstack.spans", str(port), str(file))
    span = trace_pb2.Span(
        trace_id=bytes(range(16)),
        span_id=bytes(8),
        name="GetParcel",
        kind=trace_pb2.Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1_500_000_000,
        end_time_unix_nano=2_000_000_000,
        status=trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR),
        attributes=[common_pb2.KeyValue(key="size", value=common_pb2.AnyValue(int_value=3))],
        links=[trace_pb2.Span.Link(trace_id=bytes(16), span_id=bytes(8))],
    )
    name = common_pb2.KeyValue(key="service.name", value=common_pb2.AnyValue(string_value="land"))
    of_resource = trace_pb2.ResourceSpans(
        resource=resource_pb2.Resource(attributes=[name]), scope_spans=[trace_pb2.ScopeSpans(spans=[span])]
    )
    process = Process(name="spans", command=command, ready=probes.tcp(port))
    with Supervisor([process], tmp_path / "logs"), grpc.insecure_channel(f"{ports.HOST}:{port}") as channel:
        stub = trace_service_pb2_grpc.TraceServiceStub(channel)  # type: ignore[no-untyped-call]
        stub.Export(trace_service_pb2.ExportTraceServiceRequest(resource_spans=[of_resource]), timeout=10)
        kept = spans.read(file)
    assert kept == [
        {
            "trace_id": bytes(range(16)).hex(),
            "span_id": "00" * 8,
            "parent_span_id": "",
            "service": "land",
            "name": "GetParcel",
            "kind": "server",
            "start": 1.5,
            "end": 2.0,
            "status": "error",
            "attributes": {"size": 3},
            "links": [{"trace_id": "00" * 16, "span_id": "00" * 8}],
        }
    ]


def span(number: int, parent: int | None, service: str) -> traces.Span:
    return {
        "trace_id": "t",
        "span_id": f"{number}",
        "parent_span_id": "" if parent is None else f"{parent}",
        "service": service,
        "name": f"work {number}",
        "kind": "internal",
        "start": float(number),
        "end": number + 0.5,
        "status": "ok",
        "attributes": {},
        "links": [],
    }


def test_trace_is_drawn_as_a_tree() -> None:
    trace = [span(0, None, "demo"), span(1, 0, "dossier"), span(2, 1, "land"), span(3, 0, "notify")]
    lines = list(traces.draw(trace))
    assert lines[0] == "t  4 spans, 3500 ms, services: demo, dossier, land, notify"
    assert [line.partition("ms  ")[2] for line in lines[1:]] == [
        "└─ demo · work 0 (internal)",
        "   ├─ dossier · work 1 (internal)",
        "   │  └─ land · work 2 (internal)",
        "   └─ notify · work 3 (internal)",
    ]


def test_orphans_are_spans_whose_parent_is_missing() -> None:
    trace = [span(0, None, "demo"), span(1, 9, "dossier")]
    assert [one["span_id"] for one in traces.orphans(trace)] == ["1"]


def test_help_needs_nothing_but_the_standard_library() -> None:
    source = "import sys; sys.argv = ['dev', '--help']; from motcua_devstack.cli import parser; parser().print_help()"
    folder = str(Path(cli.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {folder!r}); {source}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert all(f"\n    {name} " in result.stdout for name in cli.SUBCOMMANDS)


def test_method_is_found_by_its_last_parts() -> None:
    full = find_method("motcua.dossier.v1.DossierService/GetDossier")
    assert find_method("GetDossier") is full
    assert find_method("DossierService/GetDossier") is full


@pytest.mark.parametrize(("name", "message"), [("Nonsense", "no RPC"), ("RequestSupplement", "more than one RPC")])
def test_unclear_method_is_refused_with_the_choices(name: str, message: str) -> None:
    with pytest.raises(DevError, match=message):
        find_method(name)
