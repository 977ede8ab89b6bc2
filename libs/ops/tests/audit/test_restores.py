"""After a restore: what was sealed since the backup is gone, and a signed statement says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from motcua_kit.documents.sample_key import write_sample_key
from motcua_kit.documents.sign import FileKey
from motcua_ops.audit.offline import check
from motcua_ops.audit.proofs import prove
from motcua_ops.audit.restores import state_restore
from motcua_ops.errors import OpsError

from .conftest import SERVICE, TODAY, City, days_ago

WHY = ("--by", "Trần Thị Bình, trưởng ca", "--ground", "mất ổ đĩa", "--service", SERVICE)


@pytest.fixture
def backup() -> datetime:
    """Its moment: the day before yesterday at eleven."""
    return days_ago(2, 11)


@pytest.fixture
def restored(make_city: Callable[..., City]) -> City:
    """A city that was put back: `a` went on after the backup, `c` came later, and people have worked since then."""
    city = make_city()
    city.write("a", days_ago(3), days_ago(2))
    city.write("b", days_ago(3))
    before = [city.stored(name) for name in "ab"]
    city.write("a", days_ago(2, 12), days_ago(1))
    city.write("c", days_ago(1))
    for ago in (2, 1, 0):
        city.seal(TODAY - timedelta(days=ago))
    city.store.collection("dossiers").delete_one({"_id": "c"})
    for document in before:
        city.put_back(document)
    city.write("a", days_ago(0, 0))
    return city


def kinds(findings: list[str]) -> set[str]:
    return {finding.split()[0] for finding in findings}


def test_without_a_statement_it_looks_like_what_it_may_be(restored: City) -> None:
    assert kinds(restored.findings()) == {"changed", "removed"}
    assert "removed dossiers/c" in restored.findings()


def test_with_a_statement_it_is_told_and_no_alarm(restored: City, backup: datetime) -> None:
    stated = restored.motcua("restored", "--point", backup.isoformat(), *WHY)
    assert stated.exit_code == 0, stated.output
    told = restored.motcua("verify", *restored.options)
    assert told.exit_code == 0, told.output
    assert kinds(restored.findings()) == {"restored"}
    assert "restored    dossier dossiers/c: is not there since the restore to" in told.output
    assert "stated by Trần Thị Bình, trưởng ca: mất ổ đĩa" in told.output


def test_the_days_after_are_sealed_and_checked_as_ever(restored: City, backup: datetime) -> None:
    restored.motcua("restored", "--point", backup.isoformat(), *WHY)
    tomorrow = TODAY + timedelta(days=1)
    restored.seal(tomorrow)
    assert kinds(restored.findings(tomorrow)) == {"restored"}
    restored.store.collection("dossiers").update_one({"_id": "a"}, {"$set": {"history.2.actor": "officers/2"}})
    assert "changed dossiers/a" in restored.findings(tomorrow)


def test_all_that_the_backup_had_is_sealed_anew(restored: City, backup: datetime) -> None:
    """Else what was sealed on the day of the backup only could be taken away under the name of the restore."""
    restored.motcua("restored", "--point", backup.isoformat(), *WHY)
    tomorrow, after = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
    assert [seal.leaves for seal in restored.seal(tomorrow)] == [2]
    assert [seal.leaves for seal in restored.seal(after)] == [0]
    proven = check(prove(restored.store, restored.archive, SERVICE, "dossiers/a"), restored.trusted)
    assert (proven.seal.day, proven.sealed) == (str(TODAY), 3)
    restored.store.collection("dossiers").delete_one({"_id": "a"})
    assert "removed dossiers/a" in restored.findings(after)


def test_it_explains_nothing_that_was_in_the_backup(restored: City, backup: datetime) -> None:
    restored.motcua("restored", "--point", backup.isoformat(), *WHY)
    restored.store.collection("dossiers").delete_one({"_id": "b"})
    assert "removed dossiers/b" in restored.findings()


def test_a_statement_of_a_stranger_explains_nothing(restored: City, backup: datetime, tmp_path: Path) -> None:
    stranger = FileKey(*write_sample_key(tmp_path, common_name="Stranger", organisation="Nobody", time=days_ago(30)))
    state_restore(restored.archive, SERVICE, stranger, backup, "nobody", "nothing")
    assert kinds(restored.findings()) == {"altered", "changed", "removed"}


def test_a_restore_that_lost_nothing_that_was_sealed_needs_no_statement(city: City) -> None:
    with pytest.raises(OpsError, match="nothing was sealed since"):
        state_restore(city.archive, SERVICE, city.settings.key, days_ago(0, 0), "a", "b")
    refused = city.motcua("restored", "--point", "yesterday", *WHY)
    assert (refused.exit_code, "--point: yesterday is no moment" in refused.output) == (1, True)
