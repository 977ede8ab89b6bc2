"""The chain of a history: every write links its entry, and whatever is changed afterwards is found."""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_kit.command import Command
from motcua_kit.store import Collection, Repository, Store, ensure_collections, remove
from motcua_kit.store.chain import ORIGIN, Break, Head, Kind, breaks, canonical, entry_hash, erased, extend

Make = Callable[..., Command]
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def history_of(length: int, **fields: Any) -> dict[str, Any]:
    """Return a document with so many entries, linked."""
    entries = [
        {
            "time": START + timedelta(hours=number),
            "actor": f"officers/{number}",
            "on_behalf_of": "",
            "action": f"Do{number}",
            "reason": "theo đơn" if number % 2 else "",
            "version": number,
            "trace_id": "",
            **fields,
        }
        for number in range(1, length + 1)
    ]
    links, head = extend("accounts/1", Head(), entries)
    return {"version": length, "history": entries, "chain": links, "chain_head": vars(head)}


def found(document: dict[str, Any]) -> set[Break]:
    return set(breaks("accounts/1", document))


# ---- the form that is hashed ---------------------------------------------------------------------------------------


def test_the_form_is_that_of_rfc_8785() -> None:
    value = {"b": ["é", 1, "\u20ac$\u000f\nA'B\"\\/"], "a": {"z": "", "y": "Đất ở"}}
    assert canonical(value).decode() == '{"a":{"y":"Đất ở","z":""},"b":["é",1,"€$\\u000f\\nA\'B\\"\\\\/"]}'


def test_an_entry_is_hashed_as_the_reference_says() -> None:
    entry = history_of(1)["history"][0]
    link = {"version": 1, "salts": {"actor": b"a" * 16, "reason": b"r" * 16}}
    actor = hmac.new(b"a" * 16, b"actor\0officers/1", hashlib.sha256).hexdigest()
    reason = hmac.new(b"r" * 16, "reason\0theo đơn".encode(), hashlib.sha256).hexdigest()
    form = (
        '{"adopted":"","entry":{"action":"Do1","time":"2026-11-23T03:00:00.000Z","trace_id":"","version":1},'
        f'"format":"motcua.entry/1","name":"accounts/1","personal":{{"actor":"{actor}","reason":"{reason}"}},'
        f'"previous":"{"00" * 32}"}}'
    )
    assert entry_hash("accounts/1", entry, link, ORIGIN) == hashlib.sha256(form.encode()).digest()


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_another_value_never_fits(value: str, more: str) -> None:
    document = history_of(1, actor=value)
    assert not found(document)
    document["history"][0]["actor"] = value + more
    assert found(document) == {Break(Kind.CHANGED, 1)}


# ---- what is found -------------------------------------------------------------------------------------------------


def test_what_was_written_is_whole() -> None:
    assert found(history_of(5)) == set()


@pytest.mark.parametrize("field", ["actor", "on_behalf_of", "action", "reason", "trace_id"])
def test_a_changed_field_is_found(field: str) -> None:
    document = history_of(4)
    document["history"][2][field] = "officers/other"
    assert found(document) == {Break(Kind.CHANGED, 3)}


def test_a_changed_time_and_an_added_field_are_found() -> None:
    document = history_of(4)
    document["history"][0]["time"] += timedelta(milliseconds=1)
    document["history"][3]["note"] = "?"
    assert found(document) == {Break(Kind.CHANGED, 1), Break(Kind.CHANGED, 4)}


@pytest.mark.parametrize("position", [0, 1, 3])
def test_a_removed_entry_is_found(position: int) -> None:
    document = history_of(4)
    del document["history"][position]
    assert found(document) == {Break(Kind.REMOVED, position + 1)}


def test_an_inserted_entry_is_found() -> None:
    document = history_of(3)
    document["history"].insert(1, {**document["history"][1], "action": "Forged"})
    assert Break(Kind.INSERTED, 2) in found(document)


def test_an_entry_behind_the_last_is_found() -> None:
    document = history_of(3)
    document["history"].append({**document["history"][2], "version": 4})
    assert found(document) == {Break(Kind.INSERTED, 4)}


def test_swapped_entries_are_found() -> None:
    document = history_of(4)
    entries = document["history"]
    entries[1], entries[2] = entries[2], entries[1]
    assert found(document) == {Break(Kind.REORDERED, 2)}
    entries[1]["version"], entries[2]["version"] = 2, 3
    assert found(document) == {Break(Kind.CHANGED, 2), Break(Kind.CHANGED, 3)}


def test_a_history_of_another_aggregate_is_found() -> None:
    assert set(breaks("accounts/2", history_of(1))) == {Break(Kind.CHANGED, 1)}


