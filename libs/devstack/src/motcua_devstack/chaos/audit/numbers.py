"""Numbers that the law wants without gaps: codes of dossiers, slips, permits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from motcua_devstack.chaos.audit.findings import Sheet
from motcua_devstack.chaos.audit.stores import Audited
from motcua_dossier.adapters.collections import DOCUMENTS, DOSSIERS, SEQUENCES
from motcua_permits.adapters.collections import COUNTERS, PERMITS


def check(audited: Audited, sheet: Sheet) -> None:
    """Look at all numbers."""
    _check_codes(audited, sheet)
    _check_slips(audited, sheet)
    _check_permits(audited, sheet)


def _check_codes(audited: Audited, sheet: Sheet) -> None:
    """Codes of dossiers begin anew for each agency each day."""
    given: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for dossier in audited.collection("dossier", DOSSIERS).find({"code": {"$gt": ""}}, {"code": 1}):
        agency, day, number = dossier["code"].rsplit("-", 2)
        given[agency, day].append(int(number))
    counters = {counter["_id"]: counter for counter in audited.collection("dossier", SEQUENCES).find()}
    for (agency, day), sequence in given.items():
        _check_sequence(sheet, f"codes of {agency} on {day}", sequence)
        counter = counters.get(agency, {"day": "", "last": 0})
        counted = {**counter.get("earlier", {}), counter["day"]: counter["last"]}
        date = f"20{day[:2]}-{day[2:4]}-{day[4:]}"
        if date >= min(counted):  # what was longer ago the counter has forgotten
            _check_counter(sheet, f"sequences/{agency} on {date}", counted.get(date), sequence)


def _check_slips(audited: Audited, sheet: Sheet) -> None:
    """Each form is issued once for a dossier, under its code; the document bears the same number."""
    numbers: Counter[str] = Counter()
    papers = {
        document["_id"]: document["number"]
        for document in audited.collection("dossier", DOCUMENTS).find({"kind": "slip"}, {"number": 1})
    }
    for dossier in audited.collection("dossier", DOSSIERS).find(
        {"slips.0": {"$exists": True}}, {"code": 1, "slips": 1}
    ):
        for slip in dossier["slips"]:
            sheet.saw()
            numbers[slip["number"]] += 1
            document = slip["document"].rpartition("/")[2]
            if slip["number"] != f"{dossier['code']}/{slip['form']}" or papers.get(document) != slip["number"]:
                sheet.blame(
                    f"dossiers/{dossier['_id']}",
                    f"slip {slip['form']} of {dossier['code']} is number {slip['number']}; "
                    f"{slip['document']} is number {papers.get(document)}",
                )
    for number, times in numbers.items():
        if times > 1:
            sheet.blame(f"slip {number}", f"was issued {times} times")


def _check_permits(audited: Audited, sheet: Sheet) -> None:
    """Permits are counted by unit and year."""
    given: defaultdict[str, list[int]] = defaultdict(list)
    fields = {"unit": 1, "year": 1, "sequence": 1, "number": 1, "create_time": 1}
    for permit in audited.collection("permits", PERMITS).find({}, fields):
        given[f"{permit['unit']}/{permit['year']}"].append(permit["sequence"])
        right = audited.catalogue.numbering(permit["create_time"].date()).number(permit["sequence"], permit["year"])
        if permit["number"] != right:
            sheet.blame(f"permits/{permit['_id']}", f"is number {permit['number']}, should be {right}")
    counters = {counter["_id"]: counter["value"] for counter in audited.collection("permits", COUNTERS).find()}
    for counter, sequence in given.items():
        _check_sequence(sheet, f"permits of {counter}", sequence)
    for counter, value in counters.items():
        _check_counter(sheet, f"permit_counters/{counter}", value, given.get(counter, [0]))


def _check_sequence(sheet: Sheet, name: str, numbers: Iterable[int]) -> None:
    """Numbers begin at 1, and each is there once."""
    given = Counter(numbers)
    sheet.saw(given.total())
    if twice := sorted(number for number, times in given.items() if times > 1):
        sheet.blame(name, f"given twice: {twice}")
    if gaps := sorted(set(range(1, max(given) + 1)) - given.keys()):
        sheet.blame(name, f"never given: {gaps}")


def _check_counter(sheet: Sheet, name: str, value: int | None, numbers: Iterable[int]) -> None:
    sheet.saw()
    if value != (last := max(numbers)):
        sheet.blame(name, f"is at {value}, the last number given is {last}")
