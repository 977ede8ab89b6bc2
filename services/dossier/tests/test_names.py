"""Names are found by the beginnings of their words, with tones or without."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua_dossier.domain.names import LONGEST, MOST, NameSearch, terms_of, words
from motcua_kit.domain import ValidationFailed

NAMES = st.lists(
    st.text("aàảãáạăằâầbcdđeèêếghiìíklmnoòôốơớpqrstuùưứvxyỳ", min_size=1, max_size=8), min_size=1, max_size=5
).map(" ".join)


def test_the_terms_of_a_name() -> None:
    assert terms_of("Đỗ Thị Ý") == ["do", "th", "thi", "thị", "y", "ý", "đỗ"]


@pytest.mark.parametrize(
    ("query", "name", "matches", "exact"),
    [
        ("nguyen", "NGUYỄN THỊ AN", True, False),
        ("Nguyễn", "NGUYỄN THỊ AN", True, True),
        ("Nguyện", "NGUYỄN THỊ AN", True, False),
        ("an nguyễn", "NGUYỄN THỊ AN", True, True),
        ("nguyễn th", "NGUYỄN THỊ AN", True, True),
        ("nguyễn thi", "NGUYỄN THỊ AN", True, True),
        ("nguyễn thí", "NGUYỄN THỊ AN", True, False),
        ("nguyễn văn", "NGUYỄN THỊ AN", False, False),
        ("guyen", "NGUYỄN THỊ AN", False, False),
        ("do", "Đỗ Ý", True, False),
        (normalize("NFD", "Nguyễn"), "NGUYỄN THỊ AN", True, True),
    ],
)
def test_what_a_search_finds(query: str, name: str, *, matches: bool, exact: bool) -> None:
    wanted = NameSearch.of(query)
    assert (wanted.matches(name), wanted.is_exact(name)) == (matches, exact)


@pytest.mark.parametrize("query", ["", " ", "a", "a b c", "-", "ạ", "%"])
def test_too_little_is_refused(query: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        NameSearch.of(query)
    assert (refused.value.reason, refused.value.violations[0].field) == ("QUERY_TOO_SHORT", "query")


@given(name=NAMES, query=NAMES)
def test_what_matches_has_the_term_that_is_looked_up(name: str, query: str) -> None:
    try:
        wanted = NameSearch.of(query)
    except ValidationFailed:
        assert all(len(word) < 2 for word in words(query))
        return
    if wanted.matches(name):
        assert wanted.term in terms_of(name)
    if wanted.is_exact(name):
        assert wanted.matches(name)
        assert wanted.exact_term in terms_of(name)


@given(st.text(max_size=2000))
def test_terms_are_bounded(name: str) -> None:
    assert len(terms_of(name)) <= MOST * (LONGEST + 1)
