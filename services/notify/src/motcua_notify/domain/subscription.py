"""What a person does not want to be told by e-mail or phone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from motcua_kit.domain import Aggregate, FieldViolation, ValidationFailed


@dataclass(kw_only=True)
class Subscription(Aggregate):
    """Opt-outs of one person; the id is that of the account.

    Attributes:
        muted_topics: topics not wanted by e-mail or phone; the inbox still shows them.
    """

    muted_topics: list[str] = field(default_factory=list)

    def mute(self, topics: Sequence[str], *, optional: Collection[str], known: Collection[str]) -> None:
        """Replace the muted topics.

        Args:
            topics: all topics that shall be muted from now on.
            optional: topics that may be muted.
            known: all topics.

        Raises:
            ValidationFailed: a topic does not exist, or the law requires its messages.
        """
        for topic in topics:
            if topic not in known:
                raise _refusal("TOPIC_UNKNOWN", "there is no such topic", topic)
            if topic not in optional:
                raise _refusal("TOPIC_MANDATORY", "messages on this topic cannot be switched off", topic)
        self.muted_topics = sorted(set(topics))


def _refusal(reason: str, message: str, topic: str) -> ValidationFailed:
    return ValidationFailed(
        reason, message, [FieldViolation("subscription.muted_topics", reason, message)], topic=topic
    )
