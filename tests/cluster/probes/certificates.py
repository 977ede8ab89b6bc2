"""Runs in a pod that may reach the services: asks one for its health in four disguises and prints what came of it."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

ADDRESS = os.environ["DOSSIER_ADDRESS"]
CA, CERTIFICATE, KEY = (
    Path(os.environ[name]).read_bytes() for name in ("TLS_CA_FILE", "TLS_CERTIFICATE_FILE", "TLS_KEY_FILE")
)
SECONDS = 30


def of_another_authority() -> tuple[bytes, bytes]:
    """A key and a certificate that nobody here has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "motcua-permits")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, certificate.public_bytes(encoding)


def health(channel: grpc.Channel, *, wait: bool = False) -> str:
    """What the service answers, or why not."""
    with channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=SECONDS, wait_for_ready=wait
            )
        except grpc.RpcError as error:
            return str(error.code().name)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def secure(key: bytes | None = None, certificate: bytes | None = None) -> grpc.Channel:
    """A channel that trusts the suite's authority."""
    return grpc.secure_channel(ADDRESS, grpc.ssl_channel_credentials(CA, key, certificate))


print(
    json.dumps(
        {
            # Waits: a pod may run before the nodes let it through. What is refused after it is not refused by them.
            "own certificate": health(secure(KEY, CERTIFICATE), wait=True),
            "no certificate": health(secure()),
            "certificate of another authority": health(secure(*of_another_authority())),
            "plain text": health(grpc.insecure_channel(ADDRESS)),
        }
    )
)
