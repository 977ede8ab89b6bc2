"""The public verification page: Vietnamese, without scripts, usable by keyboard and screen reader."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from motcua_kit.domain import DependencyDown, NotFound
from motcua_kit.rpc.errors import DEPENDENCY_ERRORS
from motcua_permits.application.queries import Queries
from motcua_permits.domain.bylaws import vi_number
from motcua_permits.domain.permit import Permit, grouped

MAX_LENGTH = 60
KINDS = {
    "NEW": "Xây dựng mới",
    "REPAIR": "Sửa chữa, cải tạo",
    "RELOCATE": "Di dời công trình",
    "TEMPORARY": "Xây dựng có thời hạn",
}


def make_http(queries: Queries) -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__)

    @app.get("/")
    def start() -> BaseResponse:
        return redirect(url_for("verify"))

    @app.get("/verify")
    def verify() -> Response:
        number = request.args.get("number", "").strip()
        code = request.args.get("code", "").strip()
        if not number and not code:
            return _page(HTTPStatus.OK, number, code)
        missing = {
            name: message
            for name, value, message in (
                ("number", number, "Nhập số giấy phép, ví dụ 0123/2026/GPXD"),
                ("code", code, "Nhập mã tra cứu gồm 16 chữ và số in trên giấy phép"),
            )
            if not 0 < len(value) <= MAX_LENGTH
        }
        if missing:
            return _page(HTTPStatus.BAD_REQUEST, number, code, errors=missing)
        try:
            permit = queries.verify(number, code)
        except NotFound:
            return _page(HTTPStatus.NOT_FOUND, number, code, not_found=True)
        return _page(HTTPStatus.OK, permit.number, grouped(permit.verification_code), rows=rows_of(permit))

    def down(_error: Exception) -> Response:
        return _page(HTTPStatus.SERVICE_UNAVAILABLE, "", "", down=True)

    def no_page(_error: Exception) -> Response:
        return _page(HTTPStatus.NOT_FOUND, "", "", no_page=True)

    outages: tuple[type[Exception], ...] = (DependencyDown, *DEPENDENCY_ERRORS)
    for kind in outages:
        app.register_error_handler(kind, down)
    app.register_error_handler(HTTPStatus.NOT_FOUND, no_page)
    return app


def rows_of(permit: Permit) -> list[tuple[str, str]]:
    """Return what everybody may know of a permit, as labelled lines; no personal data of the investor."""
    work = permit.work
    return [
        ("Tình trạng", "Đã cấp"),
        ("Số giấy phép", permit.number),
        ("Ngày cấp", f"{permit.issue_date:%d/%m/%Y}"),
        ("Cơ quan cấp", f"Ủy ban nhân dân {permit.unit_display_name}"),
        ("Loại giấy phép", KINDS[permit.kind.value]),
        ("Khởi công trước ngày", f"{permit.start_before_date:%d/%m/%Y}"),
        ("Công trình", f"{work.work_name}, cấp {work.building_class}"),
        ("Vị trí xây dựng", work.site_address),
        ("Lô đất", work.parcel_label),
        ("Diện tích lô đất", f"{vi_number(work.lot_area_m2)} m²"),
        ("Mật độ xây dựng", f"{vi_number(work.density_percent)}%"),
        ("Tổng diện tích sàn", f"{vi_number(work.total_floor_area_m2)} m²"),
        ("Số tầng", work.storeys_text),
        ("Chiều cao", f"{vi_number(work.height_m)} m"),
        ("Chỉ giới xây dựng", work.building_line),
        ("Mã băm SHA-256 của tệp giấy phép", permit.document_sha256),
    ]


def _page(status: HTTPStatus, number: str, code: str, **parts: object) -> Response:
    response = make_response(render_template("verify.html", number=number, code=code, **parts), status)
    # The address holds the verification code: no cache and no other site gets it.
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
