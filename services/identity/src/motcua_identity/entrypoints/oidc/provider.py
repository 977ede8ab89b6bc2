"""The authorization server: Authlib's grants and endpoints over our records."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, grants
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Flask
from joserfc.jwk import KeySet

from motcua_identity.application.grants import Grants
from motcua_identity.application.key_ring import KeyRing
from motcua_identity.application.known_devices import KnownDevices
from motcua_identity.application.ports import Clients
from motcua_identity.application.principals import Principal, Principals
from motcua_identity.application.sign_in import SignIns
from motcua_identity.domain.account import AssuranceLevel
from motcua_identity.domain.oidc import ACCESS_TOKEN_LIFETIME, TokenFamily
from motcua_identity.entrypoints.oidc.models import Client, Code, RefreshToken, User

ALGORITHM = "ES256"
AUDIENCE = "motcua"
LIFETIME_SECONDS = int(ACCESS_TOKEN_LIFETIME.total_seconds())


@dataclass(frozen=True)
class Provider:
    """What the authorization server works with."""

    issuer: str
    clients: Clients
    grants: Grants
    principals: Principals
    sign_ins: SignIns
    devices: KnownDevices
    keys: KeyRing


def authorization_server(app: Flask, provider: Provider) -> AuthorizationServer:
    """Return the authorization server for a Flask application.

    The issuer's scheme is judged once, by the settings. The scheme that a pod sees behind an ingress, or from a service
    of the same cluster, says nothing about it, so Authlib does not judge it for each request.
    """
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"
    server = AuthorizationServer()
    server.provider = provider

    def query_client(client_id: str) -> Client | None:
        record = provider.clients.get(client_id)
        return Client(record) if record else None

    server.init_app(
        app, query_client=query_client, save_token=lambda token, request: _save_token(provider, token, request)
    )
    server.register_token_generator("default", AccessTokens(provider))
    server.register_grant(AuthorizationCodeGrant, [S256Challenge(), IdTokens(provider)])
    server.register_grant(RefreshTokenGrant)
    server.register_grant(ClientCredentialsGrant)
    server.register_endpoint(Revocation)
    server.register_endpoint(EndSession)
    issuer_parameter = IssuerParameter()
    issuer_parameter.get_issuer = lambda: provider.issuer
    server.register_extension(issuer_parameter)
    return server


def _save_token(provider: Provider, token: Mapping[str, Any], request: Any) -> None:
    """Keep the refresh token, of which there is one for every sign-in; access tokens are not kept."""
    if (refresh_token := token.get("refresh_token")) is None:
        return
    if request.refresh_token is None:
        provider.grants.open_family(request.authorization_code.record, refresh_token)
    elif not provider.grants.rotate(request.refresh_token.family, refresh_token):
        raise InvalidGrantError


class AccessTokens(JWTBearerTokenGenerator):  # type: ignore[misc]  # Authlib has no types
    """Signed access tokens (RFC 9068) with the claims that services decide by."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(
            provider.issuer,
            ALGORITHM,
            refresh_token_generator=_refresh_token,
            expires_generator=LIFETIME_SECONDS,
        )
        self._provider = provider

    def get_jwks(self) -> KeySet:
        """Return the key that signs now."""
        return self._provider.keys.signing_keys()

    def get_audiences(self, client: Client, user: User | None, scope: str) -> str:
        """Return the one audience that all services share."""
        return AUDIENCE

    def get_acr(self, user: User | None) -> str | None:
        """Return how surely the person is known."""
        return user.authentication.acr if user else None

    def get_amr(self, user: User | None) -> list[str] | None:
        """Return by what the person signed in."""
        return list(user.authentication.methods) if user else None

    def get_auth_time(self, user: User | None) -> int | None:
        """Return when the person signed in."""
        return int(user.authentication.time.timestamp()) if user else None

    def get_extra_claims(self, client: Client, grant_type: str, user: User | None, scope: str) -> dict[str, object]:
        """Return what the subject may do: kind, posts in force and assurance."""
        if user is None:
            service = Principal(f"services/{client.record.id}", "service", client.record.display_name)
            return {"sub": service.name, "loa": AssuranceLevel.UNSPECIFIED.value, **service.claims()}
        return {"loa": user.authentication.level.value, "sid": user.session_id, **user.principal.claims()}


def _refresh_token(client: Client, grant_type: str, user: User, scope: str) -> str:
    """Say that there is one; the grant, which knows the family, puts it in (`_with_family`)."""
    return ""


