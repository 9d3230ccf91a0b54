"""Files at rest: one data key per file, wrapped by the master key; each chunk knows its place and if it is the last.

A chunk that was changed, moved, swapped with one of another file or left out at the end does not open. The master key
can be changed by wrapping the data key again; the chunks stay as they are.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.errors import CannotDecrypt
from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring
from shared.crypto.wrapping import KeyWrapper

CHUNK_PLAIN_BYTES = 256 * 1024
_NONCE_BYTES = 12
_TAG_BYTES = 16
CHUNK_OVERHEAD_BYTES = _NONCE_BYTES + _TAG_BYTES
_DATA_KEY_BITS = 256
_PURPOSE = "paspor file key wrapping 1"


class ChunkCipher:
    """Seals and opens the chunks of one file."""

    def __init__(self, data_key: bytes, file_id: str) -> None:
        self._cipher = AESGCM(data_key)
        self._file_id = file_id

    def seal(self, plain: bytes, *, index: int, last: bool) -> bytes:
        """Nonce, ciphertext and tag; `CHUNK_OVERHEAD_BYTES` longer than `plain`."""
        # The nonce is random: a chunk that grows is sealed again under the same index.
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, self._place(index, last))

    def open(self, sealed: bytes, *, index: int, last: bool) -> bytes:
        """The plain bytes; `CannotDecrypt` unless this is chunk `index` of this file and its end is as said."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._place(index, last))
        except (InvalidTag, ValueError):
            raise CannotDecrypt("a chunk was changed, moved or cut off") from None

    def _place(self, index: int, last: bool) -> bytes:
        return framed(self._file_id, index.to_bytes(8, "big"), b"\x01" if last else b"\x00")


class FileKeys:
    """Makes and unwraps the data keys of files."""

    def __init__(self, keyring: Keyring) -> None:
        self._wrapper = KeyWrapper(keyring, _PURPOSE)

    def new(self, file_id: str) -> tuple[str, ChunkCipher]:
        """A fresh data key: as `k1.<base64>` to be stored beside the file, and ready for use."""
        data_key = new_data_key()
        return self.wrap(data_key, file_id), ChunkCipher(data_key, file_id)

    def wrap(self, data_key: bytes, file_id: str) -> str:
        """The data key of a file under the current master key."""
        return self._wrapper.wrap(data_key, file_id)

    def unwrap(self, wrapped: str, file_id: str) -> bytes:
        """The data key of a file; `CannotDecrypt` if changed, another file's or its master key is gone."""
        return self._wrapper.unwrap(wrapped, file_id)

    def open(self, wrapped: str, file_id: str) -> ChunkCipher:
        """The cipher of a stored key; `CannotDecrypt` if changed, another file's or its master key is gone."""
        return ChunkCipher(self.unwrap(wrapped, file_id), file_id)

    def rewrapped(self, wrapped: str, file_id: str) -> str:
        """The same data key under the current master key."""
        return self.wrap(self.unwrap(wrapped, file_id), file_id)

    def needs_rotation(self, wrapped: str) -> bool:
        """Whether the data key is wrapped by a master key that is no longer the current one."""
        return self._wrapper.needs_rotation(wrapped)


def new_data_key() -> bytes:
    """A fresh random key for one file."""
    return AESGCM.generate_key(_DATA_KEY_BITS)
