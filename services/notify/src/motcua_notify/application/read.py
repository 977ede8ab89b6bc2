"""What people and operators may see: notifications, inboxes, opt-outs, templates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from motcua_kit.access import Access
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, NotFound, StaleVersion
from motcua_kit.store import Page, PageSigner, Repository
from motcua_notify.application.ports import Renderer
from motcua_notify.domain.channel import Channel
from motcua_notify.domain.inbox import InboxMessage
from motcua_notify.domain.library import Library
from motcua_notify.domain.notification import Notification, State
from motcua_notify.domain.segments import Segments, count_segments
from motcua_notify.domain.subscription import Subscription
from motcua_notify.domain.template import MessageTemplate, Rendered

NEWEST_FIRST = (("create_time", -1),)


class Notifications:
    """Notifications and their proof."""

    def __init__(self, notifications: Repository[Notification]) -> None:
        self._notifications = notifications

    def get(self, access: Access, identity: str) -> Notification:
        """Return one notification.

        Raises:
            NotFound: there is none, or not for this caller.
        """
        notification = self._notifications.get(identity)
        access.check(owner=notification.recipient, resource=notification.name)
        return notification

    def list(
        self, access: Access, page: Page, *, recipient: str, subject: str, state: State | None, channel: Channel | None
    ) -> tuple[Sequence[Notification], str]:
        """Return one page of the caller's notifications, newest first, and the token of the next page."""
        wanted = {
            "recipient": recipient,
            "subject": subject,
            "state": state and state.value,
            "channel": channel and channel.value,
        }
        parts: list[Mapping[str, Any]] = [{name: value} for name, value in wanted.items() if value]
        if own := access.filter(owner="recipient"):
            parts.append(own)
        return self._notifications.page({"$and": parts} if parts else {}, NEWEST_FIRST, page)


class Inbox:
    """Messages in people's inboxes."""

    def __init__(self, messages: Repository[InboxMessage]) -> None:
        self._messages = messages

    def list(self, access: Access, owner: str, page: Page, *, unread_only: bool) -> tuple[Sequence[InboxMessage], str]:
        """Return one page of an inbox, newest first, and the token of the next page.

        Raises:
            NotFound: it is not the caller's inbox.
        """
        access.check(owner=owner, resource=owner)
        query: dict[str, Any] = {"owner": owner, **({"read": False} if unread_only else {})}
        return self._messages.page(query, NEWEST_FIRST, page)

    def mark_read(self, command: Command, access: Access, owner: str, identity: str, etag: str) -> InboxMessage:
        """Note that a message was read.

        Raises:
            NotFound: there is no such message in this inbox, or the inbox is not the caller's.
            StaleVersion: the etag is not the current one.
        """
        access.check(owner=owner, resource=owner)
        if self._messages.get(identity).owner != owner:
            raise NotFound(resource=f"{owner}/messages/{identity}")
        return self._messages.change(identity, command, lambda message: message.mark_read(command.time), etag=etag)


@dataclass(frozen=True)
class Choices:
    """A person's opt-outs with what may be opted out of."""

    subscription: Subscription
    optional_topics: list[str]


class Subscriptions:
    """What people do not want by e-mail or phone."""

    def __init__(self, subscriptions: Repository[Subscription], library: Library, clock: Clock) -> None:
        self._subscriptions = subscriptions
        self._library = library
        self._clock = clock

    def get(self, access: Access, account: str) -> Choices:
        """Return a person's opt-outs; nothing is muted at first."""
        access.check(owner=f"accounts/{account}", resource=f"accounts/{account}")
        found = self._subscriptions.find({"_id": account})
        return self._choices(found[0] if found else Subscription(id=account))

    def update(self, command: Command, access: Access, account: str, topics: Sequence[str], etag: str) -> Choices:
        """Replace a person's muted topics.

        Raises:
            NotFound: it is not the caller's subscription.
            ValidationFailed: a topic does not exist or is mandatory.
            StaleVersion: the etag is not the current one.
        """
        access.check(owner=f"accounts/{account}", resource=f"accounts/{account}")
        command = _answering(command, self._choices)
        day = self._library.local_day(command.time)
        optional, known = self._library.optional_topics(day), self._library.topics(day)

        def mute(subscription: Subscription) -> None:
            subscription.mute(topics, optional=optional, known=known)

        if not self._subscriptions.find({"_id": account}):
            first = Subscription(id=account)
            mute(first)
            if etag and etag != first.etag:
                raise StaleVersion("ETAG_MISMATCH", "it was changed since you read it", resource=f"accounts/{account}")
            try:
                return self._choices(self._subscriptions.create(first, command))
            except AlreadyExists:  # made by another request a moment ago: change that one
                pass
        changed = self._subscriptions.change(account, command, mute, etag=etag)
        return self._choices(changed)

    def _choices(self, subscription: Subscription) -> Choices:
        day = self._library.local_day(self._clock())
        return Choices(subscription, sorted(self._library.optional_topics(day)))


def _answering(command: Command, result_of: Callable[[Subscription], Choices]) -> Command:
    """Return the command with its reply made from what the use case returns instead of from the aggregate."""
    encode = command.encode_reply
    return dataclasses.replace(command, encode_reply=lambda subscription: encode(result_of(subscription)))


@dataclass(frozen=True)
class Preview:
    """A filled-in template; `segments` for a short message only."""

    rendered: Rendered
    template: MessageTemplate
    segments: Segments | None


class Templates:
    """Message templates, in force and filled in."""

    def __init__(self, library: Library, renderer: Renderer, signer: PageSigner, clock: Clock) -> None:
        self._library = library
        self._renderer = renderer
        self._signer = signer
        self._clock = clock

    def get(self, access: Access, identity: str, day: date | None) -> MessageTemplate:
        """Return the version of a template in force on a day, today when None.

        Raises:
            NotFound: there is none.
        """
        access.check(resource=f"templates/{identity}")
        return self._library.template(identity, self._day(day))

    def list(self, access: Access, day: date | None, page: Page) -> tuple[Sequence[MessageTemplate], str]:
        """Return one page of the templates in force on a day, ordered by id, and the token of the next page."""
        access.check()
        after = self._signer.values(page.token, page.scope, 1)[0] if page.token else ""
        rest = [template for template in self._library.all_templates(self._day(day)) if template.id > after]
        shown = rest[: page.limit]
        token = self._signer.token([shown[-1].id], page.scope) if len(rest) > len(shown) else ""
        return shown, token

    def render(
        self,
        access: Access,
        identity: str,
        channel: Channel,
        variables: Mapping[str, Any],
        *,
        language: str,
        folded: bool,
        day: date | None,
    ) -> Preview:
        """Return a template filled in, as a preview.

        Raises:
            NotFound: there is no such template.
            PreconditionFailed: it has no text for the channel.
            ValidationFailed: a variable is missing, unknown or cannot be shown.
        """
        template = self.get(access, identity, day)
        template.offer(channel)
        template.refuse_unknown(variables)
        rendered = self._renderer.render(
            template, channel, template.choose(variables), language=language, folded=folded
        )
        return Preview(rendered, template, count_segments(rendered.text) if channel is Channel.SMS else None)

    def _day(self, day: date | None) -> date:
        return day or self._library.local_day(self._clock())
