"""HTTP ends: Flask applications behind gunicorn's threads."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.http.errors import NoMoreData, ParseException
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.trace import Span

from motcua_kit.health import STUCK_SECONDS, Health, Progress, serve_health
from motcua_kit.http_worker import PromptWorker
from motcua_kit.logs import setup_logs
from motcua_kit.telemetry import flush_telemetry, setup_telemetry

if TYPE_CHECKING:
    from motcua_kit.service.definition import Service

HEALTH_PATH = "/healthz"


def instrument(app: Flask) -> Flask:
    """Add what every HTTP end has: spans, a health path, headers that keep browsers careful."""
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app, excluded_urls=HEALTH_PATH.strip("/"), request_hook=_without_query
    )

    @app.get(HEALTH_PATH)
    def health() -> tuple[str, int]:
        return "ok\n", 200

    def broken_body(_error: Exception) -> tuple[str, int]:
        return "the body of the request is broken or cut off\n", 400

    # gunicorn reads a body only when a page asks for it, and so raises what is wrong with it inside the page.
    for kind in (NoMoreData, ParseException):
        app.register_error_handler(kind, broken_body)

    @app.after_request
    def careful(response: Any) -> Any:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        response.headers.setdefault(
            "Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
        )
        return response

    return app


def _without_query(span: Span, environ: Mapping[str, Any]) -> None:
    """Keep codes, tokens and names that stand in queries out of the span."""
    if span.is_recording():
        span.set_attribute("http.target", environ.get("PATH_INFO", ""))


def _observed(application: Any, progress: Progress) -> Any:
    """Return the WSGI application with its requests counted as work in progress."""

    def observed(environ: Any, start_response: Any) -> Any:
        with progress.work():
            return application(environ, start_response)

    return observed


class _Log(GunicornLogger):
    """Lets our own formatter write gunicorn's lines; requests are spans, so there is no access log."""

    def setup(self, cfg: Any) -> None:
        """Pass everything on to the root logger."""
        del cfg
        self.error_log.propagate = True


def serve_http(service: Service[Any]) -> None:
    """Serve a service's WSGI application until told to stop; it is built in the worker process, after the fork."""
    from motcua_kit.service.runtime import Runtime  # noqa: PLC0415 - the service package imports this module
    from motcua_kit.service.schema import require_schema  # noqa: PLC0415

    settings = service.load_settings()
    setup_logs(settings)
    health = Health()
    with serve_health(settings.health_bind, health):
        require_schema(service, settings, health)
    progress = Progress(settings.http_threads)
    served = ExitStack()

    def worker_started(worker: Any) -> None:
        """Answer probes where the pages are served, so that the answers are about them."""

        def live() -> str:
            silent = time.monotonic() - worker.tmp.last_update()
            return f"the event loop has not turned for {silent:.0f} s" if silent > STUCK_SECONDS / 2 else progress()

        health = Health(live=live, ready=lambda: "" if worker.alive else "stopping")
        served.enter_context(serve_health(settings.health_bind, health))

    def worker_stopped(_arbiter: Any, _worker: Any) -> None:
        served.close()
        flush_telemetry()

    class Worker(PromptWorker):
        seconds = settings.http_request_timeout

    class Server(BaseApplication):
        def load_config(self) -> None:
            options = {
                "bind": settings.http_bind,
                "worker_class": Worker,
                "threads": settings.http_threads,
                "workers": 1,
                "graceful_timeout": 20,
                "timeout": 60,
                "keepalive": 5,
                "control_socket_disable": True,
                "logger_class": _Log,
                # gunicorn reads these files at each connection, so renewed ones count without a restart.
                "certfile": settings.tls_certificate_file and str(settings.tls_certificate_file),
                "keyfile": settings.tls_key_file and str(settings.tls_key_file),
                "post_worker_init": worker_started,
                "worker_exit": worker_stopped,
            }
            for key, value in options.items():
                if key in self.cfg.settings:
                    self.cfg.set(key, value)

        def load(self) -> Any:
            setup_telemetry(settings)
            pages = service.build(settings, Runtime(settings)).http
            if pages is None:
                message = f"{service.name} has no HTTP end"
                raise SystemExit(message)
            application = instrument(pages())
            application.wsgi_app = _observed(application.wsgi_app, progress)  # type: ignore[method-assign]
            return application

    Server().run()
