"""What people and programs outside of the suite use: patient HTTP, one-time codes, sinks, traces, an even pace."""

import itertools
import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyotp
import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from motcua_devstack import jaeger, traces
from motcua_devstack.demo.remote import SinkMessages
from motcua_devstack.demo.web import Web
from motcua_devstack.demo.world import OneTimeCodes, Received
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.eid.server import EidClient, create_app
from motcua_devstack.load.driver import Pace
from motcua_devstack.load.ledger import CREATE, UPDATE, Draft, Entry, drafts
from motcua_devstack.sinks import Sinks


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers with these statuses, one after the other; yields its URL and what it was sent.

    GET is answered with so many bytes of the four that were announced.
    """
    left, seen = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(b"")
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"file"[: left.pop(0)])

        def do_POST(self) -> None:
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(left.pop(0))
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "900")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [502, 503, 504])
def test_patient_web_repeats_what_passes(status: int) -> None:
    with answering(status, status, 200) as (url, seen):
        assert Web(patience=30).post(url, data=b"drawing").status_code == 200
    assert seen == [b"drawing"] * 3


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_patient_web_takes_a_decision_at_once(status: int) -> None:
    with answering(status) as (url, seen):
        assert Web(patience=30).post(url, data=b"code").status_code == status
    assert len(seen) == 1


def test_web_without_patience_asks_once() -> None:
    with answering(503) as (url, seen):
        assert Web().post(url, data=b"").status_code == 503
    assert len(seen) == 1


def test_patient_web_asks_again_for_an_answer_that_broke_off() -> None:
    with answering(2, 0, 4) as (url, seen):
        assert Web(patience=30).get(url).content == b"file"
    assert len(seen) == 3


def test_web_without_patience_shows_an_answer_that_broke_off() -> None:
    with answering(2) as (url, _), pytest.raises(ChunkedEncodingError):
        Web().get(url)


def test_no_code_is_shown_twice() -> None:
    codes = OneTimeCodes(pyotp.TOTP(pyotp.random_base32(), interval=1))
    assert codes.next() != codes.next()


@pytest.fixture
def sinks(tmp_path: Path) -> Iterator[Sinks]:
    with Sinks(tmp_path) as running:
        yield running


def test_sinks_tell_what_arrived_and_when(sinks: Sinks) -> None:
    web = Web()
    begun = time.time()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "Hồ sơ đã nhận"
    mail["Message-ID"] = "<1@example.com>"
    with smtplib.SMTP("127.0.0.1", sinks.smtp_port) as server:
        server.send_message(mail)
    web.post(f"{sinks.sms_url}/messages", json={"to": "+84901230001", "text": "Đã nhận"}).raise_for_status()
    (told,) = web.get(f"{sinks.sms_url}/emails").json()["emails"]
    assert (told["to"], told["subject"]) == ("b@example.com", "Hồ sơ đã nhận")
    messages = SinkMessages(sinks.sms_url, web)
    assert messages.since(begun - 1) == Received(emails=1, texts=1)
    assert messages.since(time.time() + 1) == Received(emails=0, texts=0)


def test_sinks_say_that_they_run(sinks: Sinks) -> None:
    assert requests.get(f"{sinks.sms_url}/healthz", timeout=5).ok


ANSWER = {
    "data": [
        {
            "spans": [
                {
                    "traceID": "0a" * 16,
                    "spanID": "01" * 8,
                    "operationName": "submit",
                    "references": [],
                    "startTime": 1_500_000,
                    "duration": 500_000,
                    "tags": [],
                    "processID": "p1",
                },
                {
                    "traceID": "0a" * 16,
                    "spanID": "02" * 8,
                    "operationName": "notify.tell",
                    "references": [
                        {"refType": "FOLLOWS_FROM", "traceID": "0b" * 16, "spanID": "03" * 8},
                        {"refType": "CHILD_OF", "traceID": "0a" * 16, "spanID": "01" * 8},
                    ],
                    "startTime": 1_600_000,
                    "duration": 100_000,
                    "tags": [
                        {"key": "span.kind", "type": "string", "value": "consumer"},
                        {"key": "otel.status_code", "type": "string", "value": "ERROR"},
                        {"key": "motcua.event.type", "type": "string", "value": "dossier.submitted"},
                    ],
                    "processID": "p2",
                },
            ],
            "processes": {"p1": {"serviceName": "demo"}, "p2": {"serviceName": "notify"}},
        }
    ]
}
"""As Jaeger 1.76 gives it, shortened."""


def test_traces_of_jaeger_are_read() -> None:
    root, task = jaeger.spans_of(ANSWER)
    assert (root["service"], root["parent_span_id"], root["start"], root["end"]) == ("demo", "", 1.5, 2.0)
    assert (root["kind"], root["status"]) == ("internal", "unset")
    assert task["parent_span_id"] == root["span_id"]
    assert task["links"] == [{"trace_id": "0b" * 16, "span_id": "03" * 8}]
    assert (task["kind"], task["status"], traces.hop(task)) == ("consumer", "error", "task")
    assert task["attributes"] == {"motcua.event.type": "dossier.submitted"}
    assert traces.orphans([root, task]) == []


def test_pace_spreads_commands_evenly() -> None:
    pace = Pace(50, threading.Event())
    start = time.monotonic()
    for _ in itertools.islice(pace.moments(), 11):
        pass
    assert time.monotonic() - start >= 10 / 50


def test_stopped_pace_ends_at_once() -> None:
    stop = threading.Event()
    moments = Pace(0.001, stop).moments()
    next(moments)
    threading.Timer(0.05, stop.set).start()
    assert list(moments) == []


def test_ledger_is_summed_up_by_draft() -> None:
    def entry(command: str, resource: str, acknowledged: str) -> Entry:
        return Entry(command, "accounts/1", f"{command}-{resource}", resource, acknowledged, attempts=1, seconds=0.1)

    entries = (
        entry(CREATE, "dossiers/1", "now"),
        entry(UPDATE, "dossiers/1", "now"),
        entry(UPDATE, "dossiers/1", ""),
        entry(CREATE, "", ""),
    )
    assert drafts(entries) == {"dossiers/1": Draft("accounts/1", updates=1, unanswered=1)}


def test_eid_is_reached_by_its_name_in_a_cluster() -> None:
    issuer = "http://motcua-eid.motcua.svc:8080"
    client = create_app(
        issuer, EidClient("motcua", "secret", f"{issuer}/callback"), load_people(PEOPLE_FILE)
    ).test_client()
    query = {
        "response_type": "code",
        "client_id": "motcua",
        "redirect_uri": f"{issuer}/callback",
        "scope": "openid",
        "nonce": "n",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    assert client.get("/authorize", query_string=query, base_url=issuer).status_code == 200
