"""Queue codes: signed, compact, checked with public keys alone."""

from __future__ import annotations

import base64
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.booking.appointments.queue_code_payload import Ticket, decode, encode
from services.scheduling.booking.appointments.queue_codes import LONGEST, QueueCodeInvalid, QueueCodes, verify
from shared.crypto.keyring import Keyring


def ring(*names: str) -> Keyring:
    return Keyring.parse(",".join(f"{name}:{base64.b64encode(name.encode() * 16).decode()}" for name in names))


TICKET = Ticket("11111111-1111-4111-8111-111111111111", "jakarta-selatan", date(2026, 11, 25), 1)
CODES = QueueCodes(ring("k1"))
CODE = CODES.sign(TICKET)


def test_it_is_short_and_the_same_each_time() -> None:
    assert CODES.sign(TICKET) == CODE
    assert len(CODE) < LONGEST
    assert CODE.isascii()
    assert CODES.verify(f" {CODE}\n") == TICKET


def test_anybody_can_check_it_with_the_published_keys() -> None:
    published = {
        key_id: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "="))
        for key_id, key in CODES.published()
    }
    assert verify(CODE, published) == TICKET


def test_keys_rotate() -> None:
    both = QueueCodes(ring("k2", "k1"))
    assert both.verify(CODE) == TICKET
    assert both.sign(TICKET) != CODE
    assert [key_id for key_id, _ in both.published()] == ["k2", "k1"]
    with pytest.raises(QueueCodeInvalid):
        QueueCodes(ring("k2")).verify(CODE)


@given(st.integers(0, len(CODE) - 1), st.sampled_from("AZaz09-_.+ "))
def test_any_changed_letter_is_noticed(at: int, letter: str) -> None:
    forged = CODE[:at] + letter + CODE[at + 1 :]
    try:
        ticket = CODES.verify(forged)
    except QueueCodeInvalid:
        return
    assert ticket == TICKET and forged.strip() == CODE, "blanks at the ends do not count"


@given(st.binary())
def test_bytes_have_one_text(raw: bytes) -> None:
    text = encode(raw)
    assert decode(text) == raw
    for other in (f"{text}=", f"{text}\n", f"{text} ", text.replace("-", "+"), text.replace("_", "/")):
        if other != text:
            with pytest.raises(ValueError):
                decode(other)


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "A=", "AA==", "+w", "/w", "Ã", "A A", "AA.", "AAAAA"])
def test_no_other_text_is_taken_for_bytes(text: str) -> None:
    with pytest.raises(ValueError):
        decode(text)


@given(st.text(max_size=400))
def test_any_text_is_answered(text: str) -> None:
    with pytest.raises(QueueCodeInvalid):
        CODES.verify(text)


@pytest.mark.parametrize("text", ["", ".", "PSP1.k1.", "PSP2" + CODE[4:], CODE + "x" * 300, "ü" + CODE[1:]])
def test_other_forms(text: str) -> None:
    with pytest.raises(QueueCodeInvalid):
        CODES.verify(text)
