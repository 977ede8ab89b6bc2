"""The walk: who takes part, what has come of it so far, and how a step is judged."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from motcua.dossier.v1 import dossier_pb2
from motcua_client import WaitTimeout, wait_for
from motcua_devstack.demo import people
from motcua_devstack.demo.observation import Observation, unobserved
from motcua_devstack.demo.world import World
from motcua_devstack.traces import Span

T = TypeVar("T")
WAIT_SECONDS = 120.0
APPLICANT = "079185001234"
"""Number under which the applicant of the main job signs in at the e-ID: she owns a lot with a clean title."""


class NotVerified(Exception):
    """A step did not have the outcome that it must have; the text says what was seen."""


class Skipped(Exception):
    """The outcome cannot be seen in this world; the text says why."""


def check(condition: object, text: str) -> None:
    """Hold a step to its outcome.

    Raises:
        NotVerified: the condition does not hold.
    """
    if not condition:
        raise NotVerified(text)


def eventually(look: Callable[[], T], until: Callable[[T], bool], what: str, seconds: float = WAIT_SECONDS) -> T:
    """Look, outside of any trace, until it has happened.

    Raises:
        NotVerified: it has not happened in time.
    """
    with unobserved():
        try:
            return wait_for(look, until, seconds, what)
        except WaitTimeout as error:
            raise NotVerified(str(error)) from error


@dataclass
class Outcome:
    """How a step ended.

    Attributes:
        name: of the step.
        ok: whether nothing was wrong.
        skipped: whether its outcome could not be looked at.
        seconds: how long it took, until its outcome was seen.
        trace_id: of its action; of the first when it has several.
        text: what happened, or what was wrong.
    """

    name: str
    ok: bool
    seconds: float
    trace_id: str
    text: str
    skipped: bool = False


@dataclass
class Walk:
    """What the steps share. Filled in from step to step."""

    world: World
    observation: Observation
    folder: Path
    wait_seconds: float = WAIT_SECONDS
    """How long to wait at most for what follows from an action."""
    citizen: people.Citizen = field(init=False)
    reception: people.ReceptionOfficer = field(init=False)
    handler: people.Handler = field(init=False)
    leader: people.Leader = field(init=False)
    consultee: people.Consultee = field(init=False)
    administrator: people.Administrator = field(init=False)
    dossier: str = ""
    code: str = ""
    due_time: datetime = field(init=False)
    application: str = ""
    consultation: str = ""
    permit: str = ""
    number: str = ""
    verification_code: str = ""
    permit_pdf: Path = field(init=False)
    slips: dict[str, Path] = field(default_factory=dict)
    traces: dict[str, str] = field(default_factory=dict)
    """Trace of each action, by the name of the action."""
    begun: float = field(default_factory=time.time)

    @contextlib.contextmanager
    def action(self, name: str) -> Iterator[None]:
        """One user action: the root of one trace."""
        with self.observation.action(name) as trace_id:
            self.traces[name] = trace_id
            yield

    def eventually(self, look: Callable[[], T], until: Callable[[T], bool], what: str) -> T:
        """Look, outside of any trace, until it has happened.

        Raises:
            NotVerified: it has not happened in time.
        """
        return eventually(look, until, what, self.wait_seconds)

    def spans(self) -> list[Span]:
        """All spans of the walk's actions.

        Raises:
            Skipped: nobody can see them here.
        """
        if self.world.spans is None:
            raise Skipped("the traces are not looked at")
        self.observation.flush()
        return self.world.spans.of(self.traces.values(), self.begun)

    def check_signed(self, pdf: bytes, what: str) -> str:
        """Check the signature of a PDF and return the signer's name.

        Raises:
            NotVerified: it does not hold.
        """
        try:
            return self.world.check_signed(pdf)
        except ValueError as error:
            raise NotVerified(f"{what}: {error}") from error

    def read_dossier(self) -> dossier_pb2.Dossier:
        """The dossier as the applicant sees it, outside of any trace."""
        with unobserved():
            return self.citizen.dossier(self.dossier)

    def wait_for_dossier(self, *states: dossier_pb2.Dossier.State.ValueType) -> dossier_pb2.Dossier:
        """Wait until the dossier is in one of the states."""
        names = "/".join(dossier_pb2.Dossier.State.Name(state) for state in states)
        return self.eventually(self.read_dossier, lambda dossier: dossier.state in states, f"the dossier to be {names}")

    def fetch_slip(self, form: str) -> str:
        """Wait for a slip, keep it as file, check its signature; returns its number."""
        found = self.eventually(
            lambda: [one for one in self.citizen.my_documents(self.dossier) if one.form == form],
            bool,
            f"slip {form} in the document store",
        )
        check(len(found) == 1, f"{len(found)} slips {form} instead of one")
        with unobserved():
            content = self.citizen.download(found[0].name)
        target = self.folder / f"slip-{form}.pdf"
        target.write_bytes(content)
        self.slips[form] = target
        signer = self.check_signed(content, f"slip {form}")
        return f"slip {form} no. {found[0].number}, signed by {signer}"


@dataclass(frozen=True)
class Step:
    """A step of the walk.

    Attributes:
        name: in reports.
        run: does it, verifies its outcome and says what happened.
    """

    name: str
    run: Callable[[Walk], str]

    def take(self, walk: Walk) -> Outcome:
        """Do the step and judge it."""
        known = set(walk.traces)
        start = time.monotonic()
        skipped = False
        try:
            text, ok = self.run(walk), True
        except Skipped as reason:
            text, ok, skipped = str(reason), True, True
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a step is its outcome
            text, ok = f"{type(error).__name__}: {error}", False
        seconds = time.monotonic() - start
        # A step that only looks at what was done names the trace that it looks at most.
        trace_id = next((walk.traces[name] for name in walk.traces if name not in known), walk.traces.get("submit", ""))
        return Outcome(self.name, ok, seconds, trace_id, text, skipped)
