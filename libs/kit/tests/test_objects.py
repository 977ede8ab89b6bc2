"""The object store against a real S3 server."""

from __future__ import annotations

import hashlib
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from minio.error import S3Error

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.domain import DependencyDown, NotFound
from motcua_kit.objects import ObjectStore, Upload

PDF = "application/pdf"
MINUTE = timedelta(minutes=1)
REFUSED = (400, 403)


@pytest.fixture
def key() -> str:
    return f"hồ sơ/{uuid.uuid4().hex}"


def post(upload: Upload, content: bytes, **changed: str) -> int:
    fields = {**upload.fields, **changed}
    return requests.post(upload.url, data=fields, files={"file": ("bản vẽ.pdf", content)}, timeout=10).status_code


def at(servers: EmbeddedServers, bucket: str, *, secret: str = "", public_url: str = "") -> ObjectStore:
    access = servers.object_store
    return ObjectStore(access.url, access.access_key, secret or access.secret_key, bucket, public_url=public_url)


def test_put_get_stat(object_store: ObjectStore, key: str) -> None:
    written = object_store.put(key, "Xin chào".encode(), "text/plain", {"Checked-By": "worker"})
    found = object_store.stat(key)
    assert object_store.get(key) == "Xin chào".encode()
    assert (found.key, found.size, found.content_type, found.etag) == (key, 9, "text/plain", written.etag)
    assert found.metadata == written.metadata == {"checked-by": "worker"}
    assert found.version == written.version != ""


