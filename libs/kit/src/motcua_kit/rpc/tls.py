"""Mutual TLS of gRPC servers."""

from __future__ import annotations

import grpc

from motcua_client.tls import Pem, Tls, WatchedTls


def server_credentials(tls: Tls) -> grpc.ServerCredentials:
    """Return credentials of a server whose callers must show a certificate of the same authority.

    The files are looked at on each new connection: a renewed certificate or authority needs no restart.

    Raises:
        TlsError: the files cannot be used.
        ValueError: no certificate is named.
    """
    watched = WatchedTls(tls)

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        pem = watched.renewed()
        return _configuration(pem) if pem else None

    return grpc.dynamic_ssl_server_credentials(
        _configuration(watched.pem),
        renewed,  # type: ignore[arg-type]  # None says that nothing has changed
        require_client_authentication=True,
    )


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    if pem.key is None or pem.certificate is None:
        message = "a server needs a certificate of its own"
        raise ValueError(message)
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], root_certificates=pem.ca)
