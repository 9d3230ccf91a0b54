"""Refresh tokens: keyed hashes of a session's generation, so that none is stored and each can be made again.

``pr1.<a or s>.<holder>.<session>.<generation>.<keyed hash>``; clients treat it as opaque. The hash takes in a random
salt that only the session's document has: neither the database alone nor the key alone makes a token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.identity.sessions.session import Session
from shared.crypto.framing import framed
from shared.crypto.keyring import Keyring

_PURPOSE: Final = "paspor refresh token 1"
_VERSION: Final = "pr1"
_PARTS: Final = 6
_MOST_GENERATION_DIGITS: Final = 9


class Holder(StrEnum):
    """Whose session it is."""

    ACCOUNT = "a"
    STAFF = "s"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claims of a refresh token, not yet verified."""

    holder: Holder
    holder_id: str
    session_id: str
    generation: int
    proof: str = field(repr=False)


class RefreshTokens:
    """Makes and recognises refresh tokens under any key of the ring; new ones under the current key."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = tuple(key.derived(_PURPOSE) for key in keyring)

    def make(self, holder: Holder, holder_id: str, session: Session) -> str:
        """Return the session's token of its present generation."""
        proof = _proof(self._keys[0], holder, holder_id, session.id, session.generation, session.salt)
        return ".".join((_VERSION, holder, holder_id, session.id, str(session.generation), proof))

    @staticmethod
    def read(token: str) -> Claimed | None:
        """Return the token's parts; none if it is not of our form."""
        parts = token.split(".")
        if len(parts) != _PARTS or parts[0] != _VERSION or parts[1] not in set(Holder):
            return None
        _, holder, holder_id, session_id, generation, proof = parts
        if not (generation.isascii() and generation.isdigit() and len(generation) <= _MOST_GENERATION_DIGITS):
            return None
        return Claimed(Holder(holder), holder_id, session_id, int(generation), proof)

    def is_genuine(self, claimed: Claimed, session: Session) -> bool:
        """Return whether we issued it for this session, of whichever generation; compared in constant time."""
        return any(
            hmac.compare_digest(
                claimed.proof.encode(),
                _proof(key, claimed.holder, claimed.holder_id, session.id, claimed.generation, session.salt).encode(),
            )
            for key in self._keys
        )


def _proof(key: bytes, holder: str, holder_id: str, session_id: str, generation: int, salt: str) -> str:
    digest = hmac.new(key, framed(holder, holder_id, session_id, str(generation), salt), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
