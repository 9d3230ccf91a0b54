"""Short texts that are signed and not stored: whoever brings one back was given it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_PURPOSE: Final = "paspor signed text 1: "


class SignedText:
    """``<name>.<part>...<keyed hash>``, under any key of the ring; new ones under the current key.

    Parts hold no dot.
    """

    def __init__(self, keyring: Keyring, name: str, parts: int) -> None:
        self._keys = tuple(key.derived(_PURPOSE + name) for key in keyring)
        self._name = name
        self._parts = parts

    def sign(self, *parts: str) -> str:
        """Return the signed text of these parts."""
        return ".".join((self._name, *parts, _proof(self._keys[0], parts)))

    def read(self, text: str) -> tuple[str, ...] | None:
        """Return the parts of a text that was signed here, else None; compared in constant time."""
        name, *parts = text.split(".")
        if name != self._name or len(parts) != self._parts + 1:
            return None
        *said, proof = parts
        genuine = [hmac.compare_digest(proof.encode(), _proof(key, said).encode()) for key in self._keys]
        return tuple(said) if any(genuine) else None


def _proof(key: bytes, parts: tuple[str, ...] | list[str]) -> str:
    digest = hmac.new(key, framed(*parts), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
