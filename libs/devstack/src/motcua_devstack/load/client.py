"""One client of the load: a citizen who makes drafts and changes them, or reads one, by the documented retry policy."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import grpc
import requests
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from motcua.dossier.v1.dossier_pb2 import CreateDossierRequest, Dossier, GetDossierRequest, UpdateDossierRequest
from motcua_client import MotcuaError, attempts
from motcua_devstack.demo import house, people
from motcua_devstack.demo.browser import SignInFailed
from motcua_devstack.load.ledger import CREATE, READ, UPDATE, Entry, Ledger

Request = TypeVar("Request", bound=Message)
Request_contra = TypeVar("Request_contra", bound=Message, contravariant=True)

SERVED_BY = "served-by"
UPDATES = 3
"""Changes of a draft before the next one is begun."""


class Failed(Exception):
    """A command was given up."""


class Call(Protocol[Request_contra]):
    """A method of a stub."""

    def with_call(self, request: Request_contra) -> tuple[Dossier, grpc.Call]:
        """Make the call."""
        ...


class LoadClient:
    """Sends commands one after the other.

    Args:
        citizen: who sends them.
        ledger: where each is written down.
        patience: seconds for which a command is tried again before it counts as failed.
    """

    def __init__(self, citizen: people.Citizen, ledger: Ledger, patience: float) -> None:
        self._citizen = citizen
        self._ledger = ledger
        self._patience = patience

    def draft(self) -> Iterator[None]:
        """Make drafts and change them, for ever; one command a step."""
        while True:
            try:
                draft = self._create()
                yield
                for _ in range(UPDATES):
                    draft = self._update(draft)
                    yield
            except Failed:  # it is in the ledger; what became of the draft is for the audit
                yield

    def read(self) -> Iterator[None]:
        """Read one's own draft, for ever; one command a step."""
        name = ""
        while True:
            try:
                if name:
                    self._send(READ, self._citizen.dossiers.GetDossier, GetDossierRequest(name=name), name)
                else:
                    name = self._create().name
            except Failed:  # it is in the ledger
                pass
            yield

    def _create(self) -> Dossier:
        request_id = str(uuid.uuid4())
        draft = Dossier(procedure=f"procedures/{house.PROCEDURE}", unit=house.WARD, form=marked(request_id))
        request = CreateDossierRequest(dossier=draft, request_id=request_id)
        return self._send(CREATE, self._citizen.dossiers.CreateDossier, request)

    def _update(self, draft: Dossier) -> Dossier:
        request_id = str(uuid.uuid4())
        form = people.merge(people.form_of(draft), {"works": {"site_address": request_id}})
        changed = Dossier(name=draft.name, etag=draft.etag, form=people.struct(form))
        request = UpdateDossierRequest(dossier=changed, request_id=request_id)
        request.update_mask.paths.append("form")
        return self._send(UPDATE, self._citizen.dossiers.UpdateDossier, request, draft.name)

    def _send(self, command: str, call: Call[Request], request: Request, resource: str = "") -> Dossier:
        """Send a command until it is answered, and write down how that went.

        Raises:
            Failed: it was refused, or patience is over.
        """
        request_id = getattr(request, "request_id", "")
        begun = time.monotonic()
        number = 0

        def note(name: str, *, acknowledged: str = "", served_by: str = "", failure: str = "") -> None:
            seconds = round(time.monotonic() - begun, 4)
            entry = Entry(
                command, self._citizen.name, request_id, name, acknowledged, number, seconds, served_by, failure
            )
            self._ledger.add(entry)

        try:
            for attempt in attempts(self._patience):
                with attempt:
                    number = attempt.num
                    answer, details = call.with_call(request)
        except (MotcuaError, SignInFailed, requests.RequestException) as error:
            note(resource, failure=f"{type(error).__name__}: {error}")
            raise Failed from error
        served_by = dict(details.trailing_metadata() or ()).get(SERVED_BY, "")
        note(answer.name, acknowledged=datetime.now(UTC).isoformat(), served_by=str(served_by))
        return answer


def marked(request_id: str) -> Struct:
    """A form by which a draft can be traced to the request that made it."""
    return people.struct({"works": {"work_name": request_id}})


def mark_of(draft: Dossier) -> str:
    """The request that made a draft of the load."""
    mark = people.form_of(draft).get("works", {}).get("work_name", "")
    return str(mark)


Behaviour = Callable[[LoadClient], Iterator[None]]
KINDS: dict[str, Behaviour] = {"drafts": LoadClient.draft, "reads": LoadClient.read}
