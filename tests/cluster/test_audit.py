"""Seals on the cluster: locked in a real store, and true to what people did; what was forged is named."""

import json
from pathlib import Path

from motcua_devstack.cluster.installation import Installation

PROBES = Path(__file__).parent / "probes"
SEALS, FORGERY = ((PROBES / name).read_text() for name in ("seals.py", "forgery.py"))
FINDINGS = ("altered", "changed", "inserted", "not linked", "not locked", "not ordered", "not sealed", "removed")


def found(suite: Installation, job: str) -> list[str]:
    """Lines of findings of a check of all histories, by the chart's own CronJob."""
    lines = suite.perform(job, "audit-verify").log.splitlines()
    return [" ".join(line.split()) for line in lines if line.startswith(FINDINGS)]


def test_what_was_sealed_stays_and_what_was_forged_is_named(suite: Installation) -> None:
    lived = suite.perform("verify-life", "verify", ["--without-traces"])
    assert lived.succeeded, lived.log
    sealed = suite.perform("seal-today", "audit-seal", command=("python", "-c", SEALS))
    assert sealed.succeeded, sealed.log
    outcome = json.loads(sealed.log.splitlines()[-1])
    assert outcome["leaves"] > 0
    assert outcome["deleted"] == [], "everything is locked"
    assert outcome["refused"] != []

    (overwritten,) = found(suite, "verify-overwritten")
    assert overwritten.startswith("altered dossier seal "), "the first writing counts, and the second is told"
    cleaned = suite.perform("clean", "audit-seal", command=("python", "-c", SEALS, "clean"))
    assert json.loads(cleaned.log.splitlines()[-1])["deleted"] == [outcome["overwritten"]]
    assert found(suite, "verify-whole") == []

    forged = suite.perform("forge", "audit-verify", command=("python", "-c", FORGERY)).log.strip()
    assert f"inserted dossier dossiers/{forged}: entry 2" in found(suite, "verify-forged")
    suite.perform("mend", "audit-verify", command=("python", "-c", FORGERY, "mend"))
    assert found(suite, "verify-mended") == []
