"""Names of the suite's services, and those that the charts give, as far as operators' commands need them."""

from dataclasses import dataclass

CHART = "motcua"
SERVICES = ("identity", "dossier", "land", "permits", "notify")
"""Every service, in the order in which they are shown; tools, development and tests have the list from here."""

WITH_HTTP = ("identity", "permits")
"""Those that also have pages."""

OPS = "ops"
"""OIDC client, certificate and image of the operators' command."""

NAME_LENGTH = 36
"""Where the chart cuts, so that what is appended fits into 63 characters."""


@dataclass(frozen=True)
class Release:
    """A Helm release of the umbrella chart.

    Attributes:
        name: of the release.
        namespace: where it lies.
    """

    name: str = CHART
    namespace: str = "default"

    @property
    def fullname(self) -> str:
        """What all its objects begin with: the chart's `fullname`."""
        name = self.name if CHART in self.name else f"{self.name}-{CHART}"
        return name[:NAME_LENGTH].removesuffix("-")

    def service(self, service: str) -> str:
        """Name of the Kubernetes Service, and of the Deployment, of a service's gRPC end."""
        return f"{self.fullname}-{service}"

    def http(self, service: str) -> str:
        """Name of the Kubernetes Service of a service's HTTP end."""
        return f"{self.fullname}-{service}-http"

    def hosts(self, name: str) -> tuple[str, ...]:
        """DNS names under which a Kubernetes Service is reached from inside the cluster."""
        return (name, f"{name}.{self.namespace}", f"{name}.{self.namespace}.svc", self.host(name))

    def host(self, name: str) -> str:
        """Full DNS name of a Kubernetes Service."""
        return f"{name}.{self.namespace}.svc.cluster.local"
