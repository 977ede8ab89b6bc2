"""Puts the notify service together; the only place where its parts meet."""

from __future__ import annotations

from motcua.notify.v1 import inbox_pb2_grpc, notification_pb2_grpc, subscription_pb2_grpc, template_pb2_grpc
from motcua_kit.rpc import Servicer
from motcua_kit.service import App, Runtime, Service
from motcua_kit.store import Repository
from motcua_notify.adapters.city import load_library
from motcua_notify.adapters.collections import MESSAGES, MIGRATIONS, NOTIFICATIONS, SUBSCRIPTIONS
from motcua_notify.adapters.identity import IdentityDirectory
from motcua_notify.adapters.jinja import JinjaRenderer
from motcua_notify.adapters.lives import LIVES
from motcua_notify.adapters.sms import SmsSender
from motcua_notify.adapters.smtp import SmtpSender
from motcua_notify.application.deliver import Deliver
from motcua_notify.application.ports import Sender
from motcua_notify.application.read import Inbox, Notifications, Subscriptions, Templates
from motcua_notify.application.tell import Tell
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.inbox import InboxMessage
from motcua_notify.domain.notification import Notification
from motcua_notify.domain.subscription import Subscription
from motcua_notify.entrypoints.grpc import InboxGrpc, NotificationGrpc, SubscriptionGrpc, TemplateGrpc
from motcua_notify.entrypoints.tasks import make_tasks
from motcua_notify.settings import NotifySettings


def build(settings: NotifySettings, runtime: Runtime) -> App:
    """Return the service, put together."""
    library = load_library(settings.city_dir)
    renderer = JinjaRenderer(settings.city_dir / "messages" / "layout")
    directory = IdentityDirectory(lambda: runtime.channel("identity"))
    signer, store = runtime.page_signer, runtime.store
    notifications = Repository(store, Notification, NOTIFICATIONS.name, signer=signer)
    messages = Repository(store, InboxMessage, MESSAGES.name, "messages", signer=signer)
    subscriptions = Repository(store, Subscription, SUBSCRIPTIONS.name)
    senders: dict[Channel, Sender] = {
        Channel.SMS: SmsSender(
            url=settings.sms_url,
            token=settings.sms_token.get_secret_value(),
            sender=settings.sms_sender,
            timeout=settings.provider_timeout,
        ),
        Channel.EMAIL: SmtpSender(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.mail_sender,
            sender_name=settings.mail_sender_name,
            message_domain=settings.mail_message_domain,
            username=settings.smtp_username,
            password=settings.smtp_password.get_secret_value(),
            starttls=settings.smtp_starttls,
            timeout=settings.provider_timeout,
        ),
    }
    tell = Tell(notifications, library, renderer, directory)
    deliver = Deliver(notifications, messages, subscriptions, library, renderer, directory, senders)
    return App(
        servicers=[
            Servicer(
                "motcua.notify.v1.NotificationService",
                notification_pb2_grpc.add_NotificationServiceServicer_to_server,
                NotificationGrpc(Notifications(notifications)),
            ),
            Servicer(
                "motcua.notify.v1.InboxService",
                inbox_pb2_grpc.add_InboxServiceServicer_to_server,
                InboxGrpc(Inbox(messages)),
            ),
            Servicer(
                "motcua.notify.v1.SubscriptionService",
                subscription_pb2_grpc.add_SubscriptionServiceServicer_to_server,
                SubscriptionGrpc(Subscriptions(subscriptions, library, runtime.clock)),
            ),
            Servicer(
                "motcua.notify.v1.TemplateService",
                template_pb2_grpc.add_TemplateServiceServicer_to_server,
                TemplateGrpc(Templates(library, renderer, signer, runtime.clock)),
            ),
        ],
        tasks=make_tasks(tell, deliver),
    )


SERVICE = Service("notify", NotifySettings, build, migrations=MIGRATIONS, lives=LIVES)
