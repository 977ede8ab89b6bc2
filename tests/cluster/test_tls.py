"""Mutual TLS between services: works, and refuses who has no certificate or one of another authority."""

import json
from pathlib import Path

from motcua_devstack.cluster.installation import Installation

PROBE = (Path(__file__).parent / "probes" / "certificates.py").read_text()


def test_mutual_tls(suite: Installation) -> None:
    suite.install({"tls.enabled": "true"})
    walked = suite.perform("verify-tls", "verify")
    assert walked.succeeded, walked.log
    probed = suite.perform("probe-tls", "verify", command=("python", "-c", PROBE))
    assert probed.succeeded, probed.log
    answers = json.loads(probed.log.strip().splitlines()[-1])
    assert answers == {
        "own certificate": "SERVING",
        "no certificate": "UNAVAILABLE",
        "certificate of another authority": "UNAVAILABLE",
        "plain text": "UNAVAILABLE",
    }
