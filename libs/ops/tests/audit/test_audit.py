"""Seals over real stores: what was tampered with is named, and what was not is proven to outsiders."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from minio.error import S3Error

from motcua_kit.command import Command
from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.documents.sign import FileKey
from motcua_kit.documents.statements import StatementError, read_statement, sign_statement
from motcua_kit.store import remove
from motcua_kit.store.chain import Head, extend
from motcua_ops.audit.archive import Archive
from motcua_ops.audit.offline import ProofError, check
from motcua_ops.audit.proofs import prove
from motcua_ops.audit.seals import KIND, last_seal, seal_key
from motcua_ops.audit.settings import AuditSettings
from motcua_ops.errors import OpsError

from .conftest import SERVICE, TODAY, City, days_ago

Rewrite = Callable[[City], None]


def rechained(document: dict[str, Any]) -> dict[str, Any]:
    """Make a document look as if its history had always been so: numbers, links and head made anew."""
    for number, entry in enumerate(document["history"], start=1):
        entry["version"] = number
    links, head = extend(f"dossiers/{document['_id']}", Head(), document["history"])
    return {**document, "version": len(links), "chain": links, "chain_head": vars(head)}


# ---- sealing -------------------------------------------------------------------------------------------------------


def test_a_suite_that_nobody_touched_has_nothing_to_tell(city: City) -> None:
    assert city.findings() == []


def test_each_day_is_sealed_once_and_names_the_one_before(city: City) -> None:
    assert city.seal() == []
    seals = list(city.archive.list("seals/dossier/"))
    assert [stored.key for stored in seals] == [
        seal_key(SERVICE, (TODAY - timedelta(days=ago)).isoformat()) for ago in (3, 2, 1)
    ]
    assert not any(stored.overwritten for stored in seals)
    last = last_seal(city.archive, SERVICE)
    assert last is not None
    assert (last.seal.leaves, last.seal.previous_day) == (1, (TODAY - timedelta(days=2)).isoformat())


def test_days_that_were_missed_are_caught_up(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.write("a", days_ago(6))
    city.seal(TODAY - timedelta(days=5))
    city.write("a", days_ago(4), days_ago(2))
    assert [seal.leaves for seal in city.seal()] == [0, 1, 0, 1, 0]
    assert city.findings() == []


def test_two_at_once_seal_once(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.write("a", days_ago(1))
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: city.seal(), range(2)))
    assert sorted(map(len, made)) == [0, 1]
    assert city.findings() == []


def test_one_that_was_killed_before_it_signed_is_done_again(
    make_city: Callable[..., City], monkeypatch: pytest.MonkeyPatch
) -> None:
    city = make_city()
    city.write("a", days_ago(1))

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("motcua_ops.audit.sealing.sign_statement", killed)
        with pytest.raises(KeyboardInterrupt):
            city.seal()
    assert len(list(city.archive.list("leaves/"))) == 1
    assert last_seal(city.archive, SERVICE) is None
    assert len(city.seal()) == 1
    assert [finding for finding in city.findings() if not finding.startswith("altered")] == []


def test_a_write_that_came_late_is_in_the_next_seal(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.write("a", days_ago(2))
    city.seal(TODAY - timedelta(days=1))
    city.write("b", days_ago(2, 23) + timedelta(minutes=59))
    assert [seal.leaves for seal in city.seal()] == [1]
    assert city.findings() == []


def test_what_an_older_version_wrote_is_adopted_by_the_first_seal(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.write("a", days_ago(5), days_ago(4))
    city.store.collection("dossiers").update_one({"_id": "a"}, {"$unset": {"chain": "", "chain_head": ""}})
    assert "not linked dossiers/a" in city.findings()
    city.seal()
    assert city.findings() == []
    assert all("adopted" in link for link in city.stored("a")["chain"])
    assert city.motcua("adopt", *city.options).output.endswith("dossier: 0 aggregates adopted\n")


# ---- tampering with the database -----------------------------------------------------------------------------------


def test_a_changed_entry_is_named(city: City) -> None:
    city.store.collection("dossiers").update_one({"_id": "b"}, {"$set": {"history.1.actor": "officers/2"}})
    assert city.findings() == ["changed dossiers/b"]


def test_a_removed_entry_is_named(city: City) -> None:
    city.store.collection("dossiers").update_one({"_id": "b"}, {"$pull": {"history": {"version": 2}}})
    assert city.findings() == ["removed dossiers/b"]


def test_an_inserted_entry_is_named(city: City) -> None:
    document = city.stored("b")
    document["history"].insert(1, {**document["history"][1], "action": "Forged"})
    city.put_back(document)
    assert "inserted dossiers/b" in city.findings()


def test_swapped_entries_are_named(city: City) -> None:
    document = city.stored("b")
    first, second = document["history"][:2]
    document["history"][:2] = [{**second, "version": 1}, {**first, "version": 2}]
    city.put_back(document)
    assert city.findings() == ["changed dossiers/b", "changed dossiers/b"]


def test_a_removed_dossier_is_named(city: City) -> None:
    city.store.collection("dossiers").delete_one({"_id": "b"})
    assert city.findings() == ["removed dossiers/b"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda entries: entries[1].update(actor="officers/2"),
        lambda entries: entries.pop(1),
        lambda entries: entries.pop(),
        lambda entries: entries.insert(1, dict(entries[1])),
        lambda entries: entries.insert(0, entries.pop()),
    ],
    ids=["changed", "removed", "cut", "inserted", "reordered"],
)
def test_who_makes_the_chain_anew_is_found_by_the_seals(city: City, forge: Callable[[list[Any]], None]) -> None:
    document = city.stored("b")
    forge(document["history"])
    city.put_back(rechained(document))
    assert city.findings()
    assert {finding.split()[-1] for finding in city.findings()} == {"dossiers/b"}


def test_a_dossier_that_appears_in_the_past_is_named(city: City) -> None:
    city.write("forged", days_ago(3))
    assert city.findings() == ["inserted dossiers/forged"]


def test_an_entry_that_appears_in_the_past_is_named(city: City) -> None:
    city.write("b", days_ago(2))
    assert city.findings() == ["inserted dossiers/b"]


def test_an_entry_without_a_link_is_named(city: City) -> None:
    entry = {**city.stored("b")["history"][2], "version": 4}
    city.store.collection("dossiers").update_one({"_id": "b"}, {"$push": {"history": entry}, "$set": {"version": 4}})
    assert city.findings() == ["not linked dossiers/b"]


def test_a_history_that_is_none_is_named(city: City) -> None:
    city.store.collection("dossiers").update_one({"_id": "b"}, {"$set": {"history": 7, "chain": [{}]}})
    assert city.findings() == ["changed dossiers/b"]


def test_a_draft_that_a_command_deleted_is_told_and_no_alarm(city: City) -> None:
    gone = Command(name="DeleteDossier", actor="accounts/an", time=days_ago(0, 0))
    assert remove(city.store, "dossiers", {"_id": "b", "version": 3}, gone)
    assert city.findings() == ["deleted dossiers/b"]
    result = city.motcua("verify", *city.options)
    assert (result.exit_code, "by the command DeleteDossier" in result.output) == (0, True)


# ---- a look at the last days only ----------------------------------------------------------------------------------


def test_a_look_at_the_last_days_finds_what_was_done_to_what_is_in_them(city: City) -> None:
    since = TODAY - timedelta(days=2)
    assert city.findings(since=since) == []
    city.store.collection("dossiers").update_one({"_id": "a"}, {"$set": {"history.0.actor": "officers/2"}})
    city.store.collection("dossiers").delete_one({"_id": "c"})
    city.write("forged", days_ago(2))
    found = ["changed dossiers/a", "inserted dossiers/forged", "removed dossiers/c"]
    assert sorted(city.findings(since=since)) == found
    for text in (since.isoformat(), "2d"):
        told = city.motcua("verify", "--since", text, *city.options)
        assert (told.exit_code, told.output.splitlines()[-1]) == (1, "3 findings")
    refused = city.motcua("verify", "--since", "lately", *city.options)
    assert (refused.exit_code, "lately is neither a day" in refused.output) == (1, True)


def test_a_look_at_the_last_days_is_not_led_astray_by_a_day_that_was_changed(city: City) -> None:
    changed = {"history.2.actor": "officers/2", "chain_head.day": "2020-01-01"}
    city.store.collection("dossiers").update_one({"_id": "a"}, {"$set": changed})
    assert city.findings(since=TODAY - timedelta(days=1)) == ["changed dossiers/a"]


def test_a_look_at_the_last_days_leaves_older_ones_to_the_whole(city: City) -> None:
    city.store.collection("dossiers").delete_one({"_id": "b"})
    assert city.findings(since=TODAY - timedelta(days=1)) == []
    assert city.findings() == ["removed dossiers/b"]


# ---- tampering with the seals --------------------------------------------------------------------------------------


def test_a_seal_that_was_overwritten_is_named_and_the_first_one_counts(city: City) -> None:
    stored = list(city.archive.list("seals/dossier/"))[1]
    altered = city.archive.read(stored).replace(b".", b".A", 1)
    city.archive.put(stored.key, io.BytesIO(altered), len(altered), "application/jose")
    assert city.findings() == [f"altered seal {TODAY - timedelta(days=2)}"]


def test_a_removed_seal_is_named(city: City) -> None:
    stored = list(city.archive.list("seals/dossier/"))[1]
    city.archive._store.delete(f"{city.settings.audit_prefix}/{stored.key}")
    assert city.findings() == [f"altered seal {TODAY - timedelta(days=2)}"], "a delete marker only hides it"


def test_a_locked_seal_cannot_be_deleted(city: City) -> None:
    for stored in (*city.archive.list("seals/"), *city.archive.list("leaves/")):
        assert city.archive.locked_until(stored) is not None
        with pytest.raises(S3Error):
            city.archive._store.delete(f"{city.settings.audit_prefix}/{stored.key}", version=stored.version)


def test_altered_roots_and_strangers_signatures_are_named(make_city: Callable[..., City], tmp_path: Path) -> None:
    """Without object lock a seal can be replaced for good; the signature and the next seal show it."""
    city = make_city(audit_lock="none")
    city.write("a", days_ago(3), days_ago(2), days_ago(1))
    for ago in (2, 1, 0):
        city.seal(TODAY - timedelta(days=ago))
    stored = list(city.archive.list("seals/dossier/"))[1]
    text = city.archive.read(stored).decode()
    payload = read_statement(text, KIND).payload
    forged = payload.replace(json.loads(payload)["root"].encode(), b"0" * 64)
    stranger = write_sample_key(tmp_path, common_name="Stranger", organisation="Nobody", time=days_ago(30))
    day = f"seal {TODAY - timedelta(days=2)}"
    for key, expected in ((None, f"altered {day}"), (FileKey(*stranger), f"altered {day}")):
        new = sign_statement(forged, key, KIND) if key else text.replace(".", ".A", 1)
        city.archive._store.delete(f"{city.settings.audit_prefix}/{stored.key}", version=stored.version)
        city.archive.put(stored.key, io.BytesIO(new.encode()), len(new), "application/jose")
        stored = list(city.archive.list("seals/dossier/"))[1]
        assert expected in city.findings()
        assert f"removed seal {TODAY - timedelta(days=1)}" in city.findings(), "the next one names another"


def test_seals_that_nobody_locks_are_made_only_when_told_so_and_it_is_said(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.write("a", days_ago(1))
    assert city.motcua("seal", "--no-lock", *city.options).output.endswith("dossier: 1 days sealed, NOT LOCKED\n")
    day = TODAY - timedelta(days=1)
    assert city.findings() == [f"not locked seal {day}", f"not locked seal {day}"]
    assert city.motcua("verify", *city.options).exit_code == 0


def test_a_bucket_without_object_lock_is_refused(make_city: Callable[..., City], open_bucket: str) -> None:
    city = make_city()
    city.environment["AUDIT_BUCKET"] = open_bucket
    city.write("a", days_ago(1))
    refused = city.motcua("seal", *city.options)
    assert (refused.exit_code, f"bucket {open_bucket} takes no object lock" in refused.output) == (1, True)
    archive = Archive(AuditSettings.load(**{name.lower(): value for name, value in city.environment.items()}))
    with pytest.raises(OpsError, match="no object lock"):
        archive.put("seals/dossier/x.jws", io.BytesIO(b"x"), 1, "application/jose")


def test_no_seal_at_all_is_an_alarm(make_city: Callable[..., City]) -> None:
    assert make_city().findings() == ["not sealed dossier"]


def test_seals_that_ended_are_an_alarm(city: City) -> None:
    assert city.findings(TODAY + timedelta(days=1)) == []
    assert city.findings(TODAY + timedelta(days=2)) == ["removed seals"]


# ---- proofs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "sealed", "entries"), [("a", 3, 3), ("b", 3, 3), ("c", 1, 2)])
def test_a_proof_holds_offline(city: City, name: str, sealed: int, entries: int) -> None:
    proven = check(prove(city.store, city.archive, SERVICE, f"dossiers/{name}"), city.trusted)
    assert (proven.name, proven.sealed, proven.entries) == (f"dossier dossiers/{name}", sealed, entries)


def test_a_proof_can_hide_persons_and_still_holds(city: City) -> None:
    proof = prove(city.store, city.archive, SERVICE, "dossiers/b", {"reason", "actor"})
    assert "Bưởi" not in json.dumps(proof, ensure_ascii=False)
    assert "officers/1" not in json.dumps(proof)
    assert check(proof, city.trusted).sealed == 3


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to all texts and numbers inside a value."""
    if isinstance(value, dict):
        return [found for key in value for found in leaves_of(value[key], (*path, key))]
    if isinstance(value, list):
        return [found for key, each in enumerate(value) for found in leaves_of(each, (*path, key))]
    return [path]


