"""Identity with its HTTP end and a simulated e-ID, both over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.serving import make_server

from motcua_devstack.eid.browser import Browser
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.eid.server import EidClient
from motcua_devstack.eid.server import create_app as create_eid
from motcua_devstack.embedded import EmbeddedServers
from motcua_identity.application.seeding import SeedFile
from motcua_identity.bootstrap import SERVICE, Parts, build
from motcua_kit.data import load_file
from motcua_kit.service import Runtime
from motcua_kit.store import Store
from motcua_kit.testing import SettableClock

REPOSITORY = Path(__file__).resolve().parents[3]
EID_SECRET = "secret-of-identity-at-the-e-id"
IDENTITY_SETTINGS: dict[str, Any] = {
    "eid_issuer": "http://127.0.0.1:9",
    "eid_client_id": "motcua",
    "eid_client_secret": EID_SECRET,
    "sealing_key": "0123456789abcdef0123456789abcdef",
    "attempts_url": "memory://",
}
PORTAL_URI = "http://127.0.0.1:9/callback"
WORKPLACE_URI = "http://127.0.0.1:9/workplace"

SEED = """
clients:
  - {id: dossier, kind: service, display_name: Dossier, secret_file: dossier}
  - id: portal
    kind: public
    display_name: Cổng dịch vụ công
    people: citizens
    redirect_uris: ["http://127.0.0.1:9/callback"]
    post_logout_redirect_uris: ["http://127.0.0.1:9/"]
  - id: signing
    kind: confidential
    display_name: Ký số
    people: citizens
    redirect_uris: ["http://127.0.0.1:9/callback"]
    secret_file: signing
    least_level: 2
  - id: workplace
    kind: confidential
    display_name: Một cửa điện tử
    people: officers
    redirect_uris: ["http://127.0.0.1:9/workplace"]
    secret_file: workplace
officers:
  - username: lan.le
    full_name: Lê Thị Lan
    title: Chuyên viên
    email: lan.le@example.com
    password_file: password
    totp_secret_file: totp
    posts:
      - {unit: units/26740, role: reception_officer, start_date: 2025-07-01, decision: 12/QĐ-UBND}
      - {unit: units/26740, role: handler, start_date: 2025-07-01, end_date: 2025-12-31}
      - {unit: units/26743, role: handler, start_date: 2026-01-01}
"""
SECRETS = {
    "dossier": "secret-of-the-dossier-service",
    "signing": "secret-of-the-signing-client",
    "workplace": "secret-of-the-workplace",
    "password": "mật khẩu dài của Lan",
    "totp": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
}


class Listener:
    """A WSGI server on a free port; its application is given once its URL is known."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self, app: Any) -> None:
        self._server.app = app
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Identity:
    """A running identity."""

    url: str
    eid_url: str
    parts: Parts
    seed_folder: Path
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    def seed(self) -> list[str]:
        file = load_file(self.seed_folder / "seed.yaml", SeedFile)
        return self.parts.seeder.seed(file, lambda name: (self.seed_folder / name).read_text().strip())

    def one_time_code(self) -> str:
        """Return the officer's present one-time code."""
        return pyotp.TOTP(SECRETS["totp"]).now()

    def post(self, path: str, data: dict[str, str], auth: tuple[str, str] | None = None) -> requests.Response:
        return requests.post(f"{self.url}{path}", data=data, auth=auth, timeout=10)

    def token_for(self, client: str, **data: str) -> requests.Response:
        return self.post("/token", data, (client, SECRETS[client]))

    def claims(self, token: str, **expected: Any) -> dict[str, Any]:
        keys = KeySet.import_key_set(requests.get(f"{self.url}/jwks.json", timeout=10).json())
        decoded = jwt.decode(token, keys, algorithms=["ES256"])
        assert {name: decoded.claims.get(name) for name in expected} == expected
        return dict(decoded.claims)


@pytest.fixture
def seed_folder(tmp_path: Path) -> Path:
    (tmp_path / "seed.yaml").write_text(SEED, encoding="utf-8")
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(f"{secret}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def service_settings() -> dict[str, Any]:
    """What `serve` needs to know for identity."""
    return dict(IDENTITY_SETTINGS)


@pytest.fixture
def identity(servers: EmbeddedServers, store: Store, clock: SettableClock, seed_folder: Path) -> Iterator[Identity]:
    """Identity over HTTP with the simulated e-ID behind it, and the seed file brought in."""
    front, eid = Listener(), Listener()
    settings = SERVICE.load_settings(
        **{
            "mongodb_uri": servers.mongodb_uri,
            **IDENTITY_SETTINGS,
            "profile": "local",
            "mongodb_database": store.database.name,
            "page_token_key": "of-this-test",
            "city_dir": REPOSITORY / "city",
            "issuer": front.url,
            "eid_issuer": eid.url,
        }
    )
    runtime = Runtime(settings)
    runtime.__dict__.update(clock=clock, store=store)
    SERVICE.migrate(runtime)
    parts = Parts(settings, runtime)
    eid.start(create_eid(eid.url, EidClient("motcua", EID_SECRET, settings.eid_redirect_uri), load_people(PEOPLE_FILE)))
    front.start(build(settings, runtime).http)
    identity = Identity(front.url, eid.url, parts, seed_folder)
    identity.seed()
    yield identity
    front.stop()
    eid.stop()


@pytest.fixture
def citizen(identity: Identity) -> Browser:
    """A browser at the citizens' portal."""
    return Browser(identity.url, "portal", PORTAL_URI)


@pytest.fixture
def officer(identity: Identity) -> Browser:
    """A browser at the officers' workplace."""
    return Browser(identity.url, "workplace", WORKPLACE_URI, SECRETS["workplace"])
