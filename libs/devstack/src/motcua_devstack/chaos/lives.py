"""Whole lives of permits as load: from the draft to the result in the applicant's hands, in several courses."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from motcua.dossier.v1.consultation_pb2 import Consultation
from motcua.dossier.v1.dossier_pb2 import Dossier, Upload
from motcua.permits.v1.application_pb2 import Condition, Decision, PermitApplication, SupplementItem
from motcua_client import Credentials, wait_for
from motcua_devstack import cast
from motcua_devstack.chaos.recorder import Recorder
from motcua_devstack.demo import house, people
from motcua_devstack.demo.steps import DECREE
from motcua_devstack.demo.walk import APPLICANT
from motcua_devstack.demo.world import World
from motcua_devstack.load.ledger import Ledger

P = TypeVar("P", bound=people.Person)
T = TypeVar("T")
CONSEQUENCE_SECONDS = 240.0
"""How long what follows from a command may take while things go wrong: longer than the longest fault and a retry."""

DRAWINGS = "architecture_drawings"
JUDGED = (Upload.STATE_CHECKED, Upload.STATE_REJECTED)


@dataclass(frozen=True)
class Cast:
    """Who takes part in a life, with every command in the ledger."""

    citizen: people.Citizen
    reception: people.ReceptionOfficer
    handler: people.Handler
    leader: people.Leader
    consultee: people.Consultee
    suites: tuple[people.Suite, ...]

    def close(self) -> None:
        """End all connections; calls under way fail."""
        for suite in self.suites:
            suite.close()


def sign_in(world: World, ledger: Ledger, patience: float) -> Cast:
    """Sign everybody in.

    Args:
        world: the suite, with a patient web.
        ledger: gets every command.
        patience: seconds for which a command is tried again.
    """
    suites: list[people.Suite] = []

    def recorded(kind: Callable[[people.Suite, str, Credentials | None], P], person: people.Person) -> P:
        recorder = Recorder(ledger, person.name, patience)
        # The web stays patient; the calls are repeated by the recorder, which counts.
        suite = people.Suite(world.suite.addresses, recorder.channel, replace(world.suite.web), tls=world.suite.tls)
        suites.append(suite)
        return kind(suite, person.name, person.credentials)

    return Cast(
        recorded(people.Citizen, world.citizen(APPLICANT)),
        recorded(people.ReceptionOfficer, world.officer(people.Person, cast.RECEPTION)),
        recorded(people.Handler, world.officer(people.Person, cast.HANDLER)),
        recorded(people.Leader, world.officer(people.Person, cast.LEADER)),
        recorded(people.Consultee, world.officer(people.Person, cast.CONSULTEE)),
        tuple(suites),
    )


@cache
def paper(component: str, revision: str = "A") -> house.File:
    """A paper, made once."""
    return house.paper(component, house.PAPERS[component], revision)


@dataclass
class Life:
    """One dossier on its way.

    Attributes:
        cast: who takes part.
        course: a key of `COURSES`.
        step: the step that it is in, or was in when it ended.
        dossier: resource name.
        application: resource name.
        problem: why it did not end as it must; empty when it did, or goes on.
        ended: whether it goes on no more.
    """

    cast: Cast
    course: str
    step: str = ""
    dossier: str = ""
    application: str = ""
    problem: str = ""
    ended: bool = False

    def live(self) -> None:
        """Go through the course to its end, or to the first step that fails."""
        try:
            for step in COURSES[self.course]:
                self.step = step.__name__
                step(self)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a life is its problem
            self.problem = f"{self.step}: {type(error).__name__}: {error}"
        self.ended = True

    def wait(self, look: Callable[[], T], until: Callable[[T], bool], what: str) -> T:
        """Wait for what follows from a command."""
        return wait_for(look, until, CONSEQUENCE_SECONDS, f"{what} of {self.dossier}")

    def wait_for_dossier(self, *states: Dossier.State.ValueType) -> Dossier:
        """Wait until the dossier is in one of the states."""
        names = "/".join(map(Dossier.State.Name, states))
        return self.wait(lambda: self.cast.citizen.dossier(self.dossier), lambda one: one.state in states, names)

    def wait_for_application(self, *states: PermitApplication.State.ValueType) -> PermitApplication:
        """Wait until the application is in one of the states."""
        names = "/".join(map(PermitApplication.State.Name, states))
        return self.wait(
            lambda: self.cast.handler.application(self.application), lambda one: one.state in states, names
        )


def draft(life: Life) -> None:
    """A draft with its form and its papers, all of them checked."""
    citizen = life.cast.citizen
    begun = citizen.start(house.PROCEDURE, house.WARD)
    life.dossier = begun.name
    citizen.fill_in(begun, house.HOUSE)
    for component in house.PAPERS:
        citizen.upload(life.dossier, component, paper(component))
    _wait_for_checks(life)


def _wait_for_checks(life: Life) -> None:
    life.wait(
        lambda: life.cast.citizen.dossier(life.dossier),
        lambda dossier: all(one.state in JUDGED for one in dossier.uploads),
        "checks of the files",
    )


def submit(life: Life) -> None:
    """The button is pressed."""
    life.cast.citizen.submit(life.dossier)


def accept(life: Life) -> None:
    """Reception accepts; permits opens an application."""
    life.cast.reception.accept(life.dossier)
    found = life.wait(lambda: life.cast.handler.applications_of(house.WARD, life.dossier), bool, "an application")
    life.application = found[0].name
    life.wait_for_application(PermitApplication.STATE_UNDER_REVIEW)
    life.wait_for_dossier(Dossier.STATE_PROCESSING)


def consult(life: Life) -> None:
    """Another agency is asked and agrees."""
    life.cast.handler.consult(life.application, house.CONSULTED_AGENCY, "Ý kiến về quy hoạch", "Đề nghị cho ý kiến.")

    def asked() -> list[Consultation]:
        waiting = life.cast.consultee.waiting(house.CONSULTED_AGENCY)
        return [one for one in waiting if one.dossier == life.dossier]

    (consultation,) = life.wait(asked, bool, "the consultation")
    life.cast.consultee.answer(consultation.name, Consultation.OUTCOME_AGREED, "Thống nhất.")
    life.wait(
        lambda: life.cast.handler.application(life.application),
        lambda one: all(each.outcome for each in one.consultations),
        "the answer of the agency",
    )


def supplement(life: Life) -> None:
    """A paper is asked for once more, and comes."""
    item = SupplementItem(component=DRAWINGS, reason="Bản vẽ chưa ghi cao độ các tầng.", law=DECREE)
    life.cast.handler.request_supplement(life.application, [item])
    life.wait_for_dossier(Dossier.STATE_SUPPLEMENT_REQUESTED)
    life.cast.citizen.upload(life.dossier, DRAWINGS, paper(DRAWINGS, "B"))
    _wait_for_checks(life)
    life.cast.citizen.answer_supplement(life.dossier, "Đã bổ sung.")
    life.wait_for_application(PermitApplication.STATE_UNDER_REVIEW)


def decide(life: Life) -> None:
    """The handler proposes, the leader approves."""
    handler = life.cast.handler
    checklist = handler.application(life.application).checklist
    open_ones = [one.code for one in checklist if one.outcome != Condition.OUTCOME_NOT_APPLICABLE]
    handler.review(life.application, dict.fromkeys(open_ones, Condition.OUTCOME_MET))
    handler.propose(life.application, Decision.OUTCOME_GRANT, "Hồ sơ đủ điều kiện.")
    life.cast.leader.approve(life.application)


def receive(life: Life) -> None:
    """The permit is issued, handed over, and can be opened."""
    number = life.cast.leader.permit(life.wait_for_application(PermitApplication.STATE_ISSUED).permit).number
    life.wait_for_dossier(Dossier.STATE_RETURNED)
    (document,) = (one for one in life.cast.citizen.my_documents(life.dossier) if one.number == number)
    life.cast.citizen.download(document.name)


def withdraw(life: Life) -> None:
    """The applicant takes the dossier back; the application is closed."""
    life.cast.citizen.withdraw(life.dossier, "Thay đổi thiết kế.")
    life.wait_for_dossier(Dossier.STATE_WITHDRAWN)
    life.wait_for_application(PermitApplication.STATE_CLOSED)


COURSES: dict[str, tuple[Callable[[Life], None], ...]] = {
    "consulted": (draft, submit, accept, consult, decide, receive),
    "supplemented": (draft, submit, accept, supplement, decide, receive),
    "withdrawn": (draft, submit, accept, withdraw),
    "granted": (draft, submit, accept, decide, receive),
}
"""What may become of a dossier, step by step."""


@dataclass
class Lives:
    """Lives one after the other, course by course; several threads may draw from it.

    Attributes:
        cast: who takes part.
        begun: all lives up to now.
    """

    cast: Cast
    begun: list[Life] = field(default_factory=list)
    _courses: Iterator[str] = field(default_factory=lambda: itertools.cycle(COURSES))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def live(self, stop: threading.Event) -> None:
        """Live until told to stop; the life that is under way then comes to its end."""
        while not stop.is_set():
            with self._lock:
                life = Life(self.cast, next(self._courses))
                self.begun.append(life)
            life.live()
