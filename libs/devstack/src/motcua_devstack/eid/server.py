"""The provider: Authlib's code flow over records in memory."""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, ClientMixin, InvalidRequestError, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode, UserInfoEndpoint
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from joserfc.jwk import ECKey, KeySet

from motcua_devstack.eid.people import Person

ALGORITHM = "ES256"
SCOPE = "openid profile phone email address"
CODE_SECONDS = 60
TOKEN_SECONDS = 300


@dataclass(frozen=True)
class EidClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """The one client: identity."""

    client_id: str
    secret: str
    redirect_uri: str

    @property
    def client_metadata(self) -> dict[str, object]:
        """Nothing that Authlib asks for."""
        return {}

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """Return nothing: the redirect URI must be in the request."""
        return ""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return those of the asked scopes that there are."""
        return " ".join(name for name in (scope or "").split() if name in SCOPE.split())

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare character by character."""
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's call
        """Insist on the secret."""
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        """Allow the code flow only."""
        return bool(response_type == "code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow codes only."""
        return bool(grant_type == "authorization_code")


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types
    """A code on its way."""

    person: Person
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    issued: float
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Return where it was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what was asked for."""
        return self.scope

    def get_nonce(self) -> str:
        """Return the client's nonce."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in."""
        return int(self.issued)

    def get_acr(self) -> str:
        """Return the level of the person's e-ID."""
        return f"LoA{self.person.level}"

    def get_amr(self) -> list[str]:
        """Return by what the person signed in."""
        return ["pwd"]


@dataclass(frozen=True)
class Token(TokenMixin):  # type: ignore[misc]  # Authlib has no types
    """An access token for the user info."""

    person: Person
    client: EidClient
    scope: str
    expires: float

    def get_scope(self) -> str:
        """Return what was granted."""
        return self.scope

    def is_expired(self) -> bool:
        """Tell whether it has run out."""
        return time.time() >= self.expires

    def is_revoked(self) -> bool:
        """No: nothing revokes these."""
        return False

    def get_client(self) -> EidClient:
        """Return the client."""
        return self.client

    def get_user(self) -> Person:
        """Return the person."""
        return self.person


class Memory:
    """Codes and tokens of this process."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def keep_code(self, value: str, code: Code) -> None:
        """Remember a code."""
        with self._lock:
            self._codes[value] = code

    def take_code(self, value: str) -> Code | None:
        """Return a code and forget it: it is good once, and for a minute."""
        with self._lock:
            code = self._codes.pop(value, None)
        return code if code and time.time() < code.issued + CODE_SECONDS else None

    def keep_token(self, value: str, token: Token) -> None:
        """Remember a token, and forget those that have run out."""
        with self._lock:
            self._tokens = {key: known for key, known in self._tokens.items() if not known.is_expired()}
            self._tokens[value] = token

    def token(self, value: str) -> Token | None:
        """Return a token."""
        with self._lock:
            return self._tokens.get(value)


def create_app(issuer: str, client: EidClient, people: Mapping[str, Person]) -> Flask:
    """Return the provider.

    Args:
        issuer: URL under which it is reached.
        client: identity.
        people: by the number they sign in with.
    """
    app = Flask(__name__)
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
    memory = Memory()
    server = _authorization_server(app, issuer, client, memory, key)

    _add_metadata(app, issuer, key)

    @app.get("/authorize")
    def ask() -> ResponseReturnValue:
        server.get_consent_grant()  # validates the request; raises OAuth2Error
        return _page()

    @app.post("/authorize")
    def answer() -> ResponseReturnValue:
        person = people.get(request.form.get("citizen_id", "").strip())
        if person is None or not person.knows(request.form.get("password", "")):
            server.get_consent_grant()
            return _page(wrong=True), 401
        grant = server.get_consent_grant(end_user=person)
        if "LoA2" in request.args.get("acr_values", "").split() and person.level < 2:  # noqa: PLR2004 - level two
            raise LevelTooLowError(redirect_uri=client.redirect_uri)
        response: ResponseReturnValue = server.create_authorization_response(grant_user=person, grant=grant)
        return response

    @app.post("/token")
    def token() -> ResponseReturnValue:
        response: ResponseReturnValue = server.create_token_response()
        return response

    @app.get("/userinfo")
    def user_info() -> ResponseReturnValue:
        response: ResponseReturnValue = server.create_endpoint_response("userinfo")
        return response

    @app.errorhandler(OAuth2Error)
    def refuse(error: OAuth2Error) -> ResponseReturnValue:
        error.state = request.args.get("state")
        response: ResponseReturnValue = server.handle_error_response(None, error)
        return response

    return app


def _add_metadata(app: Flask, issuer: str, key: ECKey) -> None:
    base = issuer.rstrip("/")

    @app.get("/.well-known/openid-configuration")
    def discovery() -> ResponseReturnValue:
        return jsonify(
            issuer=issuer,
            authorization_endpoint=f"{base}/authorize",
            token_endpoint=f"{base}/token",
            userinfo_endpoint=f"{base}/userinfo",
            jwks_uri=f"{base}/jwks.json",
            scopes_supported=SCOPE.split(),
            response_types_supported=["code"],
            grant_types_supported=["authorization_code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
            token_endpoint_auth_methods_supported=["client_secret_basic"],
            code_challenge_methods_supported=["S256"],
            acr_values_supported=["LoA1", "LoA2"],
            ui_locales_supported=["vi"],
        )

    @app.get("/jwks.json")
    def key_set() -> ResponseReturnValue:
        return jsonify(keys=[key.as_dict(private=False)])

    @app.get("/healthz")
    def health() -> ResponseReturnValue:
        return "ok\n"


class LevelTooLowError(AccessDeniedError):  # type: ignore[misc]  # Authlib has no types
    """The person's e-ID is of a lower level than asked for (OpenID Connect, unmet authentication requirements)."""

    error = "unmet_authentication_requirements"


def _page(*, wrong: bool = False) -> str:
    return render_template(
        "authorize.html",
        query=request.query_string.decode("ascii", "replace"),
        wrong=wrong,
        level_two="LoA2" in request.args.get("acr_values", "").split(),
    )


def _authorization_server(
    app: Flask, issuer: str, client: EidClient, memory: Memory, key: ECKey
) -> AuthorizationServer:
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"  # a cluster for trying the suite out has no TLS at its edge
    server = AuthorizationServer()
    server.memory = memory

    def save_token(token: Mapping[str, Any], request: Any) -> None:
        expires = time.time() + TOKEN_SECONDS
        memory.keep_token(token["access_token"], Token(request.user, client, token["scope"], expires))

    def query_client(client_id: str) -> EidClient | None:
        return client if client_id == client.client_id else None

    server.init_app(app, query_client=query_client, save_token=save_token)
    server.register_token_generator(
        "default", BearerTokenGenerator(lambda **_: secrets.token_urlsafe(32), expires_generator=TOKEN_SECONDS)
    )
    server.register_grant(CodeGrant, [S256Challenge(), IdTokens(issuer, key)])
    protector = ResourceProtector()
    protector.register_token_validator(TokenValidator(memory))
    server.register_endpoint(UserInfo(server, protector))
    return server


class S256Challenge(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE with S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Insist on a challenge with its method."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge with S256 is required", redirect_uri=redirect_uri)
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """Codes."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Remember what the code stands for."""
        data = request.payload.data
        self.server.memory.keep_code(
            code,
            Code(
                person=request.user,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.client.get_allowed_scope(request.payload.scope),
                nonce=data.get("nonce", ""),
                code_challenge=data["code_challenge"],
                issued=time.time(),
            ),
        )

    def query_authorization_code(self, code: str, client: EidClient) -> Code | None:
        """Return what the code stands for, and use it up."""
        known: Code | None = self.server.memory.take_code(code)
        return known if known and known.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing: it was used up when it was asked for."""

    def authenticate_user(self, authorization_code: Code) -> Person:
        """Return whom the code is for."""
        return authorization_code.person


class IdTokens(OpenIDCode):  # type: ignore[misc]  # Authlib has no types
    """Identity tokens; personal facts go through the user info only."""

    def __init__(self, issuer: str, key: ECKey) -> None:
        super().__init__(require_nonce=True)
        self._issuer = issuer
        self._key = key

    def exists_nonce(self, nonce: str, request: Any) -> bool:  # noqa: ARG002 - Authlib's call
        """Leave it to the client to compare the nonce."""
        return False

    def resolve_client_private_key(self, client: EidClient) -> KeySet:  # noqa: ARG002 - the same for all
        """Return the key, in a set so that its `kid` gets into the header."""
        return KeySet([self._key])

    def get_client_algorithm(self, client: EidClient) -> str:  # noqa: ARG002 - the same for all
        """Return the only algorithm."""
        return ALGORITHM

    def get_client_claims(self, client: EidClient) -> dict[str, object]:
        """Return issuer and audience."""
        return {"iss": self._issuer, "aud": client.client_id}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, object]:  # noqa: ARG002 - Authlib's call
        """Return the subject."""
        return {"sub": user.subject}


class TokenValidator(BearerTokenValidator):  # type: ignore[misc]  # Authlib has no types
    """Knows the tokens in memory."""

    def __init__(self, memory: Memory) -> None:
        super().__init__()
        self._memory = memory

    def authenticate_token(self, token_string: str) -> Token | None:
        """Return the token."""
        return self._memory.token(token_string)


class UserInfo(UserInfoEndpoint):  # type: ignore[misc]  # Authlib has no types
    """What the e-ID knows about a person."""

    def generate_user_info(self, user: Person, scope: str) -> dict[str, object]:  # noqa: ARG002 - all or nothing
        """Return the verified facts."""
        return {
            "sub": user.subject,
            "citizen_id": user.citizen_id,
            "name": user.name,
            "birthdate": user.birth_date.isoformat(),
            "gender": user.gender,
            "phone_number": user.phone,
            "phone_number_verified": True,
            "email": user.email,
            "address": {"formatted": user.address, "ward_code": user.ward_code},
        }
