"""Proof of work for busy networks, as hashcash: cheap to check, seconds to make, and nothing of it is stored.

A proof is the challenge, a colon and a text so that SHA-256 of all of it begins with as many zero bits as asked for. A
challenge is signed and bound to the address that a code is asked for, so a proof opens no other throttle than its own.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import count

from services.identity.sessions.signed_text import SignedText
from shared.crypto.keyring import Keyring

HASH_BITS = 256


class ProofsOfWork:
    """Makes challenges and checks proofs."""

    def __init__(self, keyring: Keyring) -> None:
        self._signed = SignedText(keyring, "pw1", 3)

    def challenge(self, target: str, bits: int, seconds: int, now: datetime) -> str:
        """Return a challenge for asking for a code to ``target``, good for some seconds."""
        until = int((now + timedelta(seconds=seconds)).timestamp())
        return self._signed.sign(target, str(bits), str(until))

    def proves(self, proof: str | None, target: str, now: datetime) -> bool:
        """Return whether it is a proof for a challenge that was made here for ``target`` and is not over."""
        challenge = (proof or "").partition(":")[0]
        parts = self._signed.read(challenge)
        if proof is None or parts is None:
            return False
        asked_for, bits, until = parts
        return asked_for == target and now.timestamp() < int(until) and zero_bits(proof) >= int(bits)


def zero_bits(proof: str) -> int:
    """Return the number of zero bits that the SHA-256 of the text begins with."""
    return HASH_BITS - int.from_bytes(hashlib.sha256(proof.encode()).digest()).bit_length()


def solve(challenge: str, bits: int) -> str:
    """Return a proof, as a client finds it: about 2 to the power of ``bits`` hashes."""
    return next(proof for nonce in count() if zero_bits(proof := f"{challenge}:{nonce}") >= bits)