def test_no_part_of_a_proof_can_be_changed(city: City) -> None:
    proof = prove(city.store, city.archive, SERVICE, "dossiers/b")
    whole = json.dumps(proof)
    for path in leaves_of(proof):
        forged: Any = json.loads(whole)
        inner = forged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = inner[path[-1]] + 1 if isinstance(inner[path[-1]], int) else f"0{inner[path[-1]]}"[:-1] + "~"
        with pytest.raises(ProofError):
            check(forged, city.trusted)


def test_a_proof_that_a_stranger_signed_is_refused(city: City, tmp_path: Path) -> None:
    proof = prove(city.store, city.archive, SERVICE, "dossiers/b")
    stranger = write_sample_key(tmp_path, common_name="Stranger", organisation="Nobody", time=days_ago(30))
    proof["seal"] = sign_statement(read_statement(proof["seal"], KIND).payload, FileKey(*stranger), KIND)
    assert check(proof, []).statement.signer.startswith("CN=Stranger")
    with pytest.raises(ProofError, match="nobody trusted"):
        check(proof, city.trusted)


def test_what_is_not_sealed_cannot_be_proven(city: City) -> None:
    city.write("new", days_ago(0, 0))
    for name, problem in (("dossiers/new", "in no seal yet"), ("dossiers/none", "there is no")):
        with pytest.raises(OpsError, match=problem):
            prove(city.store, city.archive, SERVICE, name)


