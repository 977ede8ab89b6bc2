"""The world as people outside the suite see it: where it is reached, who they are, and what they can observe of it."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import pyotp

from motcua_devstack import cast
from motcua_devstack.cast import Officer
from motcua_devstack.demo import people
from motcua_devstack.demo.browser import Answers, Application, Form, SignedIn
from motcua_devstack.eid.people import PEOPLE_FILE, load_people
from motcua_devstack.keys import Secrets
from motcua_devstack.traces import Span
from motcua_kit.documents.verify import verify

P = TypeVar("P", bound=people.Person)


@dataclass(frozen=True)
class Places:
    """Where people reach the suite with a browser.

    Attributes:
        issuer: URL of the identity service.
        permits: URL of the public pages of permits.
        application: where the applications of people get the answer of a sign-in.
    """

    issuer: str
    permits: str
    application: str


class BusinessClock(Protocol):
    """The time by which the suite counts deadlines."""

    def now(self) -> datetime:
        """Business time, aware."""
        ...

    def advance(self, by: timedelta) -> bool:
        """Let time pass; False where it passes by itself only."""
        ...


@dataclass(frozen=True)
class Received:
    """How many messages have arrived outside.

    Attributes:
        emails: at the mail server.
        texts: at the short-message gateway.
    """

    emails: int
    texts: int


class Messages(Protocol):
    """What the stand-ins for mail server and short-message gateway have received."""

    def since(self, time: float) -> Received:
        """Count what arrived since a moment, in seconds since 1970."""
        ...


class Spans(Protocol):
    """Where the suite's spans end up."""

    def of(self, trace_ids: Collection[str], since: float) -> list[Span]:
        """All spans of some traces, perhaps with others that began since a moment, in seconds since 1970."""
        ...


@dataclass
class World:
    """A running suite as people outside see it, and how they sign in.

    Attributes:
        places: where its pages are.
        suite: connections to it.
        secrets: passwords and seeds of one-time codes of officers, and the authority of its signatures.
        clock: its business time.
        messages: what it has sent; None where nobody can look.
        spans: its traces; None where nobody can look.
    """

    places: Places
    suite: people.Suite
    secrets: Secrets
    clock: BusinessClock
    messages: Messages | None
    spans: Spans | None

    def citizen(self, citizen_id: str) -> people.Citizen:
        """Sign a citizen in through the e-ID."""
        person = load_people(PEOPLE_FILE)[citizen_id]
        signed_in = self._sign_in(
            cast.CITIZENS_APP, lambda _: {"citizen_id": person.citizen_id, "password": person.password}
        )
        return people.Citizen(self.suite, signed_in.name, signed_in)

    def officer(self, kind: Callable[[people.Suite, str, SignedIn], P], officer: Officer) -> P:
        """Sign an officer in with password and one-time code."""
        password = cast.password(self.secrets, officer)
        codes = OneTimeCodes(pyotp.TOTP(cast.totp_seed(self.secrets, officer)))

        def answers(_: Form) -> Mapping[str, str]:
            return {"username": officer.username, "password": password, "code": codes.next()}

        signed_in = self._sign_in(cast.OFFICERS_APP, answers)
        return kind(self.suite, signed_in.name, signed_in)

    def anyone(self) -> people.Person:
        """Somebody who has not signed in."""
        return people.Person(self.suite, "", None)

    def check_signed(self, pdf: bytes) -> str:
        """Return the signer of a PDF.

        Raises:
            ValueError: the signature does not hold.
        """
        report = verify(pdf, self.secrets.chain_file, time=self.clock.now())
        if not report.bottom_line:
            raise ValueError(f"the signature does not hold: {report}")
        return report.signer

    def _sign_in(self, client: str, answers: Answers) -> SignedIn:
        return SignedIn(Application(self.places.issuer, client, self.places.application, self.suite.web), answers)


class OneTimeCodes:
    """The device that shows an officer's codes. Identity takes none twice, so whoever needs another waits for it.

    Args:
        totp: what the device computes.
    """

    def __init__(self, totp: pyotp.TOTP) -> None:
        self._totp = totp
        self._shown = ""

    def next(self) -> str:
        """The code of this moment, or of the next if this one has been typed already."""
        while (code := self._totp.now()) == self._shown:
            time.sleep(self._totp.interval - time.time() % self._totp.interval)
        self._shown = code
        return code