def test_a_head_that_was_moved_is_found() -> None:
    document = history_of(3)
    document["chain_head"] = {**document["chain_head"], "hash": ORIGIN}
    assert found(document) == {Break(Kind.CHANGED, 3)}


@given(st.integers(2, 6), st.data())
def test_a_link_made_anew_breaks_the_next(length: int, data: st.DataObject) -> None:
    """Who recomputes one hash has to recompute all that follow."""
    document = history_of(length)
    at = data.draw(st.integers(1, length - 1))
    entry = {**document["history"][at - 1], "action": "Forged"}
    before = Head(at - 1, document["chain"][at - 2]["hash"] if at > 1 else ORIGIN)
    forged, _ = extend("accounts/1", before, [entry])
    document["history"][at - 1], document["chain"][at - 1] = entry, forged[0]
    assert found(document) == {Break(Kind.CHANGED, at + 1)}


# ---- personal data -------------------------------------------------------------------------------------------------


@given(st.permutations(["actor", "reason"]))
def test_personal_data_can_be_erased_and_the_chain_holds(fields: list[str]) -> None:
    document = history_of(3)
    for field in fields:
        entry, link = erased(document["history"][0], document["chain"][0], field)
        document["history"][0], document["chain"][0] = entry, link
        assert found(document) == set()
    assert document["history"][0]["reason"] == document["history"][0]["actor"] == ""
    assert document["chain"][0]["salts"] == {}


def test_what_was_erased_cannot_be_filled_in_again() -> None:
    document = history_of(1)
    entry, link = erased(document["history"][0], document["chain"][0], "reason")
    document["history"][0], document["chain"][0] = {**entry, "reason": "theo đơn"}, link
    assert found(document) == {Break(Kind.CHANGED, 1)}
    with pytest.raises(ValueError, match="no reason to erase"):
        erased(entry, link, "reason")


# ---- on the way that writes go -------------------------------------------------------------------------------------


def stored(store: Store) -> dict[str, Any]:
    document = store.collection("accounts").find_one({"_id": "1"})
    assert document is not None
    return document


def test_every_write_links_its_entry(store: Store, accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1"), command("c"))
    for number in range(3):
        accounts.change("1", command(f"r{number}", reason="theo đơn"), lambda each: each.add(1))
    document = stored(store)
    assert found(document) == set()
    assert [link["version"] for link in document["chain"]] == [1, 2, 3, 4]
    assert document["chain_head"] == {"length": 4, "hash": document["chain"][3]["hash"], "day": "2026-11-23"}


def test_the_day_of_the_head_never_goes_back(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    late = Command(name="Add", actor="officers/1", time=START + timedelta(days=2))
    accounts.create(account(id="1"), late)
    accounts.change("1", command(), lambda each: each.add(1))
    assert stored(store)["chain_head"]["day"] == "2026-11-25"


def test_what_an_older_version_wrote_is_adopted_by_the_next_write(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command(), lambda each: each.add(1))
    everything = {"$unset": {"chain": "", "chain_head": ""}}
    store.collection("accounts").update_one({"_id": "1"}, everything)
    assert found(stored(store)) == {Break(Kind.UNLINKED, 1), Break(Kind.UNLINKED, 2)}
    now = command()
    accounts.change("1", now, lambda each: each.add(1))
    assert found(stored(store)) == set()
    assert [link.get("adopted") for link in stored(store)["chain"]] == [now.time, now.time, None]
    # An older version that works again for a while writes no link.
    entry = {**copy.deepcopy(stored(store)["history"][2]), "version": 4}
    store.collection("accounts").update_one({"_id": "1"}, {"$set": {"version": 4}, "$push": {"history": entry}})
    assert found(stored(store)) == {Break(Kind.UNLINKED, 4)}
    accounts.change("1", command(), lambda each: each.add(1))
    assert found(stored(store)) == set()


def test_a_removal_leaves_the_history(store: Store, accounts: Repository[Any], account: Any, command: Make) -> None:
    ensure_collections(store, [Collection("accounts")])
    accounts.create(account(id="1", owner="accounts/an"), command())
    gone = command(name="Remove", actor="accounts/an")
    assert not remove(store, "accounts", {"_id": "1", "version": 7}, gone)
    assert remove(store, "accounts", {"_id": "1", "version": 1}, gone)
    assert store.collection("accounts").count_documents({}) == 0
    rest = store.collection("_removed").find_one({"_id": "accounts/1"})
    assert rest is not None
    assert found(rest) == set()
    assert [entry["action"] for entry in rest["history"]] == ["Add", "Remove"]
    assert "owner" not in rest
    assert not remove(store, "accounts", {"_id": "1", "version": 1}, gone)