def test_what_is_no_statement_is_refused() -> None:
    for text in ("", "a.b.c", "..", "e30.e30.e30"):
        with pytest.raises(StatementError):
            read_statement(text, KIND)


# ---- commands ------------------------------------------------------------------------------------------------------


def test_the_commands_seal_verify_prove_and_check(make_city: Callable[..., City], tmp_path: Path) -> None:
    city = make_city()
    city.write("a", days_ago(2), days_ago(1))
    sealed = city.motcua("seal", *city.options).output
    assert re.search(r"dossier: 1 days sealed, locked until \d{4}-\d\d-\d\d, mode governance\n$", sealed)
    assert city.motcua("seal", *city.options).output == "dossier: 0 days sealed\n"
    whole = city.motcua("verify", *city.options)
    assert (whole.exit_code, whole.output.splitlines()[-1]) == (0, "nothing was changed, removed or inserted")
    file = tmp_path / "proof.json"
    assert city.motcua("proof", "a", "-o", str(file), *city.options).exit_code == 0
    checked = city.motcua("check-proof", str(file), "--trust", str(city.root))
    assert checked.exit_code == 0, checked.output
    assert f"dossier dossiers/a: 2 entries stood there at the end of {TODAY - timedelta(days=1)}" in checked.output
    assert "not trusted" in city.motcua("check-proof", str(file)).output
    city.store.collection("dossiers").delete_one({"_id": "a"})
    broken = city.motcua("verify", *city.options)
    assert (broken.exit_code, "removed     dossier dossiers/a" in broken.output) == (1, True)
    file.write_text("{}")
    assert city.motcua("check-proof", str(file)).exit_code == 1


def test_settings_that_are_missing_are_named(make_city: Callable[..., City]) -> None:
    city = make_city()
    city.environment |= {"MONGODB_URI": ""}
    assert "MONGODB_URI" in city.motcua("verify", *city.options).output
    city = make_city()
    city.environment |= {"SIGNING_KEY_FILE": ""}
    assert "SIGNING_KEY_FILE" in city.motcua("seal", *city.options).output
    city.environment |= {"SIGNING_KEY_FILE": str(city.root)}
    refused = city.motcua("seal", *city.options)
    assert (refused.exit_code, "the key that signs seals" in refused.output) == (1, True)
