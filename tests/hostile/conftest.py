"""Towns to attack: the whole suite in this process, with work in every state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from motcua.dossier.v1 import dossier_pb2
from motcua.identity.v1 import organisation_pb2
from motcua.identity.v1.organisation_pb2_grpc import OrganisationServiceStub
from motcua.land.v1 import certificates_pb2
from motcua.notify.v1 import subscription_pb2
from motcua.notify.v1.subscription_pb2_grpc import SubscriptionServiceStub
from motcua.permits.v1 import permit_pb2
from motcua_devstack.demo import house, people
from motcua_devstack.embedded import EmbeddedServers
from motcua_devstack.fuzz.affairs import carry_on
from motcua_devstack.fuzz.town import Town

CITIZEN_ID = "079185001234"
"""Of the one who owns it all: the first of the simulated e-ID."""


@pytest.fixture(scope="session")
def town(servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(servers, tmp_path_factory.mktemp("town")) as town:
        carry_on(town)
        yield town


@pytest.fixture(scope="module")
def quiet_town(servers: EmbeddedServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: whoever fuzzes changes rows."""
    with Town(servers, tmp_path_factory.mktemp("rows")) as town:
        yield town


@pytest.fixture(scope="module")
def rows(quiet_town: Town) -> dict[str, str]:
    """Names of one household's rows of every resource."""
    affairs = carry_on(quiet_town)
    citizen = quiet_town.person(people.Citizen, "citizen")
    own = organisation_pb2.Organisation(
        tax_code="0312345673", display_name="Công ty Hoa Mai", representative=citizen.name
    )
    organisation = citizen.stub("identity", OrganisationServiceStub).CreateOrganisation(
        organisation_pb2.CreateOrganisationRequest(organisation=own)
    )
    subscription = subscription_pb2.Subscription(name=f"{citizen.name}/subscription")
    citizen.stub("notify", SubscriptionServiceStub).UpdateSubscription(
        subscription_pb2.UpdateSubscriptionRequest(
            subscription=subscription, update_mask=FieldMask(paths=["muted_topics"])
        )
    )
    file: dict[str, Any] = {"filename": "a.pdf", "content_type": house.PDF, "size": 9, "sha256": "0" * 64}
    to_draft = citizen.dossiers.CreateUpload(
        dossier_pb2.CreateUploadRequest(parent=affairs.draft, component="site_plan", **file)
    )
    of_result = quiet_town.person(people.Person, "clerk").dossiers.CreateResultUpload(
        dossier_pb2.CreateResultUploadRequest(parent=affairs.in_work, **file)
    )
    handler = quiet_town.person(people.Handler, "handler")
    application = handler.applications_of(house.WARD, affairs.in_work)[0]
    land = quiet_town.person(people.Person, "service.permits")
    held = land.certificates.ListHoldings(
        certificates_pb2.ListHoldingsRequest(citizen_id=CITIZEN_ID, account=citizen.name, purpose="Thẩm định")
    ).holdings[0]
    certificate = land.certificates.LookupCertificate(
        certificates_pb2.LookupCertificateRequest(serial=held.certificate_serial, purpose="Thẩm định")
    )
    administrator = quiet_town.person(people.Administrator, "system_admin")
    consultee = quiet_town.person(people.Consultee, "consultee")
    return {
        **vars(affairs),
        "applicant": citizen.name,
        "citizen_id": CITIZEN_ID,
        "organisation": organisation.name,
        "subscription": subscription.name,
        "ward": house.WARD,
        "agency": house.CONSULTED_AGENCY,
        "handler": handler.name,
        "hash": "0" * 64,
        "upload_to_draft": to_draft.upload.name,
        "upload": citizen.dossier(affairs.waiting).uploads[0].name,
        "upload_of_result": of_result.upload.name,
        "document": citizen.my_documents(affairs.done)[0].name,
        "consultation": consultee.waiting(house.CONSULTED_AGENCY)[0].name,
        "application": application.name,
        "condition": application.checklist[0].code,
        "proposed_application": handler.applications_of(house.WARD, affairs.proposed)[0].name,
        "permit": handler.permits.ListPermits(permit_pb2.ListPermitsRequest()).permits[0].name,
        "parcel": held.parcel.name,
        "certificate": certificate.name,
        "serial": held.certificate_serial,
        "notification": administrator.messages_about(affairs.done)[0].name,
        "message": citizen.inbox()[0].name,
    }
