"""Dossiers brought to the point from which something else is to happen."""

from dataclasses import dataclass

from motcua.dossier.v1.dossier_pb2 import Dossier, Upload
from motcua.permits.v1.application_pb2 import PermitApplication
from motcua_devstack.demo import house
from motcua_devstack.demo.people import Citizen
from motcua_devstack.demo.walk import Outcome, Walk, check, eventually
from motcua_devstack.stack import RunningStack

JUDGED = (Upload.STATE_CHECKED, Upload.STATE_REJECTED)


@dataclass(frozen=True)
class Case:
    """A dossier with its permit application.

    Attributes:
        dossier: resource name.
        application: resource name.
    """

    dossier: str
    application: str


@dataclass(frozen=True)
class MainJob:
    """The main job, walked once through a stack that keeps running.

    Attributes:
        running: the stack.
        walk: what the steps left, with everybody still signed in.
        outcomes: how each step ended.
    """

    running: RunningStack
    walk: Walk
    outcomes: list[Outcome]


def drafted(citizen: Citizen, files: dict[str, house.File] | None = None) -> Dossier:
    """A draft with form and checked files.

    Args:
        citizen: the applicant.
        files: sent instead of the drawing of a component.
    """
    name = citizen.start(house.PROCEDURE, house.WARD).name
    citizen.fill_in(citizen.dossier(name), house.HOUSE)
    for component, title in house.PAPERS.items():
        citizen.upload(name, component, (files or {}).get(component) or house.paper(component, title))
    return eventually(
        lambda: citizen.dossier(name),
        lambda dossier: all(one.state in JUDGED for one in dossier.uploads),
        "the files to be checked",
    )


def submitted(citizen: Citizen) -> Dossier:
    """A dossier that waits for reception."""
    return citizen.submit(drafted(citizen).name)


def in_work(walk: Walk) -> Case:
    """An accepted dossier whose application is under review."""
    dossier = submitted(walk.citizen).name
    walk.reception.accept(dossier)
    found = eventually(
        lambda: walk.handler.applications_of(house.WARD, dossier),
        lambda found: bool(found) and found[0].state == PermitApplication.STATE_UNDER_REVIEW,
        "the application to be under review",
    )
    check(len(found) == 1, f"{len(found)} applications instead of one")
    wait_for_dossier(walk.citizen, dossier, Dossier.STATE_PROCESSING)
    return Case(dossier, found[0].name)


def wait_for_dossier(citizen: Citizen, name: str, *states: Dossier.State.ValueType, seconds: float = 60.0) -> Dossier:
    """Wait until a dossier is in one of the states."""
    names = "/".join(Dossier.State.Name(state) for state in states)
    return eventually(
        lambda: citizen.dossier(name), lambda dossier: dossier.state in states, f"the dossier to be {names}", seconds
    )
