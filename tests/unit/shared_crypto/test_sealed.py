from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.sealed import CannotUnseal, KeyPairInvalid, SealedBox, Unsealer, new_keypair

PAIR = new_keypair()
OTHER = new_keypair()


@given(content=st.binary(max_size=300), aad=st.text(max_size=20))
def test_bytes_come_back(content: bytes, aad: str) -> None:
    sealed = SealedBox.for_recipient(PAIR.public_key_b64).seal(content, aad)
    assert Unsealer([PAIR.private_key_b64]).open(sealed, aad) == content


def test_a_mapping_comes_back() -> None:
    content: dict[str, Any] = {"address": "siti@example.org", "code": "123456", "n": [1, None]}
    sealed = SealedBox.for_recipient(PAIR.public_key_b64).seal(content, "send_otp")
    assert "123456" not in sealed
    assert Unsealer.parse(PAIR.private_key_b64).open_json(sealed, "send_otp") == content


def test_two_boxes_are_never_alike() -> None:
    box = SealedBox.for_recipient(PAIR.public_key_b64)
    assert box.seal(b"x", "a") != box.seal(b"x", "a")


def test_other_additional_data_does_not_open() -> None:
    sealed = SealedBox.for_recipient(PAIR.public_key_b64).seal(b"x", "contact:1")
    with pytest.raises(CannotUnseal):
        Unsealer([PAIR.private_key_b64]).open(sealed, "contact:2")


def test_a_box_for_somebody_else_does_not_open() -> None:
    sealed = SealedBox.for_recipient(OTHER.public_key_b64).seal(b"x", "a")
    with pytest.raises(CannotUnseal):
        Unsealer([PAIR.private_key_b64]).open(sealed, "a")


def test_pairs_rotate() -> None:
    old_box = SealedBox.for_recipient(PAIR.public_key_b64).seal(b"old", "a")
    both = Unsealer.parse(f"{OTHER.private_key_b64}, {PAIR.private_key_b64}")
    assert both.public_key_b64 == OTHER.public_key_b64
    assert both.open(old_box, "a") == b"old"
    assert both.open(SealedBox.for_recipient(both.public_key_b64).seal(b"new", "a"), "a") == b"new"


@given(st.text(max_size=80))
def test_any_other_text_is_refused_in_one_way(text: str) -> None:
    unsealer = Unsealer([PAIR.private_key_b64])
    sealed = SealedBox.for_recipient(PAIR.public_key_b64).seal(b"x", "a")
    for tried in (text, sealed.partition(".")[0] + "." + text, sealed[:-4], sealed + "AAAA"):
        with pytest.raises(CannotUnseal):
            unsealer.open(tried, "a")


@pytest.mark.parametrize("content", [b"[1]", b"no json", b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    sealed = SealedBox.for_recipient(PAIR.public_key_b64).seal(content, "a")
    with pytest.raises(CannotUnseal):
        Unsealer([PAIR.private_key_b64]).open_json(sealed, "a")


@pytest.mark.parametrize("text", ["", "zzz!", base64.b64encode(bytes(31)).decode()])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyPairInvalid):
        SealedBox.for_recipient(text)
    with pytest.raises(KeyPairInvalid):
        Unsealer([text])


def test_no_private_key_is_refused() -> None:
    with pytest.raises(KeyPairInvalid):
        Unsealer.parse(" , ")


def test_a_weak_public_key_is_refused() -> None:
    with pytest.raises(KeyPairInvalid):
        SealedBox.for_recipient(base64.b64encode(bytes(32)).decode()).seal(b"x", "a")


def test_printing_a_pair_hides_the_private_key() -> None:
    assert PAIR.private_key_b64 not in repr(PAIR)
    assert PAIR.private_key_b64 not in f"{PAIR}"
