"""The object store against a real S3 server."""

from __future__ import annotations

import hashlib
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from minio.error import S3Error

from motcua_kit.domain import DependencyDown, NotFound
from motcua_kit.objects import ObjectStore, Upload

PDF = "application/pdf"
MINUTE = timedelta(minutes=1)


def post(upload: Upload, content: bytes, **changed: str) -> int:
    fields = {**upload.fields, **changed}
    return requests.post(upload.url, data=fields, files={"file": ("bản vẽ.pdf", content)}, timeout=10).status_code


def test_put_get_stat(store: ObjectStore) -> None:
    written = store.put("hồ sơ/1", "Xin chào".encode(), "text/plain", {"Checked-By": "worker"})
    found = store.stat("hồ sơ/1")
    assert store.get("hồ sơ/1") == "Xin chào".encode()
    assert (found.key, found.size, found.content_type, found.etag) == ("hồ sơ/1", 9, "text/plain", written.etag)
    assert found.metadata == written.metadata == {"checked-by": "worker"}
    assert found.version == written.version != ""


def test_sha256_and_download_read_all_bytes(store: ObjectStore, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1024
    store.put("a", content, "application/octet-stream")
    expected = hashlib.sha256(content).hexdigest()
    assert store.sha256("a") == expected
    assert store.download("a", tmp_path / "a") == expected
    assert (tmp_path / "a").read_bytes() == content
    with store.stream("a") as chunks:
        assert b"".join(chunks) == content


def test_an_upload_form_stores_exactly_what_it_says(store: ObjectStore) -> None:
    upload = store.presign_post("up/1", 5, PDF, MINUTE)
    assert post(upload, b"12345") == 204
    assert (store.get("up/1"), store.stat("up/1").content_type) == (b"12345", PDF)
    assert MINUTE - timedelta(seconds=30) < upload.expire_time - datetime.now(UTC) <= MINUTE


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_an_upload_form_refuses_another_size(store: ObjectStore, content: bytes) -> None:
    assert post(store.presign_post("up/1", 5, PDF, MINUTE), content) in (400, 403)
    with pytest.raises(NotFound):
        store.stat("up/1")


@pytest.mark.parametrize("changed", [{"key": "up/2"}, {"Content-Type": "text/html"}, {"x-amz-signature": "0" * 64}])
def test_an_upload_form_refuses_another_key_type_or_signature(store: ObjectStore, changed: dict[str, str]) -> None:
    assert post(store.presign_post("up/1", 5, PDF, MINUTE), b"12345", **changed) in (400, 403)
    for key in ("up/1", "up/2"):
        with pytest.raises(NotFound):
            store.stat(key)


def test_an_upload_form_expires(store: ObjectStore) -> None:
    assert post(store.presign_post("up/1", 5, PDF, -MINUTE), b"12345") in (400, 403)


def test_an_upload_form_used_again_cannot_change_what_was_checked(store: ObjectStore) -> None:
    upload = store.presign_post("up/1", 5, PDF, MINUTE)
    post(upload, b"first")
    checked = store.stat("up/1").version
    post(upload, b"other")
    assert store.get("up/1", version=checked) == b"first"
    assert store.sha256("up/1", version=checked) == hashlib.sha256(b"first").hexdigest()
    assert requests.get(store.presign_get("up/1", "a", MINUTE, version=checked), timeout=10).content == b"first"


def test_a_download_keeps_its_vietnamese_name(store: ObjectStore) -> None:
    store.put("a", b"123", PDF)
    response = requests.get(store.presign_get("a", "Giấy phép xây dựng.pdf", MINUTE), timeout=10)
    assert response.content == b"123"
    expected = "attachment; filename*=UTF-8''Gi%E1%BA%A5y%20ph%C3%A9p%20x%C3%A2y%20d%E1%BB%B1ng.pdf"
    assert response.headers["Content-Disposition"] == expected


def test_a_download_of_another_key_is_refused(store: ObjectStore) -> None:
    store.put("a", b"1", PDF)
    store.put("b", b"2", PDF)
    url = store.presign_get("a", "a", MINUTE)
    assert requests.get(url.replace(f"/{store.bucket}/a?", f"/{store.bucket}/b?"), timeout=10).status_code == 403


def test_presigned_requests_name_the_public_endpoint(s3_url: str, store: ObjectStore) -> None:
    public_url = s3_url.replace("127.0.0.1", "localhost")
    public = ObjectStore(s3_url, "test-access", "test-secret", store.bucket, public_url=public_url + "/")
    upload = public.presign_post("a", 1, PDF, MINUTE)
    assert upload.url == f"{public_url}/{store.bucket}"
    assert post(upload, b"1") == 204
    url = public.presign_get("a", "a", MINUTE)
    assert url.startswith(public_url)
    assert requests.get(url, timeout=10).content == b"1"


def test_ensure_bucket_can_be_repeated(store: ObjectStore) -> None:
    store.put("a", b"1", PDF)
    store.ensure_bucket()
    assert store.get("a") == b"1"


def test_retention_stops_deletion(store: ObjectStore) -> None:
    version = store.put("a", b"1", PDF).version
    assert store.retained_until("a") is None
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    store.retain("a", until, version=version)
    assert store.retained_until("a", version=version) == until
    with pytest.raises(S3Error, match="AccessDenied"):
        store.delete("a", version=version)
    assert store.get("a", version=version) == b"1"


def test_legal_hold_stops_deletion_until_lifted(store: ObjectStore) -> None:
    version = store.put("a", b"1", PDF).version
    assert not store.has_legal_hold("a")
    store.set_legal_hold("a", held=True, version=version)
    assert store.has_legal_hold("a", version=version)
    with pytest.raises(S3Error, match="AccessDenied"):
        store.delete("a", version=version)
    store.set_legal_hold("a", held=False, version=version)
    store.delete("a", version=version)
    with pytest.raises(NotFound):
        store.get("a", version=version)


def test_deleting_hides_and_keeps_versions(store: ObjectStore) -> None:
    version = store.put("a", b"1", PDF).version
    store.delete("a")
    store.delete("never-there")
    with pytest.raises(NotFound):
        store.stat("a")
    assert store.get("a", version=version) == b"1"


def test_what_is_not_there(s3_url: str, store: ObjectStore) -> None:
    for read in (store.get, store.stat, store.sha256):
        with pytest.raises(NotFound) as caught:
            read("absent")
        assert caught.value.metadata == {"resource": "absent"}
    with pytest.raises(NotFound):
        ObjectStore(s3_url, "test-access", "test-secret", "no-such-bucket").put("a", b"", PDF)


def test_a_wrong_secret_is_refused(s3_url: str, store: ObjectStore) -> None:
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        ObjectStore(s3_url, "test-access", "wrong", store.bucket).put("a", b"", PDF)


def test_a_store_that_is_down_is_told_as_such() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        down = ObjectStore(f"http://127.0.0.1:{taken.getsockname()[1]}", "a", "b", "bucket")
        with pytest.raises(DependencyDown):
            down.put("a", b"1", PDF)
        with pytest.raises(DependencyDown):
            down.get("a")


@pytest.mark.parametrize("url", ["127.0.0.1:8333", "ftp://host", "http://host/path", ""])
def test_a_wrong_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="not the root URL"):
        ObjectStore(url, "a", "b", "bucket")
