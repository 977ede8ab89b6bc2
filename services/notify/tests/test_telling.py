"""From an event to the message, over real servers: what is sent, to whom, when, and how often."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Barrier, Event
from typing import Any

import pytest

from motcua_devstack.sinks import Fault, Sinks
from motcua_kit.domain import DependencyDown, PreconditionFailed, ValidationFailed
from motcua_kit.testing import RunningService, SettableClock
from motcua_notify.adapters.sms import SmsSender
from motcua_notify.application.ports import Outgoing, ProviderDown, Receipt

AN = f"accounts/{'a' * 32}"
BINH, CHI, DUNG = (f"officers/{letter * 32}" for letter in "bcd")
DOSSIER = f"dossiers/{'1' * 32}"
UNIT = "units/26740"
CODE = "H29.26740-261123-0001"
EVENING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 22:00 in Ho Chi Minh City
MORNING = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # 07:00


def event(type: str = "dossier.accepted", id: str = f"{DOSSIER}#3.0", **data: Any) -> dict[str, Any]:
    told = {
        "dossier": DOSSIER,
        "code": CODE,
        "procedure": "procedures/1.013225",
        "unit": UNIT,
        "applicant": AN,
        "due_time": "2026-12-03T10:00:00Z",
        **data,
    }
    return {"id": id, "type": type, "subject": DOSSIER, "time": "2026-11-23T02:00:00Z", "data": told}


def notifications(notify: RunningService) -> dict[tuple[str, str], dict[str, Any]]:
    found = notify.runtime.store.collection("notifications").find({})
    return {(one["recipient"], one["channel"]): one for one in found}


def states(notify: RunningService) -> dict[tuple[str, str], str]:
    return {key: one["state"] for key, one in notifications(notify).items()}


def inbox(notify: RunningService) -> list[dict[str, Any]]:
    return list(notify.runtime.store.collection("inbox_messages").find({}))


def emails(sinks: Sinks) -> list[EmailMessage]:
    found = []
    for file in sinks.email.files():
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def texts(sinks: Sinks) -> list[dict[str, Any]]:
    return [json.loads(file.read_text(encoding="utf-8")) for file in sinks.sms.files()]


def test_an_accepted_dossier_is_told_by_inbox_sms_and_email(
    notify: RunningService, identity: Any, sinks: Sinks
) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    assert [one["type"] for one in notify.events()] == ["notification.queued"] * 3
    notify.work()
    assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "accepted", (AN, "email"): "accepted"}

    (message,) = inbox(notify)
    assert message["title"]["vi"] == f"Hồ sơ {CODE} đã được tiếp nhận"
    assert "Ủy ban nhân dân phường Sài Gòn đã tiếp nhận hồ sơ" in message["body"]["vi"]
    assert "17:00 ngày 03/12/2026" in message["body"]["vi"]
    assert "17:00 on 03/12/2026" in message["body"]["en"]
    (sms,) = texts(sinks)
    assert sms["to"] == "+84901234567"
    assert sms["text"].startswith(f"UBND phường Sài Gòn đã tiếp nhận hồ sơ {CODE}. Hẹn trả kết quả: 17:00 ngày")
    (mail,) = emails(sinks)
    assert mail["To"] == "an.nguyen@example.vn"
    assert mail["Subject"] == f"Hồ sơ {CODE} đã được tiếp nhận"
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("Kính gửi Ông/Bà Nguyễn Văn An,")
    assert identity.purposes == ["notification"] * 2  # the inbox needs no contact


def test_the_status_notice_names_who_received_the_dossier(notify: RunningService, identity: Any) -> None:
    identity.person()
    identity.officer(BINH, "reception_officer", "units/other", date(2026, 1, 1))
    notify.receive("notify.tell", event(receiver=BINH))
    notify.work()
    (message,) = inbox(notify)
    assert "Người tiếp nhận: Trần Thị Bình." in message["body"]["vi"]
    assert "Received by Trần Thị Bình." in message["body"]["en"]


def test_a_receiver_whom_nobody_knows_does_not_hold_up_the_notice(notify: RunningService, identity: Any) -> None:
    identity.person()
    notify.receive("notify.tell", event(receiver=BINH))
    notify.work()
    (message,) = inbox(notify)
    assert "Người tiếp nhận" not in message["body"]["vi"]


def test_each_message_has_its_proof(notify: RunningService, identity: Any, clock: SettableClock, sinks: Sinks) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    notify.work()
    proofs = {channel: one["proof"] for (_, channel), one in notifications(notify).items()}
    (mail,), (sms,) = emails(sinks), texts(sinks)
    assert all(proof["time"] == clock() and proof["channel"] == channel for channel, proof in proofs.items())
    assert proofs["email"]["provider_id"] == mail["Message-ID"]
    assert proofs["email"]["masked_address"] == "a***@example.vn"
    assert proofs["sms"]["provider_id"] == sms["id"]
    assert (proofs["sms"]["masked_address"], proofs["sms"]["segments"]) == ("+84******567", 3)
    assert (proofs["inbox"]["status"], proofs["sms"]["status"]) == ("delivered", "accepted")


def test_no_contact_data_is_stored(notify: RunningService, identity: Any) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    notify.work()
    for name in notify.runtime.store.database.list_collection_names():
        for document in notify.runtime.store.collection(name).find({}):
            stored = json.dumps(document, default=str, ensure_ascii=False)
            assert not any(secret in stored for secret in ("901234567", "an.nguyen", "Nguyễn Văn An"))


def test_an_event_that_comes_again_tells_nobody_twice(notify: RunningService, identity: Any, sinks: Sinks) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    queued = notify.events()
    notify.work()
    for _ in range(2):
        notify.receive("notify.tell", event())
        for one in queued:
            notify.receive("notify.deliver", one)
        notify.work()
        notify.run_periodic("notify.sweep")
    assert len(notifications(notify)) == len(queued) == 3
    assert len(inbox(notify)) == len(texts(sinks)) == len(emails(sinks)) == 1
    assert sinks.sms.repeats == sinks.email.repeats == 0


def test_an_event_that_comes_to_many_workers_at_once_tells_nobody_twice(
    notify: RunningService, identity: Any, sinks: Sinks
) -> None:
    identity.person()
    workers = 4
    start = Barrier(workers)

    def work(_: int) -> None:
        start.wait()
        notify.receive("notify.tell", event())
        for one in notify.events():
            notify.receive("notify.deliver", one)
        notify.run_periodic("notify.sweep")

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))
    assert set(states(notify).values()) == {"delivered", "accepted"}
    assert len(inbox(notify)) == len(texts(sinks)) == len(emails(sinks)) == 1
    assert sinks.sms.repeats == sinks.email.repeats == 0


def test_another_event_of_the_same_dossier_is_told_too(notify: RunningService, identity: Any, sinks: Sinks) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    notify.receive("notify.tell", event("dossier.withdrawn", f"{DOSSIER}#4.0"))
    notify.work()
    assert len(inbox(notify)) == len(texts(sinks)) == len(emails(sinks)) == 2


def test_an_english_speaker_is_told_in_english(notify: RunningService, identity: Any, sinks: Sinks) -> None:
    identity.person(locale="en", full_name="Ann Nguyen")
    notify.receive("notify.tell", event())
    notify.work()
    (mail,), (sms,) = emails(sinks), texts(sinks)
    assert mail["Subject"] == f"Dossier {CODE} has been accepted"
    assert sms["text"].startswith(f"UBND phuong Sai Gon accepted dossier {CODE}.")
    assert sms["encoding"] == "gsm7"
    assert notifications(notify)[AN, "email"]["proof"]["language_code"] == "en"


def test_a_short_message_that_would_be_too_long_loses_its_marks(
    notify: RunningService, identity: Any, sinks: Sinks
) -> None:
    identity.person()
    notify.receive("notify.tell", event(code="H29." + "1" * 80))
    notify.work()
    (sms,) = texts(sinks)
    assert sms["encoding"] == "gsm7"
    assert sms["text"].startswith("UBND phuong Sai Gon da tiep nhan ho so H29.1")
    assert notifications(notify)[AN, "sms"]["proof"]["segments"] == 2


class TestOutage:
    def test_however_long_it_lasts_nothing_is_lost(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        sinks.faults.set({"smtp": Fault(code=451), "sms": Fault(code=503)})
        notify.receive("notify.tell", event())
        notify.work()
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "queued", (AN, "email"): "queued"}
        for _ in range(40):  # ten hours at the longest pause
            clock.move(timedelta(minutes=15))
            notify.run_periodic("notify.sweep")
        waiting = notifications(notify)[AN, "email"]
        assert waiting["state"] == "queued"
        assert waiting["attempt_count"] == 41
        assert waiting["next_attempt_time"] - clock() == timedelta(minutes=15)
        assert {attempt["code"] for attempt in waiting["attempts"]} == {"smtp-451"}
        assert notify.runtime.store.collection("_dead_letters").count_documents({}) == 0

        sinks.faults.set({})
        clock.move(timedelta(days=30))
        notify.run_periodic("notify.sweep")
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "accepted", (AN, "email"): "accepted"}
        assert len(texts(sinks)) == len(emails(sinks)) == 1

    def test_pauses_grow_and_nothing_is_sent_before_they_end(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        sinks.faults.set({"sms": Fault(code=503)})
        notify.receive("notify.tell", event())
        notify.work()
        for pause in (5, 10, 20):
            due = notifications(notify)[AN, "sms"]["next_attempt_time"]
            assert due - clock() == timedelta(seconds=pause)
            clock.now = due - timedelta(milliseconds=1)
            notify.run_periodic("notify.sweep")
            assert notifications(notify)[AN, "sms"]["next_attempt_time"] == due
            clock.now = due
            notify.run_periodic("notify.sweep")

    def test_costs_one_attempt_a_sweep_and_not_one_a_message(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        sinks.faults.set({"sms": Fault(code=503), "smtp": Fault(code=421)})
        for number in range(5):
            notify.receive("notify.tell", event(id=f"{DOSSIER}#{number}.0"))
        notify.work()
        clock.move(timedelta(minutes=1))
        notify.run_periodic("notify.sweep")
        attempts = notify.runtime.store.collection("notifications").distinct("attempt_count", {"channel": "sms"})
        tried_again = notify.runtime.store.collection("notifications").count_documents({"attempt_count": 2})
        assert sorted(attempts) == [1, 2]
        assert tried_again == 2  # one short message and one e-mail
        sinks.faults.set({})
        notify.run_periodic("notify.sweep")
        clock.move(timedelta(minutes=1))
        notify.run_periodic("notify.sweep")
        assert len(texts(sinks)) == len(emails(sinks)) == 5

    def test_of_identity_delays_what_needs_an_address(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        notify.receive("notify.tell", event())
        identity.down = True
        notify.work()
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "queued", (AN, "email"): "queued"}
        assert notifications(notify)[AN, "sms"]["attempts"][0]["code"] == "identity-down"
        identity.down = False
        clock.move(timedelta(minutes=1))
        notify.run_periodic("notify.sweep")
        assert len(texts(sinks)) == len(emails(sinks)) == 1

    def test_of_identity_while_an_event_arrives_is_left_to_the_task_to_retry(
        self, notify: RunningService, identity: Any
    ) -> None:
        identity.person()
        identity.down = True
        with pytest.raises(DependencyDown):
            notify.receive("notify.tell", event())
        assert notifications(notify) == {}
        identity.down = False
        notify.receive("notify.tell", event())
        assert len(notifications(notify)) == 3

    def test_an_answer_that_is_lost_does_not_double_the_message(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        sinks.faults.set({"smtp": Fault(lose_answer=True), "sms": Fault(lose_answer=True)})
        notify.receive("notify.tell", event())
        notify.work()
        sinks.faults.set({})
        clock.move(timedelta(minutes=1))
        notify.run_periodic("notify.sweep")
        assert states(notify)[AN, "sms"] == states(notify)[AN, "email"] == "accepted"
        assert len(texts(sinks)) == len(emails(sinks)) == 1
        assert sinks.sms.repeats == sinks.email.repeats == 1


def test_a_worker_that_dies_while_sending_is_replaced(
    notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.person()
    notify.receive("notify.tell", event())

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("motcua_notify.domain.notification.Notification.accept", die)  # sent, and not written down
        queued = notify.events()
        for one in queued:
            with pytest.raises(Killed):
                notify.receive("notify.deliver", one)
    assert set(states(notify).values()) == {"sending"}
    notify.work()  # the broker gives the tasks to another worker: too early, the first might still be at it
    assert set(states(notify).values()) == {"sending"}
    clock.move(timedelta(seconds=46))
    notify.run_periodic("notify.sweep")
    assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "accepted", (AN, "email"): "accepted"}
    assert len(inbox(notify)) == len(texts(sinks)) == len(emails(sinks)) == 1


@pytest.mark.parametrize("down", [False, True])
def test_a_worker_that_is_overtaken_while_sending_leaves_the_message_to_the_other(
    notify: RunningService,
    identity: Any,
    sinks: Sinks,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    *,
    down: bool,
) -> None:
    identity.person()
    notify.receive("notify.tell", event())
    (queued,) = (one for one in notify.events() if one["data"].get("channel") == "sms")
    begun, overtaken, send = Event(), Event(), SmsSender.send

    def slow_at_first(sender: SmsSender, message: Outgoing) -> Receipt:
        if not begun.is_set():
            begun.set()
            assert overtaken.wait(30)
            if down:
                raise ProviderDown("sms-503")
        return send(sender, message)

    monkeypatch.setattr(SmsSender, "send", slow_at_first)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(notify.receive, "notify.deliver", queued)
        assert begun.wait(30)
        clock.move(timedelta(seconds=46))
        notify.receive("notify.deliver", queued)
        overtaken.set()
        slow.result()
    assert states(notify)[AN, "sms"] == "accepted"
    assert len(texts(sinks)) == 1


class TestPermanentFailure:
    def test_without_a_phone_the_email_stands_in(self, notify: RunningService, identity: Any, sinks: Sinks) -> None:
        identity.person(phone="")
        notify.receive("notify.tell", event())
        notify.work()
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "failed", (AN, "email"): "accepted"}
        assert notifications(notify)[AN, "sms"]["attempts"][0]["code"] == "no-address"
        assert len(emails(sinks)) == 1  # it goes there anyway: no second e-mail

    def test_the_next_channel_of_the_policy_is_taken_when_the_event_did_not_name_it(
        self, notify: RunningService, identity: Any, sinks: Sinks
    ) -> None:
        identity.person(phone="12")
        notify.receive("notify.tell", event())
        notify.runtime.store.collection("notifications").delete_one({"channel": "email"})
        notify.work()
        found = notifications(notify)
        assert found[AN, "sms"]["attempts"][0]["code"] == "phone-invalid"
        assert (found[AN, "email"]["state"], found[AN, "email"]["fallback_of"]) == ("accepted", "sms")
        assert len(emails(sinks)) == 1

    @pytest.mark.parametrize(
        ("fault", "code"), [({"smtp": Fault(code=550)}, "smtp-550"), ({"sms": Fault(code=422)}, "sms-422")]
    )
    def test_of_the_provider_is_final_and_says_why(
        self, notify: RunningService, identity: Any, sinks: Sinks, fault: dict[str, Fault], code: str
    ) -> None:
        identity.person()
        sinks.faults.set(fault)
        notify.receive("notify.tell", event())
        notify.work()
        failed = notifications(notify)[AN, "email" if "smtp" in fault else "sms"]
        assert (failed["state"], failed["attempts"][0]["outcome"], failed["attempts"][0]["code"]) == (
            "failed",
            "rejected",
            code,
        )
        assert failed["proof"] is None

    def test_of_a_person_who_is_unknown(self, notify: RunningService) -> None:
        notify.receive("notify.tell", event())
        notify.work()
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "failed", (AN, "email"): "failed"}


class TestQuietHours:
    @pytest.fixture(autouse=True)
    def night(self, clock: SettableClock) -> None:
        clock.now = EVENING

    def test_a_legal_notice_goes_out_at_once(self, notify: RunningService, identity: Any, sinks: Sinks) -> None:
        identity.person()
        notify.receive("notify.tell", event())
        notify.work()
        assert len(texts(sinks)) == len(emails(sinks)) == 1

    def test_other_messages_wait_for_the_morning(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        notify.receive("notify.tell", event("dossier.resumed"))
        notify.work()
        notify.run_periodic("notify.sweep")
        assert states(notify) == {(AN, "inbox"): "delivered", (AN, "sms"): "queued", (AN, "email"): "queued"}
        assert notifications(notify)[AN, "sms"]["next_attempt_time"] == MORNING
        assert texts(sinks) == []
        clock.now = MORNING
        notify.run_periodic("notify.sweep")
        assert len(texts(sinks)) == len(emails(sinks)) == 1

    def test_begin_for_what_was_queued_before_them_too(
        self, notify: RunningService, identity: Any, sinks: Sinks, clock: SettableClock
    ) -> None:
        identity.person()
        clock.now = EVENING - timedelta(hours=2)  # 20:00
        notify.receive("notify.tell", event("dossier.resumed"))
        clock.now = EVENING
        notify.work()
        assert notifications(notify)[AN, "sms"]["next_attempt_time"] == MORNING
        assert texts(sinks) == []


class TestOfficers:
    def test_those_in_post_at_the_reception_find_the_dossier_in_their_inbox(
        self, notify: RunningService, identity: Any
    ) -> None:
        identity.person()
        identity.officer(BINH, "reception_officer", UNIT, date(2026, 1, 1))
        identity.officer(CHI, "reception_officer", UNIT, date(2026, 1, 1), date(2026, 10, 31))
        identity.officer(DUNG, "reception_officer", UNIT, date(2026, 1, 1))
        notify.receive("notify.tell", event("dossier.submitted", submit_time="2026-11-23T02:00:00Z"))
        notify.work()
        told = {recipient for recipient, _ in notifications(notify) if recipient.startswith("officers/")}
        assert told == {BINH, DUNG}
        assert {one["owner"] for one in inbox(notify)} == {AN, BINH, DUNG}

    def test_an_agency_is_told_by_inbox_and_email_of_a_consultation(
        self, notify: RunningService, identity: Any, sinks: Sinks
    ) -> None:
        identity.officer(BINH, "consultee", "units/so-qhkt", date(2026, 1, 1))
        asked = event("consultation.requested", unit="units/so-qhkt", deadline="2026-11-25T10:00:00Z")
        notify.receive("notify.tell", asked)
        notify.work()
        assert states(notify) == {(BINH, "inbox"): "delivered", (BINH, "email"): "accepted"}
        (mail,) = emails(sinks)
        assert mail["Subject"] == "Đề nghị cho ý kiến trước 17:00 ngày 25/11/2026"
        text = mail.get_body(("plain",))
        assert text is not None
        assert "Sở Quy hoạch - Kiến trúc được đề nghị cho ý kiến" in text.get_content()

    def test_an_agency_without_anybody_in_charge_is_a_dead_letter_for_an_operator(
        self, notify: RunningService, identity: Any
    ) -> None:
        asked = event("consultation.requested", unit="units/so-qhkt", deadline="2026-11-25T10:00:00Z")
        with pytest.raises(PreconditionFailed) as refusal:
            notify.receive("notify.tell", asked)
        assert refusal.value.reason == "RECIPIENT_MISSING"
        identity.officer(CHI, "unit_head", "units/so-qhkt", date(2026, 1, 1))
        notify.receive("notify.tell", asked)  # appointed meanwhile, and the letter is replayed
        assert {recipient for recipient, _ in notifications(notify)} == {CHI}


@pytest.mark.parametrize(
    "broken",
    [{"applicant": ""}, {"unit": None}, {"due_time": ""}, {"due_time": "soon"}],
    ids=["no applicant", "no unit", "no due time", "no time"],
)
def test_an_event_that_lacks_something_queues_nothing(
    notify: RunningService, identity: Any, broken: dict[str, Any]
) -> None:
    identity.person()
    with pytest.raises(ValidationFailed):
        notify.receive("notify.tell", event(**broken))
    assert notifications(notify) == {}


@pytest.mark.parametrize(("cause", "told"), [("calendar", 3), ("supplement", 0), ("payment", 0)])
def test_a_due_time_that_moved_is_told_when_nothing_else_tells_it(
    notify: RunningService, identity: Any, cause: str, told: int
) -> None:
    identity.person()
    times = {"old_due": "2026-12-03T10:00:00Z", "new_due": "2026-12-04T10:00:00Z"}
    notify.receive("notify.tell", event("dossier.due_changed", cause=cause, **times))
    assert len(notifications(notify)) == told
