"""Who works with a stack on this machine: officers with posts, and the programs that people and services sign in with.

They are brought in through identity's own `seed` command. Passwords and seeds of one-time codes are made at the first
start and lie in the stack's folder `secrets`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from motcua_devstack.keys import Secrets, Vault

POSTS_SINCE = "2025-07-01"
"""The day on which the wards of today began."""

SAIGON_WARD = "units/26740"
CITY = "units/ubnd-tphcm"
ARCHITECTURE_DEPARTMENT = "units/so-quy-hoach-kien-truc"

CITIZENS_APP, OFFICERS_APP = "citizen-portal", "officer-desk"
REDIRECT_PATH = "/signed-in"
REDIRECT_URI = f"http://127.0.0.1:8090{REDIRECT_PATH}"
"""Where a cluster's applications get their answers: nobody listens there, it is read from the redirect."""


@dataclass(frozen=True)
class Officer:
    """An officer of the local stacks.

    Attributes:
        username: for signing in.
        full_name: as on papers.
        title: chức danh.
        unit: where they hold their post.
        role: what they do there.
    """

    username: str
    full_name: str
    title: str
    unit: str
    role: str


RECEPTION = Officer("mai.tiepnhan", "Trần Thị Mai", "Chuyên viên tiếp nhận", SAIGON_WARD, "reception_officer")
HANDLER = Officer("hung.thuly", "Lê Văn Hùng", "Chuyên viên thụ lý", SAIGON_WARD, "handler")
UNIT_HEAD = Officer("lan.truongphong", "Phạm Thị Lan", "Trưởng phòng", SAIGON_WARD, "unit_head")
LEADER = Officer("dung.lanhdao", "Võ Quốc Dũng", "Phó Chủ tịch", SAIGON_WARD, "leader")
CLERK = Officer("thu.vanthu", "Đặng Thị Thu", "Văn thư", SAIGON_WARD, "clerk")
CONSULTEE = Officer("khoa.qhkt", "Ngô Đăng Khoa", "Chuyên viên", ARCHITECTURE_DEPARTMENT, "consultee")
ADMINISTRATOR = Officer("quan.tri", "Bùi Quản Trị", "Quản trị hệ thống", CITY, "system_admin")

OFFICERS = (RECEPTION, HANDLER, UNIT_HEAD, LEADER, CLERK, CONSULTEE, ADMINISTRATOR)


def password(secrets: Secrets, officer: Officer) -> str:
    """The officer's password."""
    return secrets.token(f"password-{officer.username}")


def totp_seed(secrets: Secrets, officer: Officer) -> str:
    """The Base32 seed of the officer's one-time codes."""
    return secrets.totp_seed(f"totp-{officer.username}")


def client_secret(vault: Vault, service: str) -> str:
    """The secret by which a service proves itself to identity."""
    return vault.token(f"client-{service}")


def people(redirect_uri: str) -> dict[str, list[dict[str, Any]]]:
    """The applications of people and the officers, as identity's seed file has them.

    Args:
        redirect_uri: where the two applications get their answers.
    """
    clients = [
        {"id": app, "kind": "public", "display_name": name, "people": people, "redirect_uris": [redirect_uri]}
        for app, people, name in (
            (CITIZENS_APP, "citizens", "Cổng một cửa"),
            (OFFICERS_APP, "officers", "Bàn làm việc của cán bộ"),
        )
    ]
    officers = [
        {
            "username": officer.username,
            "full_name": officer.full_name,
            "title": officer.title,
            "email": f"{officer.username}@example.com",
            "password_file": f"password-{officer.username}",
            "totp_secret_file": f"totp-{officer.username}",
            "posts": [{"unit": officer.unit, "role": officer.role, "start_date": POSTS_SINCE}],
        }
        for officer in OFFICERS
    ]
    return {"clients": clients, "officers": officers}


def write_seed(vault: Vault, services: Iterable[str], redirect_uri: str) -> Path:
    """Write what identity's `seed` command reads, beside the secrets that it names.

    Args:
        vault: the stack's secrets.
        services: names of the services, each a client of its own.
        redirect_uri: where the two applications of people get their answers.
    """
    for officer in OFFICERS:
        password(vault, officer)
        totp_seed(vault, officer)
    clients: list[dict[str, Any]] = []
    for service in services:
        client_secret(vault, service)
        clients.append({"id": service, "kind": "service", "display_name": service, "secret_file": f"client-{service}"})
    seed = people(redirect_uri)
    seed["clients"] = clients + seed["clients"]
    file = vault.folder / "identity-seed.yaml"
    file.write_text(yaml.safe_dump(seed, allow_unicode=True, sort_keys=False))
    return file
