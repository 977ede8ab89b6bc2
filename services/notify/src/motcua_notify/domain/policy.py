"""Rules that hold for all messages, as data: quiet hours, fallback order, pauses between attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from motcua_notify.domain.channel import Channel


@dataclass(frozen=True)
class QuietHours:
    """Time of day when nobody is rung out of bed.

    Attributes:
        start: first quiet moment, local time `HH:MM`.
        end: first moment that is not quiet any more; before `start` when the night lies between.
        timezone: IANA name of the local time.
        channels: channels that keep quiet.
    """

    start: str
    end: str
    timezone: str
    channels: list[Channel]

    def release(self, now: datetime) -> datetime:
        """Return when a message may go out: `now`, or the end of the quiet hours in which it lies."""
        zone = ZoneInfo(self.timezone)
        local = now.astimezone(zone)
        start, end = time.fromisoformat(self.start), time.fromisoformat(self.end)
        if start <= end:
            quiet, morning = start <= local.time() < end, local.date()
        else:
            quiet = local.time() >= start or local.time() < end
            morning = local.date() + timedelta(days=1 if local.time() >= start else 0)
        if not quiet:
            return now
        return datetime.combine(morning, end, zone).astimezone(now.tzinfo)


@dataclass(frozen=True)
class Backoff:
    """Pauses between attempts at a provider that does not answer. There is no last attempt.

    Attributes:
        first_seconds: pause after the first failed attempt.
        factor: what each pause is multiplied by to give the next.
        longest_seconds: no pause is longer.
    """

    first_seconds: float
    factor: float
    longest_seconds: float

    def pause(self, failures: int) -> timedelta:
        """Return the pause after so many failed attempts in a row."""
        seconds = self.first_seconds
        for _ in range(failures - 1):
            seconds = min(seconds * self.factor, self.longest_seconds)
            if seconds == self.longest_seconds:
                break
        return timedelta(seconds=min(seconds, self.longest_seconds))


@dataclass(frozen=True)
class DeliveryPolicy:
    """How messages are delivered between two dates.

    Attributes:
        id: name of the policy.
        source: law or decision it rests on.
        article: article and clause there.
        confidence: `sure`, `likely`, `check` or `own`.
        valid_from: first day in force.
        valid_to: last day in force; None while open.
        quiet_hours: when what is no legal notice waits.
        fallback: order in which channels stand in for one that failed for good.
        backoff: pauses while a provider is down.
        sending_timeout_seconds: after it, an attempt whose worker died is made again.
        accented_segments: most segments for which a short message keeps its Vietnamese marks.
    """

    id: str
    source: str
    article: str
    confidence: str
    valid_from: date
    quiet_hours: QuietHours
    fallback: list[Channel]
    backoff: Backoff
    sending_timeout_seconds: int
    accented_segments: int
    valid_to: date | None = None

    def release(self, channel: Channel, now: datetime, *, legal_notice: bool) -> datetime:
        """Return when a message may go out; a legal notice does so at once."""
        if legal_notice or channel not in self.quiet_hours.channels:
            return now
        return self.quiet_hours.release(now)

    def next_channel(self, failed: Channel) -> Channel | None:
        """Return the channel that stands in for one that failed for good; None behind the last."""
        if failed not in self.fallback:
            return None
        following = self.fallback[self.fallback.index(failed) + 1 :]
        return following[0] if following else None
