"""What the doctor says of a cluster, one fault at a time."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from motcua_ops.cli import main
from motcua_ops.doctor.cluster import judge_skew
from motcua_ops.doctor.findings import Status
from motcua_ops.naming import Release
from motcua_ops.secrets.authority import CERTIFICATE_LIFE, Authority
from motcua_ops.secrets.making import tls

FAR = datetime.now(UTC) - CERTIFICATE_LIFE
LAND = ("motcua-land.city.svc",)


def doctor(check: str, *more: str) -> list[dict[str, str]]:
    """Ask one check and return what it found; the exit code must agree with that."""
    result = CliRunner().invoke(main, ["doctor", "--only", check, "--json", *more])
    report = json.loads(result.stdout)
    failed = any(finding["status"] == "fail" for finding in report["findings"])
    assert (result.exit_code, report["healthy"]) == (int(failed), not failed)
    findings: list[dict[str, str]] = report["findings"]
    assert all(bool(finding["advice"]) == (finding["status"] in ("warn", "fail")) for finding in findings)
    return findings


def only(check: str) -> tuple[str, str]:
    """Status and text of the one finding of a check."""
    (finding,) = doctor(check)
    return finding["status"], f"{finding['subject']}: {finding['text']}"


def workload(name: str, wanted: int = 2, there: int = 2, **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"motcua.io/service": "land"}}, "spec": {"containers": [{}], **spec}}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": wanted, "selector": {"matchLabels": {"app": name}}, "template": template},
        "status": {"availableReplicas": there},
    }


def mounting(*sources: dict[str, Any]) -> dict[str, Any]:
    return workload("motcua-land", volumes=[{"projected": {"sources": [{"secret": source} for source in sources]}}])


def secret(name: str, **values: bytes) -> dict[str, Any]:
    data = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in values.items()}
    return {"metadata": {"name": name}, "data": data}


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "motcua-land-1"}, "status": status}


def container(state: dict[str, Any], last: dict[str, Any] | None = None, restarts: int = 0) -> dict[str, Any]:
    return {"name": "land", "state": state, "lastState": last or {}, "restartCount": restarts}


@pytest.mark.parametrize(("version", "status"), [("28", "fail"), ("29", "ok"), ("34+", "ok"), ("99", "warn")])
def test_versions(api_server: Any, version: str, status: str) -> None:
    api_server.version = version
    assert only("cluster")[0] == status


def test_an_api_server_that_does_not_answer_fails(api_server: Any) -> None:
    api_server.stop()
    assert only("cluster")[0] == "fail"


def test_without_a_cluster_its_checks_are_skipped(api_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", api_server.url)
    status, text = only("pods")
    assert (status, "no cluster" in text) == ("skipped", True)


def test_a_pod_without_a_token_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    status, text = only("pods")
    assert (status, "no service account token" in text) == ("skipped", True)


@pytest.mark.parametrize(
    ("seconds", "coarse", "status"),
    [
        (0.0, 0.0, "ok"),
        (1.9, 0.0, "ok"),
        (2.1, 0.0, "warn"),
        (-2.1, 0.0, "warn"),
        (-2.9, 1.0, "ok"),
        (-3.1, 1.0, "warn"),
    ],
)
def test_clocks(seconds: float, coarse: float, status: str) -> None:
    assert judge_skew("a store", seconds, coarse).status == Status(status)


@pytest.mark.usefixtures("api_server")
def test_the_clock_of_this_machine_agrees_with_itself() -> None:
    assert only("cluster-clock")[0] == "ok"


def test_rights_that_lack_are_named(api_server: Any) -> None:
    assert only("permissions")[0] == "ok"
    api_server.denied = {"secrets", "pods"}
    status, text = only("permissions")
    assert (status, "list pods, get secrets" in text) == ("warn", True)
    assert "403" in only("pods")[1]


def test_workloads(api_server: Any) -> None:
    assert only("workloads")[0] == "fail", "nothing is installed"
    api_server.objects["deployments"] = [workload("motcua-land"), workload("motcua-notify", wanted=0, there=0)]
    assert only("workloads") == ("ok", "2 workloads: all pods available")
    api_server.objects["statefulsets"] = [workload("motcua-mongodb", wanted=1, there=0)]
    assert only("workloads") == ("fail", "motcua-mongodb: 0 of 1 pods available")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"containerStatuses": [container({"running": {}})]}, "ok"),
        ({"containerStatuses": [container({"waiting": {"reason": "ContainerCreating"}})]}, "ok"),
        ({"containerStatuses": [container({"waiting": {"reason": "CrashLoopBackOff"}}, restarts=3)]}, "fail"),
        ({"initContainerStatuses": [container({"waiting": {"reason": "ErrImagePull", "message": "gone"}})]}, "fail"),
        ({"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]}, "fail"),
        ({"conditions": [{"type": "PodScheduled", "status": "True"}]}, "ok"),
    ],
)
def test_pods(api_server: Any, status: dict[str, Any], expected: str) -> None:
    api_server.objects["pods"] = [pod(**status)]
    assert only("pods")[0] == expected


@pytest.mark.parametrize(("ago", "expected"), [(timedelta(minutes=5), "warn"), (timedelta(days=2), "ok")])
def test_restarts_of_late_are_told(api_server: Any, ago: timedelta, expected: str) -> None:
    ended = {
        "terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": (datetime.now(UTC) - ago).isoformat()}
    }
    api_server.objects["pods"] = [pod(containerStatuses=[container({"running": {}}, ended, 1)])]
    status, text = only("pods")
    assert (status, "OOMKilled" in text) == (expected, expected == "warn")


def test_jobs(api_server: Any) -> None:
    job = {"metadata": {"name": "motcua-land-migrate"}, "status": {"active": 1}}
    api_server.objects["jobs"] = [job]
    assert only("jobs")[0] == "ok"
    job["status"] = {"conditions": [{"type": "Failed", "status": "True"}]}
    assert only("jobs") == ("fail", "motcua-land-migrate: the Job failed")


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], ("fail", "db: the Secret is missing")),
        ([secret("db", OTHER=b"x")], ("fail", "db: keys are missing: URI")),
        ([secret("db", URI=b"\n")], ("fail", "db: keys are empty: URI")),
        ([secret("db", URI=b"x")], ("ok", "1 Secrets: are there with the keys that pods mount")),
    ],
)
def test_secrets(api_server: Any, there: list[dict[str, Any]], expected: tuple[str, str]) -> None:
    uri = {"items": [{"key": "URI", "path": "URI"}]}
    api_server.objects["deployments"] = [
        mounting({"name": "db", **uri}, {"name": "maybe", "optional": True, "items": [{"key": "X", "path": "X"}]})
    ]
    api_server.objects["secrets"] = there
    assert only("secrets") == expected


def test_secrets_are_seen_wherever_a_pod_names_them(api_server: Any) -> None:
    variable = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "of-variable", "key": "A"}}}
    container = {"env": [variable, {"name": "B", "value": "b"}], "envFrom": [{"secretRef": {"name": "of-all"}}]}
    spec = {"containers": [container], "volumes": [{"secret": {"secretName": "of-volume"}}, {"emptyDir": {}}]}
    api_server.objects["cronjobs"] = [
        {"metadata": {"name": "c"}, "spec": {"jobTemplate": {"spec": {"template": {"metadata": {}, "spec": spec}}}}}
    ]
    assert {finding["subject"] for finding in doctor("secrets")} == {"of-variable", "of-all", "of-volume"}


def other_key() -> bytes:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(*form)


def certificate(case: str, now: datetime) -> dict[str, bytes]:
    """The contents of a Secret with a certificate in which one thing is wrong."""
    begun = {"soon": FAR + timedelta(days=20), "expired": FAR - timedelta(days=1)}.get(case, now)
    authority = Authority.make(begun)
    hosts = ("motcua-dossier.city.svc",) if case == "for another name" else LAND
    values = tls(authority.issue("land", hosts, begun), authority.pair.certificate)
    changes = {
        "another key": {"tls.key": other_key()},
        "another authority": {"ca.crt": Authority.make(now).pair.certificate},
        "no certificate": {"tls.crt": b"no PEM"},
    }
    return values | changes.get(case, {})


@pytest.mark.parametrize(
    ("case", "status", "text"),
    [
        ("fine", "ok", "valid until"),
        ("soon", "warn", "days left"),
        ("expired", "fail", "expired on"),
        ("for another name", "fail", "is not for motcua-land.city.svc"),
        ("another key", "fail", "not the key"),
        ("another authority", "fail", "was not issued by any"),
        ("no certificate", "fail", "cannot be read"),
    ],
)
def test_certificates(api_server: Any, now: datetime, case: str, status: str, text: str) -> None:
    api_server.objects["deployments"] = [mounting({"name": "land-tls"})]
    values = {key.replace(".", "_"): value for key, value in certificate(case, now).items()}
    api_server.objects["secrets"] = [secret("land-tls", **values)]
    found = only("certificates")
    assert found[0] == status
    assert text in found[1]


def test_secret_values_are_never_shown(api_server: Any) -> None:
    api_server.objects["deployments"] = [mounting({"name": "db", "items": [{"key": "URI", "path": "URI"}]})]
    api_server.objects["secrets"] = [secret("db", URI=b"a-secret-value", tls_crt=b"a-secret-value")]
    result = CliRunner().invoke(main, ["doctor", "--json"])
    encoded = base64.b64encode(b"a-secret-value").decode()
    assert "a-secret-value" not in result.output
    assert encoded not in result.output


@pytest.mark.usefixtures("api_server")
def test_people_read_aligned_lines_and_what_to_do() -> None:
    result = CliRunner().invoke(main, ["doctor", "-n", "elsewhere"])
    assert result.exit_code == 1
    assert "\x1b" not in result.output, "no colours without a terminal"
    lines = result.output.splitlines()
    assert lines[0].startswith("ok      cluster             API server")
    assert "→ " in result.output
    assert lines[-1].startswith("what was skipped is seen from inside: kubectl -n elsewhere create job --from=cronjob/")


def test_names_follow_the_charts() -> None:
    assert Release("motcua", "city").fullname == "motcua"
    assert Release("city", "city").fullname == "city-motcua"
    assert Release("x" * 35).fullname == "x" * 35
    assert Release("x" * 36).fullname == "x" * 36
