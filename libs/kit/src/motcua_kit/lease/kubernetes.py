"""A Lease of Kubernetes (coordination.k8s.io/v1)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from motcua_kit.clock import system_clock
from motcua_kit.lease.base import Lease, LeaseUnavailable

TIMEOUT_SECONDS = (2.0, 3.0)
"""To connect to the API server, and to wait for its answer."""


class KubernetesLease(Lease):
    """A Lease object that exists; this process only gets and updates it.

    As in client-go a holder is silent when we have not seen it renew for the duration of the lease, by our own clock:
    what clocks of other machines say does not matter.

    Args:
        name: of the Lease.
        namespace: of the Lease.
        duration: how long a silent holder keeps it; whole seconds.
        configuration: of the client; that of the cluster we run in, or of the kubeconfig, when not given.
        monotonic: seconds that only go forward.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        duration: timedelta = timedelta(seconds=15),
        configuration: Any = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name, duration)
        self._namespace = namespace
        self._monotonic = monotonic
        self._leases = client.CoordinationV1Api(client.ApiClient(configuration or _found()))
        self._seen: Any = None
        self._seen_at = 0.0

    def acquire(self) -> bool:
        """Take or renew the lease; tell whether this process holds it now."""
        with _outages():
            lease = self._get()
            spec = lease.spec or client.V1LeaseSpec()
            if spec.holder_identity != self.holder:
                if spec.holder_identity and not self._silent(spec):
                    return False
                spec.holder_identity = self.holder
                spec.acquire_time = _now()
                spec.lease_transitions = (spec.lease_transitions or 0) + 1
            spec.renew_time = _now()
            spec.lease_duration_seconds = round(self.duration.total_seconds())
            lease.spec = spec
            return self._update(lease)

    def release(self) -> None:
        """Give the lease back, if this process holds it."""
        with _outages():
            lease = self._get()
            if lease.spec and lease.spec.holder_identity == self.holder:
                lease.spec.holder_identity = None
                self._update(lease)

    def _silent(self, spec: Any) -> bool:
        """Tell whether its holder has not renewed the lease for as long as it lasts, since we look."""
        seen = (spec.holder_identity, spec.renew_time, spec.lease_transitions)
        if seen != self._seen:
            self._seen, self._seen_at = seen, self._monotonic()
        lasts: float = spec.lease_duration_seconds or self.duration.total_seconds()
        return self._monotonic() >= self._seen_at + lasts

    def _get(self) -> Any:
        return self._leases.read_namespaced_lease(self.name, self._namespace, _request_timeout=TIMEOUT_SECONDS)

    def _update(self, lease: Any) -> bool:
        """Replace the lease we read, if nobody did meanwhile: its resourceVersion is compared."""
        try:
            self._leases.replace_namespaced_lease(self.name, self._namespace, lease, _request_timeout=TIMEOUT_SECONDS)
        except ApiException as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True


def _found() -> Any:
    configuration = client.Configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except config.ConfigException:  # not in a cluster
        config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    configuration.retries = False  # the next attempt to renew is the retry
    return configuration


def _now() -> Any:
    """Return the time with a fraction of a second, which the API server insists on and the client leaves out when 0."""
    now = system_clock()
    return now.replace(microsecond=max(1, now.microsecond))


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except ApiException as error:
        message = f"the API server answers {error.status} {error.reason}"
        raise LeaseUnavailable(message) from error
    except HTTPError as error:
        message = f"the API server does not answer: {type(error).__name__}"
        raise LeaseUnavailable(message) from error
