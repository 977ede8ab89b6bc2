"""`motcua rotate`: renew one secret."""

from datetime import UTC, datetime
from pathlib import Path

import click

from motcua_ops.errors import OpsError
from motcua_ops.secrets import catalogue, output
from motcua_ops.secrets.command import FOLDER, brought
from motcua_ops.secrets.output import Delivery
from motcua_ops.secrets.rotation import ROTATIONS, Turn

_NAMES = "\n".join(["\b", *(f"{name:<16}{rotation.summary}" for name, rotation in ROTATIONS.items())])


@click.command(
    "rotate",
    help=f"""Renew a secret in the cluster, and tell what must follow; without --apply, print what would be applied.

Where programs bear two values at once a rotation has two or three turns: run it again as it says. The key that signs
access tokens is rotated by identity itself: python -m motcua_identity rotate-keys.

{_NAMES}""",
)
@click.argument("name", type=click.Choice(sorted(ROTATIONS)), metavar="NAME")
@click.option("--given", type=FOLDER, help="Folder with the new values of what you bring: a file for each key.")
@output.client_option
@output.options
def command(delivery: Delivery, name: str, given: Path | None, clients: tuple[str, ...]) -> None:
    """Renew a secret."""
    rotation = ROTATIONS[name]
    values = brought(given) if given else {}
    if rotation.brought and not values.keys() & set(rotation.brought):
        raise OpsError(f"{name} is for you to bring: --given FOLDER with {', '.join(rotation.brought)}")
    specs = catalogue.specs(clients)
    existing = delivery.existing(specs)
    contents = {kind: dict(keys) for kind, keys in existing.items()}
    try:
        then = rotation.turn(contents, Turn(delivery.release, datetime.now(UTC), values))
    except KeyError as error:
        raise OpsError(f"nothing to rotate: {error} is not in namespace {delivery.release.namespace}") from error
    changed = {kind: keys for kind, keys in contents.items() if keys != existing[kind]}
    delivery.deliver(specs, changed, existing)
    where = delivery.release
    click.echo("what must follow:", err=True)
    for line in then:
        click.echo(f"  {line.format(namespace=where.namespace, release=where.name, fullname=where.fullname)}", err=True)
