"""What the suite stands on: disks, the clock, and the providers of mail and short messages."""

import contextlib
import resource
from datetime import timedelta

from motcua_client import wait_for
from motcua_devstack.chaos.faults.base import Fault, Passing, Site
from motcua_devstack.chaos.faults.processes import Away
from motcua_devstack.demo.web import Web
from motcua_devstack.stack import SINKS


class DiskFull(Fault):
    """A server can write no further, as on a full disk, until an operator makes room and starts it again.

    The kernel's limit on file sizes does that to one process and harms nobody else. Some servers die of it and stay
    down meanwhile; the MongoDB-wire server of this machine stays up and answers every command with an internal error.
    """

    def inject(self, site: Site) -> None:
        """Refuse writes."""
        supervisor = site.running.supervisor
        supervisor.keep_down(self.target)
        process = supervisor.pid(self.target)
        _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))

    def heal(self, site: Site) -> None:
        """Make room, and start it again."""
        supervisor = site.running.supervisor
        before = supervisor.restarts(self.target)
        with contextlib.suppress(LookupError):
            supervisor.kill(self.target)
        supervisor.let_up(self.target)
        wait_for(lambda: supervisor.restarts(self.target), lambda now: now > before, what=f"restart of {self.target}")


class ClockJump(Passing):
    """Business time jumps by so many minutes, and stays so."""

    def inject(self, site: Site) -> None:
        """Move the clock."""
        site.clock.advance(timedelta(minutes=float(self.target)))


MODES: dict[str, dict[str, dict[str, object]]] = {
    "smtp refuses": {"smtp": {"code": 451}},
    "sms refuses": {"sms": {"code": 503}},
    "smtp slow": {"smtp": {"delay": 2.0}},
    "sms slow": {"sms": {"delay": 2.0}},
    "smtp late": {"smtp": {"delay": 10.0}},
    "sms late": {"sms": {"delay": 10.0}},
    "smtp answers twice": {"smtp": {"answer_twice": True}},
    "sms answers twice": {"sms": {"answer_twice": True}},
    "smtp loses answers": {"smtp": {"lose_answer": True}},
    "sms loses answers": {"sms": {"lose_answer": True}},
}
"""Faults of the sinks; late is after the suite has lost patience, with the message taken all the same."""

DOWN = "both down"


class Provider(Fault):
    """A provider misbehaves."""

    def inject(self, site: Site) -> None:
        """Tell the sinks how."""
        self._tell(site, MODES[self.target])

    def heal(self, site: Site) -> None:
        """Tell them to work."""
        self._tell(site, {})

    def _tell(self, site: Site, faults: dict[str, dict[str, object]]) -> None:
        with Web(patience=30).session() as session:
            session.put(f"{site.running.addresses.sms}/faults", json=faults, timeout=5).raise_for_status()


def provider(target: str) -> Fault:
    """The fault of a provider."""
    return Away(SINKS) if target == DOWN else Provider(target)
