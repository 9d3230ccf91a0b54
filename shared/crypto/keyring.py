"""Keys with names, so that they can be changed while old values are still read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_KEY_ID = re.compile(r"[a-z][a-z0-9]{0,15}")


class KeyringInvalid(ValueError):
    """The text of a keyring cannot be read. The message names the rule, never the text."""


class KeyNotKnown(LookupError):
    """A value names a key that the keyring no longer or not yet has."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of 32 bytes and its id; printing it shows the id alone."""

    key_id: str
    secret: bytes

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (HKDF-SHA256), so that no two uses share a key."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.secret)

    def __repr__(self) -> str:
        return f"Key({self.key_id})"

    __str__ = __repr__


class Keyring:
    """Keys in order, the current one first. Writers use the current one, readers any."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        if not keys:
            raise KeyringInvalid("a keyring needs at least one key, like k1:BASE64_OF_32_BYTES")
        self._keys = {key.key_id: key for key in keys}
        if len(self._keys) != len(keys):
            raise KeyringInvalid("two keys carry the same id")
        self._current = keys[0]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `k1:BASE64,k0:BASE64`. Refuses with `KeyringInvalid`; what it says never shows a key."""
        return cls(tuple(_parse_key(entry.strip()) for entry in text.split(",") if entry.strip()))

    @property
    def current(self) -> Key:
        """The key that new values are written with."""
        return self._current

    def get(self, key_id: str) -> Key:
        """The key with this id; `KeyNotKnown` if there is none."""
        try:
            return self._keys[key_id]
        except KeyError:
            raise KeyNotKnown("the value names a key that this keyring does not have") from None

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"

    __str__ = __repr__


def _parse_key(entry: str) -> Key:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise KeyringInvalid("a key is written id:BASE64, the id being a small letter, then small letters and digits")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise KeyringInvalid(f"key {key_id} is not base64") from None
    if len(secret) != KEY_BYTES:
        raise KeyringInvalid(f"key {key_id} has {len(secret)} bytes; {KEY_BYTES} are needed")
    return Key(key_id, secret)
