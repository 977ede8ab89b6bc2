from pathlib import Path

import pytest

from motcua_notify.adapters.city import load_library
from motcua_notify.adapters.jinja import JinjaRenderer
from motcua_notify.domain.library import Library

CITY = Path(__file__).parents[3] / "city"


@pytest.fixture(scope="session")
def library() -> Library:
    return load_library(CITY)


@pytest.fixture(scope="session")
def renderer() -> JinjaRenderer:
    return JinjaRenderer(CITY / "messages" / "layout")
