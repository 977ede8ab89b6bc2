"""What a process gives to the service that runs in it."""

from __future__ import annotations

from functools import cached_property

import grpc

from motcua_kit.access_log import AccessLog
from motcua_kit.clock import Clock
from motcua_kit.documents.signer import Signer
from motcua_kit.objects import ObjectStore
from motcua_kit.rpc.channels import Channels
from motcua_kit.settings import ServiceSettings
from motcua_kit.store import PageSigner, Store
from motcua_kit.tokens import TokenVerifier
from motcua_kit.topology import Topology


class Runtime:
    """What a process gives to the service in it. Make it after a fork; parts open when they are first used."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings

    def close(self) -> None:
        """Close what was opened."""
        for part in ("channels", "store"):
            if part in self.__dict__:
                self.__dict__.pop(part).close()

    @cached_property
    def clock(self) -> Clock:
        """Business time."""
        return self.settings.clock()

    @cached_property
    def store(self) -> Store:
        """The service's database."""
        uri = self.settings.mongodb_uri.get_secret_value()
        return Store(uri, self.settings.database, f"motcua-{self.settings.service_name}")

    @cached_property
    def objects(self) -> ObjectStore:
        """The service's bucket."""
        settings = self.settings
        return ObjectStore(
            settings.object_store_url,
            settings.object_store_access_key.get_secret_value(),
            settings.object_store_secret_key.get_secret_value(),
            settings.bucket,
            public_url=settings.object_store_public_url,
            region=settings.object_store_region,
        )

    @cached_property
    def channels(self) -> Channels:
        """Channels to the other services."""
        return Channels(self.settings)

    def channel(self, service: str) -> grpc.Channel:
        """Return the channel to another service, with this service's own credentials."""
        return self.channels.to(service)

    @cached_property
    def access_log(self) -> AccessLog:
        """Log of who read a person's data."""
        return AccessLog(self.store, self.clock)

    @cached_property
    def page_signer(self) -> PageSigner:
        """Signs page tokens."""
        return PageSigner(self.settings.page_token_key.get_secret_value())

    @cached_property
    def verifier(self) -> TokenVerifier:
        """Checks access tokens."""
        settings = self.settings
        jwks_url = settings.jwks_url or f"{settings.issuer.rstrip('/')}/jwks.json"
        return TokenVerifier.of(settings.issuer, jwks_url, settings.tls_ca_file)

    @cached_property
    def signer(self) -> Signer:
        """Signs documents."""
        from motcua_kit.documents.sign import FileKey, PadesSigner  # noqa: PLC0415 - takes a second to import

        settings = self.settings
        files = (settings.signing_key_file, settings.signing_certificate_file, settings.signing_chain_file)
        if None in files:
            message = "set signing_key_file, signing_certificate_file and signing_chain_file to sign documents"
            raise ValueError(message)
        key, certificate, chain = (file for file in files if file is not None)
        return PadesSigner(FileKey(key, certificate, chain, settings.signing_key_passphrase.get_secret_value()))

    @cached_property
    def topology(self) -> Topology:
        """Events, subscribers, schedules."""
        return Topology.load(self.settings.topology_file)
