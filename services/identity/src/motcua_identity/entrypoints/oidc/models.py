"""Our records as Authlib wants to see them."""

from __future__ import annotations

from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from motcua_identity.application.principals import Principal
from motcua_identity.domain.oidc import Authentication, AuthorizationCode, ClientKind, OidcClient, TokenFamily

SCOPES = ("openid", "profile")
SERVICE_GRANTS = frozenset({"client_credentials"})
PEOPLE_GRANTS = frozenset({"authorization_code", "refresh_token"})
AUTH_METHODS = {
    ClientKind.PUBLIC: frozenset({"none"}),
    ClientKind.CONFIDENTIAL: frozenset({"client_secret_basic", "client_secret_post"}),
    ClientKind.SERVICE: frozenset({"client_secret_basic", "client_secret_post"}),
}


class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """A client."""

    def __init__(self, record: OidcClient) -> None:
        self.record = record

    @property
    def client_metadata(self) -> dict[str, object]:
        """What the end-session endpoint asks for."""
        return {"post_logout_redirect_uris": list(self.record.post_logout_redirect_uris)}

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.record.id

    def get_default_redirect_uri(self) -> str:
        """Return nothing: the redirect URI must be in the request."""
        return ""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return those of the asked scopes that there are."""
        return " ".join(name for name in (scope or "").split() if name in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare character by character (RFC 9700 §2.1)."""
        return redirect_uri in self.record.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        return self.record.knows_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether this client may prove itself so."""
        return method in AUTH_METHODS[self.record.kind]

    def check_response_type(self, response_type: str) -> bool:
        """Allow the code flow only, and only for clients that sign people in."""
        return response_type == "code" and self.record.kind is not ClientKind.SERVICE

    def check_grant_type(self, grant_type: str) -> bool:
        """Allow services their own credentials, and other clients what people granted."""
        return grant_type in (SERVICE_GRANTS if self.record.kind is ClientKind.SERVICE else PEOPLE_GRANTS)


@dataclass(frozen=True)
class User:
    """Somebody for whom a token is issued, and how they proved it."""

    principal: Principal
    authentication: Authentication
    session_id: str

    def get_user_id(self) -> str:
        """Return the subject."""
        return self.principal.name


class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types
    """An authorization code."""

    code_challenge_method = "S256"

    def __init__(self, record: AuthorizationCode) -> None:
        self.record = record
        self.code_challenge = record.code_challenge

    def get_redirect_uri(self) -> str:
        """Return where the code was sent."""
        return self.record.redirect_uri

    def get_scope(self) -> str:
        """Return what was asked for."""
        return self.record.scope

    def get_nonce(self) -> str:
        """Return the client's nonce."""
        return self.record.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in."""
        return int(self.record.authentication.time.timestamp())

    def get_acr(self) -> str:
        """Return how surely."""
        return self.record.authentication.acr

    def get_amr(self) -> list[str]:
        """Return by what."""
        return list(self.record.authentication.methods)


class RefreshToken(TokenMixin):  # type: ignore[misc]  # Authlib has no types
    """A refresh token, as the family it belongs to."""

    def __init__(self, family: TokenFamily) -> None:
        self.family = family

    def check_client(self, client: Client) -> bool:
        """Tell whether it was issued to this client."""
        return client.record.id == self.family.client_id

    def get_scope(self) -> str:
        """Return what was granted."""
        return self.family.scope
