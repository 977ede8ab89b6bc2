"""Signing in as a browser does: OpenID Connect authorization code with PKCE, following redirects and filling forms."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from motcua_devstack.demo.web import TIMEOUT, Web

MOST_HOPS = 20
SCOPE = "openid profile"
LIFE_USED = 0.8
TRIES = 4
"""Sign-ins that somebody begins before they give up; one less than locks an officer out."""

Answers = Callable[["Form"], Mapping[str, str]]
"""What a person types into a form, by the name of the field."""


class SignInFailed(Exception):
    """The sign-in did not end at the application; the text says where it got stuck."""


@dataclass
class Form:
    """The form on a page.

    Attributes:
        action: where it is sent.
        fields: its fields with the values they have.
        text: what the page says.
    """

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    text: str = ""


class _FormReader(HTMLParser):
    """Reads the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form = Form(values.get("action", ""))
        elif tag in ("input", "button") and self.form is not None and values.get("name"):
            self.form.fields.setdefault(values["name"], values.get("value", ""))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(data.strip())


def read_form(html: str) -> Form | None:
    """The first form of a page; None when it has none."""
    reader = _FormReader()
    reader.feed(html)
    if reader.form is not None:
        reader.form.text = " ".join(reader.text)
    return reader.form


@dataclass(frozen=True)
class Application:
    """An OpenID Connect client that people sign in to.

    Attributes:
        issuer: URL of the identity service.
        client_id: its name there; it has no secret, as nothing that runs at a person's can keep one.
        redirect_uri: where the browser is sent back to.
        web: how it and the browser make requests.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    web: Web

    def metadata(self) -> dict[str, Any]:
        """The issuer's discovery document."""
        return _json(self.web.get(f"{self.issuer}/.well-known/openid-configuration"))


class SignedIn:
    """Somebody who has signed in: renews the access token before it expires, and signs in again when that fails.

    Args:
        application: what they sign in to.
        answers: what they type into each form on the way.

    Attributes:
        claims: of the identity token.

    Raises:
        SignInFailed: refused, or the way ended somewhere else.
    """

    def __init__(self, application: Application, answers: Answers) -> None:
        self._application = application
        self._answers = answers
        self._lock = threading.Lock()
        self.claims: dict[str, Any] = {}
        self._sign_in()

    @property
    def name(self) -> str:
        """Resource name of who signed in, e.g. `accounts/0f3…`."""
        return str(self.claims["sub"])

    def token(self) -> str:
        """An access token that is valid now.

        Raises:
            SignInFailed: the token could not be renewed, nor could another be had.
        """
        with self._lock:
            if time.monotonic() >= self._renew_at:
                try:
                    self._renew()
                except SignInFailed:
                    # A refresh token is good once: when its answer was lost on the way, only signing in helps.
                    self._sign_in()
            return self._access_token

    def _renew(self) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._refresh_token,
            "client_id": self._application.client_id,
        }
        self._keep(_json(self._application.web.post(self._metadata["token_endpoint"], data=form)))

    def _sign_in(self) -> None:
        for left in reversed(range(TRIES)):
            try:
                self._sign_in_once()
            except SignInFailed:
                if not left:
                    raise
            else:
                return

    def _sign_in_once(self) -> None:
        application, web = self._application, self._application.web
        self._metadata = metadata = application.metadata()
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": application.redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        with web.session() as browser:
            answer = browser.get(
                metadata["authorization_endpoint"], params=query, timeout=TIMEOUT, allow_redirects=False
            )
            callback = _follow(browser, answer, application.redirect_uri, self._answers)
        if callback.get("state") != [state] or "code" not in callback:
            raise SignInFailed(f"the identity service answered {callback}")
        form = {
            "grant_type": "authorization_code",
            "code": callback["code"][0],
            "redirect_uri": application.redirect_uri,
            "client_id": application.client_id,
            "code_verifier": verifier,
        }
        tokens = _json(web.post(metadata["token_endpoint"], data=form))
        keys = KeySet.import_key_set(_json(web.get(metadata["jwks_uri"])))  # type: ignore[arg-type]
        claims: dict[str, Any] = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
        if claims.get("nonce") != nonce:
            raise SignInFailed("the identity token is for another sign-in")
        self.claims = claims
        self._keep(tokens)

    def _keep(self, tokens: Mapping[str, Any]) -> None:
        self._access_token = str(tokens["access_token"])
        self._refresh_token = str(tokens.get("refresh_token", ""))
        self._renew_at = time.monotonic() + LIFE_USED * float(tokens["expires_in"])


def _follow(
    browser: requests.Session, answer: requests.Response, destination: str, answers: Answers
) -> dict[str, list[str]]:
    """Follow redirects and fill in forms until the browser is sent to `destination`; return the query it comes with."""
    filled = 0
    for _ in range(MOST_HOPS):
        if answer.is_redirect:
            target = urljoin(answer.url, answer.headers["location"])
            if target.partition("?")[0] == destination:
                return parse_qs(urlsplit(target).query)
            answer = browser.get(target, timeout=TIMEOUT, allow_redirects=False)
            continue
        form = read_form(answer.text)
        if not answer.ok or form is None:
            raise SignInFailed(f"{answer.status_code} at {answer.url.partition('?')[0]}: {_page_text(answer)}")
        filled += 1
        target = urljoin(answer.url, form.action or answer.url)
        answer = browser.post(target, data={**form.fields, **answers(form)}, timeout=TIMEOUT, allow_redirects=False)
    raise SignInFailed(f"no way back to {destination} after {MOST_HOPS} pages, {filled} of them forms")


def _page_text(answer: requests.Response) -> str:
    reader = _FormReader()
    reader.feed(answer.text)
    return " ".join(reader.text)[:300]


def _json(answer: requests.Response) -> dict[str, Any]:
    if not answer.ok:
        raise SignInFailed(f"{answer.status_code} at {answer.url.partition('?')[0]}: {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body
