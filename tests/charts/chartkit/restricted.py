"""The `restricted` Pod Security Standard as data: each rule of its table is a function that names what breaks it.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/, for Linux pods, as of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chartkit.rendering import Object

Rule = Callable[[Object], Iterator[str]]

VOLUME_TYPES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HOOKS = ("postStart", "preStop")


def containers(pod: Object) -> Iterator[tuple[str, Object]]:
    """Yield all containers with their paths."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for number, container in enumerate(pod["spec"].get(kind, [])):
            yield f"{kind}[{number}]", container


def _contexts(pod: Object) -> Iterator[tuple[str, Object]]:
    """Yield the security contexts of the pod and of its containers with their paths."""
    yield "securityContext", pod["spec"].get("securityContext", {})
    yield from _container_contexts(pod)


def _container_contexts(pod: Object) -> Iterator[tuple[str, Object]]:
    for path, container in containers(pod):
        yield f"{path}.securityContext", container.get("securityContext", {})


def host_process(pod: Object) -> Iterator[str]:
    """Windows pods must not run as processes of the host."""
    for path, context in _contexts(pod):
        if context.get("windowsOptions", {}).get("hostProcess"):
            yield f"{path}.windowsOptions.hostProcess"


def host_namespaces(pod: Object) -> Iterator[str]:
    """The host's namespaces are not shared."""
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if pod["spec"].get(name))


def privileged(pod: Object) -> Iterator[str]:
    """No container is privileged."""
    for path, context in _container_contexts(pod):
        if context.get("privileged"):
            yield f"{path}.privileged"


def capabilities(pod: Object) -> Iterator[str]:
    """All capabilities are dropped; only the binding of low ports may come back."""
    for path, context in _container_contexts(pod):
        given = context.get("capabilities", {})
        if "ALL" not in given.get("drop", []):
            yield f"{path}.capabilities.drop: want ALL"
        for name in set(given.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{path}.capabilities.add: {name}"


def volume_types(pod: Object) -> Iterator[str]:
    """Volumes are of the kinds that cannot reach the host."""
    for number, volume in enumerate(pod["spec"].get("volumes", [])):
        for kind in volume.keys() - {"name"} - VOLUME_TYPES:
            yield f"volumes[{number}].{kind}"


def host_ports(pod: Object) -> Iterator[str]:
    """No port of the host is taken."""
    for path, container in containers(pod):
        for number, port in enumerate(container.get("ports", [])):
            if port.get("hostPort"):
                yield f"{path}.ports[{number}].hostPort"


def host_of_probes(pod: Object) -> Iterator[str]:
    """Probes and hooks call the pod itself."""
    for path, container in containers(pod):
        actions = {name: container.get(name, {}) for name in PROBES}
        actions |= {f"lifecycle.{name}": container.get("lifecycle", {}).get(name, {}) for name in HOOKS}
        for name, action in actions.items():
            for way in ("httpGet", "tcpSocket"):
                if action.get(way, {}).get("host"):
                    yield f"{path}.{name}.{way}.host"


def app_armor(pod: Object) -> Iterator[str]:
    """AppArmor is not switched off."""
    for path, context in _contexts(pod):
        if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in ("RuntimeDefault", "Localhost"):
            yield f"{path}.appArmorProfile.type"
    for name, value in pod.get("metadata", {}).get("annotations", {}).items():
        if name.startswith(APPARMOR_ANNOTATION) and not (value == "runtime/default" or value.startswith("localhost/")):
            yield f"metadata.annotations.{name}"


def selinux(pod: Object) -> Iterator[str]:
    """SELinux types are those of containers; users and roles are not set."""
    for path, context in _contexts(pod):
        options = context.get("seLinuxOptions", {})
        if options.get("type", "") not in SELINUX_TYPES:
            yield f"{path}.seLinuxOptions.type"
        yield from (f"{path}.seLinuxOptions.{name}" for name in ("user", "role") if options.get(name))


def proc_mount(pod: Object) -> Iterator[str]:
    """/proc stays masked."""
    for path, context in _container_contexts(pod):
        if context.get("procMount", "Default") != "Default":
            yield f"{path}.procMount"


def seccomp(pod: Object) -> Iterator[str]:
    """A seccomp profile is set, for the pod or for each container."""
    allowed = ("RuntimeDefault", "Localhost")
    of_pod = pod["spec"].get("securityContext", {}).get("seccompProfile", {}).get("type")
    if of_pod is not None and of_pod not in allowed:
        yield "securityContext.seccompProfile.type"
    for path, context in _container_contexts(pod):
        if context.get("seccompProfile", {}).get("type", of_pod) not in allowed:
            yield f"{path}.seccompProfile.type"


def sysctls(pod: Object) -> Iterator[str]:
    """Only sysctls that stay within the pod."""
    for item in pod["spec"].get("securityContext", {}).get("sysctls", []):
        if item["name"] not in SAFE_SYSCTLS:
            yield f"securityContext.sysctls: {item['name']}"


def privilege_escalation(pod: Object) -> Iterator[str]:
    """No process gets more than its parent had."""
    for path, context in _container_contexts(pod):
        if context.get("allowPrivilegeEscalation") is not False:
            yield f"{path}.allowPrivilegeEscalation"


def non_root(pod: Object) -> Iterator[str]:
    """The kubelet refuses root, for the pod or for each container."""
    of_pod = pod["spec"].get("securityContext", {}).get("runAsNonRoot")
    for path, context in _container_contexts(pod):
        if context.get("runAsNonRoot", of_pod) is not True:
            yield f"{path}.runAsNonRoot"


def non_root_user(pod: Object) -> Iterator[str]:
    """Nobody is user 0."""
    for path, context in _contexts(pod):
        if context.get("runAsUser") == 0:
            yield f"{path}.runAsUser"


RULES: tuple[Rule, ...] = (
    host_process,
    host_namespaces,
    privileged,
    capabilities,
    volume_types,
    host_ports,
    host_of_probes,
    app_armor,
    selinux,
    proc_mount,
    seccomp,
    sysctls,
    privilege_escalation,
    non_root,
    non_root_user,
)


def violations(pod: Object) -> list[str]:
    """Return the paths below the pod's spec that break the standard."""
    return [path for rule in RULES for path in rule(pod)]
