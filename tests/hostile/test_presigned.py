"""Download links and upload forms, with every part of them changed: the store gives and takes nothing.

The parts are taken from links and forms as they are made today, so one that is added is attacked as well.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import pytest
import urllib3

from motcua_devstack.embedded import EmbeddedServers
from motcua_kit.domain import NotFound
from motcua_kit.objects import ObjectStore, Upload
from motcua_kit.s3 import s3_client

PDF = "application/pdf"
MINUTES = timedelta(minutes=5)
SECRET = b"a drawing that is not yours"
REFUSED = (400, 403, 405)
OK, STORED, SEE_OTHER = 200, 204, 303
FIRST_COUNTS = "twice, the wrong one last"
"""S3 says nothing about a part that is given twice; a store may go by the first, which is the one that was signed."""

Pairs = list[tuple[str, str]]

LINK_PARTS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "response-content-disposition",
    "versionId",
)
FORM_PARTS = (
    "Content-Type",
    "key",
    "policy",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
)


@pytest.fixture
def mine(object_store: ObjectStore) -> str:
    key = f"dossiers/{uuid.uuid4().hex}/uploads/{uuid.uuid4().hex}"
    object_store.put(key, b"checked", PDF)
    return key


@pytest.fixture
def yours(object_store: ObjectStore) -> str:
    key = f"dossiers/{uuid.uuid4().hex}/uploads/{uuid.uuid4().hex}"
    object_store.put(key, SECRET, PDF)
    return key


@pytest.fixture
def link(object_store: ObjectStore, mine: str) -> str:
    version = object_store.stat(mine).version
    object_store.put(mine, b"sent after the check", PDF)
    return object_store.presign_get(mine, "bản vẽ.pdf", MINUTES, version=version)


@pytest.fixture
def form(object_store: ObjectStore) -> Upload:
    key = f"dossiers/{uuid.uuid4().hex}/uploads/{uuid.uuid4().hex}"
    return object_store.presign_post(key, 5, PDF, MINUTES)


def flipped(value: str) -> str:
    """Change the last letter or digit, as little as can be."""
    place = max(index for index, letter in enumerate(value) if letter.isalnum())
    return value[:place] + ("1" if value[place] != "1" else "2") + value[place + 1 :]


def changed(pairs: Pairs, name: str) -> Iterator[tuple[str, Pairs]]:
    """Yield what can be done to one part: it says something else, nothing, or two things."""
    (value,) = [value for key, value in pairs if key == name]
    others = [pair for pair in pairs if pair[0] != name]
    yield "changed", [*others, (name, flipped(value))]
    yield "emptied", [*others, (name, "")]
    yield "left out", others
    yield "twice, the wrong one first", [(name, flipped(value)), *pairs]
    yield FIRST_COUNTS, [*pairs, (name, flipped(value))]
    for other in WORTH_TRYING.get(name.lower(), ()):
        yield other, [*others, (name, other)]


WORTH_TRYING = {
    "x-amz-algorithm": ("AWS4-HMAC-SHA512", "none", "AWS"),
    "x-amz-expires": ("604800", "-1", "99999999999"),
    "x-amz-date": ((datetime.now(UTC) + timedelta(days=1)).strftime("%Y%m%dT%H%M%SZ"),),
    "x-amz-credential": (f"AKIAIOSFODNN7EXAMPLE/{datetime.now(UTC):%Y%m%d}/us-east-1/s3/aws4_request", "//////"),
    "x-amz-signedheaders": ("", "host;x-amz-acl", "date"),
    "x-amz-signature": ("0" * 64, "None"),
    "response-content-disposition": ("inline",),
    "versionid": ("null",),
    "content-type": ("text/html", "application/pdf; charset=utf-8"),
    "key": ("../../other", "dossiers/${filename}"),
}


def got(url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, url, headers=headers, redirect=False, timeout=30)


def with_query(url: str, pairs: Pairs) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(pairs, quote_via=quote, safe="~")))


def query(url: str) -> Pairs:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def test_a_link_as_it_is(link: str) -> None:
    assert got(link).data == b"checked"
    assert got(with_query(link, query(link))).data == b"checked", "the tests below write it as it was"
    assert sorted(name for name, _ in query(link)) == sorted(LINK_PARTS), "each part is attacked below"


@pytest.mark.parametrize("part", LINK_PARTS)
def test_a_link_with_a_part_changed(link: str, part: str) -> None:
    for how, pairs in changed(query(link), part):
        answer = got(with_query(link, pairs))
        if how == FIRST_COUNTS and answer.status == OK:  # what was signed, and nothing else
            assert answer.data == b"checked"
            assert answer.headers["Content-Disposition"].startswith("attachment")
            continue
        assert answer.status in REFUSED, how
        assert b"checked" not in answer.data, how


@pytest.mark.parametrize(
    "added",
    [
        "response-content-type=text/html",
        "response-cache-control=public",
        "response-content-disposition=inline",
        "partNumber=1",
        "acl=",
        "tagging=",
        "retention=",
        "legal-hold=",
        "uploads=",
        "x-id=GetObject",
    ],
)
def test_a_link_with_more_in_it(link: str, added: str) -> None:
    assert got(f"{link}&{added}").status in REFUSED


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE", "PATCH", "COPY"])
def test_a_link_for_something_else(object_store: ObjectStore, link: str, mine: str, method: str) -> None:
    before = [one.version for one in object_store.versions() if one.key == mine]
    assert got(link, method).status in REFUSED
    assert [one.version for one in object_store.versions() if one.key == mine] == before


def test_a_link_for_another_object(object_store: ObjectStore, link: str, mine: str, yours: str) -> None:
    folder = mine.rpartition("/")[0]
    latest = object_store.stat(mine).version
    (version,) = [value for name, value in query(link) if name == "versionId"]
    for other in (
        link.replace(mine, yours, 1),
        link.replace(mine, f"{mine}/../{yours}", 1),
        link.replace(mine, f"{folder}/..%2f..%2f..%2f{yours}", 1),
        link.replace(f"{mine}?", "?", 1),
        link.replace(f"/{object_store.bucket}/", "/motcua-permits/", 1),
        link.replace(version, latest, 1),
    ):
        assert other != link
        answer = got(other)
        assert answer.status in (*REFUSED, 404), other
        assert SECRET not in answer.data
        assert b"sent after the check" not in answer.data


def test_a_link_of_another_host(link: str) -> None:
    assert got(link, Host="files.example.vn").status in REFUSED


def test_a_link_that_is_over(servers: EmbeddedServers, object_store: ObjectStore, mine: str) -> None:
    access = servers.object_store
    client = s3_client(access.url, access.access_key, access.secret_key, "us-east-1")

    def made(ago: timedelta) -> str:
        return client.get_presigned_url(
            "GET", object_store.bucket, mine, expires=MINUTES, request_date=datetime.now(UTC) - ago
        )

    assert got(made(MINUTES - timedelta(minutes=1))).status == 200
    assert got(made(MINUTES + timedelta(seconds=1))).status in REFUSED
    assert got(made(timedelta(days=400))).status in REFUSED


# ---- forms -----------------------------------------------------------------------------------------------------------


def posted(form: Upload, pairs: Pairs, content: bytes = b"12345") -> int:
    parts: list[tuple[str, str | tuple[str, bytes, str]]] = [*pairs, ("file", ("a.pdf", content, PDF))]
    return urllib3.request("POST", form.url, fields=parts, redirect=False, timeout=30).status


def kept_as_signed(objects: ObjectStore, form: Upload) -> bool:
    """Whether the store has what the form was made for, and would show it to nobody else and in no other way."""
    key = form.fields["key"]
    link = got(objects.presign_get(key, "a.pdf", MINUTES))
    return (
        objects.get(key) == link.data == b"12345"
        and objects.stat(key).content_type == link.headers["Content-Type"] == PDF
        and link.headers["Content-Disposition"].startswith("attachment")
        and "Content-Encoding" not in link.headers
        and objects.retained_until(key) is None
        and not objects.has_legal_hold(key)
        and got(f"{form.url}/{key}").status in REFUSED
    )


def versions(objects: ObjectStore) -> set[tuple[str, str]]:
    return {(one.key, one.version) for one in objects.versions()}


@pytest.fixture
def unchanged(object_store: ObjectStore) -> Callable[[], None]:
    before = versions(object_store)

    def check() -> None:
        assert versions(object_store) == before

    return check


def test_a_form_as_it_is(object_store: ObjectStore, form: Upload) -> None:
    assert posted(form, [*form.fields.items()]) == 204
    assert object_store.get(form.fields["key"]) == b"12345"
    assert sorted(form.fields) == sorted(FORM_PARTS), "each part is attacked below"


@pytest.mark.parametrize("part", FORM_PARTS)
def test_a_form_with_a_part_changed(object_store: ObjectStore, form: Upload, part: str) -> None:
    before = versions(object_store)
    for how, pairs in changed([*form.fields.items()], part):
        status = posted(form, pairs)
        if how == FIRST_COUNTS and status == STORED:
            assert {key for key, _ in versions(object_store) - before} == {form.fields["key"]}
            assert kept_as_signed(object_store, form)
            before = versions(object_store)
        else:
            assert status in REFUSED, how
    assert versions(object_store) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acl", "public-read"),
        ("x-amz-acl", "public-read"),
        ("tagging", "<Tagging/>"),
        ("success_action_redirect", "https://evil.example"),
        ("redirect", "https://evil.example"),
        ("Content-Disposition", "inline"),
        ("x-amz-website-redirect-location", "https://evil.example"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-meta-checked", "yes"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-object-lock-legal-hold", "ON"),
    ],
)
def test_a_form_with_more_in_it(object_store: ObjectStore, form: Upload, name: str, value: str) -> None:
    """S3 refuses whatever the policy does not name. Some stores take it; then it has no effect on what they keep.

    `Content-Encoding` has one, and is in `services/dossier/tests/test_uploads.py`.
    """
    before = versions(object_store)
    if posted(form, [*form.fields.items(), (name, value)]) in (STORED, SEE_OTHER):
        assert {key for key, _ in versions(object_store) - before} == {form.fields["key"]}
        assert kept_as_signed(object_store, form)
    else:
        assert versions(object_store) == before


@pytest.mark.parametrize(
    "wider",
    [
        lambda conditions: [one for one in conditions if "$key" not in one],
        lambda conditions: [*conditions, ["starts-with", "$key", ""]],
        lambda conditions: [
            ["content-length-range", 0, 10**12] if "content-length-range" in one else one for one in conditions
        ],
    ],
    ids=["any-key", "one-more", "any-size"],
)
def test_a_policy_written_anew(
    form: Upload, unchanged: Callable[[], None], wider: Callable[[list[object]], list[object]]
) -> None:
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    anew = {**policy, "conditions": wider(policy["conditions"])}
    fields = {**form.fields, "policy": base64.b64encode(json.dumps(anew).encode()).decode()}
    assert posted(form, [*fields.items()]) in REFUSED
    later = {**policy, "expiration": "2099-01-01T00:00:00.000Z"}
    fields = {**form.fields, "policy": base64.b64encode(json.dumps(later).encode()).decode()}
    assert posted(form, [*fields.items()]) in REFUSED
    unchanged()


def test_a_form_for_another_bucket(form: Upload, object_store: ObjectStore, servers: EmbeddedServers) -> None:
    access = servers.object_store
    other = ObjectStore(access.url, access.access_key, access.secret_key, f"tests-{uuid.uuid4().hex[:16]}")
    other.ensure_bucket()
    elsewhere = Upload(form.url.replace(object_store.bucket, other.bucket), form.fields, form.expire_time)
    assert posted(elsewhere, [*form.fields.items()]) in REFUSED
    assert versions(other) == set()


def test_a_form_that_is_over(object_store: ObjectStore, unchanged: Callable[[], None]) -> None:
    for ago in (timedelta(seconds=1), timedelta(days=400)):
        form = object_store.presign_post("late", 5, PDF, -ago)
        assert posted(form, [*form.fields.items()]) in REFUSED
    unchanged()


def test_a_form_is_no_link(form: Upload, object_store: ObjectStore, yours: str) -> None:
    """The signature of a form opens nothing: neither its own key nor another one."""
    signed = {name: value for name, value in form.fields.items() if name.lower().startswith("x-amz-")}
    assert posted(form, [*form.fields.items()]) == 204
    for key in (form.fields["key"], yours):
        url = f"{form.url}/{quote(key)}?{urlencode({**signed, 'X-Amz-Expires': '300', 'X-Amz-SignedHeaders': 'host'})}"
        for written in (url, url.replace("x-amz-", "X-Amz-")):
            assert got(written).status in REFUSED
    with pytest.raises(NotFound):
        object_store.stat(f"{form.fields['key']}/file")
