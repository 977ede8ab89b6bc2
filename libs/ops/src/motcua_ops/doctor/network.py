"""What is reached by name: the services, the OIDC issuer, the collector."""

import socket
from collections.abc import Iterator

import grpc

from motcua_client.trust import http_session
from motcua_ops import smoke
from motcua_ops.doctor.context import STORE_SECONDS, Context, stopwatch
from motcua_ops.doctor.findings import Finding, Status, fail, ok, skipped
from motcua_ops.naming import SERVICES, WITH_HTTP

DISCOVERY = "/.well-known/openid-configuration"


def names(context: Context) -> Iterator[Finding]:
    """Do the names of the services resolve?"""
    release = context.release
    yield from (skipped(service, reason) for service in SERVICES if (reason := context.absence(service)))
    wanted = [release.service(service) for service in context.services]
    wanted += [release.http(service) for service in context.services if service in WITH_HTTP]
    lost = 0
    for name in wanted:
        try:
            socket.getaddrinfo(release.host(name), None)
        except socket.gaierror as error:
            lost += 1
            advice = f"kubectl -n {release.namespace} get endpointslices -l kubernetes.io/service-name={name}"
            yield fail(
                name,
                f"does not resolve: {error.strerror}; a headless Service has no ready pod, or is not there",
                advice,
            )
    if lost < len(wanted):
        yield ok(f"{len(wanted) - lost} Services", "resolve")


def issuer(context: Context) -> Iterator[Finding]:
    """Does the OIDC issuer describe itself, and give its keys?"""
    url = context.settings.issuer.rstrip("/")
    with http_session(context.settings.tls_ca_file) as session, stopwatch() as watch:
        found = session.get(f"{url}{DISCOVERY}", timeout=STORE_SECONDS)
        found.raise_for_status()
        described = found.json()
        keys = session.get(described["jwks_uri"], timeout=STORE_SECONDS)
        keys.raise_for_status()
    count = len(keys.json()["keys"])
    if described["issuer"].rstrip("/") != url:
        advice = "oidc.issuer and the address under which identity is published must be the same"
        yield fail("OIDC issuer", f"{url} calls itself {described['issuer']}", advice)
    elif not count:
        yield fail("OIDC issuer", "publishes no key", "look at the logs of identity's HTTP end")
    else:
        yield ok("OIDC issuer", f"{url}, {count} keys, in {watch.milliseconds}")


def telemetry(context: Context) -> Iterator[Finding]:
    """Does the collector of traces take connections?"""
    endpoint = context.settings.otel_exporter_otlp_endpoint
    scheme, _, place = endpoint.rpartition("://")
    secure = scheme == "https"
    with (
        grpc.secure_channel(place, grpc.ssl_channel_credentials()) if secure else grpc.insecure_channel(place)
    ) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=STORE_SECONDS)
        except grpc.FutureTimeoutError:
            advice = "the suite works without it and nobody sees traces; look at the collector and at network policies"
            yield fail("OTLP endpoint", f"{endpoint} takes no connection", advice)
        else:
            yield ok("OTLP endpoint", endpoint)


def calls(context: Context) -> Iterator[Finding]:
    """Does each service answer a signed-in call (`motcua smoke`)?"""
    for hop in smoke.hops(context.settings):
        advice = f"look at the logs of {context.release.service(hop.name)}" if hop.name in SERVICES else "see above"
        yield Finding(hop.status, hop.name, hop.text, advice if hop.status is Status.FAIL else "")
