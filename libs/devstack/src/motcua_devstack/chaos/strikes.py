"""A plan carried out on a running stack, fault by fault."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from motcua_client import WaitTimeout, wait_for
from motcua_devstack.chaos.faults import KINDS, Site
from motcua_devstack.chaos.plan import Injection
from motcua_devstack.errors import DevError

RECOVERY_SECONDS = 120.0
"""How long processes may take to be ready again."""


@dataclass(frozen=True)
class Struck:
    """A fault that has happened and was healed.

    Attributes:
        injection: what was planned.
        begun: when it began, ISO 8601.
        recovered: seconds from the end of the fault until every process was ready.
        crashed: processes that were started again meanwhile.
    """

    injection: Injection
    begun: str
    recovered: float
    crashed: tuple[str, ...]


def strike(plan: Sequence[Injection], site: Site) -> Iterator[Struck]:
    """Inject and heal, one fault after the other, each on a stack whose processes are all ready.

    Raises:
        DevError: the processes did not become ready again.
    """
    for injection in plan:
        time.sleep(injection.pause)
        _wait_until_whole(site, "what came before")
        before = _restarts(site)
        begun = datetime.now(UTC).isoformat()
        fault = KINDS[injection.kind].make(injection.target)
        try:
            fault.inject(site)
            time.sleep(injection.seconds)
        finally:
            fault.heal(site)
        healed = time.monotonic()
        _wait_until_whole(site, str(injection))
        after = _restarts(site)
        crashed = tuple(name for name in after if after[name] > before[name])
        yield Struck(injection, begun, round(time.monotonic() - healed, 1), crashed)


def _restarts(site: Site) -> dict[str, int]:
    supervisor = site.running.supervisor
    return {name: supervisor.restarts(name) for name in supervisor.states()}


def _wait_until_whole(site: Site, fault: str) -> None:
    supervisor = site.running.supervisor
    try:
        wait_for(lambda: supervisor.whole, bool, RECOVERY_SECONDS)
    except WaitTimeout as error:
        states = {name: state["state"] for name, state in supervisor.states().items() if state["state"] != "ready"}
        raise DevError(
            f"not ready {RECOVERY_SECONDS:g} s after {fault}: {states}; see {site.running.stack.logs}"
        ) from error
