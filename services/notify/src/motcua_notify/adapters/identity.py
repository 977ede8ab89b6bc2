"""Who is who, asked of the identity service at the moment it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache

import grpc
from google.type.date_pb2 import Date

from motcua.identity.v1 import account_pb2, account_pb2_grpc, officer_pb2, officer_pb2_grpc, unit_pb2, unit_pb2_grpc
from motcua_client import errors
from motcua_client.credentials import CredentialsError
from motcua_kit.domain import DependencyDown, NotFound
from motcua_notify.application.ports import Contact

TIMEOUT = 5.0
"""Seconds for one call; short, as the attempt at delivery holds a claim meanwhile."""

PURPOSE = "notification"
WARD_TYPES = (unit_pb2.UNIT_TYPE_WARD, unit_pb2.UNIT_TYPE_COMMUNE, unit_pb2.UNIT_TYPE_SPECIAL_ZONE)
DOWN = (errors.Unavailable, errors.DeadlineExceeded, CredentialsError)


class IdentityDirectory:
    """Asks identity for contacts, names of authorities and holders of posts.

    Args:
        channel: returns the channel to identity; asked when the first call is made.
    """

    def __init__(self, channel: Callable[[], grpc.Channel]) -> None:
        self._channel = channel
        # Names of units on a day never change once they are law; contacts are never kept.
        self._agency = lru_cache(maxsize=1024)(self._ask_agency)

    def contact(self, recipient: str) -> Contact:
        """Return how a person or an officer is reached; see `motcua_notify.application.ports.Directory`."""
        with _translated(recipient):
            if recipient.startswith("officers/"):
                officers = officer_pb2_grpc.OfficerServiceStub(self._channel())
                officer = officers.GetOfficer(officer_pb2.GetOfficerRequest(name=recipient), timeout=TIMEOUT)
                return Contact(officer.full_name, "", officer.email)
            accounts = account_pb2_grpc.AccountServiceStub(self._channel())
            request = account_pb2.GetAccountRequest(name=recipient, purpose=PURPOSE)
            account = accounts.GetAccount(request, timeout=TIMEOUT)
            return Contact(
                account.full_name, account.phone, account.email, "en" if account.locale.startswith("en") else "vi"
            )

    def agency(self, unit: str, day: date) -> str:
        """Return the full name of a unit's authority; see `motcua_notify.application.ports.Directory`."""
        return self._agency(unit, day)

    def holders(self, unit: str, roles: Sequence[str], day: date) -> list[str]:
        """Return who holds a post in a unit; see `motcua_notify.application.ports.Directory`."""
        officers = list(self._officers(unit))
        for role in roles:
            wanted = officer_pb2.Role.Value(f"ROLE_{role.upper()}")
            found = [
                officer.name
                for officer in officers
                if any(post.unit == unit and post.role == wanted and _in_force(post, day) for post in officer.posts)
            ]
            if found:
                return found
        return []

    def _officers(self, unit: str) -> Iterator[officer_pb2.Officer]:
        officers = officer_pb2_grpc.OfficerServiceStub(self._channel())
        token = ""
        while True:
            request = officer_pb2.ListOfficersRequest(unit=unit, page_size=200, page_token=token)
            with _translated(unit):
                page = officers.ListOfficers(request, timeout=TIMEOUT)
            yield from page.officers
            token = page.next_page_token
            if not token:
                return

    def _ask_agency(self, unit: str, day: date) -> str:
        units = unit_pb2_grpc.UnitServiceStub(self._channel())
        request = unit_pb2.GetUnitRequest(name=unit, as_of_date=Date(year=day.year, month=day.month, day=day.day))
        with _translated(unit):
            found = units.GetUnit(request, timeout=TIMEOUT)
        name = found.display_name
        # A ward acts through its People's Committee; an agency has a name of its own.
        return f"Ủy ban nhân dân {name[:1].lower()}{name[1:]}" if found.type in WARD_TYPES else name


def _in_force(post: officer_pb2.Post, day: date) -> bool:
    start = _date(post.start_date)
    return start <= day and (not post.HasField("end_date") or day <= _date(post.end_date))


def _date(value: Date) -> date:
    return date(value.year, value.month, value.day)


@contextmanager
def _translated(resource: str) -> Iterator[None]:
    try:
        yield
    except (errors.NotFound, errors.ValidationFailed) as error:  # a name that none can have names nobody
        raise NotFound(resource=resource) from error
    except DOWN as error:
        raise DependencyDown("DEPENDENCY_DOWN", "identity does not answer") from error
