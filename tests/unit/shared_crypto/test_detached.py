"""Detached signatures: over the words that both sides know, by a known key, and nothing else."""

from __future__ import annotations

import json

import pytest

from shared.crypto import detached
from shared.crypto.detached import DetachedSigner, DetachedVerifier, SignatureDoesNotFit, read_public_keys
from shared.tokens import new_signing_key_pem

SIGNER, OTHER = DetachedSigner(new_signing_key_pem()), DetachedSigner(new_signing_key_pem())
WORDS = b"settlement.2026-11-21.1.350000.abc"
SIGNATURE = SIGNER.sign(WORDS)
HEADER, _, END = SIGNATURE.partition("..")
EMBEDDED = f"{HEADER}.c2V0dGxlbWVudC4yMDI2LTExLTIxLjEuMzUwMDAwLmFiYw.{END}"
"""The same signature with the words that it is over inside."""


def test_who_signed_is_known_by_the_key() -> None:
    both = {"keys": [*SIGNER.jwks()["keys"], *OTHER.jwks()["keys"]]}
    assert DetachedVerifier(both).verify(SIGNATURE, WORDS) == SIGNER.key_id
    assert DetachedVerifier(both).verify(OTHER.sign(WORDS), WORDS) == OTHER.key_id
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in SIGNER.jwks()["keys"])


WRONG = {
    "nothing": "",
    "only points": "..",
    "three words": "a.b.c",
    "beyond ASCII": "é..x",
    "no signature": f"{HEADER}..",
    "changed": f"{SIGNATURE[:-4]}AAAA",
    "another key": OTHER.sign(WORDS),
    "other words": SIGNER.sign(WORDS + b"0"),
    "algorithm none": "eyJhbGciOiJub25lIn0..",
    "header null": "bnVsbA..x",
    "header list": "W10..x",
    "words inside": EMBEDDED,
    "too long": "x" * (detached.LONGEST_SIGNATURE_CHARS + 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_signature_of_these_words_is_refused(name: str) -> None:
    with pytest.raises(SignatureDoesNotFit):
        DetachedVerifier(SIGNER.jwks()).verify(WRONG[name], WORDS)


def test_without_a_key_no_signature_fits() -> None:
    with pytest.raises(SignatureDoesNotFit):
        DetachedVerifier(read_public_keys("")).verify(SIGNATURE, WORDS)


def test_twin_a_signature_that_carries_its_own_words_would_fit_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """joserfc verifies the words inside a signature and overlooks those that it is given."""
    monkeypatch.setattr(detached, "is_detached", lambda _signature: True)
    assert DetachedVerifier(SIGNER.jwks()).verify(EMBEDDED, b"any other words") == SIGNER.key_id


def test_a_setting_holds_public_keys_or_is_refused() -> None:
    assert read_public_keys(" ") is None
    assert read_public_keys(json.dumps(SIGNER.jwks())) == SIGNER.jwks()
    for wrong in ("[]", "{}", "no json", '{"keys": []}'):
        with pytest.raises(ValueError, match=r"\S"):
            read_public_keys(wrong)
