"""A stand-in for the API server: the few paths that the operators' command asks, with what a test puts there."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

Manifest = dict[str, Any]


@dataclass
class ApiServer:
    """What the stand-in knows; a test reads and changes it.

    Attributes:
        objects: by the last part of their collection's path, e.g. `deployments`.
        version: minor version of Kubernetes.
        denied: resources that nobody may read.
        url: where it listens.
    """

    objects: dict[str, list[Manifest]] = field(default_factory=dict)
    version: str = "34"
    denied: set[str] = field(default_factory=set)
    url: str = ""
    stop: Callable[[], None] = lambda: None

    @property
    def secrets(self) -> dict[str, Manifest]:
        return {item["metadata"]["name"]: item for item in self.objects.setdefault("secrets", [])}


class _Handler(http.server.BaseHTTPRequestHandler):
    server_state: ApiServer

    def do_GET(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")
        if parts == ["version"]:
            build = ("buildDate", "compiler", "gitCommit", "gitTreeState", "goVersion", "platform")
            version = {
                "major": "1",
                "minor": self.server_state.version,
                "gitVersion": f"v1.{self.server_state.version}.0",
            }
            self._answer(200, dict.fromkeys(build, "") | version)
        elif parts[-2] == "secrets":
            found = self.server_state.secrets.get(parts[-1])
            self._answer(200 if found else 404, found or {})
        elif parts[-1] in self.server_state.denied:
            self._answer(403, {})
        else:
            self._answer(200, {"items": self.server_state.objects.get(parts[-1], [])})

    def do_POST(self) -> None:
        body = self._body()
        if self.path.endswith("selfsubjectaccessreviews"):
            resource = body["spec"]["resourceAttributes"]["resource"]
            self._answer(201, {**body, "status": {"allowed": resource not in self.server_state.denied}})
        elif body["metadata"]["name"] in self.server_state.secrets:
            self._answer(409, {})
        else:
            self.server_state.objects["secrets"].append(body)
            self._answer(201, body)

    def do_PATCH(self) -> None:
        secret = self.server_state.secrets[self.path.rpartition("/")[2]]
        data = {**secret["data"], **self._body()["data"]}
        secret["data"] = {key: value for key, value in data.items() if value is not None}
        self._answer(200, secret)

    def _body(self) -> Manifest:
        body: Manifest = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _answer(self, status: int, body: Manifest) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    """A running stand-in that KUBECONFIG names; its namespace is `city`."""
    state = ApiServer()
    handler = type("Handler", (_Handler,), {"server_state": state})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        kubeconfig = {
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "city"}}],
            "clusters": [{"name": "test", "cluster": {"server": state.url}}],
            "users": [{"name": "test", "user": {}}],
        }
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(kubeconfig))
        monkeypatch.setenv("KUBECONFIG", str(file))
        monkeypatch.delenv("SECRETS_DIR", raising=False)

        def stop() -> None:
            server.shutdown()
            thread.join()
            server.server_close()

        state.stop = stop
        yield state
        stop()


@pytest.fixture
def now() -> datetime:
    """A moment in which certificates begin."""
    return datetime.now(UTC).replace(microsecond=0)
