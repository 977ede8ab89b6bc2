"""One aggregate, one document, one write: nothing is lost and nothing happens twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo import IndexModel

from motcua_kit.command import Command
from motcua_kit.domain import AlreadyExists, Conflict, IllegalTransition, NotFound, StaleVersion, ValidationFailed
from motcua_kit.store import Collection, Replayed, Repository, Store, ensure_collections
from motcua_kit.store.repository import KEPT_REPLIES, KNOWN_REQUESTS

Make = Callable[..., Command]


def document(store: Store, identity: str = "1") -> dict[str, Any]:
    found = store.collection("accounts").find_one({"_id": identity})
    assert found is not None
    return found


def balance_reply(aggregate: Any) -> bytes:
    return str(aggregate.balance).encode()


def test_what_is_created_can_be_read(accounts: Repository[Any], account: Any, command: Make) -> None:
    made = command()
    created = accounts.create(account(id="1", owner="accounts/an", balance=5, notes=["Đất ở"]), made)
    assert accounts.get("1") == created
    assert (created.version, created.etag) == (1, '"1"')
    assert created.create_time == created.update_time == made.time


def test_state_history_events_and_reply_are_one_write(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    change = command("r1", on_behalf_of="accounts/an", reason="theo đơn", encode_reply=balance_reply)
    accounts.change("1", change, lambda each: each.add(7))
    saved = document(store)
    assert (saved["version"], saved["balance"], saved["pending"]) == (2, 7, True)
    assert saved["outbox"] == [
        {
            "id": "accounts/1#2.0",
            "type": "account.added",
            "subject": "accounts/1",
            "time": change.time,
            "data": {"amount": 7},
            "trace": {},
        }
    ]
    assert saved["requests"] == [{"key": change.key, "fingerprint": "same"}]
    assert saved["replies"] == [{"key": change.key, "reply": b"7"}]
    entries = accounts.history("1")
    assert [(entry.action, entry.version, entry.actor) for entry in entries] == [
        ("Add", 1, "officers/1"),
        ("Add", 2, "officers/1"),
    ]
    assert (entries[1].on_behalf_of, entries[1].reason, entries[1].time) == ("accounts/an", "theo đơn", change.time)


def test_a_write_without_events_leaves_nothing_to_relay(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command(), lambda each: each.close())
    assert "pending" not in document(store)
    assert document(store)["outbox"] == []


def test_what_is_not_there(accounts: Repository[Any], command: Make) -> None:
    for act in (
        lambda: accounts.get("9"),
        lambda: accounts.change("9", command(), lambda _: None),
        lambda: accounts.history("9"),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.metadata == {"resource": "accounts/9"}


def test_a_refused_change_changes_nothing(store: Store, accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1", closed=True), command())
    before = document(store)

    def mutate(each: Any) -> None:
        each.notes.append("lost")
        each.add(1)

    with pytest.raises(IllegalTransition):
        accounts.change("1", command("r1"), mutate)
    assert document(store) == before


# ---- etag ----------------------------------------------------------------------------------------------------------


def test_the_current_etag_is_accepted_and_an_old_one_is_not(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    old = accounts.create(account(id="1"), command()).etag
    accounts.change("1", command(), lambda each: each.add(1), etag=old)
    before = document(store)
    with pytest.raises(StaleVersion) as caught:
        accounts.change("1", command("r2"), lambda each: each.add(1), etag=old)
    assert (caught.value.reason, caught.value.metadata) == ("ETAG_MISMATCH", {"resource": "accounts/1"})
    assert document(store) == before


def test_with_an_etag_a_lost_race_is_the_callers_to_decide(
    accounts: Repository[Any], account: Any, command: Make
) -> None:
    etag = accounts.create(account(id="1"), command()).etag

    def overtaken(each: Any) -> None:
        accounts.change("1", command(), lambda other: other.add(10))
        each.add(1)

    with pytest.raises(StaleVersion):
        accounts.change("1", command(), overtaken, etag=etag)
    assert accounts.get("1").balance == 10


def test_without_an_etag_a_lost_race_is_run_again_on_the_fresh_state(
    accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    seen = []

    def overtaken_once(each: Any) -> None:
        seen.append(each.balance)
        if len(seen) == 1:
            accounts.change("1", command(), lambda other: other.add(10))
        each.add(1)

    assert accounts.change("1", command(), overtaken_once).balance == 11
    assert seen == [0, 10]


def test_what_is_known_is_not_read_again(
    accounts: Repository[Any], account: Any, command: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.create(account(id="1"), command())
    known = accounts.get("1")
    with monkeypatch.context() as patch:
        patch.setattr(Repository, "get", lambda *_, **__: pytest.fail("read again"))
        changed = accounts.change("1", command(), lambda one: one.add(5), known=known)
    assert accounts.get("1") == changed
    assert changed.balance == 5


def test_who_knows_an_old_state_changes_the_new_one(accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1"), command())
    known = accounts.get("1")
    accounts.change("1", command(), lambda one: one.add(1))
    assert accounts.change("1", command(), lambda one: one.add(5), known=known).balance == 6
    assert accounts.get("1").balance == 6


def test_an_old_state_with_its_etag_is_refused(accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1"), command())
    known = accounts.get("1")
    etag = known.etag
    accounts.change("1", command(), lambda one: one.add(1))
    with pytest.raises(StaleVersion):
        accounts.change("1", command(), lambda one: one.add(5), etag=etag, known=known)
    assert accounts.get("1").balance == 1


def test_losing_every_race_is_a_conflict(accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1"), command())

    def always_overtaken(each: Any) -> None:
        accounts.change("1", command(), lambda other: other.add(10))
        each.add(1)

    with pytest.raises(Conflict):
        accounts.change("1", command(), always_overtaken)
    assert accounts.get("1").balance % 10 == 0


def test_writers_at_the_same_time_lose_nothing(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())

    def add(number: int) -> None:
        while True:
            try:
                accounts.change("1", command(f"r{number}"), lambda each: each.add(1))
            except Conflict:
                continue
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    saved = document(store)
    assert (saved["balance"], saved["version"]) == (40, 41)
    assert len({event["id"] for event in saved["outbox"]}) == 40
    assert [entry.version for entry in accounts.history("1")] == list(range(1, 42))


# ---- repeats -------------------------------------------------------------------------------------------------------


def test_a_repeated_change_gets_the_first_reply_and_changes_nothing(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command("r1", encode_reply=balance_reply), lambda each: each.add(5))
    accounts.change("1", command("r2", encode_reply=balance_reply), lambda each: each.add(100))
    before = document(store)
    with pytest.raises(Replayed) as caught:
        accounts.change("1", command("r1", encode_reply=balance_reply), lambda each: each.add(5))
    assert caught.value.reply == b"5"
    assert document(store) == before


def test_a_repeat_without_a_kept_reply_gets_the_aggregate_as_it_is(
    accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command("r1"), lambda each: each.add(5))
    accounts.change("1", command("r2"), lambda each: each.add(100))
    assert accounts.change("1", command("r1"), lambda each: each.add(5)).balance == 105


@pytest.mark.parametrize("etag", ["", '"1"'])
def test_a_repeat_is_known_even_when_the_state_would_refuse_it_now(
    accounts: Repository[Any], account: Any, command: Make, etag: str
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command("r1", name="Close"), lambda each: each.close(), etag=etag)
    assert accounts.change("1", command("r1", name="Close"), lambda each: each.close(), etag=etag).closed


def test_the_same_id_with_another_request_is_refused(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1"), command("c", fingerprint="a"))
    accounts.change("1", command("r1", fingerprint="a"), lambda each: each.add(5))
    before = document(store)
    acts: list[Callable[[], object]] = [
        lambda: accounts.change("1", command("r1", fingerprint="b"), lambda each: each.add(6)),
        lambda: accounts.create(account(id="2"), command("c", fingerprint="b")),
    ]
    for act in acts:
        with pytest.raises(ValidationFailed) as caught:
            act()
        assert caught.value.reason == "REQUEST_ID_REUSED"
    assert document(store) == before
    assert store.collection("accounts").count_documents({}) == 1


@pytest.mark.parametrize("other", [{"actor": "officers/2"}, {"name": "Remove"}])
def test_an_id_belongs_to_one_caller_and_one_command(
    accounts: Repository[Any], account: Any, command: Make, other: dict[str, str]
) -> None:
    accounts.create(account(id="1"), command())
    accounts.change("1", command("r1"), lambda each: each.add(1))
    assert accounts.change("1", command("r1", **other), lambda each: each.add(1)).balance == 2


def test_without_an_id_nothing_is_a_repeat(accounts: Repository[Any], account: Any, command: Make) -> None:
    accounts.create(account(id="1"), command())
    for _ in range(2):
        accounts.change("1", command(), lambda each: each.add(1))
    assert accounts.get("1").balance == 2


def test_a_repeated_create_gives_the_first_aggregate(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="1", balance=3), command("c"))
    assert accounts.create(account(id="2", balance=3), command("c")).id == "1"
    accounts.create(account(id="3", balance=7), command("d", encode_reply=balance_reply))
    with pytest.raises(Replayed) as caught:
        accounts.create(account(id="4"), command("d", encode_reply=balance_reply))
    assert caught.value.reply == b"7"
    assert store.collection("accounts").count_documents({}) == 2


def test_creates_at_the_same_time_make_one(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: accounts.create(account(id=str(number)), command("c")).id, range(16)))
    assert len(set(made)) == 1
    assert store.collection("accounts").count_documents({}) == 1


def test_a_create_is_known_as_a_repeat_after_any_number_of_changes(
    accounts: Repository[Any], account: Any, command: Make
) -> None:
    created = command("c", encode_reply=balance_reply)
    accounts.create(account(id="1"), created)
    for number in range(KNOWN_REQUESTS + 1):
        accounts.change("1", command(f"r{number}", encode_reply=balance_reply), lambda each: each.add(1))
    again = accounts.create(account(id="2"), dataclasses.replace(created, time=created.time + timedelta(days=1)))
    assert (again.id, again.balance) == ("1", KNOWN_REQUESTS + 1)


def test_requests_are_known_longer_than_their_replies_are_kept(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    def add(number: int) -> Any:
        return accounts.change("1", command(f"r{number}", encode_reply=balance_reply), lambda each: each.add(1))

    accounts.create(account(id="1"), command("c"))
    for number in range(KNOWN_REQUESTS + 5):
        add(number)
    saved = document(store)
    assert (len(saved["requests"]), len(saved["replies"])) == (KNOWN_REQUESTS, KEPT_REPLIES)
    with pytest.raises(Replayed) as caught:
        add(KNOWN_REQUESTS + 5 - KEPT_REPLIES)
    assert caught.value.reply == str(KNOWN_REQUESTS + 6 - KEPT_REPLIES).encode()
    assert add(KNOWN_REQUESTS + 4 - KEPT_REPLIES) == add(5) == accounts.get("1")
    assert document(store) == saved


def test_an_identity_or_a_unique_value_exists_once(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    ensure_collections(store, [Collection("accounts", [IndexModel("owner", unique=True)])])
    accounts.create(account(id="1", owner="accounts/an"), command("a"))
    for identity, owner in (("1", "accounts/binh"), ("2", "accounts/an")):
        with pytest.raises(AlreadyExists):
            accounts.create(account(id=identity, owner=owner), command(f"b{identity}"))
    assert store.collection("accounts").count_documents({}) == 1


def test_of_several_creates_those_are_done_that_are_missing(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    told = command("c")
    accounts.create(account(id="2", balance=2), told.derived("2"))
    several = [account(id=identity, balance=5) for identity in ("1", "2", "3", "3")]
    for one in several:
        one.add(1)
    assert [(one.id, one.balance) for one in accounts.create_absent(several, told)] == [
        *(("1", 6), ("2", 2), ("3", 6), ("3", 6))
    ]
    before = list(store.collection("accounts").find({}, sort=[("_id", 1)]))
    assert [(each["_id"], each["version"], len(each["outbox"])) for each in before] == [
        *(("1", 1, 1), ("2", 1, 0), ("3", 1, 1))
    ]
    again = accounts.create_absent([account(id=identity) for identity in ("1", "2", "3")], told)
    assert [one.balance for one in again] == [6, 2, 6]
    assert accounts.create_absent([], told) == []
    assert list(store.collection("accounts").find({}, sort=[("_id", 1)])) == before


# ---- transactions --------------------------------------------------------------------------------------------------


def test_a_transaction_changes_all_or_nothing(
    accounts: Repository[Any], account: Any, command: Make, store: Store
) -> None:
    for identity in "12":
        accounts.create(account(id=identity, balance=10, closed=identity == "2"), command())

    def move(session: Any) -> None:
        accounts.change("1", command(), lambda each: each.add(-5), session=session)
        accounts.change("2", command(), lambda each: each.add(5), session=session)

    with pytest.raises(IllegalTransition):
        store.run_transaction(move)
    assert [accounts.get(identity).balance for identity in "12"] == [10, 10]


def test_transactions_on_the_same_documents_are_run_again_until_they_fit(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    for identity in "12":
        accounts.create(account(id=identity), command())

    def move(_number: int) -> None:
        def work(session: Any) -> None:
            accounts.change("1", command(), lambda each: each.add(-1), session=session)
            accounts.change("2", command(), lambda each: each.add(1), session=session)

        store.run_transaction(work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, range(20)))
    assert [accounts.get(identity).balance for identity in "12"] == [-20, 20]


def test_a_transaction_repeated_whole_does_nothing_twice(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="counter"), command())

    def issue() -> str:
        def work(session: Any) -> str:
            number = accounts.change("counter", command("r:number"), lambda each: each.add(1), session=session)
            made: str = accounts.create(account(id=f"permit-{number.balance}"), command("r"), session=session).id
            return made

        return store.run_transaction(work)

    assert [issue(), issue()] == ["permit-1", "permit-1"]
    assert accounts.get("counter").balance == 1
    assert store.collection("accounts").count_documents({}) == 2


def test_numbers_given_in_transactions_have_no_gaps(
    store: Store, accounts: Repository[Any], account: Any, command: Make
) -> None:
    accounts.create(account(id="counter"), command())

    def issue(number: int) -> int:
        def work(session: Any) -> int:
            given = accounts.change("counter", command(), lambda each: each.add(1), session=session).balance
            if number % 5 == 0:
                raise ValueError("given up")
            accounts.create(account(id=f"permit-{given}"), command(), session=session)
            return int(given)

        try:
            return store.run_transaction(work)
        except ValueError:
            return 0

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for number in pool.map(issue, range(25)) if number]
    assert sorted(numbers) == list(range(1, 21))
