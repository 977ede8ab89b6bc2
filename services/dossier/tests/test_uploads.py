"""Files: exact uploads, background checks, and everything that is wrong with files."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pikepdf
import pytest
import urllib3

from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors
from motcua_dossier.settings import DossierSettings
from motcua_kit.scanning import EICAR
from motcua_kit.store.repository import KEPT_REPLIES

Office = Any
Upload = pb.Upload


def locked_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out, encryption=pikepdf.Encryption(user="mật khẩu", owner="chủ"))
    return out.getvalue()


def test_a_good_file_is_checked_and_can_then_be_opened(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    prepared = office.prepare(draft.name, "site_plan", pdf)
    name = prepared.upload.name
    with pytest.raises(errors.PreconditionFailed) as unchecked:
        office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=name))
    assert unchecked.value.reason == "UPLOAD_NOT_CHECKED"
    with pytest.raises(errors.PreconditionFailed) as absent:
        office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=name))
    assert absent.value.reason == "UPLOAD_INCOMPLETE"

    assert office.send(prepared, pdf) == 204
    finalized = office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=name))
    assert finalized.uploads[0].state == Upload.STATE_CHECKING
    assert office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=name)).uploads[0].state == Upload.STATE_CHECKING
    office.running.work()
    assert office.get(draft.name).uploads[0].state == Upload.STATE_CHECKED
    link = office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=name))
    assert urllib3.request("GET", link.uri, timeout=30).data == pdf


@pytest.mark.parametrize("change", ["size", "type", "key"])
def test_the_store_takes_exactly_what_was_declared(office: Office, pdf: bytes, change: str) -> None:
    prepared = office.prepare(office.draft().name, "site_plan", pdf)
    fields, content = dict(prepared.fields), pdf
    match change:
        case "size":
            content = pdf + b"\n"
        case "type":
            fields["Content-Type"] = "text/html"
        case "key":
            fields["key"] = fields["key"][:-32] + "f" * 32
    assert office.post(prepared.uri, fields, content) in (400, 403)


@pytest.mark.parametrize(
    ("content", "fields", "rejection"),
    [
        (EICAR, {}, Upload.REJECTION_MALWARE),
        (b"%PDF-1.7\n" + EICAR, {}, Upload.REJECTION_MALWARE),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), {}, Upload.REJECTION_TYPE_MISMATCH),
        (b"%PDF-1.7\n1 0 obj\n<<", {}, Upload.REJECTION_BROKEN),
        (locked_pdf(), {}, Upload.REJECTION_ENCRYPTED),
        (b"%PDF-1.7\n%%EOF\n", {"sha256": "0" * 64}, Upload.REJECTION_HASH_MISMATCH),
    ],
    ids=["eicar", "eicar-in-pdf", "png-as-pdf", "broken-pdf", "password", "other-bytes"],
)
def test_a_bad_file_is_rejected_with_its_reason(
    office: Office, content: bytes, fields: dict[str, str], rejection: int
) -> None:
    draft = office.draft()
    upload = office.provide(draft.name, "site_plan", content, **fields)
    assert upload.state == Upload.STATE_REJECTED
    assert upload.rejection == rejection
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=upload.name))
    assert refused.value.reason == "UPLOAD_NOT_CHECKED"


def test_bytes_that_are_to_be_unpacked_on_the_way_are_rejected(office: Office, pdf: bytes) -> None:
    """S3 refuses fields that the policy does not name; a store that takes them would send other bytes than checked."""
    draft = office.draft()
    prepared = office.prepare(draft.name, "site_plan", pdf)
    if office.post(prepared.uri, {**prepared.fields, "Content-Encoding": "gzip"}, pdf) != 204:
        return
    office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=prepared.upload.name))
    office.running.work()
    (upload,) = office.get(draft.name).uploads
    assert (upload.state, upload.rejection) == (Upload.STATE_REJECTED, Upload.REJECTION_TYPE_MISMATCH)


def test_a_rejected_file_blocks_submission_until_it_is_replaced(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    for component in ("architecture_drawings", "foundation_drawings"):
        office.provide(draft.name, component)
    office.provide(draft.name, "site_plan", EICAR)
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name))
    assert refused.value.reason == "UPLOAD_REJECTED"
    assert "Bản vẽ mặt bằng công trình" in refused.value.localized_message
    assert office.get(draft.name).code == ""
    office.provide(draft.name, "site_plan", pdf)
    assert office.citizen.SubmitDossier(pb.SubmitDossierRequest(name=draft.name)).code


def test_what_was_checked_cannot_be_swapped(office: Office, pdf: bytes) -> None:
    """The form is still good after the check: bytes sent with it later are another version that nobody opens."""
    draft = office.draft()
    prepared = office.prepare(draft.name, "site_plan", pdf)
    office.send(prepared, pdf)
    office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=prepared.upload.name))
    office.running.work()
    swapped = EICAR + bytes(len(pdf) - len(EICAR))
    assert office.send(prepared, swapped) == 204
    link = office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=prepared.upload.name))
    assert hashlib.sha256(urllib3.request("GET", link.uri, timeout=30).data).hexdigest() == link.sha256


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"content_type": "image/vnd.dwg"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"size": 21 * 1024 * 1024}, "FILE_TOO_LARGE"),
        ({"component": "neighbours_consent"}, "COMPONENT_UNKNOWN"),
        ({"component": "application_form"}, "FILE_TYPE_NOT_ALLOWED"),
        ({"sha256": "abc"}, "REQUEST_INVALID"),
        ({"size": 0}, "REQUEST_INVALID"),
        ({"filename": ""}, "REQUEST_INVALID"),
    ],
    ids=["type", "size", "component", "form", "hash", "empty", "nameless"],
)
def test_a_file_that_cannot_be_right_is_refused_before_it_is_sent(
    office: Office, pdf: bytes, fields: dict[str, Any], reason: str
) -> None:
    draft = office.draft()
    component = fields.pop("component", "site_plan")
    with pytest.raises(errors.ValidationFailed) as refused:
        office.prepare(draft.name, component, pdf, **fields)
    assert refused.value.reason == reason
    assert refused.value.localized_message
    assert office.get(draft.name).etag == draft.etag


def test_the_number_of_files_is_limited(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    for _ in range(10):
        office.prepare(draft.name, "site_plan", pdf)
    with pytest.raises(errors.PreconditionFailed) as refused:
        office.prepare(draft.name, "site_plan", pdf)
    assert refused.value.reason == "TOO_MANY_FILES"


def test_an_upload_repeated_under_its_request_id_is_the_same_upload(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    fields = {"request_id": "0b9c2f52-7d1b-4a0e-9a57-0a3f5b4f1c11"}
    assert office.prepare(draft.name, "site_plan", pdf, **fields) == office.prepare(
        draft.name, "site_plan", pdf, **fields
    )
    assert len(office.get(draft.name).uploads) == 1


def test_an_upload_is_the_same_when_its_request_comes_after_other_files(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    fields = {"request_id": "0b9c2f52-7d1b-4a0e-9a57-0a3f5b4f1c12"}
    prepared = office.prepare(draft.name, "site_plan", pdf, **fields)
    for _ in range(KEPT_REPLIES):
        office.prepare(draft.name, "site_plan", pdf)
    late = office.prepare(draft.name, "site_plan", pdf, **fields)
    assert late.upload == prepared.upload
    assert len(office.get(draft.name).uploads) == 1 + KEPT_REPLIES
    office.send(late, pdf)


def test_a_draft_is_deleted_with_its_files(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    upload = office.provide(draft.name, "site_plan", pdf)
    office.citizen.DeleteDossier(pb.DeleteDossierRequest(name=draft.name))
    with pytest.raises(errors.NotFound):
        office.get(draft.name)
    with pytest.raises(errors.NotFound):
        office.citizen.CreateUploadDownload(pb.CreateUploadDownloadRequest(name=upload.name))


def test_the_check_of_a_deleted_drafts_file_is_no_failure(office: Office, pdf: bytes) -> None:
    draft = office.draft()
    prepared = office.prepare(draft.name, "site_plan", pdf)
    office.send(prepared, pdf)
    office.citizen.FinalizeUpload(pb.FinalizeUploadRequest(name=prepared.upload.name))
    event = next(one for one in office.running.events() if one["type"] == "document.uploaded")
    office.citizen.DeleteDossier(pb.DeleteDossierRequest(name=draft.name))
    office.running.receive("dossier.check_upload", event)
    with pytest.raises(errors.NotFound):
        office.get(draft.name)


def test_the_local_scanner_is_for_one_machine_only() -> None:
    with pytest.raises(ValueError, match="use clamd"):
        DossierSettings(mongodb_uri="mongodb://x", malware_scanner="local", profile="production")
