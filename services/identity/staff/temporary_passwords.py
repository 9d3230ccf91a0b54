"""One-time passwords of staff: made of a key and a salt, so that a repeat of the command shows the same one again.

Neither the database alone nor the key alone makes one; what is compared at the door is its hash, as of any password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_PURPOSE: Final = "paspor one-time staff password 1"
_CHARS: Final = 20
_GROUP: Final = 5
"""Twenty characters of 32 are 100 bits; in groups of five they can be read out and typed."""


class OneTimePasswords:
    """Makes them under the current key of the ring."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.current.derived(_PURPOSE)

    def make(self, staff_id: str, salt: str) -> str:
        """Return the one-time password of this member of staff and this salt."""
        digest = hmac.new(self._key, framed(staff_id, salt), hashlib.sha256).digest()
        text = base64.b32encode(digest).decode().lower()[:_CHARS]
        return "-".join(text[at : at + _GROUP] for at in range(0, _CHARS, _GROUP))
