"""gRPC: messages to the application's arguments and back."""

from __future__ import annotations

import grpc

from motcua.permits.v1 import application_pb2 as pb
from motcua.permits.v1 import application_pb2_grpc, permit_pb2, permit_pb2_grpc
from motcua_kit.mapping import from_message
from motcua_kit.rpc import execute, id_of, page_of, query
from motcua_kit.rpc.times import moment_or_none
from motcua_permits.application.appraisal import Appraisal
from motcua_permits.application.decisions import Decisions
from motcua_permits.application.queries import Queries, QueueFilter
from motcua_permits.domain.review import ConditionReview, DecisionOutcome, RefusalReason, SupplementItem
from motcua_permits.domain.states import AwaitedRole
from motcua_permits.entrypoints.messages import application_message, permit_message, verification_message

APPLICATIONS = "permitApplications"


class PermitApplicationGrpc(application_pb2_grpc.PermitApplicationServiceServicer):
    """Serves permit applications."""

    def __init__(self, appraisal: Appraisal, decisions: Decisions, queries: Queries) -> None:
        self._appraisal = appraisal
        self._decisions = decisions
        self._queries = queries

    def GetPermitApplication(
        self, request: pb.GetPermitApplicationRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Return one application."""
        identity = id_of(request.name, APPLICATIONS)
        return query(application_message, lambda access: self._queries.application(access, identity))

    def ListPermitApplications(
        self, request: pb.ListPermitApplicationsRequest, context: grpc.ServicerContext
    ) -> pb.ListPermitApplicationsResponse:
        """Return one page of applications."""
        role = pb.PermitApplication.AwaitedRole.Name(request.awaited_role).removeprefix("AWAITED_ROLE_")
        wanted = QueueFilter(
            unit=request.unit,
            awaited_role=AwaitedRole[role],
            handler=request.handler,
            dossier=request.dossier,
            due_before=moment_or_none(request, "due_before"),
        )
        page = page_of(request)
        return query(
            lambda found: pb.ListPermitApplicationsResponse(
                permit_applications=map(application_message, found[0]), next_page_token=found[1]
            ),
            lambda access: self._queries.queue(access, wanted, page),
        )

    def RunChecks(self, request: pb.RunChecksRequest, context: grpc.ServicerContext) -> pb.PermitApplication:
        """Run the by-law checks again."""
        identity = id_of(request.name, APPLICATIONS)
        return execute(
            request,
            application_message,
            lambda command, access: self._appraisal.run_checks(command, access, identity, etag=request.etag),
        )

    def ReviewChecklist(
        self, request: pb.ReviewChecklistRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Record a review of conditions."""
        identity = id_of(request.name, APPLICATIONS)
        reviews = [from_message(review, ConditionReview) for review in request.reviews]
        return execute(
            request,
            application_message,
            lambda command, access: self._appraisal.review_checklist(
                command, access, identity, reviews, etag=request.etag
            ),
        )

    def RequestConsultation(
        self, request: pb.RequestConsultationRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Ask another agency."""
        identity = id_of(request.name, APPLICATIONS)
        return execute(
            request,
            application_message,
            lambda command, access: self._appraisal.request_consultation(
                command,
                access,
                identity,
                agency_unit=request.agency_unit,
                subject=request.subject,
                question=request.question,
                etag=request.etag,
            ),
        )

    def RequestSupplement(
        self, request: pb.RequestSupplementRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Ask the applicant, once."""
        identity = id_of(request.name, APPLICATIONS)
        items = [from_message(item, SupplementItem) for item in request.items]
        return execute(
            request,
            application_message,
            lambda command, access: self._appraisal.request_supplement(
                command, access, identity, items, etag=request.etag
            ),
        )

    def ProposeDecision(
        self, request: pb.ProposeDecisionRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Propose a decision."""
        identity = id_of(request.name, APPLICATIONS)
        outcome = DecisionOutcome[pb.Decision.Outcome.Name(request.outcome).removeprefix("OUTCOME_")]
        reasons = [from_message(reason, RefusalReason) for reason in request.reasons]
        return execute(
            request,
            application_message,
            lambda command, access: self._decisions.propose(
                command, access, identity, outcome, note=request.note, reasons=reasons, etag=request.etag
            ),
        )

    def ReturnProposal(self, request: pb.ReturnProposalRequest, context: grpc.ServicerContext) -> pb.PermitApplication:
        """Send a proposal back."""
        identity = id_of(request.name, APPLICATIONS)
        return execute(
            request,
            application_message,
            lambda command, access: self._decisions.return_proposal(
                command, access, identity, request.reason, etag=request.etag
            ),
        )

    def ApproveApplication(
        self, request: pb.ApproveApplicationRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Grant the permit."""
        identity = id_of(request.name, APPLICATIONS)
        return execute(
            request,
            application_message,
            lambda command, access: self._decisions.approve(command, access, identity, etag=request.etag),
        )

    def RefuseApplication(
        self, request: pb.RefuseApplicationRequest, context: grpc.ServicerContext
    ) -> pb.PermitApplication:
        """Refuse the permit."""
        identity = id_of(request.name, APPLICATIONS)
        return execute(
            request,
            application_message,
            lambda command, access: self._decisions.refuse(command, access, identity, etag=request.etag),
        )


class PermitGrpc(permit_pb2_grpc.PermitServiceServicer):
    """Serves permits."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def GetPermit(self, request: permit_pb2.GetPermitRequest, context: grpc.ServicerContext) -> permit_pb2.Permit:
        """Return one permit."""
        return query(permit_message, lambda access: self._queries.permit(access, id_of(request.name, "permits")))

    def ListPermits(
        self, request: permit_pb2.ListPermitsRequest, context: grpc.ServicerContext
    ) -> permit_pb2.ListPermitsResponse:
        """Return one page of permits."""
        page = page_of(request)
        return query(
            lambda found: permit_pb2.ListPermitsResponse(
                permits=map(permit_message, found[0]), next_page_token=found[1]
            ),
            lambda access: self._queries.permits(access, unit=request.unit, year=request.year, page=page),
        )

    def VerifyPermit(
        self, request: permit_pb2.VerifyPermitRequest, context: grpc.ServicerContext
    ) -> permit_pb2.PermitVerification:
        """Verify a permit, for anyone."""
        return query(verification_message, lambda _access: self._queries.verify(request.number, request.code))