def test_sha256_download_and_stream_read_all_bytes(object_store: ObjectStore, key: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1024
    object_store.put(key, content, "application/octet-stream")
    expected = hashlib.sha256(content).hexdigest()
    assert object_store.sha256(key) == expected
    assert object_store.download(key, tmp_path / "copy") == expected
    assert (tmp_path / "copy").read_bytes() == content
    with object_store.stream(key) as chunks:
        assert b"".join(chunks) == content


def test_an_upload_form_stores_exactly_what_it_says(object_store: ObjectStore, key: str) -> None:
    upload = object_store.presign_post(key, 5, PDF, MINUTE)
    assert post(upload, b"12345") == 204
    assert (object_store.get(key), object_store.stat(key).content_type) == (b"12345", PDF)
    assert MINUTE - timedelta(seconds=30) < upload.expire_time - datetime.now(UTC) <= MINUTE


@pytest.mark.parametrize("content", [b"1234", b"123456", b""])
def test_an_upload_form_refuses_another_size(object_store: ObjectStore, key: str, content: bytes) -> None:
    assert post(object_store.presign_post(key, 5, PDF, MINUTE), content) in REFUSED
    with pytest.raises(NotFound):
        object_store.stat(key)


@pytest.mark.parametrize("changed", [{"key": "other"}, {"Content-Type": "text/html"}, {"x-amz-signature": "0" * 64}])
def test_an_upload_form_refuses_another_key_type_or_signature(
    object_store: ObjectStore, key: str, changed: dict[str, str]
) -> None:
    assert post(object_store.presign_post(key, 5, PDF, MINUTE), b"12345", **changed) in REFUSED
    for name in (key, "other"):
        with pytest.raises(NotFound):
            object_store.stat(name)


def test_an_upload_form_expires(object_store: ObjectStore, key: str) -> None:
    assert post(object_store.presign_post(key, 5, PDF, -MINUTE), b"12345") in REFUSED


def test_an_upload_form_used_again_cannot_change_what_was_checked(object_store: ObjectStore, key: str) -> None:
    upload = object_store.presign_post(key, 5, PDF, MINUTE)
    assert post(upload, b"first") == 204
    checked = object_store.stat(key).version
    assert post(upload, b"other") == 204
    assert object_store.get(key) == b"other"
    assert object_store.get(key, version=checked) == b"first"
    assert object_store.sha256(key, version=checked) == hashlib.sha256(b"first").hexdigest()
    url = object_store.presign_get(key, "a", MINUTE, version=checked)
    assert requests.get(url, timeout=10).content == b"first"


def test_a_download_keeps_its_vietnamese_name(object_store: ObjectStore, key: str) -> None:
    object_store.put(key, b"123", PDF)
    response = requests.get(object_store.presign_get(key, "Giấy phép xây dựng.pdf", MINUTE), timeout=10)
    assert response.content == b"123"
    expected = "attachment; filename*=UTF-8''Gi%E1%BA%A5y%20ph%C3%A9p%20x%C3%A2y%20d%E1%BB%B1ng.pdf"
    assert response.headers["Content-Disposition"] == expected


def test_a_download_of_another_key_is_refused(object_store: ObjectStore) -> None:
    mine, yours = uuid.uuid4().hex, uuid.uuid4().hex
    for each in (mine, yours):
        object_store.put(each, b"1", PDF)
    url = object_store.presign_get(mine, "a", MINUTE)
    assert requests.get(url, timeout=10).status_code == 200
    assert requests.get(url.replace(mine, yours, 1), timeout=10).status_code == 403


def test_presigned_requests_name_the_public_endpoint(
    servers: EmbeddedServers, object_store: ObjectStore, key: str
) -> None:
    public_url = servers.object_store.url.replace("127.0.0.1", "localhost")
    public = at(servers, object_store.bucket, public_url=public_url + "/")
    upload = public.presign_post(key, 1, PDF, MINUTE)
    assert upload.url == f"{public_url}/{object_store.bucket}"
    assert post(upload, b"1") == 204
    url = public.presign_get(key, "a", MINUTE)
    assert url.startswith(public_url)
    assert requests.get(url, timeout=10).content == b"1"


def test_a_process_of_the_suite_sends_a_form_to_its_own_endpoint(
    servers: EmbeddedServers, object_store: ObjectStore, key: str
) -> None:
    public_url = "https://files.example.vn"  # pods may have no way there
    objects = at(servers, object_store.bucket, public_url=public_url)
    upload = objects.presign_post(key, 1, PDF, MINUTE)
    assert upload.url == f"{public_url}/{object_store.bucket}"
    assert post(replace(upload, url=objects.inside(upload.url)), b"1") == 204
    assert objects.get(key) == b"1"


@pytest.mark.parametrize("url", ["https://files.example.vn:8443/bucket", "https://other.example.vn/bucket"])
def test_a_form_of_another_store_goes_where_it_says(
    servers: EmbeddedServers, object_store: ObjectStore, url: str
) -> None:
    assert at(servers, object_store.bucket, public_url="https://files.example.vn").inside(url) == url


def test_ensure_bucket_can_be_repeated(object_store: ObjectStore, key: str) -> None:
    object_store.put(key, b"1", PDF)
    object_store.ensure_bucket()
    assert object_store.get(key) == b"1"


def test_retention_stops_deletion(object_store: ObjectStore, key: str) -> None:
    version = object_store.put(key, b"1", PDF).version
    assert object_store.retained_until(key) is None
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    object_store.retain(key, until, version=version)
    assert object_store.retained_until(key, version=version) == until
    with pytest.raises(S3Error, match="AccessDenied"):
        object_store.delete(key, version=version)
    assert object_store.get(key, version=version) == b"1"


def test_legal_hold_stops_deletion_until_lifted(object_store: ObjectStore, key: str) -> None:
    version = object_store.put(key, b"1", PDF).version
    assert not object_store.has_legal_hold(key)
    object_store.set_legal_hold(key, held=True, version=version)
    assert object_store.has_legal_hold(key, version=version)
    with pytest.raises(S3Error, match="AccessDenied"):
        object_store.delete(key, version=version)
    object_store.set_legal_hold(key, held=False, version=version)
    object_store.delete(key, version=version)
    with pytest.raises(NotFound):
        object_store.get(key, version=version)


def test_deleting_hides_and_keeps_versions(object_store: ObjectStore, key: str) -> None:
    version = object_store.put(key, b"1", PDF).version
    object_store.delete(key)
    object_store.delete("never there")
    with pytest.raises(NotFound):
        object_store.stat(key)
    assert object_store.get(key, version=version) == b"1"


def test_what_is_not_there(servers: EmbeddedServers, object_store: ObjectStore, key: str) -> None:
    for read in (object_store.get, object_store.stat, object_store.sha256):
        with pytest.raises(NotFound) as caught:
            read(key)
        assert caught.value.metadata == {"resource": key}
    with pytest.raises(NotFound):
        at(servers, "no-such-bucket").get(key)


def test_a_wrong_secret_is_refused(servers: EmbeddedServers, object_store: ObjectStore, key: str) -> None:
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        at(servers, object_store.bucket, secret="wrong").put(key, b"", PDF)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_store_that_is_down_is_told_as_such(closed_port: int) -> None:
    down = ObjectStore(f"http://127.0.0.1:{closed_port}", "a", "b", "bucket")
    with pytest.raises(DependencyDown):
        down.get("a")


@pytest.mark.parametrize("url", ["127.0.0.1:8333", "ftp://host", "http://host/path", ""])
def test_a_wrong_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="not the root URL"):
        ObjectStore(url, "a", "b", "bucket")
