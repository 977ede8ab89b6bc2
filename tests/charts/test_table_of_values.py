"""The table of values in the chart's README: what becomes a row, and what is refused."""

import pytest

from charts import ChartError, Value, documented_values


def test_each_value_is_a_row() -> None:
    text = """
# -- Where it runs:
# `local` or `production`.
profile: production
# A remark for whoever edits the file.

# -- Retries
retries: {most: 3, seconds: [1, 2]}
"""
    assert list(documented_values(text)) == [
        Value("profile", '`"production"`', "Where it runs: `local` or `production`."),
        Value("retries", '`{"most": 3, "seconds": [1, 2]}`', "Retries"),
    ]


def test_a_group_needs_no_description_but_its_members_do() -> None:
    text = "store:\n  # -- Endpoint\n  url: ''\n  cache:\n    # -- MiB\n    size: 5\n"
    assert [value.path for value in documented_values(text)] == ["store.url", "store.cache.size"]
    with pytest.raises(ChartError, match=r"values\.yaml:5: store\.cache\.size has no"):
        list(documented_values(text.replace("    # -- MiB\n", "")))


def test_a_group_may_have_a_row_of_its_own() -> None:
    assert next(documented_values("# -- Where objects lie\nstore:\n  # -- Endpoint\n  url: ''\n")) == Value(
        "store", "", "Where objects lie"
    )


def test_a_default_may_be_said_in_words() -> None:
    text = "# -- Pools of workers\n# @default -- one for each queue\nworkers:\n  default:\n    replicas: 1\n"
    assert list(documented_values(text)) == [Value("workers", "one for each queue", "Pools of workers")]


def test_a_comment_belongs_to_the_line_right_below() -> None:
    with pytest.raises(ChartError, match="profile has no"):
        list(documented_values("# -- Of something else\n\nprofile: production\n"))
