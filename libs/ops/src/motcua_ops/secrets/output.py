"""Hand the Secrets over: as manifests, or straight into the cluster."""

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import click
import yaml

from motcua_ops.cluster import Cluster
from motcua_ops.errors import OpsError
from motcua_ops.naming import CHART, Release
from motcua_ops.secrets.catalogue import PREFIX, SecretSpec
from motcua_ops.secrets.cluster import SecretStore, manifest
from motcua_ops.secrets.making import Contents, changed

STANDARD_OUTPUT = "-"


@dataclass(frozen=True)
class Delivery:
    """Where the Secrets belong, what is there already, and where they go.

    Attributes:
        release: of the suite.
        prefix: what names of Secrets begin with.
        store: Secrets of the namespace; None when no cluster is asked.
        apply: write them into the cluster.
        out: else into this folder, one file each, or to standard output (`-`).
    """

    release: Release
    prefix: str
    store: SecretStore | None
    apply: bool
    out: str

    @classmethod
    def find(
        cls, *, release: str, namespace: str, prefix: str, context: str, offline: bool, apply: bool, out: str
    ) -> Self:
        """Find the namespace.

        Raises:
            OpsError: the cluster is wanted and there is none.
        """
        if offline and apply:
            raise OpsError("--apply needs the cluster; leave --offline out")
        if offline:
            return cls(Release(release, namespace or "default"), prefix, None, apply, out)
        cluster = Cluster.connect(context)
        chosen = namespace or cluster.namespace
        return cls(Release(release, chosen), prefix, SecretStore(cluster, chosen), apply, out)

    def existing(self, specs: Mapping[str, SecretSpec]) -> Contents:
        """Contents of the Secrets that are there, by kind.

        Raises:
            OpsError: the cluster does not tell.
        """
        if self.store is None:
            return {}
        found = self.store.read(self._name(kind) for kind in specs)
        return {kind: found[self._name(kind)] for kind in specs if self._name(kind) in found}

    def deliver(self, specs: Mapping[str, SecretSpec], contents: Contents, existing: Contents) -> None:
        """Write what is not there yet and say on standard error what became of each.

        Raises:
            OpsError: the cluster refused.
        """
        todo = changed(contents, existing)
        manifests = {
            kind: manifest(self._name(kind), self.release.namespace, specs[kind], values)
            for kind, values in todo.items()
        }
        if self.apply and self.store is not None:
            for kind, written in manifests.items():
                self.store.write(written, existing.get(kind))
        else:
            _print(manifests.values(), self.out)
        for kind in contents:
            done = "unchanged" if kind not in todo else "changed" if kind in existing else "made"
            click.echo(f"{done:<9} {self._name(kind)}", err=True)

    def _name(self, kind: str) -> str:
        return f"{self.prefix}-{kind}"


def _print(manifests: Iterable[Mapping[str, Any]], out: str) -> None:
    if out == STANDARD_OUTPUT:
        yaml.safe_dump_all(manifests, sys.stdout, sort_keys=False)
        return
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for written in manifests:
        file = folder / f"{written['metadata']['name']}.yaml"
        file.touch(mode=0o600)
        file.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say where the Secrets belong; the command gets them as one `Delivery`."""

    @functools.wraps(command)
    def with_delivery(**given: Any) -> None:
        where = {name: given.pop(name) for name in _OPTIONS}
        command(delivery=Delivery.find(**where), **given)

    decorated: Callable[..., None] = with_delivery
    for option in reversed(_OPTIONS.values()):
        decorated = option(decorated)
    return decorated


client_option = click.option(
    "--client", "clients", multiple=True, help="A program besides the suite's that gets a certificate; repeatable."
)

_OPTIONS = {
    "namespace": click.option("-n", "--namespace", default="", help="Namespace; that of the context when not given."),
    "release": click.option("--release", default=CHART, show_default=True, help="Name of the Helm release."),
    "prefix": click.option("--prefix", default=PREFIX, show_default=True, help="What the Secrets' names begin with."),
    "apply": click.option("--apply", is_flag=True, help="Write them into the cluster instead of printing them."),
    "out": click.option(
        "--out", default=STANDARD_OUTPUT, show_default=True, help="Folder for a file each, or `-` for standard output."
    ),
    "offline": click.option("--offline", is_flag=True, help="Ask no cluster what exists: make everything anew."),
    "context": click.option("--context", default="", help="Context of the kubeconfig; its current one when not given."),
}
