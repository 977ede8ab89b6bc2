"""The synthetic people of the simulated e-ID."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from motcua_kit.data import load

PEOPLE_FILE = Path(__file__).with_name("people.yaml")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist.

    Attributes:
        subject: identifier at the e-ID; opaque to others.
        password: made up, and public.
        level: 1 registered online, 2 seen in person.
        citizen_id: 12 digits of valid structure; also the name to sign in with.
        name: full name.
        birth_date: agrees with the number.
        gender: `male` or `female`, agrees with the number.
        phone: E.164.
        email: in a domain that is reserved for examples.
        address: place of residence, one line.
        ward_code: ward of it.
        story: what the person is there for.
    """

    subject: str
    password: str
    level: int
    citizen_id: str
    name: str
    birth_date: date
    gender: str
    phone: str
    email: str
    address: str
    ward_code: str
    story: str

    def knows(self, password: str) -> bool:
        """Tell whether this is the person's password."""
        return hmac.compare_digest(self.password.encode(), password.encode())

    def get_user_id(self) -> str:
        """Return the subject."""
        return self.subject


def load_people(file: Path) -> Mapping[str, Person]:
    """Read people by the number they sign in with.

    Raises:
        motcua_kit.data.DataError: a record does not have the right shape.
    """
    return {person.citizen_id: person for person in load(file, Person)}
