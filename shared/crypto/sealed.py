"""Sealed boxes: anybody can seal to a public key, only the holder of the private key can open.

X25519 with a fresh key per box, HKDF-SHA256 over both public keys, AES-256-GCM: the construction of RFC 9180 (HPKE,
base mode) in its simplest form. Used for commands that carry an address or a code past the broker.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.crypto.errors import CannotDecrypt

_PUBLIC_KEY_BYTES = 32
_KEY_BYTES = 32
_NONCE_BYTES = 12
_INFO = b"paspor sealed box 1"


class KeyPairInvalid(ValueError):
    """A public or private key is not base64 of 32 bytes; the message never shows it."""


class CannotUnseal(CannotDecrypt):
    """A box was changed, was sealed with other additional data, or is for a key that is not here."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair, both as base64; printing it shows the public key alone."""

    private_key_b64: str
    public_key_b64: str

    def __repr__(self) -> str:
        return f"KeyPair(public_key_b64={self.public_key_b64!r})"


def new_keypair() -> KeyPair:
    """A fresh random pair."""
    private = X25519PrivateKey.generate()
    return KeyPair(_encode(private.private_bytes_raw()), _encode(private.public_key().public_bytes_raw()))


class SealedBox:
    """Seals to one recipient."""

    def __init__(self, recipient: X25519PublicKey) -> None:
        self._recipient = recipient
        self._recipient_raw = recipient.public_bytes_raw()
        self._key_id = _key_id(self._recipient_raw)

    @classmethod
    def for_recipient(cls, public_key_b64: str) -> SealedBox:
        """The box of the holder of this public key. `KeyPairInvalid` if it cannot be read."""
        return cls(X25519PublicKey.from_public_bytes(_decode_key(public_key_b64)))

    def seal(self, content: bytes | Mapping[str, Any], aad: str) -> str:
        """`<recipient key id>.<base64>`; a mapping is written as JSON. `aad` must be given again to open."""
        plain = content if isinstance(content, bytes) else json.dumps(dict(content), separators=(",", ":")).encode()
        own = X25519PrivateKey.generate()
        own_raw = own.public_key().public_bytes_raw()
        try:
            secret = own.exchange(self._recipient)
        except ValueError:
            raise KeyPairInvalid("the recipient's public key is a weak point; make a new pair") from None
        key, nonce = _key_and_nonce(secret, own_raw, self._recipient_raw)
        return f"{self._key_id}.{_encode(own_raw + AESGCM(key).encrypt(nonce, plain, aad.encode()))}"


class Unsealer:
    """Opens boxes with any of its private keys, so that the pair can be changed while old boxes are under way."""

    def __init__(self, private_keys_b64: Iterable[str]) -> None:
        """Keys as base64, the current one first; `KeyPairInvalid` if there is none or one cannot be read."""
        keys = [X25519PrivateKey.from_private_bytes(_decode_key(item)) for item in private_keys_b64]
        if not keys:
            raise KeyPairInvalid("at least one private key is needed")
        self._keys = {_key_id(key.public_key().public_bytes_raw()): key for key in keys}
        self._public_key_b64 = _encode(keys[0].public_key().public_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Unsealer:
        """Read `BASE64,BASE64`, the current key first."""
        return cls([part.strip() for part in text.split(",") if part.strip()])

    @property
    def public_key_b64(self) -> str:
        """The public half of the current key, for senders."""
        return self._public_key_b64

    def open(self, sealed: str, aad: str) -> bytes:
        """The content of a box. `CannotUnseal` if it or `aad` was changed or it is for another key."""
        key_id, _, encoded = sealed.partition(".")
        private = self._keys.get(key_id)
        if private is None:
            raise CannotUnseal("the box is for a key that is not here")
        try:
            raw = base64.b64decode(encoded, validate=True)
            sender_raw, content = raw[:_PUBLIC_KEY_BYTES], raw[_PUBLIC_KEY_BYTES:]
            secret = private.exchange(X25519PublicKey.from_public_bytes(sender_raw))
            key, nonce = _key_and_nonce(secret, sender_raw, private.public_key().public_bytes_raw())
            return AESGCM(key).decrypt(nonce, content, aad.encode())
        except (InvalidTag, binascii.Error, ValueError):
            raise CannotUnseal("the box or what it was bound to was changed") from None

    def open_json(self, sealed: str, aad: str) -> dict[str, Any]:
        """The mapping that was sealed. `CannotUnseal` also if the content is no JSON object."""
        try:
            content = json.loads(self.open(sealed, aad))
        except ValueError:
            raise CannotUnseal("the box does not hold JSON") from None
        if not isinstance(content, dict):
            raise CannotUnseal("the box does not hold a JSON object")
        return content


def _key_and_nonce(secret: bytes, sender_raw: bytes, recipient_raw: bytes) -> tuple[bytes, bytes]:
    # The key is used for one message only, so its nonce may come from the same derivation.
    size = _KEY_BYTES + _NONCE_BYTES
    material = HKDF(SHA256(), size, salt=sender_raw + recipient_raw, info=_INFO).derive(secret)
    return material[:_KEY_BYTES], material[_KEY_BYTES:]


def _key_id(public_raw: bytes) -> str:
    return hashlib.sha256(public_raw).hexdigest()[:16]


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode_key(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KeyPairInvalid("a key is not base64") from None
    if len(raw) != _PUBLIC_KEY_BYTES:
        raise KeyPairInvalid(f"a key has {len(raw)} bytes; {_PUBLIC_KEY_BYTES} are needed")
    return raw
