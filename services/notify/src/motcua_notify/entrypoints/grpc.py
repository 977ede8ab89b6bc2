"""gRPC: messages to the application's arguments and back."""

from __future__ import annotations

import grpc
from google.protobuf import json_format

from motcua.notify.v1 import (
    inbox_pb2,
    inbox_pb2_grpc,
    notification_pb2,
    notification_pb2_grpc,
    subscription_pb2,
    subscription_pb2_grpc,
    template_pb2,
    template_pb2_grpc,
)
from motcua_kit.mapping import to_message
from motcua_kit.rpc import execute, id_of, page_of, query
from motcua_kit.rpc.times import day_or_none
from motcua_notify.application.read import Choices, Inbox, Notifications, Preview, Subscriptions, Templates
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.inbox import InboxMessage
from motcua_notify.domain.notification import Notification, State
from motcua_notify.domain.segments import SmsEncoding
from motcua_notify.domain.template import MessageTemplate

CHANNELS = {
    notification_pb2.CHANNEL_INBOX: Channel.INBOX,
    notification_pb2.CHANNEL_SMS: Channel.SMS,
    notification_pb2.CHANNEL_EMAIL: Channel.EMAIL,
}
STATES = {notification_pb2.Notification.State.Value(f"STATE_{state.name}"): state for state in State}
ENCODINGS = {
    SmsEncoding.GSM7: template_pb2.RenderedMessage.SMS_ENCODING_GSM7,
    SmsEncoding.UCS2: template_pb2.RenderedMessage.SMS_ENCODING_UCS2,
}


class NotificationGrpc(notification_pb2_grpc.NotificationServiceServicer):
    """Serves notifications."""

    def __init__(self, app: Notifications) -> None:
        self._app = app

    def GetNotification(
        self, request: notification_pb2.GetNotificationRequest, context: grpc.ServicerContext
    ) -> notification_pb2.Notification:
        """Return one notification."""
        return query(notification_message, lambda access: self._app.get(access, id_of(request.name, "notifications")))

    def ListNotifications(
        self, request: notification_pb2.ListNotificationsRequest, context: grpc.ServicerContext
    ) -> notification_pb2.ListNotificationsResponse:
        """Return one page of notifications."""
        return query(
            lambda page: notification_pb2.ListNotificationsResponse(
                notifications=map(notification_message, page[0]), next_page_token=page[1]
            ),
            lambda access: self._app.list(
                access,
                page_of(request),
                recipient=request.recipient,
                subject=request.subject,
                state=STATES.get(request.state),
                channel=CHANNELS.get(request.channel),
            ),
        )


class InboxGrpc(inbox_pb2_grpc.InboxServiceServicer):
    """Serves inboxes."""

    def __init__(self, app: Inbox) -> None:
        self._app = app

    def ListMessages(
        self, request: inbox_pb2.ListMessagesRequest, context: grpc.ServicerContext
    ) -> inbox_pb2.ListMessagesResponse:
        """Return one page of an inbox."""
        return query(
            lambda page: inbox_pb2.ListMessagesResponse(messages=map(inbox_message, page[0]), next_page_token=page[1]),
            lambda access: self._app.list(access, request.parent, page_of(request), unread_only=request.unread_only),
        )

    def MarkRead(self, request: inbox_pb2.MarkReadRequest, context: grpc.ServicerContext) -> inbox_pb2.InboxMessage:
        """Note that a message was read."""
        owner, _, identity = request.name.partition("/messages/")
        return execute(
            request,
            inbox_message,
            lambda command, access: self._app.mark_read(command, access, owner, identity, request.etag),
        )


class SubscriptionGrpc(subscription_pb2_grpc.SubscriptionServiceServicer):
    """Serves opt-outs."""

    def __init__(self, app: Subscriptions) -> None:
        self._app = app

    def GetSubscription(
        self, request: subscription_pb2.GetSubscriptionRequest, context: grpc.ServicerContext
    ) -> subscription_pb2.Subscription:
        """Return a person's opt-outs."""
        return query(subscription_message, lambda access: self._app.get(access, _account(request.name)))

    def UpdateSubscription(
        self, request: subscription_pb2.UpdateSubscriptionRequest, context: grpc.ServicerContext
    ) -> subscription_pb2.Subscription:
        """Replace a person's opt-outs."""
        wanted = request.subscription
        return execute(
            request,
            subscription_message,
            lambda command, access: self._app.update(
                command, access, _account(wanted.name), list(wanted.muted_topics), wanted.etag
            ),
        )


class TemplateGrpc(template_pb2_grpc.TemplateServiceServicer):
    """Serves message templates."""

    def __init__(self, app: Templates) -> None:
        self._app = app

    def GetTemplate(
        self, request: template_pb2.GetTemplateRequest, context: grpc.ServicerContext
    ) -> template_pb2.Template:
        """Return the version of a template in force on a day."""
        return query(
            template_message,
            lambda access: self._app.get(access, id_of(request.name, "templates"), day_or_none(request, "as_of_date")),
        )

    def ListTemplates(
        self, request: template_pb2.ListTemplatesRequest, context: grpc.ServicerContext
    ) -> template_pb2.ListTemplatesResponse:
        """Return one page of the templates in force on a day."""
        return query(
            lambda page: template_pb2.ListTemplatesResponse(
                templates=map(template_message, page[0]), next_page_token=page[1]
            ),
            lambda access: self._app.list(access, day_or_none(request, "as_of_date"), page_of(request)),
        )

    def RenderTemplate(
        self, request: template_pb2.RenderTemplateRequest, context: grpc.ServicerContext
    ) -> template_pb2.RenderedMessage:
        """Return a template filled in."""
        return query(
            rendered_message,
            lambda access: self._app.render(
                access,
                id_of(request.name, "templates"),
                CHANNELS[request.channel],
                json_format.MessageToDict(request.variables),
                language=request.language_code or "vi",
                folded=request.folded,
                day=day_or_none(request, "as_of_date"),
            ),
        )


def notification_message(notification: Notification) -> notification_pb2.Notification:
    """Return the message of a notification."""
    return to_message(
        notification,
        notification_pb2.Notification,
        uid=notification.id,
        template=f"templates/{notification.template}",
    )


def inbox_message(message: InboxMessage) -> inbox_pb2.InboxMessage:
    """Return the message of an inbox message."""
    return to_message(message, inbox_pb2.InboxMessage, name=f"{message.owner}/messages/{message.id}")


def subscription_message(choices: Choices) -> subscription_pb2.Subscription:
    """Return the message of a person's opt-outs."""
    return to_message(
        choices.subscription,
        subscription_pb2.Subscription,
        name=f"accounts/{choices.subscription.id}/subscription",
        optional_topics=choices.optional_topics,
    )


def template_message(template: MessageTemplate) -> template_pb2.Template:
    """Return the message of a template."""
    return to_message(
        template,
        template_pb2.Template,
        name=f"templates/{template.id}",
        display_name=template.title,
        legal_basis=template,
        valid_from_date=template.valid_from,
        valid_to_date=template.valid_to,
        required_variables=template.required,
    )


def rendered_message(preview: Preview) -> template_pb2.RenderedMessage:
    """Return the message of a filled-in template."""
    counted = preview.segments
    return to_message(
        preview.rendered,
        template_pb2.RenderedMessage,
        sms_encoding=ENCODINGS[counted.encoding] if counted else None,
        sms_segments=counted.count if counted else None,
        template_version=preview.template.version,
    )


def _account(name: str) -> str:
    return name.removeprefix("accounts/").removesuffix("/subscription")
