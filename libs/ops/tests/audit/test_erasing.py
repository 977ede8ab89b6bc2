"""Personal values that go from a history by order, and those that went without."""

from __future__ import annotations

import json
from typing import Any

import pytest

from motcua_kit.command import Command
from motcua_kit.store import remove
from motcua_kit.store.chain import erased
from motcua_ops.audit.erasing import ORDER, Part, erase, orders_of
from motcua_ops.audit.offline import check
from motcua_ops.audit.proofs import prove
from motcua_ops.errors import OpsError

from .conftest import SERVICE, City, days_ago

GROUND = "Luật 91/2025/QH15, Điều 4; QĐ 7/QĐ-UBND"
BY = "officers/7"
ORDERED = ("--by", BY, "--ground", GROUND)


def rub_out(document: dict[str, Any], number: int, field: str) -> None:
    """Erase without an order."""
    history, chain = document["history"], document["chain"]
    history[number - 1], chain[number - 1] = erased(history[number - 1], chain[number - 1], field)


def test_what_is_erased_is_gone_and_the_order_is_the_next_entry(city: City) -> None:
    result = city.motcua("erase", "b", "--field", "reason", *ORDERED, "--yes", *city.options)
    assert (result.exit_code, result.output) == (0, "erased of dossier dossiers/b: 1.reason, 2.reason, 3.reason\n")
    document = city.stored("b")
    assert "Bưởi" not in json.dumps(document, default=str, ensure_ascii=False)
    order = document["history"][-1]
    assert (order["version"], order["actor"], order["action"], order["reason"]) == (4, BY, ORDER, GROUND)
    assert document["version"] == 4
    assert orders_of(document).keys() == {Part(number, "reason") for number in (1, 2, 3)}


def test_verify_tells_what_was_erased_who_ordered_it_and_why(city: City) -> None:
    city.motcua("erase", "b", "--field", "reason", "--entry", "2", *ORDERED, "--yes", *city.options)
    told = city.motcua("verify", *city.options)
    assert f"erased      dossier dossiers/b: 2.reason, by order of {BY}: {GROUND}" in told.output
    assert told.exit_code == 0


def test_the_history_goes_on_is_sealed_and_proven(city: City) -> None:
    city.motcua("erase", "b", "--field", "reason", *ORDERED, "--yes", *city.options)
    city.write("b", days_ago(0, 0))
    assert [entry.version for entry in city.dossiers.history("b")] == [1, 2, 3, 4, 5]
    proof = prove(city.store, city.archive, SERVICE, "dossiers/b")
    assert "Bưởi" not in json.dumps(proof["entries"][:3], ensure_ascii=False)
    assert check(proof, city.trusted).entries == 5


def test_only_the_values_of_one_person_go(city: City) -> None:
    city.write("b", days_ago(0, 0))
    nothing = city.motcua("erase", "b", "--field", "actor", "--value", "officers/2", *ORDERED, "--yes", *city.options)
    assert (nothing.exit_code, "there is nothing of that" in nothing.output) == (1, True)
    some = ("--value", "officers/1", "--entry", "4", *ORDERED, "--yes", *city.options)
    assert city.motcua("erase", "b", "--field", "actor", *some).exit_code == 0
    assert [entry["actor"] for entry in city.stored("b")["history"]] == [*["officers/1"] * 3, "", BY]


def test_a_value_goes_once_and_that_of_an_order_only_when_it_is_named(city: City) -> None:
    erase_all = ("erase", "b", "--field", "reason", *ORDERED, "--yes", *city.options)
    assert city.motcua(*erase_all).exit_code == 0
    before = city.stored("b")
    again = city.motcua(*erase_all)
    assert (again.exit_code, "there is nothing of that" in again.output) == (1, True)
    with pytest.raises(OpsError, match="no reason of entry 1"):
        erase(city.store, "dossiers/b", [Part(1, "reason")], by=BY, ground=GROUND)
    assert city.stored("b") == before
    assert city.motcua(*erase_all, "--entry", "4").exit_code == 0


def test_nothing_goes_unless_it_is_confirmed(city: City) -> None:
    before = city.stored("b")
    asked = city.motcua("erase", "b", "--field", "reason", *ORDERED, *city.options)
    assert (asked.exit_code, "1.reason, 2.reason, 3.reason" in asked.output) == (1, True)
    assert city.stored("b") == before


def test_the_history_of_what_was_removed_can_be_erased(city: City) -> None:
    gone = Command(name="DeleteDossier", actor="accounts/an", time=days_ago(0, 0))
    assert remove(city.store, "dossiers", {"_id": "b", "version": 3}, gone)
    assert city.motcua("erase", "b", "--field", "reason", *ORDERED, "--yes", *city.options).exit_code == 0
    assert sorted(city.findings()) == ["deleted dossiers/b", *["erased dossiers/b"] * 3]
    assert "by the command DeleteDossier" in city.motcua("verify", *city.options).output


def test_an_erasure_that_nobody_ordered_is_found(city: City) -> None:
    document = city.stored("b")
    rub_out(document, 1, "reason")
    city.put_back(document)
    assert city.findings() == ["not ordered dossiers/b"]
    assert city.motcua("verify", *city.options).exit_code == 1


def test_an_order_for_another_value_is_none(city: City) -> None:
    city.motcua("erase", "b", "--field", "reason", "--entry", "1", *ORDERED, "--yes", *city.options)
    document = city.stored("b")
    rub_out(document, 2, "reason")
    city.put_back(document)
    assert sorted(city.findings()) == ["erased dossiers/b", "not ordered dossiers/b"]


def test_an_order_cannot_be_widened(city: City) -> None:
    city.motcua("erase", "b", "--field", "reason", "--entry", "1", *ORDERED, "--yes", *city.options)
    document = city.stored("b")
    rub_out(document, 2, "reason")
    document["history"][-1]["request_id"] += ",2.reason"
    city.put_back(document)
    assert "changed dossiers/b" in city.findings()


def test_what_is_not_whole_is_not_touched(city: City) -> None:
    city.store.collection("dossiers").update_one({"_id": "b"}, {"$set": {"history.1.actor": "officers/2"}})
    before = city.stored("b")
    refused = city.motcua("erase", "b", "--field", "reason", *ORDERED, "--yes", *city.options)
    assert (refused.exit_code, "dossiers/b is not whole: entry 2 is changed" in refused.output) == (1, True)
    assert city.stored("b") == before
