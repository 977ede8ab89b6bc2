from typing import Any

import pytest
from pydantic import ValidationError

from motcua_kit.settings import Profile
from motcua_notify.settings import NotifySettings

pytestmark = pytest.mark.usefixtures("bare_environment")

PRODUCTION: dict[str, Any] = {
    "profile": Profile.PRODUCTION,
    "mongodb_uri": "mongodb://db/",
    "issuer": "https://id.example.vn",
    "page_token_key": "k",
    "client_secret": "s",
    "identity_address": "identity:50051",
    "broker_url": "redis://queue/",
    "sms_url": "https://sms.example.vn/v1",
    "sms_token": "t",
    "mail_sender": "khong-tra-loi@example.gov.vn",
    "mail_message_domain": "example.gov.vn",
}


def test_real_providers_are_accepted() -> None:
    assert NotifySettings(**PRODUCTION).for_worker().sms_url == PRODUCTION["sms_url"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sms_url", "http://sms.example.vn"),
        ("sms_token", ""),
        ("mail_sender", "a@motcua.test"),
        ("mail_message_domain", "motcua.test"),
        ("provider_timeout", 0),
        ("sms_sender", "TOO LONG FOR A SENDER"),
    ],
)
def test_what_only_one_machine_may_have_is_refused_in_production(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        NotifySettings(**{**PRODUCTION, name: value}).for_worker()
