"""Puts the permits service together; the only place where its parts meet."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import urllib3

from motcua.permits.v1.application_pb2_grpc import add_PermitApplicationServiceServicer_to_server
from motcua.permits.v1.permit_pb2_grpc import add_PermitServiceServicer_to_server
from motcua_kit.rpc import Servicer
from motcua_kit.service import App, Runtime, Service
from motcua_kit.store import Repository
from motcua_permits.adapters.archive import ObjectArchive
from motcua_permits.adapters.book import MongoPermitBook
from motcua_permits.adapters.city import load_catalogue
from motcua_permits.adapters.collections import APPLICATIONS, MIGRATIONS, PERMITS
from motcua_permits.adapters.dossier import GrpcDossiers
from motcua_permits.adapters.identity import GrpcPeople
from motcua_permits.adapters.land import GrpcLandRegister
from motcua_permits.adapters.lives import LIVES
from motcua_permits.adapters.names import names
from motcua_permits.adapters.press import TypstPress
from motcua_permits.adapters.rule_sets import MongoRuleSets
from motcua_permits.application.appraisal import Appraisal
from motcua_permits.application.decisions import Decisions
from motcua_permits.application.issuing import Issuing
from motcua_permits.application.queries import Queries
from motcua_permits.domain.application import PermitApplication
from motcua_permits.domain.permit import CODE_ALPHABET, CODE_LENGTH, Permit
from motcua_permits.entrypoints.grpc import PermitApplicationGrpc, PermitGrpc
from motcua_permits.entrypoints.tasks import make_tasks
from motcua_permits.settings import PermitsSettings

if TYPE_CHECKING:
    from flask import Flask

UPLOAD_TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)


def build(settings: PermitsSettings, runtime: Runtime) -> App:
    """Return the service, put together."""
    catalogue = load_catalogue(settings.city_dir)
    store, signer = runtime.store, runtime.page_signer
    applications = Repository(store, PermitApplication, APPLICATIONS, "permitApplications", signer=signer)
    permits = Repository(store, Permit, PERMITS, signer=signer)
    dossiers = GrpcDossiers(
        lambda: runtime.channel("dossier"), lambda: runtime.objects, urllib3.PoolManager(timeout=UPLOAD_TIMEOUT)
    )
    appraisal = Appraisal(
        applications, MongoRuleSets(store), catalogue, GrpcLandRegister(lambda: runtime.channel("land")), dossiers
    )
    decisions = Decisions(applications)
    queries = Queries(applications, permits, runtime.access_log)
    issuing = Issuing(
        applications=applications,
        permits=permits,
        book=MongoPermitBook(store, applications, permits),
        people=GrpcPeople(lambda: runtime.channel("identity")),
        press=TypstPress(
            settings.city_dir / "permits" / "permit.typ",
            catalogue,
            lambda: runtime.signer,
            settings.verification_page,
        ),
        archive=ObjectArchive(lambda: runtime.objects),
        dossiers=dossiers,
        catalogue=catalogue,
        new_code=new_verification_code,
    )
    return App(
        servicers=[
            Servicer(
                "motcua.permits.v1.PermitApplicationService",
                add_PermitApplicationServiceServicer_to_server,
                PermitApplicationGrpc(appraisal, decisions, queries),
            ),
            Servicer("motcua.permits.v1.PermitService", add_PermitServiceServicer_to_server, PermitGrpc(queries)),
        ],
        tasks=make_tasks(appraisal, issuing, lambda: SERVICE.leftovers(runtime)),
        http=lambda: _pages(queries),
    )


def _pages(queries: Queries) -> Flask:
    from motcua_permits.entrypoints.http import make_http  # noqa: PLC0415 - for the HTTP process only

    return make_http(queries)


def new_verification_code() -> str:
    """Return a code that nobody can guess."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


SERVICE = Service(
    name="permits", settings=PermitsSettings, build=build, migrations=MIGRATIONS, names=names, lives=LIVES
)
