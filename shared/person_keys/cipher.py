"""The cipher of one person: the calls of `FieldCipher`, with a key of their own."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.fields import FieldCipher
from shared.crypto.framing import framed
from shared.crypto.wrapping import open_raw, seal_raw

PREFIX: Final = "P1."
"""Begins what a person's key sealed. The id of a master key has no capital letter, so that both are told apart."""

_FIELD: Final = "field"
_FILE: Final = "file"


def is_persons(value: str) -> bool:
    """Return whether the value was sealed by a person's key, and not by a master key."""
    return value.startswith(PREFIX)


class PersonCipher:
    """AES-256-GCM; a value opens only under the service, subject, owner and field that it was sealed for.

    Values of before persons had keys are opened with the master key; whatever is sealed now is sealed with this one.
    Random nonces of 96 bits bear 2**32 values per key (NIST SP 800-38D, 8.3), more than one person ever has.
    """

    def __init__(self, key: bytes, service: str, subject_id: str, master: FieldCipher) -> None:
        self._cipher = AESGCM(key)
        self._bound_to = (service, subject_id)
        self._master = master

    def seal(self, text: str, *, owner_id: str, field: str) -> str:
        """`text` as `P1.<base64 of nonce and ciphertext>`; different at each call."""
        return PREFIX + seal_raw(self._cipher, text.encode(), framed(_FIELD, *self._bound_to, owner_id, field))

    def open(self, value: str, *, owner_id: str, field: str) -> str:
        """The text of a sealed value. `CannotDecrypt` if it was changed or moved from elsewhere."""
        if not is_persons(value):
            return self._master.open(value, owner_id=owner_id, field=field)
        bound_to = framed(_FIELD, *self._bound_to, owner_id, field)
        return open_raw(self._cipher, value.removeprefix(PREFIX), bound_to).decode()

    def turned(self, value: str, *, owner_id: str, field: str) -> str:
        """The value as this key seals it; the same one where it did so before."""
        if not self.needs_rotation(value):
            return value
        return self.seal(self.open(value, owner_id=owner_id, field=field), owner_id=owner_id, field=field)

    def needs_rotation(self, value: str) -> bool:
        """Whether the value was sealed by a master key."""
        return not is_persons(value)

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """The data key of a file, wrapped for this person."""
        return PREFIX + seal_raw(self._cipher, data_key, framed(_FILE, *self._bound_to, file_id))

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """The data key of a file. `CannotDecrypt` if it was changed or is of another file or person."""
        return open_raw(self._cipher, wrapped.removeprefix(PREFIX), framed(_FILE, *self._bound_to, file_id))
