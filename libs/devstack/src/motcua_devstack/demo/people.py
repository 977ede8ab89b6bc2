"""What people do: each method is one action of a citizen or an officer over a public interface."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
from google.protobuf import json_format, struct_pb2

from motcua.common.v1.common_pb2 import LegalReference
from motcua.dossier.v1 import consultation_pb2, document_pb2, dossier_pb2
from motcua.dossier.v1.consultation_pb2_grpc import ConsultationServiceStub
from motcua.dossier.v1.document_pb2_grpc import DocumentServiceStub
from motcua.dossier.v1.dossier_pb2_grpc import DossierServiceStub
from motcua.identity.v1 import access_pb2, account_pb2
from motcua.identity.v1.access_pb2_grpc import AccessServiceStub
from motcua.identity.v1.account_pb2_grpc import AccountServiceStub
from motcua.land.v1 import certificates_pb2
from motcua.land.v1.certificates_pb2_grpc import CertificateServiceStub
from motcua.notify.v1 import inbox_pb2, notification_pb2
from motcua.notify.v1.inbox_pb2_grpc import InboxServiceStub
from motcua.notify.v1.notification_pb2_grpc import NotificationServiceStub
from motcua.permits.v1 import application_pb2, permit_pb2
from motcua.permits.v1.application_pb2_grpc import PermitApplicationServiceStub
from motcua.permits.v1.permit_pb2_grpc import PermitServiceStub
from motcua_client import Client, Credentials, Tls, connect
from motcua_devstack.demo.house import File
from motcua_devstack.demo.web import Web

Stub = TypeVar("Stub")
CALL_SECONDS = 30.0
PAGE = 200


@dataclass
class Suite:
    """The suite as a client reaches it.

    Attributes:
        addresses: gRPC address by service.
        observe: wraps each channel, to observe the calls through it.
        web: how files are sent and fetched.
        tls: transport security of the calls; None for plain text.
    """

    addresses: Mapping[str, str]
    observe: Callable[[grpc.Channel], grpc.Channel]
    web: Web = field(default_factory=Web)
    tls: Tls | None = None
    _clients: list[Client] = field(default_factory=list)

    def connect(self, service: str, credentials: Credentials | None) -> Client:
        """A connection to a service, closed with the suite."""
        plain = connect(
            self.addresses[service], credentials, tls=self.tls, deadline=CALL_SECONDS, patience=self.web.patience
        )
        client = Client(self.observe(plain.channel))
        self._clients.append(client)
        return client

    def close(self) -> None:
        """End all connections."""
        for client in self._clients:
            client.close()


class Person:
    """Somebody who has signed in, or anyone (`credentials` None).

    Attributes:
        name: resource name; empty for anyone.
        credentials: their tokens.
    """

    def __init__(self, suite: Suite, name: str, credentials: Credentials | None) -> None:
        self.name = name
        self._suite = suite
        self.credentials = credentials
        self._clients: dict[str, Client] = {}

    def stub(self, service: str, kind: Callable[[grpc.Channel], Stub]) -> Stub:
        """A stub that calls as this person."""
        if service not in self._clients:
            self._clients[service] = self._suite.connect(service, self.credentials)
        return self._clients[service].stub(kind)

    @property
    def dossiers(self) -> DossierServiceStub:
        """The dossier service."""
        return self.stub("dossier", DossierServiceStub)

    @property
    def documents(self) -> DocumentServiceStub:
        """Document stores of persons."""
        return self.stub("dossier", DocumentServiceStub)

    @property
    def consultations(self) -> ConsultationServiceStub:
        """Consultations of other agencies."""
        return self.stub("dossier", ConsultationServiceStub)

    @property
    def applications(self) -> PermitApplicationServiceStub:
        """Permit applications."""
        return self.stub("permits", PermitApplicationServiceStub)

    @property
    def permits(self) -> PermitServiceStub:
        """Permits."""
        return self.stub("permits", PermitServiceStub)

    @property
    def notifications(self) -> NotificationServiceStub:
        """Messages to people, with proof of delivery."""
        return self.stub("notify", NotificationServiceStub)

    @property
    def certificates(self) -> CertificateServiceStub:
        """Certificates in the land register."""
        return self.stub("land", CertificateServiceStub)

    def dossier(self, name: str) -> dossier_pb2.Dossier:
        """Read a dossier."""
        return self.dossiers.GetDossier(dossier_pb2.GetDossierRequest(name=name))

    def inbox(self) -> list[inbox_pb2.InboxMessage]:
        """Read one's own inbox."""
        request = inbox_pb2.ListMessagesRequest(parent=self.name, page_size=PAGE)
        return list(self.stub("notify", InboxServiceStub).ListMessages(request).messages)

    def verify_permit(self, number: str, code: str) -> permit_pb2.PermitVerification:
        """Ask whether a permit is genuine, as anyone may."""
        return self.permits.VerifyPermit(permit_pb2.VerifyPermitRequest(number=number, code=code))


