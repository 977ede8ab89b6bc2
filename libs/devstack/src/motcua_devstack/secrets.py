"""`./dev secrets`, or `python -m motcua_devstack.secrets`: all Secrets of a release for trying the suite out."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from motcua_devstack import cast
from motcua_devstack.keys import CITY, SEALER, SIGNER
from motcua_kit.documents.sample_key import write_sample_key
from motcua_ops.naming import Release
from motcua_ops.secrets import catalogue, output, seed
from motcua_ops.secrets.catalogue import Origin, SecretSpec
from motcua_ops.secrets.making import Contents, Order, complete
from motcua_ops.secrets.output import Delivery
from motcua_ops.secrets.seed import Seed

DEV = "dev"
"""What the national e-ID's stand-in and the walk through the main job need."""

AUDIT = "audit"
"""The key that signs seals."""


@click.command("secrets")
@click.option(
    "--redirect-uri", default=cast.REDIRECT_URI, show_default=True, help="Where the applications get their answers."
)
@output.options
def command(delivery: Delivery, redirect_uri: str) -> None:
    """Make the Secrets of a release with sample key, sample officers and the stores of the chart.

    Nothing that exists is changed. For `kubectl apply --server-side -f -`, or with --apply.
    """
    existing = delivery.existing(specs())
    delivery.deliver(specs(), make(delivery.release, redirect_uri, existing), existing)


def specs() -> dict[str, SecretSpec]:
    """The Secrets of production and those of the stand-ins."""
    own = (
        SecretSpec(DEV, {"eid-client-secret": Origin.DERIVED}),
        SecretSpec(AUDIT, dict.fromkeys(("key.pem", "certificate.pem", "chain.pem", "trust.pem"), Origin.DERIVED)),
    )
    return catalogue.specs((DEV,)) | {spec.kind: spec for spec in own}


def make(release: Release, redirect_uri: str, existing: Contents) -> Contents:
    """Complete the contents of all Secrets.

    Args:
        release: whose stores the connection strings name.
        redirect_uri: where the applications of people get their answers.
        existing: what is there and stays.

    Raises:
        OpsError: what exists contradicts itself.
    """
    order = Order(
        release=release,
        now=datetime.now(UTC),
        given=_given(release),
        seed=Seed(cast.people(redirect_uri)),
        clients=(DEV,),
    )
    contents = complete(order, existing)
    contents[DEV] = {
        "eid-client-secret": contents["identity"]["EID_CLIENT_SECRET"],
        "chain.pem": contents["signing"]["chain.pem"],
        **{key: value for key, value in contents[catalogue.SEED].items() if key != catalogue.SEED_FILE},
    }
    contents[AUDIT] = existing.get(AUDIT) or _sealing_key()
    return contents


def _given(release: Release) -> dict[str, bytes]:
    """What an operator brings in production: here the chart's own stores and samples."""
    made = ("OBJECT_STORE_ACCESS_KEY", "OBJECT_STORE_SECRET_KEY", "EID_CLIENT_SECRET", "SMS_TOKEN")
    return {
        "MONGODB_URI": f"mongodb://{release.fullname}-mongodb:27017/?directConnection=true&retryWrites=false".encode(),
        "BROKER_URL": f"redis://{release.fullname}-valkey:6379/0".encode(),
        **{key: seed.token() for key in made},
        **_sample_key(SIGNER),
    }


def _sealing_key() -> dict[str, bytes]:
    files = _sample_key(SEALER)
    return {**files, "trust.pem": files["certificate.pem"]}


def _sample_key(name: str) -> dict[str, bytes]:
    """A key with its certificates, by file."""
    with tempfile.TemporaryDirectory() as folder:
        files = write_sample_key(Path(folder), common_name=name, organisation=CITY, time=datetime.now(UTC))
        return {file.name: file.read_bytes() for file in files}


if __name__ == "__main__":
    command()
