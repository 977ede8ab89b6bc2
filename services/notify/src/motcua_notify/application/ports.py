"""What the application needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from motcua_notify.domain.channel import Channel
from motcua_notify.domain.notification import State
from motcua_notify.domain.template import MessageTemplate, Rendered


@dataclass(frozen=True)
class Contact:
    """How a person is reached now. Lives as long as one attempt and is stored nowhere.

    Attributes:
        full_name: for the salutation.
        phone: phone number as on record; empty when there is none.
        email: e-mail address; empty when there is none.
        language: `vi` or `en`.
    """

    full_name: str = field(repr=False)
    phone: str = field(repr=False)
    email: str = field(repr=False)
    language: str = "vi"


class Directory(Protocol):
    """Who is who; the identity service."""

    def contact(self, recipient: str) -> Contact:
        """Return how a person or an officer is reached.

        Raises:
            NotFound: there is no such person.
            DependencyDown: identity does not answer.
        """

    def agency(self, unit: str, day: date) -> str:
        """Return the full name of the authority of a unit on a day, e.g. `Ủy ban nhân dân phường Sài Gòn`.

        Raises:
            NotFound: there is no such unit.
            DependencyDown: identity does not answer.
        """

    def holders(self, unit: str, roles: Sequence[str], day: date) -> list[str]:
        """Return the officers who hold the first of the roles that anybody holds in the unit on a day.

        Raises:
            DependencyDown: identity does not answer.
        """


class Renderer(Protocol):
    """Fills in templates."""

    def render(
        self,
        template: MessageTemplate,
        channel: Channel,
        variables: Mapping[str, Any],
        *,
        language: str = "vi",
        folded: bool = False,
        full_name: str = "",
    ) -> Rendered:
        """Return the text for a channel.

        Args:
            template: the template.
            channel: a channel that the template offers.
            variables: values of its variables.
            language: `vi` or `en`.
            folded: without Vietnamese marks; short messages only.
            full_name: for the salutation of an e-mail.

        Raises:
            PreconditionFailed: the template has no text for the channel.
            ValidationFailed: a variable is missing or cannot be shown.
        """


@dataclass(frozen=True)
class Outgoing:
    """A message for a provider.

    Attributes:
        id: id of the notification; a provider that sees it twice sends once.
        address: phone number or e-mail address.
        rendered: the text.
        language: language of the text.
    """

    id: str
    address: str = field(repr=False)
    rendered: Rendered = field(repr=False)
    language: str


@dataclass(frozen=True)
class Receipt:
    """A provider's word that it took a message.

    Attributes:
        provider_id: id that the provider knows it by.
        status: `accepted` or `delivered`.
        masked_address: address with its middle hidden.
        segments: short-message segments.
    """

    provider_id: str
    status: State
    masked_address: str
    segments: int = 0


class ProviderDown(Exception):
    """The provider is unreachable or busy; the same message may go out later. `code` says what was seen."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ProviderRefused(Exception):
    """The provider, or a check before it, refuses this message for good. `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sender(Protocol):
    """Hands messages of one channel to its provider."""

    def send(self, message: Outgoing) -> Receipt:
        """Hand over one message.

        Raises:
            ProviderDown: it may be tried again.
            ProviderRefused: trying again is no use.
        """
