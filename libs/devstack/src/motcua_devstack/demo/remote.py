"""The world of a suite that runs anywhere: reached by its addresses, observed over HTTP, its clock left alone."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from motcua_devstack import cast
from motcua_devstack.demo.people import Suite
from motcua_devstack.demo.web import Web
from motcua_devstack.demo.world import Places, Received, World
from motcua_devstack.jaeger import spans_of
from motcua_devstack.keys import SecretFolder
from motcua_devstack.traces import Span
from motcua_kit.environment import TlsSettings
from motcua_ops.naming import SERVICES

NOT_FOUND = 404


class Surroundings(TlsSettings):
    """Where the suite is and what may be known of it. Each field is an environment variable in upper case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    identity_address: str = Field(description="gRPC address of identity.")
    dossier_address: str = Field(description="gRPC address of dossier.")
    land_address: str = Field(description="gRPC address of land.")
    permits_address: str = Field(description="gRPC address of permits.")
    notify_address: str = Field(description="gRPC address of notify.")
    issuer: str = Field(description="Identity's URL, as the services have it.")
    permits_url: str = Field(description="URL of the public pages of permits.")
    redirect_uri: str = Field(cast.REDIRECT_URI, description="Where sign-ins end, as identity's clients have it.")
    sinks_url: str = Field("", description="URL of the message sinks; arrivals are not checked when empty.")
    traces_url: str = Field("", description="Query URL of Jaeger; traces are not checked when empty.")
    otel_exporter_otlp_endpoint: str = Field("", description="OTLP/gRPC endpoint for spans of one's own.")
    secrets_dir: Path = Field(
        Path("/run/secrets/motcua-dev"), description="Folder with passwords, seeds of one-time codes and chain.pem."
    )
    patience: float = Field(300.0, gt=0, description="Seconds for which a failing call is tried again.")

    def suite(self, observe: Callable[[grpc.Channel], grpc.Channel]) -> Suite:
        """The suite, with each channel wrapped by `observe`."""
        addresses = {service: str(getattr(self, f"{service}_address")) for service in SERVICES}
        return Suite(addresses, observe, Web(self.patience, self.tls_ca_file), self.tls)

    def world(self, observe: Callable[[grpc.Channel], grpc.Channel]) -> World:
        """The world, with each channel wrapped by `observe`."""
        suite = self.suite(observe)
        return World(
            Places(self.issuer, self.permits_url, self.redirect_uri),
            suite,
            SecretFolder(self.secrets_dir),
            MachineClock(),
            SinkMessages(self.sinks_url, suite.web) if self.sinks_url else None,
            JaegerSpans(self.traces_url, suite.web) if self.traces_url else None,
        )


@dataclass(frozen=True)
class MachineClock:
    """The time of day: nobody moves it."""

    def now(self) -> datetime:
        """Business time."""
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> bool:
        """Let no time pass."""
        del by
        return False


@dataclass(frozen=True)
class SinkMessages:
    """Messages that the sinks tell about."""

    url: str
    web: Web

    def since(self, time: float) -> Received:
        """Count what arrived since a moment."""
        return Received(emails=self._count("emails", time), texts=self._count("messages", time))

    def _count(self, kind: str, since: float) -> int:
        answer = self.web.get(f"{self.url}/{kind}")
        answer.raise_for_status()
        return sum(datetime.fromisoformat(one["time"]).timestamp() >= since for one in answer.json()[kind])


@dataclass(frozen=True)
class JaegerSpans:
    """Spans that a Jaeger has collected."""

    url: str
    web: Web

    def of(self, trace_ids: Collection[str], since: float) -> list[Span]:
        """All spans of some traces that have arrived by now."""
        del since
        return [span for trace_id in trace_ids for span in spans_of(self._trace(trace_id))]

    def _trace(self, trace_id: str) -> dict[str, Any]:
        # Raw: without Jaeger's own guesses about clocks.
        answer = self.web.get(f"{self.url}/api/traces/{trace_id}", params={"raw": "true"})
        if answer.status_code == NOT_FOUND:
            return {"data": []}
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
