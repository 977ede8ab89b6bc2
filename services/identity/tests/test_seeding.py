"""Bringing in clients and officers from a file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from motcua_identity.application.seeding import SeedError


def test_a_second_run_changes_nothing(identity: Any) -> None:
    assert identity.seed() == []


def test_what_the_file_changes_is_changed(identity: Any, officer: Any) -> None:
    file = identity.seed_folder / "seed.yaml"
    seed = yaml.safe_load(file.read_text(encoding="utf-8"))
    seed["officers"][0]["posts"].append({"unit": "units/26740", "role": "clerk", "start_date": "2026-02-01"})
    file.write_text(yaml.safe_dump(seed, allow_unicode=True), encoding="utf-8")
    (identity.seed_folder / "password").write_text("a new password of Lan", encoding="utf-8")
    (identity.seed_folder / "dossier").write_text("a new secret of the dossier", encoding="utf-8")
    assert identity.seed() == ["client dossier", "post lan.le clerk units/26740", "credential lan.le"]
    assert identity.token_for("dossier", grant_type="client_credentials").status_code == 401
    token = officer.officer("lan.le", "a new password of Lan", identity.secrets["totp"])
    claims = identity.claims(token["access_token"])
    assert {"unit": "units/26740", "role": "clerk"} in claims["posts"]


def test_the_former_secret_is_taken_while_a_rotation_lasts(identity: Any) -> None:
    file = identity.seed_folder / "dossier"
    former = file.read_text(encoding="utf-8").strip()
    new = "a new secret of the dossier"

    def taken(secret: str) -> bool:
        form = {"grant_type": "client_credentials"}
        return bool(identity.post("/token", form, ("dossier", secret)).status_code == 200)

    file.write_text(f"{new}\n{former}\n", encoding="utf-8")
    assert identity.seed() == ["client dossier"]
    assert (taken(new), taken(former), taken("another secret of the dossier")) == (True, True, False)
    file.write_text(new, encoding="utf-8")
    assert identity.seed() == ["client dossier"]
    assert (taken(new), taken(former)) == (True, False)


@pytest.mark.parametrize(
    ("client", "message"),
    [
        ({"kind": "public", "secret_file": "dossier", "people": "citizens", "redirect_uris": ["x"]}, "no secret"),
        ({"kind": "service"}, "no secret"),
        ({"kind": "service", "secret_file": "dossier", "redirect_uris": ["x"]}, "sign nobody in"),
        ({"kind": "service", "secret_file": "short"}, "at least 16"),
        ({"kind": "service", "secret_file": "three"}, "there are 3"),
    ],
)
def test_a_client_that_contradicts_itself_is_refused(identity: Any, client: dict[str, Any], message: str) -> None:
    (identity.seed_folder / "short").write_text("short", encoding="utf-8")
    (identity.seed_folder / "three").write_text("a first secret\na second secret\na third secret", encoding="utf-8")
    seed = {"clients": [{"id": "odd", "display_name": "Odd", **client}]}
    (identity.seed_folder / "seed.yaml").write_text(yaml.safe_dump(seed), encoding="utf-8")
    with pytest.raises(SeedError, match=message):
        identity.seed()
    assert identity.parts.clients.get("odd") is None


def test_secrets_are_not_readable_in_the_database(identity: Any) -> None:
    stored = str(
        [document for name in ("oidc_clients", "credentials") for document in identity.store.collection(name).find({})]
    )
    for secret in identity.secrets.values():
        assert secret not in stored
