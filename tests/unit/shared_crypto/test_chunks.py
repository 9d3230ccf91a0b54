from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.chunks import CHUNK_OVERHEAD_BYTES, FileKeys
from shared.crypto.errors import CannotDecrypt
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD


@given(plain=st.binary(max_size=500), index=st.integers(min_value=0, max_value=2**40), last=st.booleans())
def test_a_chunk_opens_in_its_place_only(plain: bytes, index: int, last: bool) -> None:
    _, cipher = FileKeys(BOTH).new("f-1")
    sealed = cipher.seal(plain, index=index, last=last)
    assert len(sealed) == len(plain) + CHUNK_OVERHEAD_BYTES
    assert cipher.open(sealed, index=index, last=last) == plain
    with pytest.raises(CannotDecrypt):
        cipher.open(sealed, index=index + 1, last=last)
    with pytest.raises(CannotDecrypt):
        cipher.open(sealed, index=index, last=not last)
    with pytest.raises(CannotDecrypt):
        cipher.open(sealed[:-1], index=index, last=last)


def test_the_stored_key_opens_the_file_again() -> None:
    keys = FileKeys(BOTH)
    wrapped, cipher = keys.new("f-1")
    sealed = cipher.seal(b"x", index=0, last=True)
    assert keys.open(wrapped, "f-1").open(sealed, index=0, last=True) == b"x"
    with pytest.raises(CannotDecrypt):
        keys.open(wrapped, "f-2")


def test_files_have_keys_of_their_own() -> None:
    keys = FileKeys(BOTH)
    _, one = keys.new("f-1")
    _, other = keys.new("f-1")
    with pytest.raises(CannotDecrypt):
        other.open(one.seal(b"x", index=0, last=True), index=0, last=True)


def test_the_master_key_rotates() -> None:
    wrapped, cipher = FileKeys(OLD).new("f-1")
    sealed = cipher.seal(b"x", index=0, last=True)
    assert FileKeys(BOTH).needs_rotation(wrapped)
    renewed = FileKeys(BOTH).rewrapped(wrapped, "f-1")
    assert not FileKeys(BOTH).needs_rotation(renewed)
    assert FileKeys(NEW).open(renewed, "f-1").open(sealed, index=0, last=True) == b"x"
    with pytest.raises(CannotDecrypt):
        FileKeys(NEW).open(wrapped, "f-1")


@given(st.text(max_size=50))
def test_any_other_text_is_no_key(text: str) -> None:
    for tried in (text, "k1." + text):
        with pytest.raises(CannotDecrypt):
            FileKeys(BOTH).open(tried, "f-1")


@given(st.binary(max_size=60))
def test_any_other_bytes_are_no_chunk(raw: bytes) -> None:
    _, cipher = FileKeys(BOTH).new("f-1")
    with pytest.raises(CannotDecrypt):
        cipher.open(raw, index=0, last=True)
