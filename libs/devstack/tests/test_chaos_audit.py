"""What an audit tells, and how a run of faults ends with it."""

from motcua_devstack.chaos import report
from motcua_devstack.chaos.audit import Report
from motcua_devstack.chaos.audit.findings import SHOWN, Sheet
from motcua_devstack.chaos.report import Run
from motcua_devstack.load.audit import Finding


def sheets() -> tuple[Sheet, Sheet, Sheet]:
    well, ill, blind = Sheet("numbers"), Sheet("objects"), Sheet("commands", skipped="there is no ledger")
    well.saw(3)
    well.tell("sent again", "notifications/1")
    ill.saw(40)
    for number in range(SHOWN + 1):
        ill.blame(f"documents/{number}", "is gone")
    return well, ill, blind


def run_of(*audited: Sheet) -> Run:
    return Run(7, 1.0, [], [], [], [], Finding(), {}, [], Report(audited))


def test_people_read_what_is_wrong_and_what_is_told_apart() -> None:
    well, ill, blind = sheets()
    lines = Report([well, ill, blind]).lines
    assert lines[0] == "✓  numbers      0 wrong of 3; 1 sent again"
    assert lines[1] == "✗  objects      21 wrong of 40"
    assert lines[2] == "     documents/0: is gone"
    assert lines[-2] == "     … and 1 more"
    assert lines[-1] == "–  commands     there is no ledger"


def test_figures_count_all_and_show_some() -> None:
    _, ill, _ = sheets()
    row = Report([ill]).figures["objects"]
    assert (row["wrong"], len(row["findings"])) == (SHOWN + 1, SHOWN)
    assert row["findings"][0] == {"resource": "documents/0", "text": "is gone"}


def test_a_run_holds_when_its_audit_does() -> None:
    well, ill, blind = sheets()
    figures = run_of(well, blind).figures
    assert report.holds(figures)
    assert report.lines(figures)[-2:] == [
        "audit of numbers: 0 wrong of 3; 1 sent again",
        "audit of commands: there is no ledger",
    ]
    broken = run_of(ill).figures
    assert not report.holds(broken)
    assert broken["wrong"][0] == "objects: documents/0: is gone"
