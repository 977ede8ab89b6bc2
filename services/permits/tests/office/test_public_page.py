"""The public verification page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from motcua_kit.domain import DependencyDown
from motcua_permits.application.queries import Queries


class Page(HTMLParser):
    """What a screen reader needs of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def http(desk: Any) -> FlaskClient:
    client: FlaskClient = desk.running.app.http().test_client()
    return client


@pytest.fixture
def permit(desk: Any) -> Any:
    name = desk.open()
    desk.grant(name)
    desk.running.work()
    return desk.permit(desk.get(name).permit)


def test_the_address_of_the_qr_code_shows_the_permit_and_nobodys_name(http: FlaskClient, permit: Any) -> None:
    answer = http.get("/verify", query_string={"number": permit.number, "code": permit.verification_code})
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "Giấy phép có thật" in page.text
    for shown in (permit.number, "23/11/2026", "Phường Sài Gòn", "4 tầng, tum thang", permit.document_sha256, "80%"):
        assert shown in page.text
    for hidden in ("Ngọc", "Lê Lợi", "accounts/", "officers/", "dossiers/"):
        assert hidden not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ({}, 200, "Nhập số giấy phép và mã tra cứu"),
        ({"number": "0001/2026/GPXD"}, 400, "Nhập mã tra cứu gồm 16 chữ và số"),
        ({"number": "0001/2026/GPXD", "code": "x" * 61}, 400, "Nhập mã tra cứu gồm 16 chữ và số"),
        ({"number": "0001/2026/GPXD", "code": "ABCD-2345-EFGH-6789"}, 404, "Không có giấy phép nào khớp"),
        ({"number": "<script>alert(1)</script>", "code": "ABCD"}, 404, "Không có giấy phép nào khớp"),
    ],
    ids=["empty", "no code", "too long", "unknown", "markup"],
)
def test_what_is_missing_or_wrong_is_said_in_words(
    http: FlaskClient, arguments: dict[str, str], status: int, text: str
) -> None:
    answer = http.get("/verify", query_string=arguments)
    assert answer.status_code == status
    assert text in Page(answer.text).text
    assert "<script>" not in answer.text


def test_the_form_can_be_used_without_eyes_or_mouse(http: FlaskClient) -> None:
    page = Page(http.get("/verify", query_string={"number": "", "code": "x"}).text)
    assert page.all("html") == [{"lang": "vi"}]
    assert len(page.all("h1")) == 1
    assert page.all("script") == []
    labels = {label["for"] for label in page.all("label")}
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    inputs = page.all("input")
    assert {one["id"] for one in inputs} == labels
    for one in inputs:
        assert set(str(one["aria-describedby"]).split()) <= ids
    assert [one["id"] for one in inputs if one.get("aria-invalid") == "true"] == ["number"]
    assert {str(link["href"]).removeprefix("#") for link in page.all("a")} <= ids
    assert [one["role"] for one in page.all("section")] == ["alert"]


def test_an_outage_is_said_in_words(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise DependencyDown("DEPENDENCY_DOWN", "no database")

    monkeypatch.setattr(Queries, "verify", down)
    answer = http.get("/verify", query_string={"number": "1", "code": "2"})
    assert answer.status_code == 503
    assert "Hệ thống đang bận" in Page(answer.text).text


def test_a_wrong_address_leads_to_the_form(http: FlaskClient) -> None:
    answer = http.get("/verfy")
    assert answer.status_code == 404
    assert "Không có trang này" in Page(answer.text).text
    assert len(Page(answer.text).all("form")) == 1


def test_the_start_page_leads_to_the_form(http: FlaskClient) -> None:
    assert http.get("/").headers["Location"] == "/verify"
