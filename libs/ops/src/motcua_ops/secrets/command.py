"""`motcua secrets`: every Secret that the charts name."""

from datetime import UTC, datetime
from pathlib import Path

import click

from motcua_ops.secrets import catalogue, output
from motcua_ops.secrets.catalogue import Origin
from motcua_ops.secrets.making import Order, complete
from motcua_ops.secrets.output import Delivery
from motcua_ops.secrets.seed import Seed

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TEXT = str.isupper
"""Keys in capitals are settings, one line each; the others are files, taken byte by byte."""


@click.command("secrets")
@click.option("--given", type=FOLDER, help="Folder with what only you can bring: a file for each key.")
@click.option(
    "--seed", "seed_file", type=FILE, help="The first clients and officers, see docs/how-to/rotate-secrets.md."
)
@output.client_option
@output.options
def command(delivery: Delivery, given: Path | None, seed_file: Path | None, clients: tuple[str, ...]) -> None:
    """Make the Secrets of a release, for `kubectl apply --server-side -f -` or with --apply.

    No value that exists is changed: what the cluster has complete is left out. Tokens, the certificate authority and
    the certificates are made at each call. What others decide comes from --given: MONGODB_URI, BROKER_URL,
    OBJECT_STORE_ACCESS_KEY, OBJECT_STORE_SECRET_KEY, EID_CLIENT_SECRET, key.pem, certificate.pem and chain.pem of the
    key that signs documents, and if you have them SIGNING_KEY_PASSPHRASE, SMTP_PASSWORD and SMS_TOKEN.
    """
    specs = catalogue.specs(clients)
    order = Order(
        release=delivery.release,
        now=datetime.now(UTC),
        given=brought(given) if given else {},
        seed=Seed.load(seed_file) if seed_file else Seed(),
        clients=clients,
    )
    existing = delivery.existing(specs)
    delivery.deliver(specs, complete(order, existing), existing)


def brought(folder: Path) -> dict[str, bytes]:
    """Read what the operator brings, by key; an editor's newline at the end of a setting does not belong to it."""
    files = {
        key: folder / key
        for spec in catalogue.specs().values()
        for key, origin in spec.keys.items()
        if origin in (Origin.BROUGHT, Origin.OPTIONAL) and (folder / key).is_file()
    }
    return {key: file.read_bytes().strip() if TEXT(key) else file.read_bytes() for key, file in files.items()}
