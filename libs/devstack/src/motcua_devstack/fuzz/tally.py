"""What hostile requests brought to light; what is wrong is kept with the shortest request that shows it."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import HealthCheck, Phase, seed, settings

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Finding:
    """Something that no answer may be.

    Attributes:
        rpc: full name of the RPC, or the service whose page it is.
        problem: what is wrong.
        role: who called.
        payload: the shortest request seen that shows it, as hex.
        seed: of the round in which it came.
    """

    rpc: str
    problem: str
    role: str
    payload: str
    seed: int


@dataclass
class Tally:
    """What a campaign has seen.

    Attributes:
        calls: number of calls by status code.
        reached: RPCs that gave at least one answer that is no refusal.
        findings: by RPC and problem.
    """

    calls: Counter[str] = field(default_factory=Counter)
    reached: set[str] = field(default_factory=set)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def note(self, rpc: str, role: str, payload: bytes, problems: Iterable[str], *, number: int) -> None:
        """Keep what is wrong, with the shortest request."""
        for problem in problems:
            known = self.findings.get((rpc, problem))
            if known is None or len(known.payload) > 2 * len(payload):
                self.findings[rpc, problem] = Finding(rpc, problem, role, payload.hex(), number)


def repeatable(examples: int, number: int) -> Callable[[Test], Test]:
    """Make a property ask the same questions whenever the seed is the same; it notes failures and does not stop."""
    config = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seed(number)(config(test))