class Citizen(Person):
    """A person who wants something from the City."""

    def account(self) -> account_pb2.Account:
        """Read one's own account."""
        return self.stub("identity", AccountServiceStub).GetAccount(account_pb2.GetAccountRequest(name=self.name))

    def start(self, procedure: str, unit: str) -> dossier_pb2.Dossier:
        """Begin a dossier: the City fills in what it knows."""
        draft = dossier_pb2.Dossier(procedure=f"procedures/{procedure}", unit=unit)
        return self.dossiers.CreateDossier(dossier_pb2.CreateDossierRequest(dossier=draft))

    def fill_in(self, dossier: dossier_pb2.Dossier, form: Mapping[str, Any]) -> dossier_pb2.Dossier:
        """Add to the prefilled form."""
        merged = merge(form_of(dossier), form)
        changed = dossier_pb2.Dossier(name=dossier.name, etag=dossier.etag, form=struct(merged))
        request = dossier_pb2.UpdateDossierRequest(dossier=changed)
        request.update_mask.paths.append("form")
        return self.dossiers.UpdateDossier(request)

    def upload(self, dossier: str, component: str, file: File) -> dossier_pb2.Upload:
        """Send a file straight to the object store and say so."""
        created = self.dossiers.CreateUpload(
            dossier_pb2.CreateUploadRequest(
                parent=dossier,
                component=component,
                filename=file.name,
                content_type=file.media_type,
                size=len(file.content),
                sha256=hashlib.sha256(file.content).hexdigest(),
            )
        )
        self._suite.web.send_file(created.uri, created.fields, file.name, file.content)
        after = self.dossiers.FinalizeUpload(dossier_pb2.FinalizeUploadRequest(name=created.upload.name))
        return next(one for one in after.uploads if one.name == created.upload.name)

    def submit(self, dossier: str, request_id: str = "") -> dossier_pb2.Dossier:
        """Press the button."""
        return self.dossiers.SubmitDossier(dossier_pb2.SubmitDossierRequest(name=dossier, request_id=request_id))

    def answer_supplement(self, dossier: str, note: str) -> dossier_pb2.Dossier:
        """Say that what was asked for is there."""
        return self.dossiers.AnswerSupplement(dossier_pb2.AnswerSupplementRequest(name=dossier, note=note))

    def withdraw(self, dossier: str, reason: str) -> dossier_pb2.Dossier:
        """Take the dossier back."""
        return self.dossiers.WithdrawDossier(dossier_pb2.WithdrawDossierRequest(name=dossier, reason=reason))

    def my_documents(self, dossier: str = "") -> list[document_pb2.Document]:
        """List what is in one's document store."""
        request = document_pb2.ListDocumentsRequest(parent=self.name, dossier=dossier, page_size=PAGE)
        return list(self.documents.ListDocuments(request).documents)

    def download(self, document: str) -> bytes:
        """Open a document of one's own.

        Raises:
            ValueError: the bytes are not those that the suite vouches for.
        """
        link = self.documents.CreateDownload(document_pb2.CreateDownloadRequest(name=document))
        answer = self._suite.web.get(link.uri)
        answer.raise_for_status()
        if hashlib.sha256(answer.content).hexdigest() != link.sha256:
            raise ValueError(f"{document}: the bytes differ from what the suite vouches for")
        return answer.content

    def who_read_my_data(self) -> list[access_pb2.AccessEntry]:
        """List who has read one's data and why."""
        request = access_pb2.ListAccessEntriesRequest(parent=self.name, page_size=PAGE)
        return list(self.stub("identity", AccessServiceStub).ListAccessEntries(request).access_entries)


class ReceptionOfficer(Person):
    """Receives dossiers at a unit (bộ phận một cửa)."""

    def queue(self, unit: str) -> list[dossier_pb2.Dossier]:
        """List what waits for reception."""
        request = dossier_pb2.ListQueueRequest(parent=unit, role="reception_officer", page_size=PAGE)
        return list(self.dossiers.ListQueue(request).dossiers)

    def accept(self, dossier: str) -> dossier_pb2.Dossier:
        """Accept a complete dossier."""
        return self.dossiers.AcceptDossier(dossier_pb2.AcceptDossierRequest(name=dossier))

    def refuse(self, dossier: str, reason: str, law: LegalReference) -> dossier_pb2.Dossier:
        """Refuse a dossier at reception."""
        request = dossier_pb2.RefuseDossierRequest(name=dossier, reason=reason, legal_reference=law)
        return self.dossiers.RefuseDossier(request)


