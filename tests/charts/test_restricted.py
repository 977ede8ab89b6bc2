"""The rules of the restricted standard themselves: each passes a good pod and names what a bad one breaks."""

import copy
from typing import Any

import pytest

from chartkit.rendering import Object
from chartkit.restricted import RULES, violations

CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
GOOD: Object = {
    "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/main": "runtime/default"}},
    "spec": {
        "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]},
        "initContainers": [{"name": "first", "securityContext": CONTEXT}],
        "containers": [
            {
                "name": "main",
                "securityContext": {**CONTEXT, "runAsUser": 10001, "seLinuxOptions": {"type": "container_t"}},
                "ports": [{"containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "secrets", "projected": {"sources": []}}],
    },
}

BAD: list[tuple[str, str, Any]] = [
    ("host_process", "spec.securityContext.windowsOptions", {"hostProcess": True}),
    ("host_process", "spec.containers.0.securityContext.windowsOptions", {"hostProcess": True}),
    ("host_namespaces", "spec.hostNetwork", True),
    ("host_namespaces", "spec.hostPID", True),
    ("host_namespaces", "spec.hostIPC", True),
    ("privileged", "spec.containers.0.securityContext.privileged", True),
    ("capabilities", "spec.containers.0.securityContext.capabilities", {"drop": ["NET_RAW"]}),
    ("capabilities", "spec.initContainers.0.securityContext.capabilities", {}),
    ("capabilities", "spec.containers.0.securityContext.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ("volume_types", "spec.volumes.0", {"name": "tmp", "hostPath": {"path": "/"}}),
    ("volume_types", "spec.volumes.0", {"name": "tmp", "nfs": {"server": "a", "path": "/"}}),
    ("host_ports", "spec.containers.0.ports.0.hostPort", 8080),
    ("host_of_probes", "spec.containers.0.readinessProbe.httpGet.host", "10.0.0.1"),
    ("host_of_probes", "spec.containers.0.lifecycle", {"preStop": {"tcpSocket": {"host": "10.0.0.1", "port": 1}}}),
    ("app_armor", "spec.containers.0.securityContext.appArmorProfile", {"type": "Unconfined"}),
    ("app_armor", "metadata.annotations", {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"}),
    ("selinux", "spec.containers.0.securityContext.seLinuxOptions", {"type": "spc_t"}),
    ("selinux", "spec.securityContext.seLinuxOptions", {"user": "system_u"}),
    ("proc_mount", "spec.containers.0.securityContext.procMount", "Unmasked"),
    ("seccomp", "spec.containers.0.securityContext.seccompProfile", {"type": "Unconfined"}),
    ("seccomp", "spec.initContainers.0.securityContext.seccompProfile", {}),
    ("seccomp", "spec.securityContext.seccompProfile", {"type": "Unconfined"}),
    ("sysctls", "spec.securityContext.sysctls.0.name", "kernel.msgmax"),
    ("privilege_escalation", "spec.containers.0.securityContext.allowPrivilegeEscalation", True),
    ("privilege_escalation", "spec.initContainers.0.securityContext.allowPrivilegeEscalation", None),
    ("non_root", "spec.containers.0.securityContext.runAsNonRoot", None),
    ("non_root", "spec.initContainers.0.securityContext.runAsNonRoot", False),
    ("non_root_user", "spec.containers.0.securityContext.runAsUser", 0),
    ("non_root_user", "spec.securityContext.runAsUser", 0),
]


def changed(pod: Object, path: str, value: object) -> Object:
    """Return the pod with one thing changed; None takes it away."""
    pod = copy.deepcopy(pod)
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place: Any = pod
    for key in way:
        place = place[key] if isinstance(key, int) else place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return pod


def test_a_good_pod_breaks_nothing() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(("rule", "path", "value"), BAD)
def test_exactly_the_rule_that_is_broken_says_so(rule: str, path: str, value: object) -> None:
    pod = changed(GOOD, path, value)
    assert {item.__name__ for item in RULES if list(item(pod))} == {rule}


def test_each_rule_is_seen_to_fail() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in BAD}


def test_what_the_pod_sets_holds_for_its_containers() -> None:
    pod = changed(GOOD, "spec.securityContext", {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}})
    pod = changed(pod, "spec.initContainers.0.securityContext.runAsNonRoot", None)
    pod = changed(pod, "spec.initContainers.0.securityContext.seccompProfile", None)
    assert violations(pod) == []
