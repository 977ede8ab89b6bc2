"""Selectors, disruption budgets, autoscaling, spread and rollout: what keeps a service up while things change."""

from chartkit.network import matches
from chartkit.rendering import Object, Rendered, Workload, render, rendered, values_of, with_value

SELECTING = ("Deployment", "StatefulSet")


def selected(release: Rendered, selector: Object) -> list[Workload]:
    return [workload for workload in release.workloads if matches(selector, workload.labels)]


def test_selectors_select_exactly_their_own_pods(release: Rendered) -> None:
    for workload in release.workloads:
        if workload.kind in SELECTING:
            found = selected(release, workload.owner["spec"]["selector"])
            assert [str(item) for item in found] == [str(workload)]


def test_services_lead_to_pods_that_listen(release: Rendered) -> None:
    for service in release.of("Service"):
        found = selected(release, {"matchLabels": service["spec"]["selector"]})
        assert len(found) == 1, service["metadata"]["name"]
        names = {port["name"] for container in found[0].containers for port in container.get("ports", [])}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names, service["metadata"]["name"]


def test_grpc_services_are_headless(release: Rendered) -> None:
    """Clients see each pod and balance by call; a virtual address would pin a connection to one pod."""
    for service in release.of("Service"):
        if "grpc" in {port["name"] for port in service["spec"]["ports"]}:
            assert service["spec"]["clusterIP"] == "None", service["metadata"]["name"]


def scaling(release: Rendered, workload: Workload) -> Object | None:
    """Return the spec of a workload's autoscaler."""
    for item in release.of("HorizontalPodAutoscaler"):
        target = item["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) == (workload.kind, workload.name):
            spec: Object = item["spec"]
            return spec
    return None


def least_replicas(release: Rendered, workload: Workload) -> int:
    scaled = scaling(release, workload)
    return int(scaled["minReplicas"] if scaled else workload.owner["spec"]["replicas"])


def test_an_autoscaler_alone_says_how_many(release: Rendered) -> None:
    for item in release.of("HorizontalPodAutoscaler"):
        target = item["spec"]["scaleTargetRef"]
        assert target["apiVersion"] == "apps/v1"
        assert "replicas" not in release.get(target["kind"], target["name"])["spec"]
        assert 1 <= item["spec"]["minReplicas"] <= item["spec"]["maxReplicas"]


def test_without_an_autoscaler_the_values_say_how_many(release: Rendered) -> None:
    for workload in release.workloads:
        if workload.kind in SELECTING and not scaling(release, workload):
            assert workload.owner["spec"]["replicas"] >= 0, workload


def test_a_pool_may_be_stopped() -> None:
    values = with_value(values_of("dev"), "services.dossier.workers.default.replicas", 0)
    (stopped,) = [
        item for item in render(values).of("Deployment") if item["metadata"]["name"].endswith("dossier-worker-default")
    ]
    assert stopped["spec"]["replicas"] == 0


def test_autoscaling_scales_what_it_measures() -> None:
    """Utilisation is relative to the request; that there is one is tested with the pods."""
    scaled = rendered("autoscaling").of("HorizontalPodAutoscaler")
    assert scaled
    for item in scaled:
        assert {metric["resource"]["target"]["type"] for metric in item["spec"]["metrics"]} == {"Utilization"}


def test_budgets_are_for_what_has_replicas_and_never_block_a_drain(release: Rendered) -> None:
    budgets: dict[str, Object] = {}
    for item in release.of("PodDisruptionBudget"):
        (workload,) = selected(release, item["spec"]["selector"])
        budgets[str(workload)] = item["spec"]
    expected = {
        str(workload)
        for workload in release.of_services
        if workload.kind in SELECTING and least_replicas(release, workload) > 1
    }
    assert budgets.keys() == expected
    for workload in release.workloads:
        if spec := budgets.get(str(workload)):
            most_away = spec.get("maxUnavailable", least_replicas(release, workload) - spec.get("minAvailable", 0))
            assert most_away >= 1, workload


def test_replicas_spread_over_nodes_and_zones(release: Rendered) -> None:
    for workload in release.of_services:
        if workload.kind == "Deployment" and least_replicas(release, workload) > 1:
            constraints = workload.spec["topologySpreadConstraints"]
            keys = {constraint["topologyKey"] for constraint in constraints}
            assert keys >= {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}, workload
            for constraint in constraints:
                assert selected(release, constraint["labelSelector"]) == [workload]


def test_a_rollout_takes_no_pod_away_before_another_serves(release: Rendered) -> None:
    for workload in release.of_services:
        if workload.kind == "Deployment":
            assert workload.owner["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, workload


def test_a_store_never_has_two_pods_on_one_volume(release: Rendered) -> None:
    for workload in release.workloads:
        if workload.kind == "StatefulSet":
            assert workload.owner["spec"]["replicas"] == 1, workload
