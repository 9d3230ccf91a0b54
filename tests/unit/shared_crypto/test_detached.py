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


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "..",
        "a.b.c",
        "é..x",
        f"{HEADER}..",
        f"{SIGNATURE[:-4]}AAAA",
        OTHER.sign(WORDS),
        SIGNER.sign(WORDS + b"0"),
        "eyJhbGciOiJub25lIn0..",
        "bnVsbA..x",
        "W10..x",
        EMBEDDED,
        "x" * (detached.LONGEST_SIGNATURE_CHARS + 1),
    ],
)
def test_what_is_no_signature_of_these_words_is_refused(signature: str) -> None:
    with pytest.raises(SignatureDoesNotFit):
        DetachedVerifier(SIGNER.jwks()).verify(signature, WORDS)


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
