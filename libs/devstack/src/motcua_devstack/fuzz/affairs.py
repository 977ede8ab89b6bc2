"""Dossiers in the states that they pass, so that every command finds one which it may change."""

from dataclasses import dataclass

from motcua.permits.v1.application_pb2 import Condition, Decision
from motcua_devstack.demo import house, people
from motcua_devstack.fuzz.town import Town


@dataclass(frozen=True)
class Affairs:
    """One household's dossiers by how far they have come: their resource names.

    Attributes:
        draft: not submitted.
        waiting: for reception.
        in_work: accepted; its application is open.
        consulted: another agency is asked.
        proposed: the leader decides next.
        done: the permit is granted.
    """

    draft: str
    waiting: str
    in_work: str
    consulted: str
    proposed: str
    done: str


def carry_on(town: Town) -> Affairs:
    """Leave dossiers in every state."""
    citizen = town.person(people.Citizen, "citizen")
    draft = citizen.start(house.PROCEDURE, house.WARD).name
    reception = town.person(people.ReceptionOfficer, "reception_officer")
    waiting, in_work, consulted, proposed, done = (_submitted(town, citizen) for _ in range(5))
    for dossier in (in_work, consulted, proposed, done):
        reception.accept(dossier)
        town.work()
    handler = town.person(people.Handler, "handler")
    handler.consult(_application(handler, consulted), house.CONSULTED_AGENCY, "Ý kiến", "Đề nghị cho ý kiến.")
    for dossier in (proposed, done):
        _propose(handler, _application(handler, dossier))
    town.person(people.Leader, "leader").approve(_application(handler, done))
    town.work()
    return Affairs(draft, waiting, in_work, consulted, proposed, done)


def _submitted(town: Town, citizen: people.Citizen) -> str:
    draft = citizen.start(house.PROCEDURE, house.WARD)
    citizen.fill_in(draft, house.HOUSE)
    for component, title in house.PAPERS.items():
        citizen.upload(draft.name, component, house.paper(component, title))
    town.work()
    return citizen.submit(draft.name).name


def _application(handler: people.Handler, dossier: str) -> str:
    return handler.applications_of(house.WARD, dossier)[0].name


def _propose(handler: people.Handler, application: str) -> None:
    conditions = handler.application(application).checklist
    open_ones = [one.code for one in conditions if one.outcome != Condition.OUTCOME_NOT_APPLICABLE]
    handler.review(application, dict.fromkeys(open_ones, Condition.OUTCOME_MET))
    handler.propose(application, Decision.OUTCOME_GRANT, "Hồ sơ đủ điều kiện cấp giấy phép.")