class Handler(Person):
    """Works on permit applications (cán bộ thụ lý)."""

    def applications_of(self, unit: str, dossier: str) -> list[application_pb2.PermitApplication]:
        """List the applications of a dossier."""
        request = application_pb2.ListPermitApplicationsRequest(unit=unit, dossier=dossier, page_size=PAGE)
        return list(self.applications.ListPermitApplications(request).permit_applications)

    def application(self, name: str) -> application_pb2.PermitApplication:
        """Read an application."""
        return self.applications.GetPermitApplication(application_pb2.GetPermitApplicationRequest(name=name))

    def certificate(self, name: str, purpose: str) -> certificates_pb2.Certificate:
        """Look a certificate up in the land register."""
        return self.certificates.GetCertificate(certificates_pb2.GetCertificateRequest(name=name, purpose=purpose))

    def consult(self, application: str, agency: str, subject: str, question: str) -> application_pb2.PermitApplication:
        """Ask another agency."""
        return self.applications.RequestConsultation(
            application_pb2.RequestConsultationRequest(
                name=application, agency_unit=agency, subject=subject, question=question
            )
        )

    def request_supplement(
        self, application: str, items: Iterable[application_pb2.SupplementItem]
    ) -> application_pb2.PermitApplication:
        """Ask the applicant once for what is missing or wrong."""
        request = application_pb2.RequestSupplementRequest(name=application, items=items)
        return self.applications.RequestSupplement(request)

    def review(
        self, application: str, outcomes: Mapping[str, application_pb2.Condition.Outcome.ValueType], note: str = ""
    ) -> application_pb2.PermitApplication:
        """Record whether the conditions of the law are met; `note` says why those that are not are not."""
        reviews = [
            application_pb2.ConditionReview(
                code=code, outcome=outcome, note=note if outcome == application_pb2.Condition.OUTCOME_NOT_MET else ""
            )
            for code, outcome in outcomes.items()
        ]
        request = application_pb2.ReviewChecklistRequest(name=application, reviews=reviews)
        return self.applications.ReviewChecklist(request)

    def propose(
        self,
        application: str,
        outcome: application_pb2.Decision.Outcome.ValueType,
        note: str = "",
        reasons: Iterable[application_pb2.RefusalReason] = (),
    ) -> application_pb2.PermitApplication:
        """Propose a decision to the leader."""
        request = application_pb2.ProposeDecisionRequest(name=application, outcome=outcome, note=note, reasons=reasons)
        return self.applications.ProposeDecision(request)


class Leader(Person):
    """Decides (lãnh đạo)."""

    def approve(self, application: str) -> application_pb2.PermitApplication:
        """Grant the permit."""
        return self.applications.ApproveApplication(application_pb2.ApproveApplicationRequest(name=application))

    def refuse(self, application: str) -> application_pb2.PermitApplication:
        """Refuse the permit, for the reasons proposed."""
        return self.applications.RefuseApplication(application_pb2.RefuseApplicationRequest(name=application))

    def permit(self, name: str) -> permit_pb2.Permit:
        """Read a permit."""
        return self.permits.GetPermit(permit_pb2.GetPermitRequest(name=name))


class Consultee(Person):
    """Answers for another agency (cơ quan được lấy ý kiến)."""

    def waiting(self, unit: str) -> list[consultation_pb2.Consultation]:
        """List what the agency is asked."""
        request = consultation_pb2.ListConsultationsRequest(
            parent=unit, state=consultation_pb2.Consultation.STATE_REQUESTED, page_size=PAGE
        )
        return list(self.consultations.ListConsultations(request).consultations)

    def answer(
        self, consultation: str, outcome: consultation_pb2.Consultation.Outcome.ValueType, text: str
    ) -> consultation_pb2.Consultation:
        """Answer a consultation."""
        request = consultation_pb2.AnswerConsultationRequest(name=consultation, outcome=outcome, answer=text)
        return self.consultations.AnswerConsultation(request)


class Administrator(Person):
    """Keeps the system running; decides nothing (quản trị hệ thống)."""

    def messages_about(self, resource: str) -> list[notification_pb2.Notification]:
        """List the messages about a resource, with proof of delivery."""
        request = notification_pb2.ListNotificationsRequest(subject=resource, page_size=PAGE)
        return list(self.notifications.ListNotifications(request).notifications)


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """A form as the contract carries it."""
    message = struct_pb2.Struct()
    json_format.ParseDict(dict(values), message)
    return message


def form_of(dossier: dossier_pb2.Dossier) -> dict[str, Any]:
    """The form of a dossier as plain values."""
    form: dict[str, Any] = json_format.MessageToDict(dossier.form)
    return form


def merge(base: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `added` over it, section by section."""
    merged = dict(base)
    for key, value in added.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(before, Mapping) and isinstance(value, Mapping) else value
    return merged
