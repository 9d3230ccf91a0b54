from __future__ import annotations

import base64

import pytest

from shared.crypto.keyring import KEY_BYTES, Key, KeyNotKnown, Keyring, KeyringInvalid
from tests.unit.shared_crypto.keys import BOTH, key_text


def test_the_first_key_is_the_current_one() -> None:
    assert BOTH.current.key_id == "k1"
    assert [key.key_id for key in BOTH] == ["k1", "k0"]
    assert len(BOTH) == 2
    assert BOTH.get("k0").secret == bytes([7]) * KEY_BYTES


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(KeyNotKnown):
        BOTH.get("k9")


def test_printing_never_shows_a_key() -> None:
    for shown in (repr(BOTH), str(BOTH), repr(BOTH.current), f"{BOTH.current}", repr([BOTH.current])):
        assert key_text(9) not in shown
        assert "\\t" not in shown
        assert "k1" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        " , ",
        "k1",
        "K1:" + key_text(1),
        "k1:not base64 at all",
        "k1:" + base64.b64encode(bytes(31)).decode(),
        "k1:" + base64.b64encode(bytes(33)).decode(),
        f"k1:{key_text(1)},k1:{key_text(2)}",
        f":{key_text(1)}",
    ],
)
def test_what_is_no_keyring_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(KeyringInvalid) as refused:
        Keyring.parse(text)
    for part in text.replace(",", ":").split(":"):
        if len(part) > 8:
            assert part not in str(refused.value)


def test_purposes_give_different_keys() -> None:
    key = Key("k1", bytes(KEY_BYTES))
    assert key.derived("a") == key.derived("a") != key.derived("b")
    assert len(key.derived("a")) == KEY_BYTES
