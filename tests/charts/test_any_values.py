"""Any combination of switches and numbers is installed whole or refused with a path; no template breaks."""

import re
from collections.abc import Iterator
from typing import Any

import helm_python
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chartkit import restricted
from chartkit.kubernetes_schemas import VERSIONS, violation
from chartkit.rendering import VARIATIONS, Rendered, Values, chart, render, values_of, with_value
from motcua_ops.naming import SERVICES

ON_PURPOSE = re.compile(
    r"execution error at \(\S+\): \s*values of motcua:\n  [\w.]+: |values don't meet .*\n.*\n- at '/\w+", re.ASCII
)
"""How the schema, or a template by `fail`, names a value; what else an engine says means that the template broke."""


def leaves(values: Values, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the paths of all values that are not groups, and what they are."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def paths() -> Iterator[tuple[str, Any]]:
    """Yield all values, those that every service has once for each service."""
    values = chart().values
    yield from leaves(values)
    for service in SERVICES:
        yield from leaves(values["defaults"], f"services.{service}.")


SWITCHES = sorted(path for path, value in paths() if isinstance(value, bool))
NUMBERS = sorted(path for path, _ in paths() if path.lower().endswith("replicas"))


def rendered_or_reason(values: Values, *, upgrade: bool) -> Rendered | str:
    """Render values, or return why they are refused."""
    try:
        return render(values, upgrade=upgrade)
    except (helm_python.HelmValuesError, helm_python.HelmRenderError) as error:
        return str(error)


@given(
    variation=st.sampled_from(sorted(VARIATIONS)),
    switched=st.dictionaries(st.sampled_from(SWITCHES), st.booleans(), max_size=6),
    counted=st.dictionaries(st.sampled_from(NUMBERS), st.integers(0, 4), max_size=4),
    upgrade=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_switches_and_numbers(
    variation: str, switched: dict[str, bool], counted: dict[str, int], *, upgrade: bool
) -> None:
    values = values_of(variation)
    for path, value in {**switched, **counted}.items():
        values = with_value(values, path, value)
    release = rendered_or_reason(values, upgrade=upgrade)
    if isinstance(release, str):
        assert ON_PURPOSE.match(release), release
        return
    assert [found for item in release.objects if (found := violation(item, VERSIONS[0]))] == []
    assert [broken for workload in release.workloads for broken in restricted.violations(workload.template)] == []
