"""Texts that programs stumble over."""

from hypothesis import strategies as st

SURROGATE = "\ue000"
"""Stands for a lone surrogate, which no string here can hold; `wire.damaged` swaps its three bytes."""

HOSTILE = (
    "Nguyê\u0303n Thi\u0323 An",  # NFD: letters and marks apart
    "\u202eđảo ngược\u202c",  # right-to-left override
    "a\u200bb\u200d\ufeffc",  # zero width space, joiner, byte order mark
    "\u0378\U000e0fff\U0010ffff",  # unassigned, and a noncharacter
    "\u1ea1\u0302" + "\u0301" * 60,  # a pile of marks
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    "\x1b[31m\x07\x08",
    "\u0085\u2028\u2029",
    "𝟘𝟙𝟚",
    "ﷺ" * 20,
    " ",
    "\t",
    ".",
    "../../etc/passwd",
    "$where",
    "{{7*7}}${7*7}{% raw %}",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%s%n{0}{reason}",
    "-1",
    "NaN",
    "1e400",
    "٣٤",
    f"a{SURROGATE}b",
)

LONG = ("ạ" * 350_000, "x" * 1_000_000, "(" * 20_000, " \n" * 20_000, "\x00" * 5_000)
"""Up to a megabyte. What is longer than four, the server does not read."""


def any_text() -> st.SearchStrategy[str]:
    """Any text at all, mostly nasty, sometimes long."""
    nasty = st.sampled_from(HOSTILE)
    return st.one_of(nasty, nasty, nasty, nasty, st.text(max_size=40), st.just(""), st.sampled_from(LONG))


def text_of_length(least: int, most: int) -> st.SearchStrategy[str]:
    """Nasty text with a number of characters."""
    most = max(least, min(most, 5_000))

    def fitted(text: str, size: int) -> str:
        wanted = max(least, min(size, most))
        return (text * (wanted // len(text) + 1))[:wanted]

    sizes = st.one_of(st.sampled_from((least, most)), st.integers(least, min(most, least + 40)))
    return st.builds(fitted, st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=20)), sizes)
