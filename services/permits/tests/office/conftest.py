"""The permits service with the people who work with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from motcua.permits.v1 import application_pb2, permit_pb2
from motcua.permits.v1.application_pb2_grpc import PermitApplicationServiceStub
from motcua.permits.v1.permit_pb2_grpc import PermitServiceStub
from motcua_kit.access import Caller, Post
from motcua_kit.testing import RunningService
from motcua_permits.bootstrap import SERVICE


class Desk:
    """The permits service and the people who work with it."""

    def __init__(self, running: RunningService, around: Any, names: Any) -> None:
        self.running = running
        self.around = around
        self.names = names

    def officer(self, name: str, *roles: str, unit: str = "") -> PermitApplicationServiceStub:
        caller = Caller(name=name, kind="officer", posts=tuple(Post(unit or self.names.ward, role) for role in roles))
        return self.running.call(PermitApplicationServiceStub, caller)

    @property
    def handler(self) -> PermitApplicationServiceStub:
        return self.officer(self.names.handler, "handler")

    @property
    def leader(self) -> PermitApplicationServiceStub:
        return self.officer(self.names.leader, "leader")

    @property
    def anyone(self) -> PermitServiceStub:
        return self.running.call(PermitServiceStub)

    def accepted(self, digit: str = "d", **changes: Any) -> dict[str, Any]:
        """Return the event of an accepted dossier."""
        dossier = f"dossiers/{digit * 32}"
        return {
            "id": f"{dossier}@3.0",
            "type": "dossier.accepted",
            "subject": dossier,
            "time": self.names.now,
            "data": {
                "dossier": dossier,
                "code": "H29.26740-261123-0001",
                "procedure": "procedures/1.013225",
                "procedure_version": "2026-07-01",
                "unit": self.names.ward,
                "applicant": self.names.account,
                "receiver": self.names.receiver,
                "accept_time": "2026-11-23T02:00:00Z",
                "due_time": "2026-12-02T10:00:00Z",
                "parcel": self.names.parcel,
                "form": {"works": self.names.works, "land": {"parcel": self.names.parcel}},
                **changes,
            },
        }

    def open(self, digit: str = "d", **changes: Any) -> str:
        """Have a dossier accepted and all that follows done; return the application's name."""
        self.running.receive("permits.open_application", self.accepted(digit, **changes))
        self.running.work()
        return f"permitApplications/{digit * 32}"

    def get(self, name: str) -> application_pb2.PermitApplication:
        return self.handler.GetPermitApplication(application_pb2.GetPermitApplicationRequest(name=name))

    def review(self, name: str, outcome: Any = application_pb2.Condition.OUTCOME_MET) -> None:
        reviews = [
            application_pb2.ConditionReview(code=condition.code, outcome=outcome, note="đã đối chiếu")
            for condition in self.get(name).checklist
        ]
        self.handler.ReviewChecklist(application_pb2.ReviewChecklistRequest(name=name, reviews=reviews))

    def propose(self, name: str, **fields: Any) -> application_pb2.PermitApplication:
        values = {"outcome": application_pb2.Decision.OUTCOME_GRANT, **fields}
        return self.handler.ProposeDecision(application_pb2.ProposeDecisionRequest(name=name, **values))

    def approve(self, name: str) -> application_pb2.PermitApplication:
        return self.leader.ApproveApplication(application_pb2.ApproveApplicationRequest(name=name))

    def grant(self, name: str) -> None:
        """Review, propose and approve."""
        self.review(name)
        self.propose(name)
        self.approve(name)

    def permit(self, name: str) -> permit_pb2.Permit:
        caller = Caller(name=self.names.leader, kind="officer", posts=(Post(self.names.ward, "leader"),))
        return self.running.call(PermitServiceStub, caller).GetPermit(permit_pb2.GetPermitRequest(name=name))

    def numbers(self) -> list[int]:
        """Return the sequence numbers given so far, in order."""
        return sorted(one["sequence"] for one in self.running.runtime.store.collection("permits").find())

    def stored_versions(self) -> int:
        """Return how many versions of the permits' documents the archive holds."""
        objects = self.running.runtime.objects
        return sum(
            len(list(objects._client.list_objects(objects.bucket, prefix=one["document_key"], include_version=True)))
            for one in self.running.runtime.store.collection("permits").find()
        )


@pytest.fixture
def desk(serve: Callable[..., RunningService], around: Any, names: Any) -> Desk:
    running = serve(SERVICE, public_url="https://motcua.test", object_store_public_url=names.public_store)
    running.runtime.__dict__["channels"] = around.channels
    return Desk(running, around, names)
