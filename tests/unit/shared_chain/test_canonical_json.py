"""The one JSON form: what RFC 8785 prints, of the values that occur here; all else is refused."""

from __future__ import annotations

import json
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.canonical_json import LARGEST_INTEGER, NotCanonical, canonical

RFC_8785_STRING = '\u20ac$\u000f\nA\'B"\\\\"/'
RFC_8785_SORTED = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\U0001f600": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
}
"""Section 3.2.3: sorted by UTF-16 units, the face comes before the Hebrew letter."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)

ONE_UNIT_TEXTS = st.text(st.characters(max_codepoint=0xD7FF))


def test_the_strings_and_literals_of_rfc_8785() -> None:
    """Sections 3.2.1 to 3.2.4, without their fractions."""
    assert canonical({"string": RFC_8785_STRING, "literals": [None, True, False]}) == bytes.fromhex(
        "7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c"
        "22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d"
    )


def test_the_order_of_rfc_8785() -> None:
    wanted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(RFC_8785_SORTED))) == wanted
    assert sorted(RFC_8785_SORTED) != wanted, "sorting by code points gives another order"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, b"0"), (-0, b"0"), (LARGEST_INTEGER, b"9007199254740991"), (-LARGEST_INTEGER, b"-9007199254740991")],
)
def test_the_integers_of_rfc_8785(number: int, text: bytes) -> None:
    """Appendix B."""
    assert canonical(number) == text


def test_every_control_character_has_its_shortest_escape() -> None:
    """Section 3.2.2.2."""
    short = {"\b": b"\\b", "\t": b"\\t", "\n": b"\\n", "\f": b"\\f", "\r": b"\\r"}
    for code in range(32):
        assert canonical(chr(code)) == b'"%s"' % short.get(chr(code), b"\\u%04x" % code)
    assert canonical("\x7f/<\u2028") == b'"\x7f/<\xe2\x80\xa8"'


@pytest.mark.parametrize(
    "value",
    [
        1.0, 0.5, float("nan"), LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, "\ud800", {"\udead": 1}, {1: "one"},
        {None: 1}, b"bytes", {"set"}, [[object()]],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_languages_write_differently_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(NotCanonical):
        canonical(value)


def test_types_of_stored_facts_have_the_form_of_their_values() -> None:
    class Pool(StrEnum):
        REGULAR = "regular"

    assert canonical(MappingProxyType({"b": (1, 2), "a": Pool.REGULAR})) == b'{"a":"regular","b":[1,2]}'


@given(VALUES)
def test_it_says_the_same_and_reads_the_same_again(value: Any) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@given(
    st.recursive(
        st.none() | st.booleans() | ONE_UNIT_TEXTS | st.integers(-9, 9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ONE_UNIT_TEXTS, inner, max_size=4),
        max_leaves=12,
    )
)
def test_chains_that_are_stored_keep_their_hashes(value: Any) -> None:
    """Links were hashed over keys in the order of code points: below U+D800 that is the order of UTF-16 units."""
    before = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == before
