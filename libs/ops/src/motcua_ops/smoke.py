"""`motcua smoke`: sign in as a system and read something from every service, as its neighbours would."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import click
import grpc

from motcua.dossier.v1 import dossier_pb2, dossier_pb2_grpc
from motcua.identity.v1 import organisation_pb2, organisation_pb2_grpc
from motcua.land.v1 import parcels_pb2, parcels_pb2_grpc
from motcua.notify.v1 import notification_pb2, notification_pb2_grpc
from motcua.permits.v1 import permit_pb2, permit_pb2_grpc
from motcua_client import ClientCredentials, MotcuaError, attempts, connect
from motcua_client.credentials import CredentialsError
from motcua_client.tls import TlsError
from motcua_ops.doctor.findings import Status
from motcua_ops.errors import OpsError
from motcua_ops.naming import SERVICES
from motcua_ops.settings import NOT_HERE, OpsSettings

DEADLINE_SECONDS = 20.0
NO_PARCEL = "parcels/000000000000"


@dataclass(frozen=True)
class Read:
    """One read and its documented answer.

    The client `ops` may see rows of its own only, and has none: lists are empty, whatever the City's data are.

    Attributes:
        service: who is asked.
        call: asks it.
        expected: status that must come back.
    """

    service: str
    call: Callable[[grpc.Channel], Any]
    expected: grpc.StatusCode = grpc.StatusCode.OK


READS = (
    Read(
        "identity",
        lambda channel: organisation_pb2_grpc.OrganisationServiceStub(channel).ListOrganisations(
            organisation_pb2.ListOrganisationsRequest(page_size=1)
        ),
    ),
    Read(
        "dossier",
        lambda channel: dossier_pb2_grpc.DossierServiceStub(channel).ListDossiers(
            dossier_pb2.ListDossiersRequest(page_size=1)
        ),
    ),
    Read(
        "land",
        lambda channel: parcels_pb2_grpc.ParcelServiceStub(channel).GetParcel(
            parcels_pb2.GetParcelRequest(name=NO_PARCEL)
        ),
        grpc.StatusCode.NOT_FOUND,
    ),
    Read(
        "permits",
        lambda channel: permit_pb2_grpc.PermitServiceStub(channel).ListPermits(
            permit_pb2.ListPermitsRequest(page_size=1)
        ),
    ),
    Read(
        "notify",
        lambda channel: notification_pb2_grpc.NotificationServiceStub(channel).ListNotifications(
            notification_pb2.ListNotificationsRequest(page_size=1)
        ),
    ),
)


@dataclass(frozen=True)
class Hop:
    """What became of one step.

    Attributes:
        name: of the step.
        status: ok when the answer was the documented one; skipped when there is nobody to ask.
        text: the answer and how long it took, or why there was none.
    """

    name: str
    status: Status
    text: str


def hops(settings: OpsSettings) -> Iterator[Hop]:
    """Sign in, then ask each service that has an address; ends early only when signing in failed.

    Raises:
        OpsError: the settings do not say whom to ask.
    """
    missing = [] if settings.addresses else [f"{service.upper()}_ADDRESS" for service in SERVICES]
    missing += ["ISSUER"] * (not settings.issuer) + ["CLIENT_SECRET"] * (not settings.client_secret.get_secret_value())
    if missing:
        raise OpsError(f"not set: {', '.join(missing)}; in the cluster the chart sets them (helm test)")
    credentials = ClientCredentials(
        settings.issuer,
        settings.client_id,
        settings.client_secret.get_secret_value(),
        token_url=settings.token_url,
        ca_file=settings.tls_ca_file,
    )
    signed_in = _timed("sign in", lambda: _outcome(credentials.token))
    yield signed_in
    if signed_in.status is Status.FAIL:
        return
    for read in READS:
        if read.service in settings.addresses:
            yield _timed(read.service, lambda read=read: _ask(read, settings, credentials))  # type: ignore[misc]
        else:
            yield Hop(read.service, Status.SKIPPED, NOT_HERE)


def _timed(name: str, step: Callable[[], tuple[bool, str]]) -> Hop:
    begun = time.monotonic()
    passed, answer = step()
    text = f"{answer} in {1000 * (time.monotonic() - begun):.0f} ms"
    return Hop(name, Status.OK if passed else Status.FAIL, text)


def _outcome(sign_in: Callable[[], str]) -> tuple[bool, str]:
    try:
        # In its first moments a pod may not be let through yet, as network policies take time to know it.
        for attempt in attempts(DEADLINE_SECONDS):
            with attempt:
                sign_in()
    except CredentialsError as error:
        return False, str(error)
    return True, "a token"


def _ask(read: Read, settings: OpsSettings, credentials: ClientCredentials) -> tuple[bool, str]:
    try:
        with connect(
            settings.addresses[read.service], credentials, tls=settings.tls, deadline=DEADLINE_SECONDS
        ) as client:
            read.call(client.channel)
    except MotcuaError as error:
        if error.code is read.expected:
            return True, error.code.name
        return False, f"{error.code.name}: {error}"
    except TlsError as error:
        return False, str(error)
    return read.expected is grpc.StatusCode.OK, grpc.StatusCode.OK.name


@click.command("smoke")
def command() -> None:
    """Sign in as the client `ops` and read something from each service; exit code 1 when an answer is wrong.

    A service whose address is not set is not part of the installation and is skipped.

    Settings come from the environment and SECRETS_DIR, as in the pod that `helm test` starts: ISSUER, CLIENT_SECRET,
    IDENTITY_ADDRESS … NOTIFY_ADDRESS, and with TLS between services TLS_CERTIFICATE_FILE, TLS_KEY_FILE, TLS_CA_FILE.
    """
    failed = 0
    for hop in hops(OpsSettings.load()):
        failed += hop.status is Status.FAIL
        click.echo(f"{hop.status:<8}{hop.name:<10}{hop.text}")
    raise SystemExit(1 if failed else 0)
