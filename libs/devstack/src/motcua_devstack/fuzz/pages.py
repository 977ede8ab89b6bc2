"""Hostile HTTP requests to the pages of services: what every answer must keep."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse

from motcua_devstack import cast
from motcua_devstack.fuzz.judging import LEAK
from motcua_devstack.fuzz.tally import Tally, repeatable
from motcua_devstack.fuzz.texts import HOSTILE
from motcua_devstack.fuzz.town import Town
from motcua_kit.http import HEALTH_PATH, instrument
from motcua_kit.testing.issuer import URL
from motcua_ops.naming import WITH_HTTP

CANARY = "<motcua-canary a='\"&>"
"""Markup that no page may give back as markup."""

SERVER_ERROR = 500
CAREFUL = ("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy")
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")
TYPES = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/xml",
    "a/b; charset=utf-7",
    "\x7f",
)
HEADERS = (
    "Host",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Authorization",
    "Cookie",
    "Accept",
    "Accept-Language",
    "Origin",
    "Referer",
    "Content-Length",
    "Range",
    "X-HTTP-Method-Override",
)
COOKIES = ("motcua-sign-in", "motcua-citizen", "motcua-officer")

SIGN_IN = "/sign-in"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
TOKEN_OF_THE_FORM = "token-of-the-form"  # noqa: S105 - stands for the one that the page will show

QUESTION = {
    "response_type": "code",
    "client_id": cast.CITIZENS_APP,
    "redirect_uri": cast.REDIRECT_URI,
    "scope": "openid profile",
    "state": "s",
    "nonce": "n",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
"""What a client asks when it sends a person to sign in."""

NAMES = (
    *QUESTION,
    "prompt",
    "max_age",
    "acr_values",
    "id_token_hint",
    "post_logout_redirect_uri",
    "error",
    "code",
    "number",
    "username",
    "password",
    "csrf_token",
    "grant_type",
    "refresh_token",
    "code_verifier",
    "token",
    "client_secret",
    "response_mode",
    "request",
    "request_uri",
    "claims",
    "ui_locales",
    "confirm",
    "next",
    "",
)
REDIRECTS = (
    "https://evil.test/",
    "//evil.test",
    "/\\evil.test",
    f"{cast.REDIRECT_URI}@evil.test",
    f"{cast.REDIRECT_URI}/../x",
    f"{cast.REDIRECT_URI}?a=b",
    "javascript:alert(1)",
    "data:text/html,x",
)
GRANTS = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
)


@st.composite
def http_requests(draw: st.DrawFn, paths: list[str]) -> dict[str, Any]:
    """Arguments of `werkzeug.test.EnvironBuilder`: a page that there is, mostly, and anything with it."""
    path = draw(st.sampled_from(paths))
    if draw(st.integers(0, 14)) == 0:
        return {"path": SIGN_IN, "method": "POST", "data": _query(draw(_form())).encode(), "content_type": TYPES[0]}
    fields = draw(_fields())
    request: dict[str, Any] = {
        "path": path if draw(st.integers(0, 5)) else quote(path + draw(st.sampled_from(HOSTILE))),
        "method": draw(st.sampled_from((*METHODS, *["GET", "POST"] * 6))),
        "headers": draw(st.dictionaries(st.sampled_from(HEADERS), _header(), max_size=2)),
    }
    if draw(st.booleans()):
        request["query_string"] = _query(fields)
    else:
        request["data"] = draw(
            st.one_of(st.just(_query(fields).encode()), st.binary(max_size=80), st.just(b"a=" * 60_000))
        )
        request["content_type"] = draw(st.sampled_from((TYPES[0], TYPES[0], TYPES[0], *TYPES)))
    return request


def _form() -> st.SearchStrategy[dict[str, str]]:
    """The form of officers with hostile texts in it; the page gives them back when they are wrong."""
    text = st.one_of(st.sampled_from((CANARY, "", *HOSTILE)), st.text(max_size=30), st.just("x" * 20_000))
    return st.fixed_dictionaries(
        {"csrf_token": st.just(TOKEN_OF_THE_FORM), "username": text, "password": text, "code": text}
    )


def _fields() -> st.SearchStrategy[dict[str, str]]:
    """A good question with some answers replaced, or any fields."""
    value = st.one_of(
        st.sampled_from(
            (CANARY, "", *HOSTILE, *REDIRECTS, *GRANTS, cast.CITIZENS_APP, cast.OFFICERS_APP, "none", "9" * 400)
        ),
        st.text(max_size=30),
        st.just("x" * 20_000),
    )
    any_fields = st.dictionaries(st.sampled_from(NAMES), value, max_size=5)
    return st.one_of(any_fields, any_fields.map(lambda changes: {**QUESTION, **changes}))


def _query(fields: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name)}={quote(value.encode(errors='surrogatepass'))}" for name, value in fields.items())


def _header() -> st.SearchStrategy[str]:
    plain = st.sampled_from(
        (
            "",
            "evil.test",
            "127.0.0.1",
            "Basic Og==",
            "Basic /",
            "Basic w6k6w6k=",
            "Bearer x",
            "bytes=0-",
            "-1",
            "9" * 30,
            *(f'{name}=%3Cx%3E; {name}="' for name in COOKIES),
            *(f"{name}={'a.' * 300}" for name in COOKIES),
        )
    )
    return st.one_of(plain, st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=30))


class Pages:
    """The pages of a town's services, called without a network between."""

    def __init__(self, town: Town) -> None:
        self.apps: dict[str, Flask] = {}
        for name in WITH_HTTP:
            make = town.services[name].app.http
            if make is not None:
                self.apps[name] = instrument(make())
        self.bases = {URL, cast.REDIRECT_URI, town.eid}

    def paths(self, service: str) -> list[str]:
        """All paths of a service, and some that it does not have."""
        found = {rule.rule.replace("<path:filename>", "style.css") for rule in self.apps[service].url_map.iter_rules()}
        return sorted(found | {"/nothing", "//evil.test/"})

    def attack(self, tally: Tally, examples: int, *, number: int) -> None:
        """Send so many requests to the pages of each service."""
        for service in self.apps:
            self._attack(service, tally, examples, number)

    def _attack(self, service: str, tally: Tally, examples: int, number: int) -> None:
        @repeatable(examples, number)
        @given(http_requests(self.paths(service)))
        def one(request: dict[str, Any]) -> None:
            with contextlib.closing(self.ask(service, request)) as answer:
                tally.calls[f"HTTP {answer.status_code}"] += 1
                tally.note(service, "anyone", repr(request).encode(), self.problems(request, answer), number=number)

        one()

    def ask(self, service: str, request: Mapping[str, Any]) -> TestResponse:
        """Send one request with a browser that knows nothing; a form comes from one that is about to sign in."""
        browser = Client(self.apps[service])
        if TOKEN_OF_THE_FORM not in str(request):
            return browser.open(**request)
        browser.get("/authorize", query_string={**QUESTION, "client_id": cast.OFFICERS_APP})
        form = CSRF.search(browser.get("/sign-in").get_data(as_text=True))
        token = form.group(1) if form else ""
        return browser.open(**{**request, "data": request["data"].replace(TOKEN_OF_THE_FORM.encode(), token.encode())})

    def problems(self, request: Mapping[str, Any], answer: TestResponse) -> Iterator[str]:
        """What is wrong with an answer."""
        path = request["path"]
        if answer.status_code >= SERVER_ERROR:
            yield f"{path} answers {answer.status}"
        body = answer.get_data(as_text=True)
        if CANARY in body or CANARY.partition(" ")[0] in body:
            yield f"{path} gives markup back"
        if found := LEAK.search(body):
            yield f"{path} tells of its program: {found.group()}"
        if missing := [name for name in CAREFUL if name not in answer.headers and path != HEALTH_PATH]:
            yield f"{path} answers {answer.status_code} without {', '.join(missing)}"
        if any("Set-Cookie" in value or "\n" in value for value in answer.headers.values()):
            yield f"{path} lets a header in"
        target = answer.headers.get("Location", "")
        if target and not self._ours(target):
            yield f"{path} sends the browser to {target[:80]}"

    def _ours(self, target: str) -> bool:
        if target.startswith("/"):
            return not target.startswith(("//", "/\\"))
        url = urlsplit(target)
        return any(url[:2] == urlsplit(base)[:2] for base in self.bases) or url.netloc in (
            "localhost",
            urlsplit(URL).netloc,
        )
