"""Detached signatures: JWS (RFC 7515, appendix F) with ES256 over words that both sides know, so only the signature
travels: ``<protected header>..<signature>``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.tokens import read_jwks

ALGORITHM: Final = "ES256"
LONGEST_SIGNATURE_CHARS: Final = 1024
"""A header with a key id and 64 bytes of signature take a quarter of it."""


class SignatureDoesNotFit(Exception):
    """It is no signature over these words by a key that is known here."""


def is_detached(signature: str) -> bool:
    """Return whether it carries no words of its own: joserfc would verify these in place of the ones it is given."""
    parts = signature.split(".")
    return len(parts) == 3 and not parts[1]


class DetachedSigner:
    """Signs words with a private key on P-256."""

    def __init__(self, key_pem: str) -> None:
        self._key = ECKey.import_key(key_pem)
        self.key_id = self._key.thumbprint()

    def sign(self, words: bytes) -> str:
        """Return the detached signature of the words."""
        header = {"alg": ALGORITHM, "kid": self.key_id}
        return jws.detach_content(jws.serialize_compact(header, words, self._key, algorithms=[ALGORITHM]))

    def jwks(self) -> dict[str, Any]:
        """Return the public key as a JWK set, for who verifies."""
        return {"keys": [{**self._key.as_dict(private=False), "kid": self.key_id, "use": "sig", "alg": ALGORITHM}]}


class DetachedVerifier:
    """Verifies signatures of somebody whose public keys are known; without a key no signature fits."""

    def __init__(self, jwks: Mapping[str, Any] | None) -> None:
        """``jwks`` is their JWK set; None knows no key. Raises `ValueError` on a set without a usable key."""
        self._keys = read_jwks(jwks) if jwks is not None else {}

    def verify(self, signature: str, words: bytes) -> str:
        """Return the id of the key that signed the words.

        Raises:
            SignatureDoesNotFit
        """
        if len(signature) > LONGEST_SIGNATURE_CHARS or not is_detached(signature):
            raise SignatureDoesNotFit
        try:
            key_id = str(jws.extract_compact(signature.encode()).headers().get("kid", ""))
            jws.deserialize_compact(signature, self._keys[key_id], algorithms=[ALGORITHM], payload=words)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise SignatureDoesNotFit from None
        return key_id


def read_public_keys(text: str) -> dict[str, Any] | None:
    """Return the JWK set that a setting holds as JSON; None for an empty setting. Raises `ValueError`."""
    if not text.strip():
        return None
    parsed = json.loads(text)
    if not isinstance(parsed, dict):
        raise ValueError("this is no JWK set")
    read_jwks(parsed)
    return parsed
