"""Every supported variation of values, rendered."""

import pytest

from chartkit.rendering import VARIATIONS, Rendered, rendered


@pytest.fixture(params=VARIATIONS)
def variation(request: pytest.FixtureRequest) -> str:
    """Name of a supported variation."""
    name: str = request.param
    return name


@pytest.fixture
def release(variation: str) -> Rendered:
    """The objects of a supported variation."""
    return rendered(variation)
