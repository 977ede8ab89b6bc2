"""The senders against the sinks, over real sockets."""

import json
import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import requests

from motcua_devstack.sinks import Fault, Sinks
from motcua_notify.adapters.sms import SmsSender, to_e164
from motcua_notify.adapters.smtp import SmtpSender
from motcua_notify.application.ports import Outgoing, ProviderDown, ProviderRefused, Sender
from motcua_notify.domain.notification import State
from motcua_notify.domain.template import Rendered

MAIL = Outgoing("ab12", "An.Nguyen@Example.vn", Rendered("Hồ sơ đã nhận", "Kính gửi", "<p>Kính gửi</p>"), "vi")
SMS = Outgoing("ab12", "0901 234 567", Rendered("", "Đã nhận hồ sơ"), "vi")


@pytest.fixture
def smtp(sinks: Sinks) -> SmtpSender:
    return SmtpSender("127.0.0.1", sinks.smtp_port, "no-reply@motcua.test", "Một cửa", "motcua.test", timeout=2)


@pytest.fixture
def sms(sinks: Sinks) -> SmsSender:
    return SmsSender(sinks.sms_url, "token", "TPHCM", timeout=2)


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as bound:  # bound and not listening: nobody else gets it, and it refuses connections
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def mail_of(file: Path) -> EmailMessage:
    found = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_an_email_arrives_in_text_and_html_with_its_id(sinks: Sinks, smtp: SmtpSender) -> None:
    receipt = smtp.send(MAIL)
    (file,) = sinks.email.files()
    mail = mail_of(file)
    assert mail["Subject"] == "Hồ sơ đã nhận"
    assert mail["From"] == "Một cửa <no-reply@motcua.test>"
    assert mail["To"] == "An.Nguyen@example.vn"
    assert mail["Message-ID"] == "<ab12@motcua.test>" == receipt.provider_id
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["Kính gửi", "<p>Kính gửi</p>"]
    assert (receipt.status, receipt.masked_address) == (State.ACCEPTED, "A***@example.vn")


def test_a_short_message_arrives_with_number_key_and_encoding(sinks: Sinks, sms: SmsSender) -> None:
    receipt = sms.send(SMS)
    (file,) = sinks.sms.files()
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert (kept["to"], kept["from"], kept["text"]) == ("+84901234567", "TPHCM", "Đã nhận hồ sơ")
    assert (kept["key"], kept["encoding"], kept["id"]) == ("ab12", "ucs2", receipt.provider_id)
    assert (receipt.status, receipt.masked_address, receipt.segments) == (State.ACCEPTED, "+84******567", 1)


def test_a_provider_that_took_a_message_takes_its_repeat_for_the_same(
    sinks: Sinks, smtp: SmtpSender, sms: SmsSender
) -> None:
    sinks.faults.set({"smtp": Fault(lose_answer=True), "sms": Fault(lose_answer=True)})
    for sender, message in ((smtp, MAIL), (sms, SMS)):
        with pytest.raises(ProviderDown):
            sender.send(message)
    sinks.faults.set({})
    assert smtp.send(MAIL).provider_id == smtp.send(MAIL).provider_id
    assert sms.send(SMS).provider_id == sms.send(SMS).provider_id
    assert (len(sinks.email.files()), sinks.email.repeats) == (1, 2)
    assert (len(sinks.sms.files()), sinks.sms.repeats) == (1, 2)


@pytest.mark.parametrize("code", [421, 451, 452, 530, 535])
def test_a_busy_mail_server_and_a_refused_sign_in_are_outages(sinks: Sinks, smtp: SmtpSender, code: int) -> None:
    sinks.faults.set({"smtp": Fault(code=code)})
    with pytest.raises(ProviderDown) as outage:
        smtp.send(MAIL)
    assert outage.value.code == f"smtp-{code}"
    assert sinks.email.files() == []


@pytest.mark.parametrize("code", [550, 552, 554])
def test_a_mail_server_may_refuse_for_good(sinks: Sinks, smtp: SmtpSender, code: int) -> None:
    sinks.faults.set({"smtp": Fault(code=code)})
    with pytest.raises(ProviderRefused) as refusal:
        smtp.send(MAIL)
    assert refusal.value.code == f"smtp-{code}"


