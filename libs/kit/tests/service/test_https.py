"""An HTTP end with the service's certificate, as a real process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from motcua_client import Tls, http_session, wait_for
from motcua_devstack import ports
from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.store import Store
from motcua_kit.testing import Authority

PROBED = Path(__file__).parent / "probed.py"


@pytest.fixture
def own(tmp_path: Path) -> Tls:
    return Authority().issue(tmp_path / "own")


@pytest.fixture
def address(store: Store, servers: EmbeddedServers, own: Tls, tmp_path: Path) -> Iterator[str]:
    """Where the process listens."""
    address = f"127.0.0.1:{ports.allocate(['https'])['https']}"
    environment = {
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": store.database.name,
        "HTTP_BIND": address,
        "TLS_CA_FILE": str(own.ca),
        "TLS_CERTIFICATE_FILE": str(own.certificate),
        "TLS_KEY_FILE": str(own.key),
    }
    command = [sys.executable, str(PROBED)]
    subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True)  # noqa: S603
    with (tmp_path / "http.log").open("wb") as log:
        process = subprocess.Popen([*command, "http"], env=environment, stdout=log, stderr=log)  # noqa: S603
    wait_for((tmp_path / "http.log").read_text, lambda text: "Booting worker" in text, 60)
    yield address
    process.kill()
    process.wait()


def health(url: str, ca: Path | None) -> str:
    with http_session(ca) as session:
        return session.get(f"{url}/healthz", timeout=10).text


def test_pages_come_with_the_services_certificate_of_now_only(address: str, own: Tls, tmp_path: Path) -> None:
    assert health(f"https://{address}", own.ca) == "ok\n"
    for ca in (None, Authority().issue(tmp_path / "stranger").ca):
        with pytest.raises(requests.exceptions.SSLError):
            health(f"https://{address}", ca)
    with pytest.raises(requests.ConnectionError):
        health(f"http://{address}", own.ca)
    renewed = Authority("Next authority").issue(tmp_path / "own")
    assert health(f"https://{address}", renewed.ca) == "ok\n", "without a restart"
