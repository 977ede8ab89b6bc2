"""Who leaves a post loses its rights with the next token, which is minutes away, without signing out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from motcua_identity.domain.calendar import civil_day
from motcua_identity.domain.oidc import ACCESS_TOKEN_LIFETIME
from motcua_kit.access import Caller, everything
from motcua_kit.command import Command

ADMINISTRATOR = Caller("officers/administrator", "officer")


def end_all_posts(identity: Any) -> None:
    """As the administrator does who is told that the officer has left yesterday."""
    now = identity.clock()
    officer = identity.parts.officers.by_username("lan.le")
    for post in officer.posts_on(civil_day(now)):
        command = Command(name="EndPost", actor=ADMINISTRATOR.name, time=now)
        yesterday = civil_day(now) - timedelta(days=1)
        identity.parts.officer_app.end_post(command, everything(ADMINISTRATOR), officer.id, post.post_id, yesterday)


def test_a_session_and_a_refresh_token_outlive_a_post_but_its_rights_do_not(identity: Any, officer: Any) -> None:
    token = officer.officer("lan.le", identity.secrets["password"], identity.secrets["totp"])
    assert identity.claims(token["access_token"])["posts"]
    end_all_posts(identity)
    renewed = officer.refresh(token["refresh_token"]).json()
    identity.claims(renewed["access_token"], kind="officer", posts=[])
    identity.claims(officer.tokens(officer.authorize())["access_token"], kind="officer", posts=[])


def test_a_token_from_before_lives_for_minutes_only(identity: Any, officer: Any) -> None:
    token = officer.officer("lan.le", identity.secrets["password"], identity.secrets["totp"])
    claims = identity.claims(token["access_token"])
    assert claims["exp"] - claims["iat"] == ACCESS_TOKEN_LIFETIME.total_seconds() <= 300
