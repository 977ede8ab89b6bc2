"""Identity with its HTTP end and a simulated e-ID, both over real sockets."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pyotp
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.serving import make_server

from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.eid.server import EidClient
from motcua_devstack.eid.server import create_app as create_eid
from motcua_devstack.embedded import EmbeddedServers
from motcua_identity.application.seeding import SeedFile
from motcua_identity.bootstrap import SERVICE, Parts
from motcua_identity.entrypoints.oidc.app import create_app
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


TIMEOUT_SECONDS = 10
TOTP_STEP_SECONDS = 30


class SignInError(Exception):
    """Identity or the e-ID did not sign the person in; the text says what they answered."""


@dataclass
class Browser:
    """A browser with its cookies, at the pages of one client.

    Attributes:
        issuer: URL of identity.
        client_id: client that the person uses.
        redirect_uri: where the client wants the person back, as registered.
        client_secret: of a confidential client.
        scope: what the client asks for.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid profile"
    session: requests.Session = field(default_factory=requests.Session, repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    def citizen(self, citizen_id: str, password: str) -> dict[str, Any]:
        """Sign a citizen in through the e-ID and return the client's tokens.

        Raises:
            SignInError: somebody refused.
        """
        return self.tokens(self.at_eid(self.authorize(), citizen_id, password))

    def officer(self, username: str, password: str, totp_secret: str) -> dict[str, Any]:
        """Sign an officer in and return the client's tokens.

        A one-time code is good once: two sign-ins of one officer in one half minute use the neighbouring steps.

        Raises:
            SignInError: somebody refused.
        """
        page = self.follow(self.authorize())
        if self._is_back(page):
            return self.tokens(page)
        answer = page
        for step in (-1, 0, 1):
            code = pyotp.TOTP(totp_secret).at(int(time.time()) + step * TOTP_STEP_SECONDS)
            answer = self.officer_form(page, username=username, password=password, code=code)
            if answer.status_code != requests.codes.unauthorized:
                break
        return self.tokens(answer)

    def refresh(self, refresh_token: str) -> requests.Response:
        """Ask for new tokens."""
        return self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def authorize(self, **changes: str) -> requests.Response:
        """Go to identity as the client sends people there; empty values leave a parameter out."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        wanted = {name: value for name, value in query.items() if value}
        return self.get(f"{self.issuer}/authorize?{urlencode(wanted)}")

    def at_eid(self, response: requests.Response, citizen_id: str, password: str) -> requests.Response:
        """Fill in the page of the e-ID that a redirect leads to, and come back to identity."""
        if self._is_back(response):
            return response
        page = self.get(response.headers["Location"])
        if not page.ok:
            message = f"the e-ID answered {page.status_code}"
            raise SignInError(message)
        return self.follow(self.post(page.url, {"citizen_id": citizen_id, "password": password}))

    def officer_form(self, page: requests.Response, **fields: str) -> requests.Response:
        """Fill in the page for officers."""
        form = {**_hidden_fields(page.text), **fields}
        return self.follow(self.post(f"{self.issuer}/sign-in", form))

    def tokens(self, response: requests.Response) -> dict[str, Any]:
        """Return the tokens for the code in a redirect to the client.

        Raises:
            SignInError: there is no code, or it is refused.
        """
        answer = self.redeem(self.code(response))
        if not answer.ok:
            message = f"the token endpoint answered {answer.status_code}: {answer.text}"
            raise SignInError(message)
        tokens: dict[str, Any] = answer.json()
        return tokens

    def code(self, response: requests.Response) -> str:
        """Return the code in a redirect to the client, after the checks that a client makes.

        Raises:
            SignInError: there is none, or it is not the answer to our question.
        """
        if not self._is_back(response):
            message = f"identity answered {response.status_code} at {urlsplit(response.url).path}"
            raise SignInError(message)
        answer = {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}
        if answer.get("state") != self.state or answer.get("iss") != self.issuer or "code" not in answer:
            message = f"identity answered {answer.get('error', 'with another state or issuer')}"
            raise SignInError(message)
        return answer["code"]

    def redeem(self, code: str, **changes: str) -> requests.Response:
        """Trade a code for tokens."""
        data = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self._token({**data, **changes})

    def follow(self, response: requests.Response) -> requests.Response:
        """Follow redirects inside identity, until there is a page or the way leads elsewhere."""
        while response.is_redirect:
            target = urljoin(response.url, response.headers["Location"])
            if not target.startswith(f"{self.issuer}/"):
                break
            response = self.get(target)
        return response

    def get(self, url: str) -> requests.Response:
        """Get a page without following redirects."""
        return self.session.get(url, allow_redirects=False, timeout=TIMEOUT_SECONDS)

    def post(self, url: str, form: dict[str, str]) -> requests.Response:
        """Send a form without following redirects."""
        return self.session.post(url, data=form, allow_redirects=False, timeout=TIMEOUT_SECONDS)

    def _is_back(self, response: requests.Response) -> bool:
        return response.headers.get("Location", "").partition("?")[0] == self.redirect_uri

    def _token(self, data: dict[str, str]) -> requests.Response:
        """The client, not the browser, talks to the token endpoint: without cookies."""
        auth = (self.client_id, self.client_secret) if self.client_secret else None
        identified = data if auth else {"client_id": self.client_id, **data}
        return requests.post(f"{self.issuer}/token", data=identified, auth=auth, timeout=TIMEOUT_SECONDS)


class _HiddenFields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "input" and attributes.get("type") == "hidden":
            self.values[attributes.get("name") or ""] = attributes.get("value") or ""


def _hidden_fields(html: str) -> dict[str, str]:
    parser = _HiddenFields()
    parser.feed(html)
    return parser.values


class Listener:
    """A WSGI server on a free port; its application is given once its URL is known."""

    def __init__(self) -> None:
        self._server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

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
    store: Store
    clock: SettableClock
    seed_folder: Path = field(default_factory=Path)
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))

    _seeded: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def start_over(self, seed_folder: Path) -> None:
        """Forget all that tests did; what seeding brought in the first time is put back, as hashing takes its time."""
        self.seed_folder = seed_folder
        self.clock.now = SettableClock().now
        self.parts.provider.sign_ins._officer_check._attempts._limiter.storage.reset()  # type: ignore[attr-defined]
        for name in {*self.store.database.list_collection_names()} - {"_migrations", "signing_keys"}:
            self.store.collection(name).delete_many({})
        for name, documents in self._seeded.items():
            self.store.collection(name).insert_many(documents)
        if not self._seeded:
            self.seed()
            for name in ("oidc_clients", "officers", "credentials"):
                self._seeded[name] = list(self.store.collection(name).find({}))

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
def listener() -> Listener:
    """A server on a free port that has not started; who starts it stops it."""
    return Listener()


@pytest.fixture
def service_settings() -> dict[str, Any]:
    """What `serve` needs to know for identity."""
    return dict(IDENTITY_SETTINGS)


@pytest.fixture(scope="module")
def standing_identity(servers: EmbeddedServers) -> Iterator[Identity]:
    """Identity over HTTP with the simulated e-ID behind it, for all tests of a module; use `identity`."""
    front, eid = Listener(), Listener()
    store = Store(servers.mongodb_uri, f"test_{uuid.uuid4().hex[:16]}")
    clock = SettableClock()
    settings = SERVICE.load_settings(
        **{
            "mongodb_uri": servers.mongodb_uri,
            **IDENTITY_SETTINGS,
            "profile": "local",
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
    front.start(create_app(parts.provider, SERVICE.catalogue()))
    yield Identity(front.url, eid.url, parts, store, clock)
    front.stop()
    eid.stop()
    store.client.drop_database(store.database.name)
    store.close()


@pytest.fixture
def identity(standing_identity: Identity, seed_folder: Path) -> Identity:
    """The same with nothing in it but what the seed file says, and nobody signed in."""
    standing_identity.start_over(seed_folder)
    return standing_identity


@pytest.fixture
def citizen(identity: Identity) -> Browser:
    """A browser at the citizens' portal."""
    return Browser(identity.url, "portal", PORTAL_URI)


@pytest.fixture
def officer(identity: Identity) -> Browser:
    """A browser at the officers' workplace."""
    return Browser(identity.url, "workplace", WORKPLACE_URI, SECRETS["workplace"])
