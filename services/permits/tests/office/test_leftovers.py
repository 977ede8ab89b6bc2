"""Bytes in the bucket that no permit names go, and no others."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from motcua_kit.leftovers import Leftovers
from motcua_permits.adapters.names import names as named_objects


def leftovers(desk: Any) -> Leftovers:
    """The leftovers as they will be when their grace is over."""
    runtime = desk.running.runtime
    return Leftovers(runtime.store, runtime.objects, named_objects(runtime.store), timedelta(0))


def remove(desk: Any) -> None:
    while not leftovers(desk).remove().finished:
        pass


def test_the_signed_permit_stays_and_a_second_print_goes(desk: Any) -> None:
    name = desk.open()
    desk.grant(name)
    desk.running.work()
    permits = desk.running.runtime.store.collection("permits")
    permit = permits.find_one()
    assert permit is not None
    objects = desk.running.runtime.objects
    objects.put(permit["document_key"], b"printed by a second worker at the same moment", "application/pdf")
    objects.put(f"permits/{permit['_id']}/ANOTHERCODE.pdf", b"1", "application/pdf")
    objects.put("permits/nobody/CODE.pdf", b"1", "application/pdf")
    desk.running.run_periodic("permits.remove_leftovers")
    assert desk.stored_versions() == 2, "a week has not passed"
    remove(desk)
    assert desk.stored_versions() == 1
    content = objects.get(permit["document_key"], version=permit["document_version"])
    assert hashlib.sha256(content).hexdigest() == permit["document_sha256"]
    left = {one.key for one in objects.versions()}
    assert permit["document_key"] in left
    assert not {f"permits/{permit['_id']}/ANOTHERCODE.pdf", "permits/nobody/CODE.pdf"} & left


def test_what_a_permit_is_about_to_take_stays(desk: Any) -> None:
    """A worker that was killed after it had stored the document: the next one finds it there, however late."""
    name = desk.open()
    desk.grant(name)
    desk.running.work()
    permits = desk.running.runtime.store.collection("permits")
    permit = permits.find_one()
    assert permit is not None
    numbered = {"document_key": "", "document_version": "", "document_sha256": ""}
    permits.update_one({"_id": permit["_id"]}, {"$set": numbered})
    remove(desk)
    assert desk.running.runtime.objects.get(permit["document_key"])
    permits.update_one({"_id": permit["_id"]}, {"$set": {key: permit[key] for key in numbered}})
