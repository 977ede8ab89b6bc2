"""Short messages over the HTTP gateway of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

import phonenumbers
import requests

from motcua_notify.application.ports import Outgoing, ProviderDown, ProviderRefused, Receipt
from motcua_notify.domain.notification import State
from motcua_notify.domain.segments import count_segments
from motcua_notify.domain.text import mask_phone

REGION = "VN"
ABOUT_THE_MESSAGE = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Answers after which trying again is no use; all others are about the gateway or our account there."""


def to_e164(phone: str) -> str | None:
    """Return a phone number in E.164, e.g. `+84901234567`; None when no numbering plan has it.

    National notation is read as Vietnamese.
    """
    try:
        number = phonenumbers.parse(phone, REGION)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" and not "valid": prefixes are opened faster than the library's tables follow.
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True)
class SmsSender:
    """Hands short messages to a gateway: `POST {url}/messages` with an Idempotency-Key.

    Attributes:
        url: base URL of the gateway.
        token: bearer token of our account there.
        sender: brand name that recipients see.
        timeout: seconds to wait for an answer.
    """

    url: str
    token: str = field(repr=False)
    sender: str
    timeout: float = 8.0

    @cached_property
    def session(self) -> requests.Session:
        """Keeps connections to the gateway open. Nothing is sent twice by itself: a repeat is a new attempt."""
        return requests.Session()

    def send(self, message: Outgoing) -> Receipt:
        """Hand over one short message.

        Raises:
            ProviderDown: the gateway is unreachable, busy or does not let us in.
            ProviderRefused: the number is not one, or the gateway refuses the message.
        """
        number = to_e164(message.address)
        if number is None:
            raise ProviderRefused("phone-invalid")
        segments = count_segments(message.rendered.text)
        try:
            answer = self.session.post(
                f"{self.url.rstrip('/')}/messages",
                json={
                    "to": number,
                    "from": self.sender,
                    "text": message.rendered.text,
                    "encoding": segments.encoding.value,
                },
                headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": message.id},
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise ProviderDown(f"sms-{type(error).__name__}") from None
        if answer.status_code in ABOUT_THE_MESSAGE:
            raise ProviderRefused(f"sms-{answer.status_code}")
        if answer.status_code not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            raise ProviderDown(f"sms-{answer.status_code}")
        try:
            body = answer.json()
            provider_id, delivered = str(body["id"]), body.get("status") == "delivered"
        except (requests.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise ProviderDown("sms-answer-unreadable") from None
        status = State.DELIVERED if delivered else State.ACCEPTED
        return Receipt(provider_id, status, mask_phone(number), segments.count)
