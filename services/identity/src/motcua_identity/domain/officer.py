"""Officers and the posts they hold in time. What an officer may do follows from the posts in force."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from motcua_kit.domain import (
    Aggregate,
    FieldViolation,
    IllegalTransition,
    NotFound,
    PreconditionFailed,
    ValidationFailed,
)


class Role(StrEnum):
    """What the holder of a post does in the one-stop process (NĐ 118/2025)."""

    RECEPTION_OFFICER = "reception_officer"
    HANDLER = "handler"
    UNIT_HEAD = "unit_head"
    LEADER = "leader"
    CLERK = "clerk"
    CONTROLLER = "controller"
    FINANCE = "finance"
    ARCHIVIST = "archivist"
    SYSTEM_ADMIN = "system_admin"
    AUDITOR = "auditor"
    CONSULTEE = "consultee"


@dataclass(frozen=True, slots=True)
class Post:
    """A role in a unit for a time.

    Attributes:
        post_id: identity within the officer.
        unit: `units/{code}`.
        role: the role.
        start_date: first day in force.
        end_date: last day in force; None while open.
        decision: number of the decision of appointment (quyết định bổ nhiệm).
    """

    post_id: str
    unit: str
    role: Role
    start_date: date
    end_date: date | None = None
    decision: str = ""

    def in_force(self, day: date) -> bool:
        """Tell whether the post is held on a day."""
        return self.start_date <= day and (self.end_date is None or day <= self.end_date)

    def overlaps(self, other: Post) -> bool:
        """Tell whether there is a day on which both are held."""
        return (other.end_date is None or self.start_date <= other.end_date) and (
            self.end_date is None or other.start_date <= self.end_date
        )


@dataclass(kw_only=True)
class Officer(Aggregate):
    """A person in the service of the City.

    Attributes:
        username: name used to sign in; unique.
        full_name: shown to colleagues and on papers.
        title: shown to citizens.
        email: at work.
        posts: past, present and future.
    """

    username: str
    full_name: str
    title: str = ""
    email: str = ""
    posts: list[Post] = field(default_factory=list)

    def posts_on(self, day: date) -> list[Post]:
        """Return the posts in force on a day."""
        return [post for post in self.posts if post.in_force(day)]

    def appoint(self, post: Post) -> None:
        """Give the officer a post.

        Raises:
            ValidationFailed: `POST_PERIOD_INVALID`; it ends before it starts.
            PreconditionFailed: `POST_OVERLAPS`; the same role in the same unit is held in a part of the time.
            PreconditionFailed: `ROLES_INCOMPATIBLE`; an administrator approves nothing, so it holds no business role.
        """
        _check_period(post)
        for held in self.posts:
            if not held.overlaps(post):
                continue
            if (held.unit, held.role) == (post.unit, post.role):
                raise PreconditionFailed(
                    "POST_OVERLAPS", "the role is already held there in that time", unit=post.unit, role=post.role
                )
            if (held.role is Role.SYSTEM_ADMIN) != (post.role is Role.SYSTEM_ADMIN):
                raise PreconditionFailed(
                    "ROLES_INCOMPATIBLE", "an administrator holds no business role", role=post.role, held=held.role
                )
        self.posts.append(post)

    def end_post(self, post_id: str, end_date: date, today: date) -> None:
        """Give a post its last day. The post stays on record, and the past cannot be changed.

        Raises:
            NotFound: `POST_NOT_FOUND`.
            IllegalTransition: `POST_ENDED`; it has ended already.
            ValidationFailed: `POST_PERIOD_INVALID`; the day lies before the first day in force.
        """
        for position, post in enumerate(self.posts):
            if post.post_id != post_id:
                continue
            if post.end_date is not None and post.end_date < today:
                raise IllegalTransition("POST_ENDED", "the post has ended", end_date=post.end_date.isoformat())
            ended = replace(post, end_date=end_date)
            _check_period(ended)
            self.posts[position] = ended
            return
        raise NotFound("POST_NOT_FOUND", "the officer has no such post", post_id=post_id)


def _check_period(post: Post) -> None:
    if post.end_date is not None and post.end_date < post.start_date:
        message = "the post ends before it starts"
        raise ValidationFailed(
            "POST_PERIOD_INVALID", message, [FieldViolation("end_date", "POST_PERIOD_INVALID", message)]
        )
