"""The land service, put together. The only place where its parts meet."""

from __future__ import annotations

from motcua.land.v1.certificates_pb2_grpc import add_CertificateServiceServicer_to_server
from motcua.land.v1.parcels_pb2_grpc import add_ParcelServiceServicer_to_server
from motcua_kit.rpc import Servicer
from motcua_kit.service import App, Runtime, Service
from motcua_land.adapters import city_files
from motcua_land.adapters.identity_accounts import IdentityAccounts
from motcua_land.adapters.register_files import read_roads
from motcua_land.adapters.register_store import MIGRATIONS, MongoCertificates, MongoParcels
from motcua_land.application.cadastre import Cadastre
from motcua_land.application.reads_of_people import ReadsOfPeople
from motcua_land.application.titles import Titles
from motcua_land.commands import generate, load_command
from motcua_land.domain.planning import PlanningMap
from motcua_land.entrypoints.grpc import CertificateGrpc, ParcelGrpc
from motcua_land.entrypoints.messages import Messages
from motcua_land.settings import LandSettings


def build(settings: LandSettings, runtime: Runtime) -> App:
    """Return the service for a process."""
    folder = settings.parcels_dir
    parcels = MongoParcels(runtime.store, runtime.page_signer)
    certificates = MongoCertificates(runtime.store)
    reads = ReadsOfPeople(IdentityAccounts(lambda: runtime.channel("identity")), runtime.access_log)
    planning = PlanningMap(city_files.zones(folder), read_roads(folder))
    messages = Messages(city_files.land_uses(folder))
    cadastre = Cadastre(parcels, planning, reads, runtime.clock, runtime.page_signer)
    titles = Titles(parcels, certificates, reads)
    return App(
        servicers=[
            Servicer(
                "motcua.land.v1.ParcelService", add_ParcelServiceServicer_to_server, ParcelGrpc(cadastre, messages)
            ),
            Servicer(
                "motcua.land.v1.CertificateService",
                add_CertificateServiceServicer_to_server,
                CertificateGrpc(titles, messages),
            ),
        ]
    )


SERVICE = Service(
    name="land",
    settings=LandSettings,
    build=build,
    migrations=MIGRATIONS,
    commands=(generate, load_command),
)
