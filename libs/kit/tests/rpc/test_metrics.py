"""The duration of calls is measured by method and status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import motcua_client
from motcua_kit import metrics
from motcua_kit.testing import citizen


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemoryMetricReader]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    histogram = provider.get_meter(metrics.METER).create_histogram(metrics.CALL_DURATION, "s")
    monkeypatch.setattr(metrics, "call_duration", histogram)
    yield reader
    provider.shutdown()


def test_a_call_is_measured_with_its_status(things: Any, reader: InMemoryMetricReader) -> None:
    an = things.as_(citizen("accounts/an"))
    thing = an.CreateThing(things.request("CreateThing", unit="units/26740"))
    with pytest.raises(motcua_client.NotFound):
        an.GetThing(things.request("GetThing", name="things/missing"))
    for _ in range(2):
        an.GetThing(things.request("GetThing", name=thing.name))
    measured = reader.get_metrics_data()
    assert measured is not None
    points = measured.resource_metrics[0].scope_metrics[0].metrics[0].data.data_points
    counts = {}
    for point in points:
        labels = dict(point.attributes or {})
        method, status = str(labels["rpc.method"]).rpartition("/")[2], labels["rpc.response.status_code"]
        assert labels["rpc.system.name"] == "grpc"
        assert point.sum > 0  # type: ignore[union-attr]
        counts[method, status] = point.count  # type: ignore[union-attr]
    assert counts == {("CreateThing", "OK"): 1, ("GetThing", "NOT_FOUND"): 1, ("GetThing", "OK"): 2}
