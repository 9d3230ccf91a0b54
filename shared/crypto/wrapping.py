"""Keys at rest: a data key is stored wrapped by a master key, and bound to what it is the key of."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.errors import CannotDecrypt
from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_NONCE_BYTES = 12


class KeyWrapper:
    """Wraps keys with the current master key, and unwraps those of every master key of the ring, for one purpose."""

    def __init__(self, keyring: Keyring, purpose: str) -> None:
        self.current_id = keyring.current.key_id
        self._wrappers = {key.key_id: AESGCM(key.derived(purpose)) for key in keyring}

    def wrap(self, data_key: bytes, *bound_to: str) -> str:
        """The key as `k1.<base64>`; it unwraps only with the same `bound_to`."""
        sealed = seal_raw(self._wrappers[self.current_id], data_key, framed(*bound_to))
        return f"{self.current_id}.{sealed}"

    def unwrap(self, wrapped: str, *bound_to: str) -> bytes:
        """The key. `CannotDecrypt` if it was changed, is of something else or its master key is not here."""
        wrapper = self._wrappers.get(wrapping_key_id(wrapped))
        if wrapper is None:
            raise CannotDecrypt("the key is wrapped by a master key that is not here")
        return open_raw(wrapper, wrapped.partition(".")[2], framed(*bound_to))

    def needs_rotation(self, wrapped: str) -> bool:
        """Whether the key is wrapped by a master key that is no longer the current one."""
        return wrapping_key_id(wrapped) != self.current_id


def wrapping_key_id(wrapped: str) -> str:
    """The id of the master key that wraps this key."""
    return wrapped.partition(".")[0]


def seal_raw(cipher: AESGCM, plain: bytes, bound_to: bytes) -> str:
    """Nonce and ciphertext as base64; different at each call."""
    nonce = os.urandom(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + cipher.encrypt(nonce, plain, bound_to)).decode()


def open_raw(cipher: AESGCM, encoded: str, bound_to: bytes) -> bytes:
    """The bytes that `seal_raw` sealed. `CannotDecrypt` if it was changed or belongs elsewhere."""
    try:
        raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
        return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to)
    except (InvalidTag, binascii.Error, ValueError):
        raise CannotDecrypt("it was changed or belongs elsewhere") from None
