"""The calendar in use, in MongoDB; the first one comes from the City's file."""

from __future__ import annotations

from collections.abc import Callable

from motcua_dossier.domain.calendar import CityCalendar, Override
from motcua_kit.clock import Clock
from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, NotFound
from motcua_kit.store import Repository

IN_USE = "hcmc"
"""Id of the calendar in use."""


class StoredCalendars:
    """See `ports.Calendars`.

    Args:
        repository: where calendars are kept.
        initial: overrides of a City that has no calendar yet.
        clock: business time.
    """

    def __init__(
        self, repository: Repository[CityCalendar], initial: Callable[[], list[Override]], clock: Clock
    ) -> None:
        self._repository = repository
        self._initial = initial
        self._clock = clock

    def current(self) -> CityCalendar:
        """See `ports.Calendars.current`."""
        try:
            return self._repository.get(IN_USE)
        except NotFound:
            return self._first()

    def _first(self) -> CityCalendar:
        calendar = CityCalendar(id=IN_USE)
        calendar.replace(self._initial())
        calendar.take_events()  # nothing was computed with another one
        command = Command(name="LoadCalendar", actor="services/dossier", time=self._clock())
        try:
            return self._repository.create(calendar, command)
        except AlreadyExists:
            return self._repository.get(IN_USE)
