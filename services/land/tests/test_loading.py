from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner

from motcua_kit.data import DataError
from motcua_kit.store import PageSigner, Store, migrate
from motcua_land.adapters.register_files import PARCELS, ROADS, Register, read_register, write_ward
from motcua_land.adapters.register_store import MIGRATIONS, MongoCertificates, MongoParcels
from motcua_land.application.loading import RegisterConflict
from motcua_land.commands import load_command, load_register

CITY = Path(__file__).resolve().parents[3] / "city" / "parcels"


@pytest.fixture
def empty(store: Store) -> Store:
    """A database with collections and nothing in them."""
    migrate(store, MIGRATIONS)
    return store


def silent(*_: object) -> None:
    pass


def test_the_whole_register_loads_once(empty: Store, servers: Any, register: Register) -> None:
    environment = {"MONGODB_URI": servers.mongodb_uri, "MONGODB_DATABASE": empty.database.name, "PROFILE": "local"}
    first = CliRunner().invoke(load_command, ["--dir", str(CITY)], env=environment)
    assert first.exit_code == 0, first.output
    assert f"parcels: {len(register.parcels)} of {len(register.parcels)}" in first.output
    assert f"loaded {len(register.parcels)} parcels, {len(register.certificates)} certificates; 0 there" in first.output
    before = list(empty.collection("parcels").find(sort=[("_id", 1)]))
    again = CliRunner().invoke(load_command, ["--dir", str(CITY)], env=environment)
    assert again.exit_code == 0, again.output
    assert "loaded 0 parcels, 0 certificates" in again.output
    assert list(empty.collection("parcels").find(sort=[("_id", 1)])) == before


def test_a_database_without_its_collections_is_not_loaded(store: Store, servers: Any) -> None:
    environment = {"MONGODB_URI": servers.mongodb_uri, "MONGODB_DATABASE": store.database.name, "PROFILE": "local"}
    result = CliRunner().invoke(load_command, ["--dir", str(CITY)], env=environment)
    assert result.exit_code == 1
    assert "run: python -m motcua_land migrate" in result.output
    assert store.database.list_collection_names() == []


def test_what_is_stored_is_what_was_loaded(empty: Store, excerpt: Register, add: Callable[[Register], None]) -> None:
    add(excerpt)
    parcels, certificates = MongoParcels(empty, PageSigner("")), MongoCertificates(empty)
    for parcel in excerpt.parcels:
        there = parcels.get(parcel.id)
        assert replace(there, version=0, create_time=None, update_time=None) == parcel
    for certificate in excerpt.certificates:
        there_too = certificates.get(certificate.id)
        assert replace(there_too, version=0, create_time=None, update_time=None) == certificate


def test_a_record_with_other_content_is_a_conflict_and_nothing_is_written(
    empty: Store, excerpt: Register, add: Callable[[Register], None]
) -> None:
    add(Register(excerpt.parcels[:1], [], []))
    changed = [replace(excerpt.parcels[0], address="elsewhere"), *excerpt.parcels[1:]]
    with pytest.raises(RegisterConflict) as conflict:
        add(Register(changed, [], []))
    assert conflict.value.problems == (f"Parcel {excerpt.parcels[0].id} is there with other content",)
    assert empty.collection("parcels").count_documents({}) == 1


def test_a_cadastral_key_belongs_to_one_parcel(excerpt: Register, add: Callable[[Register], None]) -> None:
    first, second = excerpt.parcels[:2]
    add(Register([first], [], []))
    with pytest.raises(RegisterConflict) as conflict:
        add(Register([replace(second, cadastral_key=first.cadastral_key)], [], []))
    assert f"is the key of {first.name} already" in conflict.value.problems[0]


def test_what_registration_has_changed_since_is_left_alone(
    empty: Store, excerpt: Register, add: Callable[[Register], None]
) -> None:
    parcel = excerpt.parcels[0]
    add(Register([parcel], [], []))
    empty.collection("parcels").update_one({"_id": parcel.id}, {"$set": {"address": "new", "version": 2}})
    add(Register([parcel], [], []))
    assert MongoParcels(empty, PageSigner("")).get(parcel.id).address == "new"


def test_a_register_with_problems_is_refused_whole(empty: Store, excerpt: Register, tmp_path: Path) -> None:
    for facts in CITY.glob("*.yaml"):
        (tmp_path / facts.name).symlink_to(facts)
    write_ward(tmp_path / "26740", excerpt.parcels, excerpt.certificates[1:], [])
    for roads in CITY.glob(f"*/{ROADS}"):
        (tmp_path / f"roads-{roads.parent.name}").mkdir()
        (tmp_path / f"roads-{roads.parent.name}" / ROADS).symlink_to(roads)
    with pytest.raises(ClickException) as refusal:
        load_register(empty, tmp_path, silent)
    assert "nothing was loaded" in refusal.value.message
    assert f"only a right says that {excerpt.certificates[0].name}" in refusal.value.message
    assert empty.collection("parcels").count_documents({}) == 0
    assert empty.collection("certificates").count_documents({}) == 0


def test_files_and_register_are_the_same_thing(excerpt: Register, tmp_path: Path) -> None:
    write_ward(tmp_path / "26740", excerpt.parcels, excerpt.certificates, [])
    again = read_register(tmp_path)
    assert (again.parcels, again.certificates) == (list(excerpt.parcels), list(excerpt.certificates))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"parcel_class":', '"parcel_klass":', "parcel 1"),
        ("[[[6", "[[[9", "parcel 1: "),
    ],
)
def test_a_broken_file_is_named_with_the_record(
    excerpt: Register, tmp_path: Path, old: str, new: str, message: str
) -> None:
    write_ward(tmp_path / "26740", excerpt.parcels[:1], [], [])
    file = tmp_path / "26740" / PARCELS
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_register(tmp_path)
