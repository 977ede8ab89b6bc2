"""The gRPC end: what people and operators see, and what they are refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from google.type.date_pb2 import Date

from motcua.notify.v1 import (
    errors_pb2,
    inbox_pb2,
    inbox_pb2_grpc,
    notification_pb2,
    notification_pb2_grpc,
    subscription_pb2,
    subscription_pb2_grpc,
    template_pb2,
    template_pb2_grpc,
)
from motcua_client import errors
from motcua_kit.access import Caller
from motcua_kit.localisation import Catalogue
from motcua_kit.mapping import unmapped
from motcua_kit.testing import RunningService, SettableClock, citizen, officer
from motcua_notify.bootstrap import SERVICE
from motcua_notify.domain.inbox import InboxMessage
from motcua_notify.domain.library import Library
from motcua_notify.domain.notification import DeliveryAttempt, DeliveryProof, Notification
from motcua_notify.domain.subscription import Subscription
from motcua_notify.domain.template import MessageTemplate, Rendered

AN, BINH = (f"accounts/{letter * 32}" for letter in "ab")
DOSSIER = f"dossiers/{'1' * 32}"
REQUEST_ID = "3f1c9d1e-6f55-4b0e-9f0a-0b9a4f1d2c11"


def tell(notify: RunningService, clock: SettableClock, *people: str, type: str = "dossier.accepted") -> None:
    for number, person in enumerate(people):
        data = {"code": f"H29.26740-261123-000{number}", "unit": "units/26740", "applicant": person}
        data |= {"due_time": "2026-12-03T10:00:00Z"}
        event = {"id": f"{person}#{type}.{number}", "type": type, "subject": DOSSIER, "time": clock(), "data": data}
        notify.receive("notify.tell", event)
        clock.move(timedelta(seconds=1))
    notify.work()


@pytest.fixture
def told(notify: RunningService, identity: Any, clock: SettableClock) -> RunningService:
    identity.person(AN)
    identity.person(BINH)
    tell(notify, clock, AN, BINH)
    return notify


def notifications(notify: RunningService, caller: Caller) -> notification_pb2_grpc.NotificationServiceStub:
    return notify.call(notification_pb2_grpc.NotificationServiceStub, as_=caller)


def inbox(notify: RunningService, caller: Caller) -> inbox_pb2_grpc.InboxServiceStub:
    return notify.call(inbox_pb2_grpc.InboxServiceStub, as_=caller)


def templates(notify: RunningService, caller: Caller | None = None) -> template_pb2_grpc.TemplateServiceStub:
    return notify.call(template_pb2_grpc.TemplateServiceStub, as_=caller)


def subscriptions(notify: RunningService, caller: Caller) -> subscription_pb2_grpc.SubscriptionServiceStub:
    return notify.call(subscription_pb2_grpc.SubscriptionServiceStub, as_=caller)


class TestNotifications:
    def test_a_person_sees_their_own_with_proof(self, told: RunningService) -> None:
        found = notifications(told, citizen(AN)).ListNotifications(notification_pb2.ListNotificationsRequest())
        assert {(one.recipient, one.channel) for one in found.notifications} == {
            (AN, notification_pb2.CHANNEL_INBOX),
            (AN, notification_pb2.CHANNEL_SMS),
            (AN, notification_pb2.CHANNEL_EMAIL),
        }
        sms = next(one for one in found.notifications if one.channel == notification_pb2.CHANNEL_SMS)
        read = notifications(told, citizen(AN)).GetNotification(notification_pb2.GetNotificationRequest(name=sms.name))
        assert read == sms
        assert read.state == notification_pb2.Notification.STATE_ACCEPTED
        assert read.proof.masked_address == "+84******567"
        assert (read.template, read.template_version) == ("templates/dossier-accepted", "1")
        assert (read.uid, read.subject, read.legal_notice) == (read.name.split("/")[1], DOSSIER, True)
        assert [one.outcome for one in read.attempts] == [notification_pb2.DeliveryAttempt.OUTCOME_ACCEPTED]
        assert not read.HasField("next_attempt_time")

    def test_of_somebody_else_do_not_exist(self, told: RunningService) -> None:
        (first, *_) = (
            notifications(told, citizen(AN))
            .ListNotifications(notification_pb2.ListNotificationsRequest())
            .notifications
        )
        with pytest.raises(errors.NotFound) as foreign:
            notifications(told, citizen(BINH)).GetNotification(notification_pb2.GetNotificationRequest(name=first.name))
        with pytest.raises(errors.NotFound) as missing:
            notifications(told, citizen(BINH)).GetNotification(
                notification_pb2.GetNotificationRequest(name=f"notifications/{'0' * 32}")
            )
        assert foreign.value.reason == missing.value.reason == "NOT_FOUND"
        assert foreign.value.localized_message == missing.value.localized_message
        request = notification_pb2.ListNotificationsRequest(recipient=AN)
        assert not notifications(told, citizen(BINH)).ListNotifications(request).notifications

    def test_an_auditor_sees_all_page_by_page_newest_first_and_narrowed(self, told: RunningService) -> None:
        stub = notifications(told, officer("auditor"))
        request = notification_pb2.ListNotificationsRequest(page_size=2)
        found: list[notification_pb2.Notification] = []
        while True:
            page = stub.ListNotifications(request)
            found += page.notifications
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        assert len({one.name for one in found}) == len(found) == 6
        assert [one.recipient for one in found] == [BINH] * 3 + [AN] * 3
        narrowed = stub.ListNotifications(
            notification_pb2.ListNotificationsRequest(
                recipient=AN,
                subject=DOSSIER,
                channel=notification_pb2.CHANNEL_INBOX,
                state=notification_pb2.Notification.STATE_DELIVERED,
            )
        )
        assert len(narrowed.notifications) == 1
        with pytest.raises(errors.ValidationFailed) as other_arguments:
            stub.ListNotifications(
                notification_pb2.ListNotificationsRequest(recipient=AN, page_token=request.page_token)
            )
        assert other_arguments.value.reason == "PAGE_TOKEN_INVALID"

    @pytest.mark.parametrize(
        "request_",
        [
            notification_pb2.ListNotificationsRequest(page_size=-1),
            notification_pb2.ListNotificationsRequest(recipient="An"),
            notification_pb2.ListNotificationsRequest(subject="' or 1=1"),
            notification_pb2.ListNotificationsRequest(page_token="bad"),
        ],
        ids=["size", "recipient", "subject", "token"],
    )
    def test_bad_requests_are_refused(
        self, notify: RunningService, request_: notification_pb2.ListNotificationsRequest
    ) -> None:
        with pytest.raises(errors.ValidationFailed) as refusal:
            notifications(notify, officer("auditor")).ListNotifications(request_)
        assert refusal.value.violations
        assert refusal.value.localized_message


class TestInbox:
    def test_a_person_reads_their_messages(self, told: RunningService, clock: SettableClock) -> None:
        stub = inbox(told, citizen(AN))
        unread = inbox_pb2.ListMessagesRequest(parent=AN, unread_only=True)
        (message,) = stub.ListMessages(unread).messages
        assert message.title.vi == "Hồ sơ H29.26740-261123-0000 đã được tiếp nhận"
        assert message.title.en == "Dossier H29.26740-261123-0000 has been accepted"
        assert message.name == f"{AN}/messages/{message.notification.split('/')[1]}"
        assert message.legal_notice
        assert not message.HasField("read_time")
        read = stub.MarkRead(inbox_pb2.MarkReadRequest(name=message.name, etag=message.etag))
        first = read.read_time.ToDatetime()
        assert first == clock().replace(tzinfo=None)
        clock.move(timedelta(hours=1))
        assert stub.MarkRead(inbox_pb2.MarkReadRequest(name=message.name)).read_time.ToDatetime() == first
        assert not stub.ListMessages(unread).messages
        assert len(stub.ListMessages(inbox_pb2.ListMessagesRequest(parent=AN)).messages) == 1

    def test_a_repeat_gets_the_first_answer_and_an_old_etag_is_refused(self, told: RunningService) -> None:
        stub = inbox(told, citizen(AN))
        (message,) = stub.ListMessages(inbox_pb2.ListMessagesRequest(parent=AN)).messages
        request = inbox_pb2.MarkReadRequest(name=message.name, request_id=REQUEST_ID)
        assert stub.MarkRead(request) == stub.MarkRead(request)
        with pytest.raises(errors.Conflict) as stale:
            stub.MarkRead(inbox_pb2.MarkReadRequest(name=message.name, etag=message.etag))
        assert stale.value.reason == "ETAG_MISMATCH"

    @pytest.mark.parametrize(
        "caller", [citizen(BINH), officer("system_admin"), officer("handler")], ids=["citizen", "admin", "handler"]
    )
    def test_nobody_else_opens_an_inbox(self, told: RunningService, caller: Caller) -> None:
        (message,) = inbox(told, citizen(AN)).ListMessages(inbox_pb2.ListMessagesRequest(parent=AN)).messages
        with pytest.raises(errors.NotFound):
            inbox(told, caller).ListMessages(inbox_pb2.ListMessagesRequest(parent=AN))
        with pytest.raises(errors.NotFound):
            inbox(told, caller).MarkRead(inbox_pb2.MarkReadRequest(name=message.name))

    def test_a_message_is_not_found_in_another_inbox(self, told: RunningService) -> None:
        (message,) = inbox(told, citizen(AN)).ListMessages(inbox_pb2.ListMessagesRequest(parent=AN)).messages
        with pytest.raises(errors.NotFound):
            inbox(told, citizen(BINH)).MarkRead(inbox_pb2.MarkReadRequest(name=message.name.replace(AN, BINH)))


class TestSubscriptions:
    def test_muted_topics_go_to_the_inbox_only(
        self, notify: RunningService, identity: Any, clock: SettableClock, sinks: Any
    ) -> None:
        identity.person(AN)
        stub = subscriptions(notify, citizen(AN))
        name = f"{AN}/subscription"
        before = stub.GetSubscription(subscription_pb2.GetSubscriptionRequest(name=name))
        assert (list(before.muted_topics), list(before.optional_topics)) == ([], ["dossier-progress"])
        request = subscription_pb2.UpdateSubscriptionRequest(
            subscription=subscription_pb2.Subscription(name=name, muted_topics=["dossier-progress"], etag=before.etag),
            update_mask=FieldMask(paths=["muted_topics"]),
            request_id=REQUEST_ID,
        )
        after = stub.UpdateSubscription(request)
        assert list(after.muted_topics) == ["dossier-progress"]
        assert stub.UpdateSubscription(request) == after
        assert stub.GetSubscription(subscription_pb2.GetSubscriptionRequest(name=name)) == after
        tell(notify, clock, AN, type="dossier.resumed")
        found = notifications(notify, citizen(AN)).ListNotifications(notification_pb2.ListNotificationsRequest())
        states = {one.channel: one.state for one in found.notifications}
        suppressed = notification_pb2.Notification.STATE_SUPPRESSED
        assert states[notification_pb2.CHANNEL_INBOX] == notification_pb2.Notification.STATE_DELIVERED
        assert states[notification_pb2.CHANNEL_SMS] == states[notification_pb2.CHANNEL_EMAIL] == suppressed
        assert sinks.sms.files() == sinks.email.files() == []
        tell(notify, clock, AN)
        assert len(sinks.sms.files()) == len(sinks.email.files()) == 1

    @pytest.mark.parametrize(("topic", "reason"), [("dossier-status", "TOPIC_MANDATORY"), ("weather", "TOPIC_UNKNOWN")])
    def test_what_the_law_requires_stays_on(self, notify: RunningService, topic: str, reason: str) -> None:
        stub = subscriptions(notify, citizen(AN))
        wanted = subscription_pb2.Subscription(name=f"{AN}/subscription", muted_topics=[topic])
        with pytest.raises(errors.ValidationFailed) as refusal:
            stub.UpdateSubscription(subscription_pb2.UpdateSubscriptionRequest(subscription=wanted))
        assert refusal.value.reason == reason
        assert topic in refusal.value.localized_message
        read = stub.GetSubscription(subscription_pb2.GetSubscriptionRequest(name=wanted.name))
        assert list(read.muted_topics) == []

    def test_an_old_etag_is_refused(self, notify: RunningService) -> None:
        stub = subscriptions(notify, citizen(AN))
        name = f"{AN}/subscription"
        old = stub.GetSubscription(subscription_pb2.GetSubscriptionRequest(name=name)).etag

        def mute(etag: str) -> subscription_pb2.Subscription:
            wanted = subscription_pb2.Subscription(name=name, muted_topics=["dossier-progress"], etag=etag)
            return stub.UpdateSubscription(subscription_pb2.UpdateSubscriptionRequest(subscription=wanted))

        with pytest.raises(errors.Conflict):
            mute('"7"')
        new = mute(old).etag
        with pytest.raises(errors.Conflict):
            mute(old)
        assert mute(new).etag != new

    def test_are_nobody_else_s(self, notify: RunningService) -> None:
        with pytest.raises(errors.NotFound):
            subscriptions(notify, citizen(BINH)).GetSubscription(
                subscription_pb2.GetSubscriptionRequest(name=f"{AN}/subscription")
            )


class TestTemplates:
    def test_anyone_reads_the_texts_in_force(self, notify: RunningService) -> None:
        stub = templates(notify)
        request = template_pb2.ListTemplatesRequest(page_size=4)
        found: list[template_pb2.Template] = []
        while True:
            page = stub.ListTemplates(request)
            found += page.templates
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        names = [one.name for one in found]
        assert names == sorted(set(names))
        assert "templates/dossier-accepted" in names
        one = stub.GetTemplate(template_pb2.GetTemplateRequest(name="templates/dossier-accepted"))
        assert one in found
        assert (one.legal_basis.source, one.legal_basis.article) == ("NĐ 118/2025/NĐ-CP", "Điều 17")
        assert list(one.required_variables) == ["code", "agency", "due_time"]
        assert len(one.channels) == 3
        assert one.valid_from_date == Date(year=2025, month=7, day=1)
        assert not one.HasField("valid_to_date")

    def test_before_its_first_day_a_template_is_not_there(self, notify: RunningService) -> None:
        with pytest.raises(errors.NotFound) as refusal:
            templates(notify).GetTemplate(
                template_pb2.GetTemplateRequest(
                    name="templates/dossier-accepted", as_of_date=Date(year=2025, month=6, day=30)
                )
            )
        assert refusal.value.reason == "TEMPLATE_NOT_FOUND"

    @pytest.mark.parametrize(
        "day",
        [Date(year=2026, month=2, day=30), Date(year=2026), Date(year=2026, month=13)],
        ids=["no such day", "no month", "no such month"],
    )
    def test_a_day_that_is_none_is_refused(self, notify: RunningService, day: Date) -> None:
        with pytest.raises(errors.ValidationFailed) as refusal:
            templates(notify).ListTemplates(template_pb2.ListTemplatesRequest(as_of_date=day))
        assert [violation.field for violation in refusal.value.violations] == ["as_of_date"]

    def test_a_preview_sends_nothing(self, notify: RunningService, sinks: Any) -> None:
        variables = Struct()
        variables.update({"code": "H29.1", "agency": "UBND phường Sài Gòn", "amount_vnd": 75000})
        request = template_pb2.RenderTemplateRequest(
            name="templates/dossier-payment-requested",
            channel=notification_pb2.CHANNEL_SMS,
            variables=variables,
            folded=True,
        )
        rendered = templates(notify, officer("system_admin")).RenderTemplate(request)
        assert rendered.text.startswith("Ho so H29.1 can nop 75.000 dong.")
        assert (rendered.sms_segments, rendered.sms_encoding) == (1, template_pb2.RenderedMessage.SMS_ENCODING_GSM7)
        request.channel = notification_pb2.CHANNEL_EMAIL
        request.language_code = "en"
        rendered = templates(notify, officer("system_admin")).RenderTemplate(request)
        assert (rendered.subject, rendered.sms_segments) == ("Payment due for dossier H29.1", 0)
        assert "75,000 VND" in rendered.html
        assert sinks.sms.files() == sinks.email.files() == []

    @pytest.mark.parametrize(
        ("name", "channel", "variables", "error", "reason"),
        [
            ("dossier-withdrawn", "SMS", {"code": "1"}, errors.ValidationFailed, "VARIABLE_MISSING"),
            (
                "dossier-withdrawn",
                "SMS",
                {"code": "1", "agency": "A", "phone": "1"},
                errors.ValidationFailed,
                "VARIABLE_UNKNOWN",
            ),
            (
                "dossier-payment-requested",
                "SMS",
                {"code": "1", "agency": "A", "amount_vnd": "much"},
                errors.ValidationFailed,
                "VARIABLE_INVALID",
            ),
            ("officer-dossier-accepted", "SMS", {}, errors.PreconditionFailed, "CHANNEL_NOT_OFFERED"),
            ("no-such", "SMS", {}, errors.NotFound, "TEMPLATE_NOT_FOUND"),
        ],
        ids=["missing", "unknown", "invalid", "channel", "template"],
    )
    def test_what_cannot_be_filled_in_is_refused(
        self,
        notify: RunningService,
        name: str,
        channel: str,
        variables: dict[str, Any],
        error: type[errors.MotcuaError],
        reason: str,
    ) -> None:
        values = Struct()
        values.update(variables)
        request = template_pb2.RenderTemplateRequest(
            name=f"templates/{name}",
            channel=notification_pb2.Channel.Value(f"CHANNEL_{channel}"),
            variables=values,
        )
        with pytest.raises(error) as refusal:
            templates(notify, officer("system_admin")).RenderTemplate(request)
        assert refusal.value.reason == reason
        assert "…" not in refusal.value.localized_message


def test_every_reason_has_its_vietnamese_text_and_every_text_its_reason() -> None:
    own = {name.removeprefix("ERROR_REASON_") for name, _ in errors_pb2.ErrorReason.items()} - {"UNSPECIFIED"}
    assert SERVICE.catalogue().texts.keys() - Catalogue.load().texts.keys() == own


@pytest.mark.parametrize(
    ("cls", "message", "given"),
    [
        (Notification, notification_pb2.Notification, ["uid"]),
        (DeliveryAttempt, notification_pb2.DeliveryAttempt, []),
        (DeliveryProof, notification_pb2.DeliveryProof, []),
        (InboxMessage, inbox_pb2.InboxMessage, ["name"]),
        (Subscription, subscription_pb2.Subscription, ["name", "optional_topics"]),
        (Rendered, template_pb2.RenderedMessage, ["sms_encoding", "sms_segments", "template_version"]),
        (
            MessageTemplate,
            template_pb2.Template,
            ["name", "display_name", "legal_basis", "valid_from_date", "valid_to_date", "required_variables"],
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_field_is_mapped(cls: type, message: Any, given: list[str]) -> None:
    assert unmapped(cls, message, *given) == set()


def test_without_a_token_only_templates_are_open(notify: RunningService) -> None:
    stubs: list[Callable[[], object]] = [
        lambda: notify.call(notification_pb2_grpc.NotificationServiceStub).ListNotifications(
            notification_pb2.ListNotificationsRequest()
        ),
        lambda: notify.call(inbox_pb2_grpc.InboxServiceStub).ListMessages(inbox_pb2.ListMessagesRequest(parent=AN)),
    ]
    for call in stubs:
        with pytest.raises(errors.NotAuthenticated) as refusal:
            call()
        assert refusal.value.code is grpc.StatusCode.UNAUTHENTICATED


def test_handlers_and_topology_agree(notify: RunningService) -> None:
    assert notify.app.tasks is not None
    assert notify.app.tasks.names == set(notify.runtime.topology.tasks_of("notify"))


def test_every_event_with_a_trigger_comes_here(notify: RunningService, library: Library) -> None:
    topology = notify.runtime.topology
    for trigger in library.triggers:
        subscribers = [subscription.task for subscription in topology.events.get(trigger.event, ())]
        assert "notify.tell" in subscribers, trigger.event


def test_every_event_that_comes_here_has_a_trigger(notify: RunningService, library: Library) -> None:
    coming = {
        event
        for event, subscriptions in notify.runtime.topology.events.items()
        if any(subscription.task == "notify.tell" for subscription in subscriptions)
    }
    assert coming <= {trigger.event for trigger in library.triggers}
