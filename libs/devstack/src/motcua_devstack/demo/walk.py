"""The walk: who takes part, what has come of it so far, and how a step is judged."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from motcua.dossier.v1 import dossier_pb2
from motcua_client import WaitTimeout, wait_for
from motcua_devstack import cast
from motcua_devstack.cast import Officer
from motcua_devstack.demo import people
from motcua_devstack.demo.browser import Application, Form, SignedIn, sign_in
from motcua_devstack.demo.observation import Observation, unobserved
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.spans import read as read_spans
from motcua_devstack.stack import Addresses, Stack
from motcua_kit.documents.verify import verify

T = TypeVar("T")
P = TypeVar("P", bound=people.Person)
WAIT_SECONDS = 120.0
APPLICANT = "079185001234"
"""Number under which the applicant of the main job signs in at the e-ID: she owns a lot with a clean title."""


class NotVerified(Exception):
    """A step did not have the outcome that it must have; the text says what was seen."""


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
class World:
    """A running stack as people outside see it, and how they sign in.

    Attributes:
        stack: for its secrets (passwords of officers) and the clock of the local profile.
        addresses: where it is reached.
        suite: connections to it.
    """

    stack: Stack
    addresses: Addresses
    suite: people.Suite

    def citizen(self, citizen_id: str) -> people.Citizen:
        """Sign a citizen in through the e-ID."""
        person = load_people(PEOPLE_FILE)[citizen_id]
        signed_in = self._sign_in(
            cast.CITIZENS_APP, lambda _: {"citizen_id": person.citizen_id, "password": person.password}
        )
        return people.Citizen(self.suite, signed_in.name, signed_in)

    def officer(self, kind: Callable[[people.Suite, str, SignedIn], P], officer: Officer) -> P:
        """Sign an officer in with password and one-time code."""
        vault = self.stack.vault()
        seed = cast.totp_seed(vault, officer)

        def answers(_: Form) -> dict[str, str]:
            return {
                "username": officer.username,
                "password": cast.password(vault, officer),
                "code": pyotp.TOTP(seed).now(),
            }

        signed_in = self._sign_in(cast.OFFICERS_APP, answers)
        return kind(self.suite, signed_in.name, signed_in)

    def anyone(self) -> people.Person:
        """Somebody who has not signed in."""
        return people.Person(self.suite, "", None)

    def _sign_in(self, client: str, answers: Callable[[Form], dict[str, str]]) -> SignedIn:
        application = Application(self.addresses.http["identity"], client, self.addresses.application)
        return sign_in(application, answers)

    def now(self) -> datetime:
        """Business time, as the services of the local profile see it."""
        return datetime.now(UTC) + timedelta(seconds=float(self.stack.clock_offset.read_text()))

    def let_time_pass(self, by: timedelta) -> None:
        """Move the business clock of the local profile; a deadline of days cannot be waited for."""
        offset = float(self.stack.clock_offset.read_text()) + by.total_seconds()
        fresh = self.stack.clock_offset.with_suffix(".new")
        fresh.write_text(f"{offset:.0f}")
        fresh.replace(self.stack.clock_offset)

    def check_signed(self, pdf: bytes, what: str) -> str:
        """Check the signature of a PDF and return the signer's name."""
        report = verify(pdf, self.stack.vault().signing().chain_file, time=self.now())
        check(report.bottom_line, f"the signature of {what} does not hold: {report}")
        return report.signer


@dataclass
class Outcome:
    """How a step ended.

    Attributes:
        name: of the step.
        ok: whether its outcome was verified.
        seconds: how long it took, until its outcome was seen.
        trace_id: of its action; of the first when it has several.
        text: what happened, or what was wrong.
    """

    name: str
    ok: bool
    seconds: float
    trace_id: str
    text: str


@dataclass
class Walk:
    """What the steps share. Filled in from step to step."""

    world: World
    observation: Observation
    folder: Path
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

    def spans(self) -> list[dict[str, Any]]:
        """All spans since the walk began."""
        self.observation.flush()
        return [span for span in read_spans(self.world.stack.spans) if span["start"] >= self.begun]

    def read_dossier(self) -> dossier_pb2.Dossier:
        """The dossier as the applicant sees it, outside of any trace."""
        with unobserved():
            return self.citizen.dossier(self.dossier)

    def wait_for_dossier(self, *states: dossier_pb2.Dossier.State.ValueType) -> dossier_pb2.Dossier:
        """Wait until the dossier is in one of the states."""
        names = "/".join(dossier_pb2.Dossier.State.Name(state) for state in states)
        return eventually(self.read_dossier, lambda dossier: dossier.state in states, f"the dossier to be {names}")

    def fetch_slip(self, form: str) -> str:
        """Wait for a slip, keep it as file, check its signature; returns its number."""
        found = eventually(
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
        signer = self.world.check_signed(content, f"slip {form}")
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
        try:
            text, ok = self.run(walk), True
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a step is its outcome
            text, ok = f"{type(error).__name__}: {error}", False
        seconds = time.monotonic() - start
        # A step that only looks at what was done names the trace that it looks at most.
        trace_id = next((walk.traces[name] for name in walk.traces if name not in known), walk.traces.get("submit", ""))
        return Outcome(self.name, ok, seconds, trace_id, text)
