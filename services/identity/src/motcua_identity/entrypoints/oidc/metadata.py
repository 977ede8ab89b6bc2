"""What programs read: discovery and keys; and the endpoints that only programs use."""

from __future__ import annotations

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from motcua_identity.entrypoints.oidc.models import SCOPES
from motcua_identity.entrypoints.oidc.provider import ALGORITHM, Provider

KEY_SET_SECONDS = 60
FOR_PROGRAMS = frozenset({"/.well-known/openid-configuration", "/jwks.json", "/token", "/revoke"})
"""Paths whose answers are JSON, also when they fail."""

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]


def metadata_pages(provider: Provider, server: AuthorizationServer) -> Blueprint:
    """Return the pages that programs use."""
    pages = Blueprint("metadata", __name__)
    base = provider.issuer.rstrip("/")

    @pages.get("/.well-known/openid-configuration")
    def discovery() -> ResponseReturnValue:
        return jsonify(
            issuer=provider.issuer,
            authorization_endpoint=f"{base}/authorize",
            token_endpoint=f"{base}/token",
            revocation_endpoint=f"{base}/revoke",
            end_session_endpoint=f"{base}/end-session",
            jwks_uri=f"{base}/jwks.json",
            scopes_supported=list(SCOPES),
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=["authorization_code", "refresh_token", "client_credentials"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
            token_endpoint_auth_methods_supported=AUTH_METHODS,
            revocation_endpoint_auth_methods_supported=AUTH_METHODS,
            code_challenge_methods_supported=["S256"],
            acr_values_supported=["LoA1", "LoA2"],
            claims_supported=["sub", "kind", "posts", "loa", "acr", "amr", "auth_time", "name", "sid"],
            ui_locales_supported=["vi"],
            authorization_response_iss_parameter_supported=True,
        )

    @pages.get("/jwks.json")
    def key_set() -> ResponseReturnValue:
        response = jsonify(provider.keys.key_set())
        response.headers["Cache-Control"] = f"public, max-age={KEY_SET_SECONDS}"
        return response

    @pages.post("/token")
    def token() -> ResponseReturnValue:
        response: ResponseReturnValue = server.create_token_response()
        return response

    @pages.post("/revoke")
    def revoke() -> ResponseReturnValue:
        response: ResponseReturnValue = server.create_endpoint_response("revocation")
        return response

    return pages
