"""Connections between two that fail."""

from typing import ClassVar

from motcua_devstack.chaos.faults.base import CALLS, GRPC, SERVICES, WORKERS, Fault, Site
from motcua_devstack.chaos.links import OPEN, Condition
from motcua_devstack.servers import BROKER, MONGO
from motcua_devstack.stack import PEOPLE, S3, SCHEDULER, SMS, SMTP

WAYS = (
    tuple(f"{name}>{MONGO}" for name in SERVICES),
    tuple(f"{worker.removesuffix('-worker')}>{BROKER}" for worker in WORKERS),
    tuple(f"{caller}>{callee}-grpc" for caller, callee in CALLS),
    tuple(f"{PEOPLE}>{server}" for server in GRPC),
    (f"{SCHEDULER}>{MONGO}", f"{SCHEDULER}>{BROKER}"),
    (f"dossier>{S3}", f"permits>{S3}"),
    (f"notify>{SMTP}", f"notify>{SMS}"),
)
"""Who reaches whom, by what kind of hop it is."""


class _OnLink(Fault):
    condition: ClassVar[Condition]

    def inject(self, site: Site) -> None:
        """Change the link."""
        site.links.change(self.target, self.condition)

    def heal(self, site: Site) -> None:
        """Open the link."""
        site.links.change(self.target, OPEN)


class Cut(_OnLink):
    """Connections are reset, old and new."""

    condition = Condition(cut=True)


class Delay(_OnLink):
    """Each piece comes a second late."""

    condition = Condition(delay=1.0)


class HalfOpen(_OnLink):
    """Who asks waits on a connection of which who is asked knows nothing any more."""

    condition = Condition(silent=True)
