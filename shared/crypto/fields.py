"""Personal data at rest: one field, encrypted for one owner."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.errors import CannotDecrypt
from shared.crypto.framing import framed
from shared.crypto.keyring import KeyNotKnown, Keyring

NONCE_BYTES = 12  # NIST SP 800-38D, 8.2.2: random nonces of 96 bits, at most 2**32 values per key
_PURPOSE = "paspor field encryption 1"


class FieldCipher:
    """AES-256-GCM with the key's id in the value; a value opens only under the owner and field it was sealed for."""

    def __init__(self, keyring: Keyring) -> None:
        self._current_id = keyring.current.key_id
        self._ciphers = {key.key_id: AESGCM(key.derived(_PURPOSE)) for key in keyring}

    def seal(self, text: str, *, owner_id: str, field: str) -> str:
        """`text` as `k1.<base64 of nonce and ciphertext>`; different at each call."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current_id].encrypt(nonce, text.encode(), framed(owner_id, field))
        return f"{self._current_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, value: str, *, owner_id: str, field: str) -> str:
        """The text of a sealed value. `CannotDecrypt` if it was changed, moved from elsewhere or its key is gone."""
        key_id, _, encoded = value.partition(".")
        try:
            raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
            nonce, sealed = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            return self._cipher(key_id).decrypt(nonce, sealed, framed(owner_id, field)).decode()
        except KeyNotKnown:
            raise CannotDecrypt("the value names a key that this keyring does not have") from None
        except (InvalidTag, binascii.Error, ValueError):
            raise CannotDecrypt("the value was changed or belongs to another owner or field") from None

    def needs_rotation(self, value: str) -> bool:
        """Whether the value was written with a key that is no longer the current one."""
        return value.partition(".")[0] != self._current_id

    def _cipher(self, key_id: str) -> AESGCM:
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyNotKnown(key_id)
        return cipher
