"""One-time codes at rest: a keyed hash bound to its challenge, never the code."""

from __future__ import annotations

import hashlib
import hmac

from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_PURPOSE = "paspor one-time code 1"


class CodeHasher:
    """HMAC-SHA256 of a code; six digits are found in a blink without the key, so the key stays out of the database."""

    def __init__(self, keyring: Keyring) -> None:
        self._current_id = keyring.current.key_id
        self._keys = {key.key_id: key.derived(_PURPOSE) for key in keyring}

    def hash(self, code: str, challenge_id: str) -> str:
        """`k1:<hex>`; the same code under another challenge has another hash."""
        return f"{self._current_id}:{_digest(self._keys[self._current_id], code, challenge_id)}"

    def matches(self, code: str, challenge_id: str, hashed: str) -> bool:
        """Whether `code` is the one that was hashed, compared in constant time; False if its key is gone."""
        key_id, _, digest = hashed.partition(":")
        key = self._keys.get(key_id)
        if key is None:
            return False
        return hmac.compare_digest(_digest(key, code, challenge_id).encode(), digest.encode())


def _digest(key: bytes, code: str, challenge_id: str) -> str:
    return hmac.new(key, framed(challenge_id, code), hashlib.sha256).hexdigest()
