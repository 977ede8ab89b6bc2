"""The Flask application of identity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from authlib.oauth2 import OAuth2Error
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from opentelemetry import trace
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from motcua_identity.entrypoints.oidc.metadata import FOR_PROGRAMS, metadata_pages
from motcua_identity.entrypoints.oidc.pages import sign_in_pages
from motcua_identity.entrypoints.oidc.provider import Provider, authorization_server
from motcua_kit.domain import DomainError
from motcua_kit.localisation import Catalogue
from motcua_kit.rpc.errors import is_outage, row_of

log = structlog.get_logger(__name__)

MAX_REQUEST_BYTES = 64 * 1024
DOWN = 503


def create_app(provider: Provider, catalogue: Catalogue, trusted_proxies: int = 0) -> Flask:
    """Return the application.

    Args:
        provider: what the authorization server works with.
        catalogue: Vietnamese texts of errors.
        trusted_proxies: reverse proxies in front, whose word on the browser's address is taken.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    server = authorization_server(app, provider)
    app.register_blueprint(sign_in_pages(provider, server))
    app.register_blueprint(metadata_pages(provider, server))

    @app.errorhandler(DomainError)
    def refuse(error: DomainError) -> ResponseReturnValue:
        log.info("request_refused", reason=error.reason)
        text = catalogue.text(error.reason, error.metadata)
        return render_template("error.html", text=text, reason=error.reason), row_of(error).http

    @app.errorhandler(OAuth2Error)
    def refuse_client(error: OAuth2Error) -> ResponseReturnValue:
        if error.redirect_uri:  # only ever set after it was compared with the registered ones
            response: ResponseReturnValue = server.handle_error_response(None, error)
            return response
        log.info("client_refused", error=error.error)
        text = "Ứng dụng gửi yêu cầu đăng nhập không hợp lệ. Vui lòng quay lại ứng dụng và thử lại."
        return render_template("error.html", text=text, reason=error.error), 400

    @app.errorhandler(Exception)
    def fail(error: Exception) -> ResponseReturnValue:
        if isinstance(error, HTTPException):
            return error
        if is_outage(error):
            log.warning("dependency_down", error=type(error).__name__)
            reason, status = "DEPENDENCY_DOWN", DOWN
        else:
            log.error("unexpected_error", exc_info=error)
            reason, status = "INTERNAL", 500
        if request.path in FOR_PROGRAMS:
            return jsonify(error="temporarily_unavailable" if status == DOWN else "server_error"), status
        incident = f"{trace.get_current_span().get_span_context().trace_id:032x}"
        return render_template("error.html", text=catalogue.text(reason, {"incident": incident}), reason=reason), status

    proxied = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=0, x_host=0)
    app.wsgi_app = PublicUrl(proxied, provider.issuer)  # type: ignore[method-assign]  # how Flask wraps itself
    return app


class PublicUrl:
    """Makes every request look as the issuer's URL says, however it came here.

    The issuer is what people and programs know; neither a header of theirs nor the way through a cluster, where TLS
    may end at its edge, may change what this server believes to be called.
    """

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], issuer: str) -> None:
        self._wsgi = wsgi
        url = urlsplit(issuer)
        self._public = {"wsgi.url_scheme": url.scheme, "HTTP_HOST": url.netloc}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        return self._wsgi({**environ, **self._public}, start_response)
