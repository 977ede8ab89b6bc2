"""The national e-ID over OpenID Connect: authorization code with PKCE, state and nonce."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from motcua_identity.application.ports import Contacts, EidRequest
from motcua_identity.domain.account import AssuranceLevel, EidIdentity
from motcua_identity.domain.citizen_id import CitizenId, Sex
from motcua_kit.domain import DependencyDown, FieldViolation, NotAuthenticated, ValidationFailed

ALGORITHMS = ["ES256", "RS256"]
SCOPE = "openid profile phone email address"
TIMEOUT_SECONDS = 5
METADATA_SECONDS = 300
LEEWAY_SECONDS = 30

LEVELS = {"LoA1": AssuranceLevel.ONE, "LoA2": AssuranceLevel.TWO}
SEXES = {"male": Sex.MALE, "female": Sex.FEMALE}


@dataclass
class OidcEidProvider:
    """The e-ID provider as an OpenID Connect client sees it.

    Attributes:
        issuer: of the provider; everything else is discovered from it.
        client_id: identity's name there.
        client_secret: its secret there.
        redirect_uri: identity's call-back address, as registered there.
        contacts: judges asserted contact data.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    contacts: Contacts
    _metadata: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _read_at: float = field(default=0.0, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def authorization_url(self, request: EidRequest) -> str:
        """Return where to send the browser.

        Raises:
            DependencyDown: `EID_UNAVAILABLE`.
        """
        with self._session() as session:
            url, _ = session.create_authorization_url(
                self._discovered()["authorization_endpoint"],
                state=request.state,
                code_verifier=request.code_verifier,
                nonce=request.nonce,
                acr_values=f"LoA{request.least_level.value}",
                ui_locales="vi",
            )
        return str(url)

    def identity(self, code: str, request: EidRequest) -> EidIdentity:
        """Trade the code for what the e-ID asserts.

        Raises:
            DependencyDown: `EID_UNAVAILABLE`.
            NotAuthenticated: `EID_REFUSED`; the code is refused or an answer cannot be trusted.
            ValidationFailed: a fact is missing or has no valid form.
        """
        metadata = self._discovered()
        with self._session() as session:
            try:
                token = session.fetch_token(
                    metadata["token_endpoint"],
                    code=code,
                    code_verifier=request.code_verifier,
                    timeout=TIMEOUT_SECONDS,
                )
                keys = KeySet.import_key_set(
                    _json(session.get(metadata["jwks_uri"], timeout=TIMEOUT_SECONDS))  # type: ignore[arg-type]  # JSON
                )
                claims = self._verified(str(token.get("id_token", "")), keys, request)
                facts = _json(session.get(metadata["userinfo_endpoint"], timeout=TIMEOUT_SECONDS))
            except requests.RequestException as error:
                raise _unavailable() from error
            except (OAuthError, JoseError, ValueError, KeyError) as error:
                raise _refused(type(error).__name__) from error
        if facts.get("sub") != claims["sub"]:
            raise _refused("the user info is about somebody else")
        level = LEVELS.get(claims.get("acr", ""), AssuranceLevel.UNSPECIFIED)
        if level < request.least_level:
            raise _refused("the assurance level is too low")
        return self._identity(claims["sub"], level, facts)

    def _identity(self, subject: str, level: AssuranceLevel, facts: dict[str, Any]) -> EidIdentity:
        address = facts.get("address") or {}
        ward = address.get("ward_code", "")
        phone, email = facts.get("phone_number", ""), facts.get("email", "")
        return EidIdentity(
            issuer=self.issuer,
            subject=subject,
            level=level,
            citizen_id=CitizenId.parse(_required(facts, "citizen_id")),
            full_name=" ".join(_required(facts, "name").split()),
            birth_date=_date(_required(facts, "birthdate")),
            sex=SEXES.get(facts.get("gender", "")),
            address=address.get("formatted", ""),
            address_unit=f"units/{ward}" if ward else "",
            phone=self.contacts.phone(phone) if phone else "",
            email=self.contacts.email(email) if email else "",
        )

    def _verified(self, id_token: str, keys: KeySet, request: EidRequest) -> dict[str, Any]:
        decoded = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"essential": True, "value": self.issuer}, "aud": {"essential": True, "value": self.client_id}},
            {"nonce": request.nonce, "client_id": self.client_id},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
        return dict(decoded.claims)

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.client_id,
            self.client_secret,
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )

    def _discovered(self) -> dict[str, Any]:
        with self._lock:
            if not self._metadata or time.monotonic() - self._read_at > METADATA_SECONDS:
                url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
                try:
                    metadata = _json(requests.get(url, timeout=TIMEOUT_SECONDS))
                except (requests.RequestException, ValueError) as error:
                    raise _unavailable() from error
                if metadata.get("issuer") != self.issuer:
                    raise _refused("the discovery document is of another issuer")
                self._metadata, self._read_at = metadata, time.monotonic()
            return self._metadata


def _json(response: requests.Response) -> dict[str, Any]:
    response.raise_for_status()
    body = response.json()
    if not isinstance(body, dict):
        message = "want a JSON object"
        raise ValueError(message)  # noqa: TRY004 - what came over the wire has a wrong value
    return body


def _required(facts: dict[str, Any], name: str) -> str:
    value = facts.get(name)
    if not isinstance(value, str) or not value:
        raise _missing(name)
    return value


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise _missing("birthdate") from error


def _missing(claim: str) -> ValidationFailed:
    message = f"the e-ID asserts no valid {claim}"
    return ValidationFailed(
        "EID_CLAIM_MISSING", message, [FieldViolation(claim, "EID_CLAIM_MISSING", message)], claim=claim
    )


def _unavailable() -> DependencyDown:
    return DependencyDown("EID_UNAVAILABLE", "the national e-ID does not answer")


def _refused(detail: str) -> NotAuthenticated:
    return NotAuthenticated("EID_REFUSED", f"the sign-in at the e-ID cannot be trusted: {detail}")
