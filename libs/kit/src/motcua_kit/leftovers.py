"""Bytes in a bucket that no document names: found by walking through the bucket, removed for good.

They come from upload forms that were used and never finalised, or used again after the check; from deleted drafts; from
processes that were killed between the object store and the database. Nobody keeps a list of them, so nothing can be
missing in it: whatever is in the bucket, older than a time of grace and named by no document goes.

A key that nobody names must never come to be named again, or it could be named in the moment in which it goes. Services
see to that: ids of uploads are made by them and used once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

import structlog

from motcua_kit.clock import system_clock
from motcua_kit.objects import ObjectStore, StoredVersion
from motcua_kit.store.connection import Store

log = structlog.get_logger(__name__)

COLLECTION = "_leftovers"
"""How far the walk through the bucket has come."""

PAGE = 1000
"""Most that a store gives at a time (S3, ListObjectVersions); so many keys are asked for at once."""

MOST = 10_000
"""Versions that one run looks at."""


class _Every:
    def __contains__(self, version: object) -> bool:
        return True


EVERY_VERSION: Container[str] = _Every()
"""Of a key that a document names without saying which version."""

Names = Callable[[Collection[str]], Mapping[str, Container[str]]]
"""Returns, of some keys, those that documents name and the versions that must stay. Who does not know what a key is for
names it: what is not understood stays."""


@dataclass(frozen=True)
class Walk:
    """What a walk through a bucket has come to.

    Attributes:
        seen: versions and marks looked at.
        removed: those that are gone.
        size: their bytes.
        refused: those that the store does not delete, as they are locked.
        finished: whether it came to the end of the bucket; else the next one goes on from there.
    """

    seen: int = 0
    removed: int = 0
    size: int = 0
    refused: int = 0
    finished: bool = False


class Leftovers:
    """The leftovers in a service's bucket.

    Two walks at once, or one that is killed and begins anew, do each other's work twice and no harm.

    Args:
        store: the service's database.
        objects: its bucket.
        names: says what its documents name.
        grace: how long bytes stay that nobody names. Longer than any upload form lives and any task works; and long
            enough to put right what made them nameless, such as the restore of an old database.
    """

    def __init__(self, store: Store, objects: ObjectStore, names: Names, grace: timedelta) -> None:
        self._walks = store.collection(COLLECTION)
        self._objects = objects
        self._names = names
        self._grace = grace

    def find(self) -> Iterator[StoredVersion]:
        """Yield all leftovers of the bucket; nothing is removed."""
        for page in self._pages(after=""):
            yield from self._leftovers(page)

    def remove(self, most: int = MOST) -> Walk:
        """Go on with the walk where the last one ended, and remove the leftovers on the way.

        Args:
            most: how many versions to look at, to the next full page; two pages at least, or it does not get on.
        """
        start = self._position()
        keys: list[str] = []
        walk = Walk()
        for page in self._pages(start):
            walk = self._remove_from(page, walk)
            keys += [one.key for one in page]
            if len(keys) >= most:
                self._remember(_resume_after(keys))
                break
        else:
            walk = replace(walk, finished=True)
            self._remember("")
        if walk.removed or walk.refused:
            log.info("leftovers_removed", bucket=self._objects.bucket, **vars(walk))
        return walk

    def remove_all(self) -> Iterator[Walk]:
        """Walk through the whole bucket and remove its leftovers; yield how far it has come after each page."""
        walk = Walk()
        for page in self._pages(after=""):
            walk = self._remove_from(page, walk)
            yield walk

    def _remove_from(self, page: Sequence[StoredVersion], walk: Walk) -> Walk:
        doomed = list(self._leftovers(page))
        refused = self._objects.remove(doomed) if doomed else []
        for one in refused:
            log.warning("leftover_refused", bucket=self._objects.bucket, object=one)
        return replace(
            walk,
            seen=walk.seen + len(page),
            removed=walk.removed + len(doomed) - len(refused),
            size=walk.size + sum(one.size for one in doomed),
            refused=walk.refused + len(refused),
        )

    def _pages(self, after: str) -> Iterator[list[StoredVersion]]:
        versions = self._objects.versions(after=after)
        while page := list(islice(versions, PAGE)):
            yield page

    def _leftovers(self, page: Sequence[StoredVersion]) -> Iterator[StoredVersion]:
        before = system_clock() - self._grace
        old = [one for one in page if one.time < before]
        named = self._names({one.key for one in old}) if old else {}
        for one in old:
            kept = named.get(one.key)
            # A mark on what is named was set by hand: it is not ours to lift.
            if kept is None or not (one.hides or one.version in kept):
                yield one

    def _position(self) -> str:
        found = self._walks.find_one({"_id": self._objects.bucket}) or {}
        return str(found.get("after", ""))

    def _remember(self, after: str) -> None:
        self._walks.update_one({"_id": self._objects.bucket}, {"$set": {"after": after}}, upsert=True)


def _resume_after(keys: Sequence[str]) -> str:
    """Return the key after which the next walk begins, so that it passes nothing by.

    The store gives versions and marks of a page apart, and it cannot be seen where a page of its ends. But whatever is
    followed by as many as a page holds lies on a page that was read to its end; so all before the last key there was
    seen.
    """
    last = max(keys[:-PAGE], default="")
    # Nothing before it: one key has them all. Its other versions wait for the next walk.
    return max((key for key in keys if key < last), default=last)