@pytest.mark.parametrize("code", [302, 401, 403, 408, 429, 500, 502, 503])
def test_a_busy_gateway_and_a_closed_account_are_outages(sinks: Sinks, sms: SmsSender, code: int) -> None:
    sinks.faults.set({"sms": Fault(code=code)})
    with pytest.raises(ProviderDown) as outage:
        sms.send(SMS)
    assert outage.value.code == f"sms-{code}"


@pytest.mark.parametrize("code", [400, 404, 410, 422])
def test_a_gateway_may_refuse_for_good(sinks: Sinks, sms: SmsSender, code: int) -> None:
    sinks.faults.set({"sms": Fault(code=code)})
    with pytest.raises(ProviderRefused) as refusal:
        sms.send(SMS)
    assert refusal.value.code == f"sms-{code}"


def test_a_provider_that_is_not_there_is_an_outage(closed_port: int) -> None:
    senders: list[tuple[Sender, Outgoing]] = [
        (SmtpSender("127.0.0.1", closed_port, "a@b.test", "A", "b.test", timeout=2), MAIL),
        (SmsSender(f"http://127.0.0.1:{closed_port}", "token", "TPHCM", timeout=2), SMS),
    ]
    for sender, message in senders:
        with pytest.raises(ProviderDown):
            sender.send(message)


def test_a_provider_that_does_not_answer_in_time_is_an_outage(sinks: Sinks) -> None:
    sinks.faults.set({"smtp": Fault(delay=0.5), "sms": Fault(delay=0.5)})
    senders: list[tuple[Sender, Outgoing]] = [
        (SmtpSender("127.0.0.1", sinks.smtp_port, "a@b.test", "A", "b.test", timeout=0.1), MAIL),
        (SmsSender(sinks.sms_url, "token", "TPHCM", timeout=0.1), SMS),
    ]
    for sender, message in senders:
        with pytest.raises(ProviderDown):
            sender.send(message)


@pytest.mark.parametrize("address", ["", "an", "an@", "an@x", "an@example.vn\r\nBcc: b@c.vn", "a b@example.vn"])
def test_what_is_no_email_address_is_not_sent(sinks: Sinks, smtp: SmtpSender, address: str) -> None:
    with pytest.raises(ProviderRefused, match="email-invalid"):
        smtp.send(Outgoing("ab12", address, MAIL.rendered, "vi"))
    assert sinks.email.files() == []


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("0901234567", "+84901234567"),
        ("+84 901 234 567", "+84901234567"),
        ("(028) 3822 1234", "+842838221234"),
        ("0084901234567", "+84901234567"),
        ("+1 650 253 0000", "+16502530000"),
        ("055 123 4567", "+84551234567"),  # a prefix of a newer network
        ("12", None),
        ("", None),
        ("không có", None),
        ("090123456789012", None),
    ],
)
def test_phone_numbers_become_e164(phone: str, number: str | None) -> None:
    assert to_e164(phone) == number


def test_what_is_no_phone_number_is_not_sent(sinks: Sinks, sms: SmsSender) -> None:
    with pytest.raises(ProviderRefused, match="phone-invalid"):
        sms.send(Outgoing("ab12", "12", SMS.rendered, "vi"))
    assert sinks.sms.files() == []


def test_addresses_and_texts_do_not_show_when_messages_are_printed() -> None:
    assert "Nguyen" not in repr(MAIL)
    assert "0901" not in repr(SMS)
    assert "Kính" not in repr(MAIL)


def test_sinks_are_told_to_fail_over_http(sinks: Sinks, sms: SmsSender) -> None:
    faults = f"{sinks.sms_url}/faults"
    assert requests.put(faults, json={"sms": {"code": 503}}, timeout=2).status_code == 200
    with pytest.raises(ProviderDown):
        sms.send(SMS)
    assert requests.put(faults, json={"pager": {}}, timeout=2).status_code == 400
    assert requests.put(faults, json={"sms": {"speed": 1}}, timeout=2).status_code == 400
    assert requests.get(faults, timeout=2).json()["sms"]["code"] == 503
    assert requests.put(faults, json={}, timeout=2).status_code == 200
    sms.send(SMS)
    kept = requests.get(f"{sinks.sms_url}/messages", timeout=2).json()
    assert [message["key"] for message in kept["messages"]] == ["ab12"]
