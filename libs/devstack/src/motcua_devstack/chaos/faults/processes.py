"""Processes that die, stand still, or stay away."""

import contextlib
import signal

from motcua_client import wait_for
from motcua_devstack.chaos.faults.base import Fault, Passing, Site


class Kill(Passing):
    """SIGKILL for a process and its children; the supervisor starts it again."""

    def inject(self, site: Site) -> None:
        """Kill it, and wait until the supervisor has seen it."""
        supervisor = site.running.supervisor
        before = supervisor.restarts(self.target)
        supervisor.kill(self.target)
        wait_for(lambda: supervisor.restarts(self.target), lambda now: now > before, what=f"restart of {self.target}")


class Freeze(Fault):
    """SIGSTOP for a process and its children, SIGCONT later: to others it is there and does not answer."""

    def inject(self, site: Site) -> None:
        """Stop it."""
        site.running.supervisor.signal(self.target, signal.SIGSTOP)

    def heal(self, site: Site) -> None:
        """Let it go on, if it has not died in its sleep."""
        with contextlib.suppress(LookupError):
            site.running.supervisor.signal(self.target, signal.SIGCONT)


class Away(Fault):
    """A process is killed and stays away."""

    def inject(self, site: Site) -> None:
        """Take it away."""
        site.running.supervisor.keep_down(self.target)
        site.running.supervisor.kill(self.target)

    def heal(self, site: Site) -> None:
        """Let it come back."""
        site.running.supervisor.let_up(self.target)
