"""Officers find dossiers of their unit by the name of the applicant."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from motcua.dossier.v1 import dossier_pb2 as pb
from motcua_client import errors
from motcua_dossier.adapters.collections import MIGRATIONS
from motcua_dossier.bootstrap import SERVICE, Parts
from motcua_kit.store import lives

Office = Any
TakeOver = Callable[..., None]
Found = list[str]


@pytest.fixture
def take_over(office: Office, people: SimpleNamespace) -> TakeOver:
    """Import dossiers of such names that have ended, one a minute."""
    runtime = office.running.runtime
    numbers = iter(range(1, 1_000))

    def run(*names: str, unit: str = people.ward) -> None:
        def lines() -> Iterator[bytes]:
            for name in names:
                number = next(numbers)
                times = [f"2026-08-10T{number // 60:02}:{number % 60:02}:{second:02}+07:00" for second in (0, 1)]
                steps = [
                    {"action": "SubmitDossier", "time": times[0]},
                    {"action": "WithdrawDossier", "time": times[1], "reason": "đổi ý"},
                ]
                record = {
                    "format": "motcua.import/1",
                    "code": f"H29.26740-260810-{number:04}",
                    "procedure": "procedures/1.013225",
                    "unit": unit,
                    "applicant_name": name,
                    "steps": steps,
                }
                yield json.dumps(record).encode()

        importer = Parts(runtime.settings, runtime).importer(lambda refusal: pytest.fail(str(refusal)), lambda _: None)
        assert importer.run(enumerate(lines(), start=1)).imported == len(names)

    return run


@pytest.fixture
def search(office: Office, people: SimpleNamespace) -> Callable[..., Found]:
    """Return the names that a search finds, over all pages."""
    documents = office.running.runtime.store.collection("dossiers")

    def run(query: str, size: int = 50) -> Found:
        found, token = [], ""
        while True:
            request = pb.SearchDossiersRequest(parent=people.ward, query=query, page_size=size, page_token=token)
            page = office.receiver.SearchDossiers(request)
            assert len(page.dossiers) <= size
            found += [dossier.name.removeprefix("dossiers/") for dossier in page.dossiers]
            token = page.next_page_token
            if not token:
                return [documents.find_one({"_id": identity})["applicant_name"] for identity in found]

    return run


def test_tones_do_not_matter_and_those_that_were_written_come_first(
    take_over: TakeOver, search: Callable[..., Found]
) -> None:
    take_over("Đỗ Văn Hoà", "ĐỖ THỊ HOA", "Nguyễn Văn Đô", "Đõ Văn Hóa", "Lê Thị Do")
    assert search("do hoa") == ["Đõ Văn Hóa", "ĐỖ THỊ HOA", "Đỗ Văn Hoà"]
    assert search("Đỗ") == ["ĐỖ THỊ HOA", "Đỗ Văn Hoà", "Lê Thị Do", "Đõ Văn Hóa", "Nguyễn Văn Đô"]
    assert search("đỗ hoà") == ["Đỗ Văn Hoà", "Đõ Văn Hóa", "ĐỖ THỊ HOA"]
    assert search("ngu") == ["Nguyễn Văn Đô"]
    assert search("guyen") == []


def test_pages_show_everything_once(take_over: TakeOver, search: Callable[..., Found]) -> None:
    """Also where most of what one word finds does not have the other, so that pages are short or empty."""
    take_over(*(f"{'Nguyễn' if number % 3 else 'Nguyên'} Văn {'An' if number % 5 else 'Bình'}" for number in range(40)))
    for query in ("nguyễn", "nguyen binh", "Nguyễn bình", "nguyên", "văn nguyễn an"):
        expected = search(query)
        assert expected
        for size in (1, 3, 7):
            assert search(query, size) == expected
    binh = search("nguyễn bình")
    assert binh == ["Nguyễn Văn Bình"] * 5 + ["Nguyên Văn Bình"] * 3


def test_another_units_dossiers_are_not_found(
    office: Office, people: SimpleNamespace, take_over: TakeOver, search: Callable[..., Found]
) -> None:
    take_over("Trần Thị Ba", unit=people.other_ward)
    take_over("Trần Văn Hai")
    assert search("tran") == ["Trần Văn Hai"]
    with pytest.raises(errors.NotFound):
        office.receiver.SearchDossiers(pb.SearchDossiersRequest(parent=people.other_ward, query="tran"))


def test_nothing_that_the_applicant_wrote_is_shown(office: Office, people: SimpleNamespace) -> None:
    office.submitted()
    (found,) = office.receiver.SearchDossiers(pb.SearchDossiersRequest(parent=people.ward, query="nguyen")).dossiers
    assert found.code
    assert not found.applicant_name
    assert not found.HasField("form")


@pytest.mark.parametrize("query", ["a", "?", "a b"])
def test_too_little_is_refused_with_the_field(office: Office, people: SimpleNamespace, query: str) -> None:
    with pytest.raises(errors.ValidationFailed) as refused:
        office.receiver.SearchDossiers(pb.SearchDossiersRequest(parent=people.ward, query=query))
    assert refused.value.reason == "QUERY_TOO_SHORT"
    assert [violation.field for violation in refused.value.violations] == ["query"]


def test_a_token_is_good_for_its_search_and_stage_only(
    office: Office, people: SimpleNamespace, take_over: TakeOver
) -> None:
    take_over("Lê An", "Lê Bình", "Le Cường")
    request = pb.SearchDossiersRequest(parent=people.ward, query="lê", page_size=1)
    token = office.receiver.SearchDossiers(request).next_page_token
    assert token.startswith("exact.")
    for query, altered in (("lệ", token), ("lê", token.replace("exact", "all")), ("lê", "some")):
        with pytest.raises(errors.ValidationFailed) as refused:
            office.receiver.SearchDossiers(
                pb.SearchDossiersRequest(parent=people.ward, query=query, page_size=1, page_token=altered)
            )
        assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_a_search_walks_its_index(office: Office, people: SimpleNamespace) -> None:
    office.submitted()
    collection = office.running.runtime.store.collection("dossiers")
    order = [("create_time", -1), ("_id", -1)]
    query = {"unit": people.ward, "terms": "nguyen"}
    for part in (query, {**query, "create_time": {"$lt": office.clock.now}}):
        assert '"of_name"' in json.dumps(collection.find(part).sort(order).explain()["queryPlanner"]["winningPlan"])


def test_dossiers_of_an_older_version_are_found_after_its_migration(
    office: Office, take_over: TakeOver, search: Callable[..., Found]
) -> None:
    take_over(*["Phạm Thị Tư"] * 3)
    collection = office.running.runtime.store.collection("dossiers")
    (migration,) = [one for one in MIGRATIONS if one.id == "0003_terms"]
    for _ in range(2):
        collection.update_many({}, {"$unset": {"terms": ""}})
        assert search("pham") == []
        migration.apply(office.running.runtime.store)
        migration.apply(office.running.runtime.store)
        assert len(search("pham")) == 3


def test_what_an_older_version_wrote_meanwhile_is_found_after_a_rebuild(
    office: Office, take_over: TakeOver, search: Callable[..., Found]
) -> None:
    take_over("Phạm Thị Tư")
    store = office.running.runtime.store
    store.collection("dossiers").update_many({}, {"$unset": {"terms": ""}})
    assert [mended for _, mended in lives.mend(store, SERVICE.lives)] == [True]
    assert search("pham") == ["Phạm Thị Tư"]
