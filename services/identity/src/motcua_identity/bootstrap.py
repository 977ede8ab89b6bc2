"""Where the parts of identity meet."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from motcua.identity.v1 import (
    access_pb2_grpc,
    account_pb2_grpc,
    officer_pb2_grpc,
    organisation_pb2_grpc,
    unit_pb2_grpc,
)
from motcua_identity.adapters import repositories, sign_in_store
from motcua_identity.adapters.attempts import LimitedAttempts
from motcua_identity.adapters.contacts import CheckedContacts
from motcua_identity.adapters.eid import OidcEidProvider
from motcua_identity.adapters.secrets import Argon2Passwords, FernetSealer
from motcua_identity.adapters.unit_files import load_units
from motcua_identity.application.access_log import AccessLogApp
from motcua_identity.application.accounts import AccountApp
from motcua_identity.application.grants import Grants
from motcua_identity.application.key_ring import KeyRing
from motcua_identity.application.known_devices import KnownDevices
from motcua_identity.application.officers import OfficerApp
from motcua_identity.application.organisations import OrganisationApp
from motcua_identity.application.principals import Principals
from motcua_identity.application.seeding import Seeder
from motcua_identity.application.sign_in import OfficerCheck, SignIns
from motcua_identity.application.units import UnitApp
from motcua_identity.entrypoints import cli
from motcua_identity.entrypoints.grpc import AccessGrpc, AccountGrpc, OfficerGrpc, OrganisationGrpc, UnitGrpc
from motcua_identity.entrypoints.tasks import identity_tasks
from motcua_identity.settings import IdentitySettings
from motcua_kit.clock import system_clock
from motcua_kit.rpc import Servicer
from motcua_kit.service import App, Runtime, Service
from motcua_kit.store import Migration, Store, ensure_collections

if TYPE_CHECKING:
    from flask import Flask

    from motcua_identity.entrypoints.oidc.provider import Provider


def _make_collections(store: Store) -> None:
    ensure_collections(store, [*repositories.COLLECTIONS, *sign_in_store.COLLECTIONS])


MIGRATIONS = [
    Migration("0001_collections", _make_collections),
    Migration("0002_chain", _make_collections),  # the index of the history's chain
]


class Parts:
    """The object graph; a process makes only what it uses."""

    def __init__(self, settings: IdentitySettings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        self.accounts = repositories.MongoAccounts(runtime.store)
        self.organisations = repositories.MongoOrganisations(runtime.store, runtime.page_signer)
        self.officers = repositories.MongoOfficers(runtime.store, runtime.page_signer)
        self.entries = repositories.MongoAccessLog(runtime.store, runtime.page_signer)
        self.clients = sign_in_store.MongoClients(runtime.store)
        self.credentials = sign_in_store.MongoCredentials(runtime.store)
        self.contacts = CheckedContacts()
        self.sealer = FernetSealer(settings.sealing_key.get_secret_value())
        self.units = load_units(settings.city_dir / "units")
        self.account_app = AccountApp(self.accounts, self.entries, self.contacts, runtime.clock)
        self.officer_app = OfficerApp(self.officers, self.units, self.contacts)
        self.access_log_app = AccessLogApp(self.entries)

    @cached_property
    def passwords(self) -> Argon2Passwords:
        """Slow hashes."""
        return Argon2Passwords()

    @cached_property
    def key_ring(self) -> KeyRing:
        """Keys that sign tokens."""
        return KeyRing(sign_in_store.MongoSigningKeys(self._runtime.store), self.sealer, system_clock)

    def reseal(self) -> int:
        """Encrypt with the present sealing key what a former one has sealed."""
        return sign_in_store.reseal(self._runtime.store, self.sealer)

    @cached_property
    def seeder(self) -> Seeder:
        """Brings in clients and officers."""
        return Seeder(
            self.clients,
            self.officers,
            self.officer_app,
            self.credentials,
            self.passwords,
            self.sealer,
            self._runtime.clock,
        )

    @cached_property
    def provider(self) -> Provider:
        """What the authorization server works with."""
        from motcua_identity.entrypoints.oidc.provider import Provider  # noqa: PLC0415 - for the HTTP process only

        settings = self._settings
        grant_store = sign_in_store.MongoGrantStore(self._runtime.store)
        eid = OidcEidProvider(
            issuer=settings.eid_issuer,
            client_id=settings.eid_client_id,
            client_secret=settings.eid_client_secret.get_secret_value(),
            redirect_uri=settings.eid_redirect_uri,
            contacts=self.contacts,
        )
        attempts = LimitedAttempts(settings.attempts_storage)
        check = OfficerCheck(self.credentials, self.passwords, self.sealer, attempts, system_clock)
        return Provider(
            issuer=settings.issuer,
            clients=self.clients,
            grants=Grants(grant_store, system_clock),
            principals=Principals(self.accounts, self.officers, self._runtime.clock),
            sign_ins=SignIns(grant_store, self.account_app, eid, check, system_clock),
            devices=KnownDevices(self.sealer, system_clock),
            keys=self.key_ring,
        )


def build(settings: IdentitySettings, runtime: Runtime) -> App:
    """Put identity together."""
    parts = Parts(settings, runtime)
    unit_app = UnitApp(parts.units, runtime.page_signer, runtime.clock)
    organisation_app = OrganisationApp(parts.organisations, parts.accounts)
    return App(
        servicers=[
            Servicer(
                "motcua.identity.v1.AccountService",
                account_pb2_grpc.add_AccountServiceServicer_to_server,
                AccountGrpc(parts.account_app),
            ),
            Servicer(
                "motcua.identity.v1.OrganisationService",
                organisation_pb2_grpc.add_OrganisationServiceServicer_to_server,
                OrganisationGrpc(organisation_app),
            ),
            Servicer(
                "motcua.identity.v1.OfficerService",
                officer_pb2_grpc.add_OfficerServiceServicer_to_server,
                OfficerGrpc(parts.officer_app),
            ),
            Servicer(
                "motcua.identity.v1.UnitService",
                unit_pb2_grpc.add_UnitServiceServicer_to_server,
                UnitGrpc(unit_app),
            ),
            Servicer(
                "motcua.identity.v1.AccessService",
                access_pb2_grpc.add_AccessServiceServicer_to_server,
                AccessGrpc(parts.access_log_app),
            ),
        ],
        tasks=identity_tasks(parts.access_log_app),
        http=lambda: _pages(parts, settings),
    )


def _pages(parts: Parts, settings: IdentitySettings) -> Flask:
    from motcua_identity.entrypoints.oidc.app import create_app  # noqa: PLC0415 - for the HTTP process only

    return create_app(parts.provider, SERVICE.catalogue(), settings.trusted_proxies)


def parts_from_environment() -> Parts:
    """Return the parts for a command, with settings from the environment."""
    settings = SERVICE.load_settings()
    return Parts(settings, Runtime(settings))


SERVICE = Service(
    name="identity",
    settings=IdentitySettings,
    build=build,
    migrations=MIGRATIONS,
    commands=cli.commands(
        lambda: parts_from_environment().seeder,
        lambda: parts_from_environment().key_ring,
        lambda: parts_from_environment().reseal(),
    ),
)
