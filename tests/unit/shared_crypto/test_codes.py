from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.codes import CodeHasher
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

CODES = st.text("0123456789", min_size=6, max_size=6)


@given(CODES, CODES)
def test_only_the_code_itself_matches(code: str, other: str) -> None:
    hasher = CodeHasher(BOTH)
    hashed = hasher.hash(code, "c-1")
    assert code not in hashed.partition(":")[0]
    assert hasher.matches(code, "c-1", hashed)
    assert hasher.matches(other, "c-1", hashed) == (code == other)


def test_a_code_belongs_to_its_challenge() -> None:
    hasher = CodeHasher(BOTH)
    assert not hasher.matches("123456", "c-2", hasher.hash("123456", "c-1"))
    assert not hasher.matches("23456", "c-11", hasher.hash("123456", "c-1"))


def test_keys_rotate() -> None:
    hashed = CodeHasher(OLD).hash("123456", "c-1")
    assert CodeHasher(BOTH).matches("123456", "c-1", hashed)
    assert not CodeHasher(NEW).matches("123456", "c-1", hashed)


def test_what_is_no_hash_never_matches() -> None:
    for hashed in ("", "k1", "k1:", "k1:é", ":", "k1:" + "0" * 64):
        assert not CodeHasher(BOTH).matches("123456", "c-1", hashed)
    assert not CodeHasher(BOTH).matches("é", "c-1", CodeHasher(BOTH).hash("123456", "c-1"))