class S256Challenge(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """PKCE for every client, with S256 only (RFC 9700 §2.1.1)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Insist on a challenge with its method."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError(
                "code_challenge with code_challenge_method=S256 is required", redirect_uri=redirect_uri
            )
        super().validate_code_challenge(grant, redirect_uri)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """Codes for people's clients."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Remember what the code stands for."""
        data = request.payload.data
        user: User = request.user
        self.server.provider.grants.issue_code(
            code,
            user.authentication,
            user.session_id,
            client_id=request.client.record.id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.client.get_allowed_scope(request.payload.scope),
            nonce=data.get("nonce", ""),
            code_challenge=data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Return what the code stands for, and use it up."""
        record = self.server.provider.grants.redeem_code(code, client.record.id)
        return Code(record) if record else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing: a used code is remembered until it has expired, to recognise a replay."""

    def authenticate_user(self, authorization_code: Code) -> User | None:
        """Return whom the code is for."""
        record = authorization_code.record
        principal = self.server.provider.principals.find(record.authentication.subject)
        return User(principal, record.authentication, record.session_id) if principal else None

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return tokens, the refresh token as the first of its family."""
        token: dict[str, Any] = super().generate_token(*args, **kwargs)
        return _with_family(token, self.request.authorization_code.record.family_id)


class RefreshTokenGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Refresh tokens, each good once. What the token says is looked up anew."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        """Return the token's family if the token is good."""
        family = self.server.provider.grants.family_of(refresh_token)
        return RefreshToken(family) if family else None

    def authenticate_user(self, refresh_token: RefreshToken) -> User | None:
        """Return whom the token is for."""
        family: TokenFamily = refresh_token.family
        principal = self.server.provider.principals.find(family.authentication.subject)
        return User(principal, family.authentication, family.session_id) if principal else None

    def generate_token(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return tokens, the refresh token as the next of its family."""
        token: dict[str, Any] = super().generate_token(*args, **kwargs)
        return _with_family(token, self.request.refresh_token.family.id)

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """Do nothing: saving the new token has replaced the old one in the same write."""


class ClientCredentialsGrant(grants.ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """Tokens for services."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


def _with_family(token: dict[str, Any], family_id: str) -> dict[str, Any]:
    if "refresh_token" in token:
        token["refresh_token"] = Grants.new_refresh_token(family_id)
    return token


class IdTokens(OpenIDCode):  # type: ignore[misc]  # Authlib has no types
    """Identity tokens for clients."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=True)
        self._provider = provider

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """Leave it to the client to compare the nonce: a code is good once, so that a nonce cannot come twice."""
        return False

    def resolve_client_private_key(self, client: Client) -> KeySet:
        """Return the key that signs now."""
        return self._provider.keys.signing_keys()

    def get_client_algorithm(self, client: Client) -> str:
        """Return the only algorithm."""
        return ALGORITHM

    def get_client_claims(self, client: Client) -> dict[str, object]:
        """Return issuer and audience."""
        return {"iss": self._provider.issuer, "aud": client.record.id}

    def generate_user_info(self, user: User, scope: str) -> dict[str, object]:
        """Return who it is; the name only when asked for."""
        info: dict[str, object] = {"sub": user.principal.name, "sid": user.session_id}
        if "profile" in scope.split():
            info["name"] = user.principal.display_name
        return info


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Takes refresh tokens back (RFC 7009); access tokens run out by themselves within minutes."""

    CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")

    def query_token(self, token_string: str, _hint: str | None) -> RefreshToken | None:
        """Return the token's family."""
        family = self.server.provider.grants.family_of(token_string)
        return RefreshToken(family) if family else None

    def revoke_token(self, token: RefreshToken, request: Any) -> None:
        """Make every token of the family invalid."""
        self.server.provider.grants.revoke(token.family)


class EndSession(EndSessionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Signs out (OpenID Connect RP-Initiated Logout)."""

    def get_server_jwks(self) -> KeySet:
        """Return the keys that our identity tokens are signed with."""
        keys: KeySet = self.server.provider.keys.public_keys()
        return keys

    def get_algorithms(self) -> list[str]:
        """Return the only algorithm."""
        return [ALGORITHM]

    def end_session(self, end_session_request: Any) -> None:
        """End the session that the identity token names."""
        session_id = (end_session_request.id_token_claims or {}).get("sid", "")
        if session_id:
            self.server.provider.sign_ins.sign_out(session_id)
