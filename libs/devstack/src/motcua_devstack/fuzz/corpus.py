"""What the suite has said, and was asked: names, codes, etags and tokens that make a request find something."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

KEPT = 40
"""Values kept for a field and, of names, for a collection; forms kept."""

LONGEST = 2_000
"""Characters in a value that is kept."""


class Corpus:
    """Values by the name of the field in which they were seen; names by their collection, too."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._by_field: dict[str, dict[str, None]] = defaultdict(dict)
        self._forms: list[Struct] = []
        self._asked: dict[str, list[Message]] = defaultdict(list)
        for value in values:
            self._by_field[""][value] = None

    def learn(self, message: Message) -> None:
        """Remember the texts and forms in an answer."""
        for name, value in _leaves(message):
            if isinstance(value, Struct):
                if len(self._forms) < KEPT:
                    self._forms.append(value)
            elif value and len(value) <= LONGEST:
                kind = f"{name} {value.partition('/')[0]}" if "/" in value else name
                if len(self._by_field[kind]) < KEPT:
                    self._by_field[kind][value] = None

    def overhear(self, request: Message) -> None:
        """Remember a request that somebody made in earnest."""
        asked = self._asked[request.DESCRIPTOR.full_name]
        if len(asked) < KEPT:
            asked.append(request)

    def asked(self, message: str) -> list[Message]:
        """Requests of a type that somebody made in earnest."""
        return list(self._asked[message])

    def of_field(self, name: str) -> list[str]:
        """Values seen in fields of this name; a page token comes as `next_page_token`."""
        return [
            value
            for kind, values in self._by_field.items()
            if kind.split(" ")[0] in (name, f"next_{name}")
            for value in values
        ]

    def matching(self, pattern: str) -> list[str]:
        """Values of any field that a pattern allows."""
        wanted = re.compile(pattern)
        found = {value: None for values in self._by_field.values() for value in values if wanted.search(value)}
        return list(found)

    def forms(self) -> list[Struct]:
        """Forms seen."""
        return list(self._forms)


def _leaves(message: Message) -> Iterator[tuple[str, str | Struct]]:
    for descriptor, value in message.ListFields():
        for one in value if descriptor.is_repeated else (value,):
            if isinstance(one, Struct):
                yield descriptor.name, one
            elif isinstance(one, Message):
                yield from _leaves(one)
            elif isinstance(one, str):
                yield descriptor.name, one
