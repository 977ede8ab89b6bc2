"""Officers: registering them, and giving and ending posts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date

from motcua_identity.application.ports import Contacts, Officers
from motcua_identity.domain.calendar import civil_day
from motcua_identity.domain.officer import Officer, Post
from motcua_identity.domain.unit import UnitDirectory
from motcua_kit.access import Access
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists
from motcua_kit.store.paging import Page


@dataclass(frozen=True, slots=True)
class NewOfficer:
    """What is told about an officer at registration."""

    username: str
    full_name: str
    title: str = ""
    email: str = ""


class OfficerApp:
    """Commands and queries about officers."""

    def __init__(self, officers: Officers, units: UnitDirectory, contacts: Contacts) -> None:
        self._officers = officers
        self._units = units
        self._contacts = contacts

    def get(self, access: Access, officer_id: str) -> Officer:
        """Return an officer.

        Raises:
            NotFound: there is none, or the caller may not know of them.
        """
        access.check(owner=f"officers/{officer_id}", resource=f"officers/{officer_id}")
        return self._officers.get(officer_id)

    def list(self, access: Access, unit: str, page: Page) -> tuple[list[Officer], str]:
        """Return a page of officers by user name, of those who ever held a post in `unit` when it is given."""
        return self._officers.list(access, unit, page)

    def register(self, command: Command, access: Access, new: NewOfficer) -> Officer:
        """Register an officer without posts.

        Raises:
            AlreadyExists: `OFFICER_EXISTS`.
            ValidationFailed: the e-mail address is not valid.
        """
        access.check()
        officer = Officer(
            id=uuid.uuid4().hex,
            username=new.username,
            full_name=new.full_name,
            title=new.title,
            email=self._contacts.email(new.email) if new.email else "",
        )
        try:
            return self._officers.create(officer, command)
        except AlreadyExists as error:
            raise AlreadyExists("OFFICER_EXISTS", "the user name is taken", username=new.username) from error

    def appoint(self, command: Command, access: Access, officer_id: str, post: Post, *, etag: str = "") -> Officer:
        """Give an officer a post; its id is made here.

        Raises:
            NotFound: there is no such officer or unit.
            PreconditionFailed: the unit is not in force on the first day, or another post stands against it.
            ValidationFailed: the post ends before it starts.
        """
        access.check(unit=post.unit, resource=f"officers/{officer_id}")
        self._units.get(post.unit.removeprefix("units/"), post.start_date)
        numbered = replace(post, post_id=uuid.uuid4().hex)
        return self._officers.change(officer_id, command, lambda officer: officer.appoint(numbered), etag=etag)

    def end_post(
        self, command: Command, access: Access, officer_id: str, post_id: str, end_date: date, *, etag: str = ""
    ) -> Officer:
        """End a post on a day.

        Raises:
            NotFound: there is no such officer or post.
            IllegalTransition: the post has ended.
            ValidationFailed: the day lies before the first day in force.
        """
        access.check(resource=f"officers/{officer_id}")
        today = civil_day(command.time)
        return self._officers.change(
            officer_id, command, lambda officer: officer.end_post(post_id, end_date, today), etag=etag
        )
