"""Deliver what is queued: one attempt at a time, for as long as it takes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import structlog

from motcua_kit.command import Command, no_reply
from motcua_kit.domain import AlreadyExists, DependencyDown, IllegalTransition, NotFound, StaleVersion
from motcua_kit.store import Repository
from motcua_notify.application.ports import (
    Directory,
    Outgoing,
    ProviderDown,
    ProviderRefused,
    Receipt,
    Renderer,
    Sender,
)
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.inbox import InboxMessage
from motcua_notify.domain.library import Library
from motcua_notify.domain.notification import OPEN, DeliveryProof, Notification, State
from motcua_notify.domain.policy import DeliveryPolicy
from motcua_notify.domain.segments import count_segments
from motcua_notify.domain.subscription import Subscription
from motcua_notify.domain.template import Bilingual, MessageTemplate

log = structlog.get_logger(__name__)

SWEEP_BATCH = 50
SWEEP_SECONDS = 30.0
"""A sweep ends after this time, well below the limit of a background task; the next one goes on."""


class Result(StrEnum):
    """What came of a call to `deliver`."""

    DONE = "done"
    NOT_DUE = "not_due"
    PROVIDER_DOWN = "provider_down"


class _OptedOut(Exception):
    pass


class Deliver:
    """Hands queued notifications to their channels."""

    def __init__(
        self,
        notifications: Repository[Notification],
        messages: Repository[InboxMessage],
        subscriptions: Repository[Subscription],
        library: Library,
        renderer: Renderer,
        directory: Directory,
        senders: Mapping[Channel, Sender],
    ) -> None:
        self._notifications = notifications
        self._messages = messages
        self._subscriptions = subscriptions
        self._library = library
        self._renderer = renderer
        self._directory = directory
        self._senders = senders

    def deliver(self, identity: str, command: Command) -> Result:
        """Make one attempt at a notification whose time has come.

        Raises:
            NotFound: there is no such notification.
        """
        # The state machine says whether a step may happen, not the id of the request: a repeat must not pass for done.
        command = dataclasses.replace(command, request_id="", encode_reply=no_reply)
        notification = self._notifications.get(identity)
        policy = self._library.policy(self._library.local_day(command.time))
        if notification.state not in OPEN:
            return Result.NOT_DUE
        if notification.state is State.QUEUED and self._postponed(notification, policy, command):
            return Result.NOT_DUE
        timeout = timedelta(seconds=policy.sending_timeout_seconds)
        try:
            notification = self._notifications.change(
                identity, command, lambda one: one.begin(command.time, timeout), known=notification
            )
        except IllegalTransition:  # not due yet, or another worker has it
            return Result.NOT_DUE
        try:
            return self._attempt(notification, policy, command)
        except (IllegalTransition, StaleVersion):  # it took longer than the claim holds, and another worker has begun
            log.warning("delivery_overtaken", notification=notification.name, channel=notification.channel)
            return Result.DONE

    def sweep(self, command: Command) -> int:
        """Deliver everything that is due: quiet hours are over, a pause has passed, a worker died.

        When a provider turns out to be down, the rest of its channel waits for the next sweep, so that an outage costs
        one attempt a sweep and not one a message.

        Returns:
            How many were delivered or came to another end.

        Raises:
            ExceptionGroup: some failed unexpectedly; all others were seen to.
        """
        down: set[Channel] = set()
        seen: set[str] = set()
        failures: list[Exception] = []
        done = 0
        until = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < until and (due := self._due(command, down, seen)):
            for notification in due:
                seen.add(notification.id)
                if notification.channel in down:
                    continue
                try:
                    result = self.deliver(notification.id, command)
                except Exception as error:  # noqa: BLE001 - raised below; one bad message must not hold up the others
                    failures.append(error)
                    continue
                done += result is Result.DONE
                if result is Result.PROVIDER_DOWN:
                    down.add(notification.channel)
        if failures:
            message = "notifications failed unexpectedly"
            raise ExceptionGroup(message, failures)
        return done

    def _due(self, command: Command, down: set[Channel], seen: set[str]) -> list[Notification]:
        query = {
            "state": {"$in": [state.value for state in OPEN]},
            "next_attempt_time": {"$lte": command.time},
            "channel": {"$in": [channel.value for channel in Channel if channel not in down]},
        }
        found = self._notifications.find(query, [("next_attempt_time", 1)], SWEEP_BATCH)
        return [notification for notification in found if notification.id not in seen]

    def _postponed(self, notification: Notification, policy: DeliveryPolicy, command: Command) -> bool:
        """Let it wait when quiet hours have begun since it was queued."""
        release = policy.release(notification.channel, command.time, legal_notice=notification.legal_notice)
        if release <= command.time:
            return False
        if notification.next_attempt_time != release:
            self._notifications.change(notification.id, command, lambda one: one.postpone(release), known=notification)
        return True

    def _attempt(self, notification: Notification, policy: DeliveryPolicy, command: Command) -> Result:
        now = command.time
        try:
            proof = self._hand_over(notification, policy, command)
        except ProviderDown as outage:
            code = outage.code
            self._notifications.change(
                notification.id,
                command,
                lambda one: one.retry_later(now, code, policy.backoff),
                etag=notification.etag,  # what another worker sends meanwhile does not wait
                known=notification,
            )
            log.warning("provider_down", notification=notification.name, channel=notification.channel, code=code)
            return Result.PROVIDER_DOWN
        except ProviderRefused as refusal:
            code = refusal.code
            # First the message that stands in, then the end of this one: a crash in between repeats both, losing none.
            self._stand_in(notification, policy, command)
            self._notifications.change(notification.id, command, lambda one: one.fail(now, code))
            log.warning("notification_failed", notification=notification.name, channel=notification.channel, code=code)
        except _OptedOut:
            self._notifications.change(notification.id, command, lambda one: one.suppress(now, "opted-out"))
        else:
            self._notifications.change(notification.id, command, lambda one: one.accept(proof), known=notification)
        return Result.DONE

    def _hand_over(self, notification: Notification, policy: DeliveryPolicy, command: Command) -> DeliveryProof:
        template = self._library.version(notification.template, notification.template_version)
        if notification.channel is Channel.INBOX:
            return self._to_inbox(notification, template, command)
        self._respect_opt_out(notification)
        try:
            contact = self._directory.contact(notification.recipient)
        except DependencyDown as error:
            raise ProviderDown("identity-down") from error
        except NotFound as error:
            raise ProviderRefused("recipient-unknown") from error
        address = contact.phone if notification.channel is Channel.SMS else contact.email
        if not address:
            raise ProviderRefused("no-address")
        rendered = self._renderer.render(
            template,
            notification.channel,
            notification.variables,
            language=contact.language,
            folded=self._folded(notification, template, policy),
            full_name=contact.full_name,
        )
        message = Outgoing(notification.id, address, rendered, contact.language)
        receipt = self._senders[notification.channel].send(message)
        return _proof(notification.channel, receipt, contact.language, command)

    def _to_inbox(self, notification: Notification, template: MessageTemplate, command: Command) -> DeliveryProof:
        vi, en = (
            self._renderer.render(template, Channel.INBOX, notification.variables, language=language)
            for language in ("vi", "en")
        )
        message = InboxMessage(
            id=notification.id,
            owner=notification.recipient,
            notification=notification.name,
            subject=notification.subject,
            title=Bilingual(vi.subject, en.subject),
            body=Bilingual(vi.text, en.text),
            legal_notice=notification.legal_notice,
        )
        try:
            self._messages.create(message, command)
        except AlreadyExists:
            log.info("message_was_there", notification=notification.name)  # the worker before died after this step
        return _proof(Channel.INBOX, Receipt(notification.id, State.DELIVERED, ""), "vi", command)

    def _respect_opt_out(self, notification: Notification) -> None:
        if not notification.optional:
            return
        account = notification.recipient.removeprefix("accounts/")
        for subscription in self._subscriptions.find({"_id": account}):
            if notification.topic in subscription.muted_topics:
                raise _OptedOut

    def _folded(self, notification: Notification, template: MessageTemplate, policy: DeliveryPolicy) -> bool:
        """Tell whether the short message with marks would take more segments than the policy pays for."""
        if notification.channel is not Channel.SMS:
            return False
        accented = self._renderer.render(template, Channel.SMS, notification.variables)
        return count_segments(accented.text).count > policy.accented_segments

    def _stand_in(self, failed: Notification, policy: DeliveryPolicy, command: Command) -> None:
        """Queue the same message over the next channel in the order of the policy, unless it goes there anyway."""
        template = self._library.version(failed.template, failed.template_version)
        channel = policy.next_channel(failed.channel)
        while channel is not None and channel not in template.channels:
            channel = policy.next_channel(channel)
        if channel is None:
            log.warning("no_channel_left", notification=failed.name, legal_notice=failed.legal_notice)
            return
        substitute = failed.stand_in(channel)
        substitute.queue(policy.release(channel, command.time, legal_notice=failed.legal_notice))
        try:
            self._notifications.create(substitute, command)
        except AlreadyExists:
            log.info("channel_in_use", notification=substitute.name)


def _proof(channel: Channel, receipt: Receipt, language: str, command: Command) -> DeliveryProof:
    return DeliveryProof(
        channel=channel,
        provider_id=receipt.provider_id,
        time=command.time,
        status=receipt.status,
        masked_address=receipt.masked_address,
        segments=receipt.segments,
        language_code=language,
    )
