"""Files that are announced and never finished, and bytes that nobody names: they go, and nothing else does."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from motcua.dossier.v1 import document_pb2
from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors
from motcua_devstack.embedded import EmbeddedServers
from motcua_dossier.adapters.collections import DOSSIERS
from motcua_dossier.adapters.names import names
from motcua_dossier.application.files import BATCH, upload_key
from motcua_dossier.bootstrap import SERVICE
from motcua_dossier.domain.dossier import Dossier
from motcua_dossier.domain.parts import Upload
from motcua_kit.command import Command
from motcua_kit.leftovers import Leftovers, Walk
from motcua_kit.objects import ObjectStore
from motcua_kit.store import Repository, Store

Office = Any
DROP = "dossier.drop_unsent_uploads"
DAY = timedelta(days=1)
UNFINISHED = int(os.environ.get("UNFINISHED_UPLOADS", "1000"))
"""Of the large test: as many as a run of the tests has time for, unless somebody asks for more."""


def leftovers(office: Office) -> Leftovers:
    """The leftovers as they will be when their grace is over."""
    runtime = office.running.runtime
    return Leftovers(runtime.store, runtime.objects, names(runtime.store), timedelta(0))


def remove_leftovers(office: Office) -> Walk:
    while not (walk := leftovers(office).remove()).finished:
        pass
    return walk


def versions_of(office: Office, dossier: str) -> int:
    return sum(one.key.startswith(f"{dossier}/") for one in office.running.runtime.objects.versions())


def history(office: Office, name: str) -> list[str]:
    repository = Repository(office.running.runtime.store, Dossier, DOSSIERS)
    return [entry.action for entry in repository.history(name.removeprefix("dossiers/"))]


def test_a_place_that_nobody_fills_is_given_up_after_a_day(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    unsent = office.prepare(draft.name, "site_plan", pdf)
    checked = office.provide(draft.name, "architecture_drawings")
    sent = office.prepare(draft.name, "foundation_drawings", pdf)
    office.send(sent, pdf)
    office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=sent.upload.name))
    office.clock.move(DAY - timedelta(minutes=1))
    office.running.run_periodic(DROP)
    assert len(office.get(draft.name).uploads) == 3
    late = office.prepare(draft.name, "site_plan", pdf)

    office.clock.move(timedelta(minutes=1))
    office.running.run_periodic(DROP)
    left = office.get(draft.name)
    assert [one.name for one in left.uploads] == [checked.name, sent.upload.name, late.upload.name]
    with pytest.raises(errors.NotFound) as gone:
        office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=unsent.upload.name))
    assert gone.value.reason == "UPLOAD_NOT_FOUND"

    office.clock.move(DAY)
    office.running.run_periodic(DROP)
    states = {one.code: one.state for one in office.get(draft.name).components}
    assert states["site_plan"] == pb.Component.STATE_MISSING
    before = office.get(draft.name)
    office.running.run_periodic(DROP)
    assert office.get(draft.name) == before, "there is nothing left to do"


@pytest.mark.parametrize("ended", [False, True], ids=["in-work", "withdrawn"])
def test_the_state_of_the_dossier_does_not_matter(office: Office, pdf: bytes, *, ended: bool) -> None:
    dossier = office.processing()
    result = office.permits.CreateResultUpload(
        pb.CreateResultUploadRequest(
            parent=dossier.name,
            filename="GPXD.pdf",
            content_type="application/pdf",
            size=len(pdf),
            sha256=hashlib.sha256(pdf).hexdigest(),
        )
    )
    office.send(result, pdf)
    if ended:
        office.citizen.WithdrawDossier(pb.WithdrawDossierRequest(name=dossier.name, reason="Đổi ý"))
    office.clock.move(DAY)
    office.running.run_periodic(DROP)
    assert result.upload.name not in [one.name for one in office.get(dossier.name).uploads]
    remove_leftovers(office)
    with pytest.raises(errors.MotcuaError):
        office.permits.AttachResult(
            pb.AttachResultRequest(name=dossier.name, upload=result.upload.name, title="A", kind="b", number="1")
        )


def test_finalising_in_the_moment_in_which_it_is_given_up(office: Office, pdf: bytes) -> None:
    """Either the one or the other, never half of both; and what was finalised is checked in the end."""
    draft = office.draft()
    prepared = [office.prepare(draft.name, "site_plan", pdf) for _ in range(4)]
    for one in prepared:
        office.send(one, pdf)
    office.clock.move(DAY)
    together = threading.Barrier(len(prepared) + 1)

    def finalize(name: str) -> str:
        together.wait(10)
        try:
            office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=name))
        except errors.NotFound:
            return ""
        return name

    def drop() -> None:
        together.wait(10)
        office.running.run_periodic(DROP)

    with ThreadPoolExecutor(len(prepared) + 1) as pool:
        dropping = pool.submit(drop)
        finalised = set(filter(None, pool.map(finalize, [one.upload.name for one in prepared])))
        dropping.result()
    office.running.run_periodic(DROP)
    remove_leftovers(office)
    office.running.work()
    left = office.get(draft.name).uploads
    assert {one.name for one in left} == finalised
    assert {one.state for one in left} <= {pb.Upload.STATE_CHECKED}


def test_two_cleaners_at_once_change_a_dossier_once(office: Office, pdf: bytes) -> None:
    drafts = [office.draft() for _ in range(5)]
    for draft in drafts:
        office.prepare(draft.name, "site_plan", pdf)
    office.clock.move(DAY)
    together = threading.Barrier(2)

    def drop(_: int) -> None:
        together.wait(10)
        office.running.run_periodic(DROP)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(drop, range(2)))
    for draft in drafts:
        assert history(office, draft.name).count(DROP) == 1
        assert len(office.get(draft.name).uploads) == 0


def test_only_bytes_that_nobody_names_go(office: Office, pdf: bytes) -> None:
    """A whole life stays readable, slips and result too; a form that was used and not finalised leaves nothing."""
    dossier = office.completed()
    office.running.work()
    draft = office.draft()
    kept = office.provide(draft.name, "architecture_drawings", pdf)
    unsent = office.prepare(draft.name, "site_plan", pdf)
    office.send(unsent, pdf)
    office.send(unsent, pdf)
    remove_leftovers(office)
    assert versions_of(office, unsent.upload.name.partition("/uploads/")[0]) == 3, "a day has not passed"

    office.clock.move(DAY)
    office.running.run_periodic(DROP)
    remove_leftovers(office)
    assert versions_of(office, draft.name) == 1
    link = office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=kept.name))
    assert urllib3.request("GET", link.uri, timeout=30).data == pdf
    documents = office.documents.ListDocuments(
        document_pb2.ListDocumentsRequest(parent="accounts/" + "a" * 32)
    ).documents
    assert len(documents) == 2, "slip 01 and the result"
    for document in documents:
        found = office.documents.CreateDownload(document_pb2.CreateDownloadRequest(name=document.name))
        content = urllib3.request("GET", found.uri, timeout=30).data
        assert hashlib.sha256(content).hexdigest() == document.sha256
    for upload in office.get(dossier.name).uploads:
        assert upload.state == pb.Upload.STATE_CHECKED
        found = office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=upload.name))
        assert urllib3.request("GET", found.uri, timeout=30).status == 200


def test_bytes_sent_after_the_check_go_and_the_checked_ones_stay(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    prepared = office.prepare(draft.name, "site_plan", pdf)
    office.send(prepared, pdf)
    office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=prepared.upload.name))
    remove_leftovers(office)
    office.running.work()
    for _ in range(3):
        office.send(prepared, bytes(len(pdf)))
    assert versions_of(office, draft.name) == 4
    remove_leftovers(office)
    assert versions_of(office, draft.name) == 1
    link = office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=prepared.upload.name))
    assert urllib3.request("GET", link.uri, timeout=30).data == pdf


def test_a_deleted_draft_leaves_no_bytes_even_when_its_deletion_was_cut_off(office: Office, pdf: bytes) -> None:
    whole, cut_off = office.draft(), office.draft()
    for draft in (whole, cut_off):
        office.provide(draft.name, "site_plan", pdf)
    office.citizen.DeleteDossier(pb.DeleteDossierRequest(name=whole.name))
    # Killed between the document and its files.
    office.running.runtime.store.collection(DOSSIERS).delete_one({"_id": cut_off.name.removeprefix("dossiers/")})
    assert versions_of(office, whole.name) == 2, "the bytes and the mark that hides them"
    remove_leftovers(office)
    assert versions_of(office, whole.name) == versions_of(office, cut_off.name) == 0


def test_what_is_not_understood_stays(office: Office) -> None:
    objects = office.running.runtime.objects
    strange = [f"probe/{uuid.uuid4().hex}", f"dossiers/{uuid.uuid4().hex}/photos/1.jpg"]
    for key in strange:
        objects.put(key, b"1", "text/plain")
    remove_leftovers(office)
    for key in strange:
        assert objects.get(key) == b"1"


def test_the_schedule_leaves_young_bytes_alone(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    office.provide(draft.name, "site_plan", pdf)
    office.citizen.DeleteDossier(pb.DeleteDossierRequest(name=draft.name))
    office.running.run_periodic("dossier.remove_leftovers")
    assert versions_of(office, draft.name) == 2, "a week has not passed"
    assert SERVICE.leftovers(office.running.runtime).remove().removed == 0


def test_many_unfinished_uploads(office: Office, draft: Callable[[], Dossier]) -> None:
    """As many as somebody could begin in days: places in drafts, and bytes for each."""
    store: Store = office.running.runtime.store
    objects: ObjectStore = office.running.runtime.objects
    dossiers = Repository(store, Dossier, DOSSIERS)
    command = Command(name="CreateDossier", actor="accounts/" + "a" * 32, time=office.clock())
    keys: list[str] = []
    for first in range(0, UNFINISHED, 5):
        made = draft()
        made.id, made.unit = uuid.uuid4().hex, f"units/{first}"
        made.papers.uploads = [
            Upload(uuid.uuid4().hex, "site_plan", "a.pdf", "application/pdf", 3, "0" * 64, office.clock())
            for _ in range(5)
        ]
        dossiers.create(made, command)
        keys += [upload_key(made.id, one.id) for one in made.papers.uploads]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: objects.put(key, b"123", "application/pdf"), keys))

    office.clock.move(DAY)
    for _ in range(UNFINISHED // 5 // BATCH + 1):
        office.running.run_periodic(DROP)
    assert store.collection(DOSSIERS).count_documents({"papers.uploads.state": "awaiting"}) == 0
    remove_leftovers(office)
    assert set(keys) & {one.key for one in objects.versions()} == set()


def test_operators_list_leftovers_and_delete_them(office: Office, pdf: bytes, servers: EmbeddedServers) -> None:
    draft = office.draft()
    office.send(office.prepare(draft.name, "site_plan", pdf), pdf)
    runtime = office.running.runtime
    environment = {
        "PATH": os.environ["PATH"],
        "PROFILE": "local",
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": runtime.store.database.name,
        "OBJECT_STORE_URL": servers.object_store.url,
        "OBJECT_STORE_ACCESS_KEY": servers.object_store.access_key,
        "OBJECT_STORE_SECRET_KEY": servers.object_store.secret_key,
        "OBJECT_STORE_BUCKET": runtime.objects.bucket,
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "motcua_dossier", "leftovers", *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603

    assert run() == "", "a week has not passed"
    assert re.fullmatch(r"seen \d+, removed 0 \(0 bytes\), refused 0", run("--apply").splitlines()[-1])
    assert versions_of(office, draft.name) == 1
