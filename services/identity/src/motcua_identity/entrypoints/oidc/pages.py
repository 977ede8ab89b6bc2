"""What people see when they sign in and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from motcua_identity.application.known_devices import LIFETIME
from motcua_identity.application.sign_in import Origin
from motcua_identity.domain.account import AssuranceLevel
from motcua_identity.domain.oidc import (
    SESSION_LIFETIME,
    SIGN_IN_LIFETIME,
    LoginSession,
    OidcClient,
    PendingSignIn,
    People,
)
from motcua_identity.entrypoints.oidc.models import User
from motcua_identity.entrypoints.oidc.provider import Provider
from motcua_kit.domain import NotAuthenticated, RateLimited

SIGN_IN_COOKIE = "motcua-sign-in"
DEVICE_COOKIE = "motcua-device"
SESSION_COOKIES = {People.CITIZENS: "motcua-citizen", People.OFFICERS: "motcua-officer"}
"""One browser may hold a citizen's and an officer's session: an officer is a citizen, too."""

LEVELS = {f"LoA{level.value}": level for level in (AssuranceLevel.ONE, AssuranceLevel.TWO)}


def sign_in_pages(provider: Provider, server: AuthorizationServer) -> Blueprint:
    """Return the pages that people see."""
    pages = Blueprint(
        "sign_in", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
    )
    views = Views(provider, server)
    pages.add_url_rule("/authorize", view_func=views.authorize)
    pages.add_url_rule("/eid/callback", view_func=views.eid_callback)
    pages.add_url_rule("/sign-in", view_func=views.officer_form)
    pages.add_url_rule("/sign-in", view_func=views.officer_sign_in, methods=["POST"])
    pages.add_url_rule("/end-session", view_func=views.end_session, methods=["GET", "POST"])

    @pages.after_request
    def keep_private(response: Response) -> Response:
        if request.endpoint != "sign_in.static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return pages


class Views:
    """One method for each page."""

    def __init__(self, provider: Provider, server: AuthorizationServer) -> None:
        self._provider = provider
        self._sign_ins = provider.sign_ins
        self._server = server
        self._cookies = Cookies(secure=provider.issuer.startswith("https:"))

    def authorize(self) -> ResponseReturnValue:
        """Answer with a code, or send the browser to sign in first."""
        record = self._provider.clients.get(request.args.get("client_id", ""))
        least_level = _least_level(record)
        user = self._user(record, least_level)
        grant = self._server.get_consent_grant(end_user=user)  # validates the request; raises OAuth2Error
        if user is not None and grant.prompt != "login":
            response: ResponseReturnValue = self._server.create_authorization_response(grant_user=user, grant=grant)
            return response
        started = self._sign_ins.start(grant.client.record, _without_prompt(), least_level)
        to_eid = grant.client.record.people is People.CITIZENS
        answer = redirect(self._sign_ins.eid_url(started.sign_in) if to_eid else "/sign-in", 303)
        self._cookies.set(answer, SIGN_IN_COOKIE, started.cookie, SIGN_IN_LIFETIME)
        return answer

    def eid_callback(self) -> ResponseReturnValue:
        """Take a citizen back from the e-ID."""
        sign_in = self._pending()
        if "code" not in request.args:
            raise NotAuthenticated("EID_REFUSED", f"the e-ID says {request.args.get('error', 'nothing')}")
        cookie = self._sign_ins.complete_citizen(sign_in, request.args.get("state", ""), request.args["code"])
        return self._go_on(sign_in, People.CITIZENS, cookie)

    def officer_form(self) -> ResponseReturnValue:
        """Ask an officer for user name, password and one-time code."""
        return self._officer_page(self._pending())

    def officer_sign_in(self) -> ResponseReturnValue:
        """Check what an officer typed."""
        sign_in = self._pending()
        form = request.form
        username = form.get("username", "").strip().lower()
        device = self._provider.devices.device_of(request.cookies.get(DEVICE_COOKIE, ""), username)
        try:
            cookie = self._sign_ins.complete_officer(
                sign_in,
                form.get("csrf_token", ""),
                username,
                form.get("password", ""),
                form.get("code", ""),
                Origin(request.remote_addr or "", device),
            )
        except NotAuthenticated as error:
            if error.reason != "SIGN_IN_FAILED":
                raise
            return self._officer_page(sign_in, failure="wrong"), 401
        except RateLimited as error:
            page = self._officer_page(sign_in, failure="locked", minutes=error.metadata["minutes"])
            return page, 429, {"Retry-After": str(int(error.retry_after.total_seconds()))}
        answer = self._go_on(sign_in, People.OFFICERS, cookie)
        self._cookies.set(answer, DEVICE_COOKIE, self._provider.devices.remember(username), LIFETIME)
        return answer

    def end_session(self) -> ResponseReturnValue:
        """Sign out: at once for a client that shows its identity token, else after the person has confirmed."""
        asked = self._server.validate_endpoint_request("end_session")
        if asked.needs_confirmation and request.method == "GET":
            return render_template("sign_out.html")
        answer = make_response(
            self._server.create_endpoint_response("end_session", asked) or render_template("signed_out.html")
        )
        for name in SESSION_COOKIES.values():
            if session := self._sign_ins.session(request.cookies.get(name, "")):
                self._sign_ins.sign_out(session.id)
            answer.delete_cookie(name)
        return answer

    def _pending(self) -> PendingSignIn:
        return self._sign_ins.pending(request.cookies.get(SIGN_IN_COOKIE, ""))

    def _go_on(self, sign_in: PendingSignIn, people: People, cookie: str) -> WerkzeugResponse:
        """Go back to the authorization request that was kept on the server: no address comes from the browser."""
        answer = redirect(f"/authorize?{sign_in.query}", 303)
        self._cookies.set(answer, SESSION_COOKIES[people], cookie, SESSION_LIFETIME)
        answer.delete_cookie(SIGN_IN_COOKIE)
        return answer

    def _officer_page(self, sign_in: PendingSignIn, *, failure: str = "", minutes: str = "") -> str:
        client = self._provider.clients.get(sign_in.client_id)
        return render_template(
            "sign_in.html",
            client=client.display_name if client else "",
            csrf_token=sign_in.csrf_token,
            failure=failure,
            minutes=minutes,
            username=request.form.get("username", ""),
        )

    def _user(self, record: OidcClient | None, least_level: AssuranceLevel) -> User | None:
        """Return who is signed in in this browser, surely and lately enough for the request."""
        if record is None or record.people is None:
            return None
        session = self._sign_ins.session(request.cookies.get(SESSION_COOKIES[record.people], ""))
        if session is None or session.authentication.level < least_level or _too_old(session):
            return None
        principal = self._provider.principals.find(session.authentication.subject)
        return User(principal, session.authentication, session.id) if principal else None


class Cookies:
    """Cookies that scripts cannot read and other sites cannot send."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def set(self, response: Any, name: str, value: str, lifetime: timedelta) -> None:
        """Set a cookie."""
        response.set_cookie(name, value, max_age=lifetime, secure=self._secure, httponly=True, samesite="Lax", path="/")


def _too_old(session: LoginSession) -> bool:
    max_age = request.args.get("max_age", "")
    if not max_age.isascii() or not max_age.isdigit():
        return False
    return (datetime.now(UTC) - session.authentication.time).total_seconds() > int(max_age)


def _least_level(record: OidcClient | None) -> AssuranceLevel:
    asked = [LEVELS[value] for value in request.args.get("acr_values", "").split() if value in LEVELS]
    return max([record.least_level if record else AssuranceLevel.ONE, *asked])


def _without_prompt() -> str:
    """Return the query of the request without what this sign-in fulfils; else it would be asked for again."""
    pairs = parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name not in ("prompt", "max_age")])
