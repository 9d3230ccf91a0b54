"""Queue codes: short signed texts that an office can check with no network, with nothing but public keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.scheduling.booking.appointments.appointment import ticket_of
from services.scheduling.booking.appointments.queue_code_payload import Ticket, decode, encode, pack, unpack
from services.scheduling.booking.seats.seat import Slot
from shared.chain.canonical_json import canonical
from shared.crypto.keyring import Keyring

LONGEST: Final = 300
"""Characters of a queue code; today's are about 170."""

MARK: Final = "PSP1"
_PURPOSE: Final = "paspor queue code 1"


class QueueCodeInvalid(Exception):
    """The text is no queue code that one of these keys has signed."""


class QueueCodes:
    """Signs with the current key; signatures of older keys stay valid as long as they are in the ring."""

    def __init__(self, keyring: Keyring) -> None:
        self._current_id = keyring.current.key_id
        self._keys = {key.key_id: Ed25519PrivateKey.from_private_bytes(key.derived(_PURPOSE)) for key in keyring}
        self.public_keys: Mapping[str, Ed25519PublicKey] = {
            key_id: key.public_key() for key_id, key in self._keys.items()
        }

    def sign(self, ticket: Ticket) -> str:
        """Return the queue code of a visit: mark, key id, ticket and signature, parted by dots. The same each time."""
        signed = f"{MARK}.{self._current_id}.{encode(pack(ticket))}"
        return f"{signed}.{encode(self._keys[self._current_id].sign(signed.encode()))}"

    def sign_visit(self, appointment_id: str, slot: Slot, version: int) -> str:
        """Return the queue code of a visit at that slot; each move raises its version."""
        return self.sign(ticket_of(appointment_id, slot, version))

    def sign_content(self, mark: str, content: Mapping[str, Any]) -> str:
        """Return a text with the content (as canonical JSON) and its signature; read by the offline verifier."""
        signed = f"{mark}.{self._current_id}.{encode(canonical(content))}"
        return f"{signed}.{encode(self._keys[self._current_id].sign(signed.encode()))}"

    def verify(self, text: str) -> Ticket:
        """Return the visit that the code stands for, by the keys of this ring; see :func:`verify`."""
        return verify(text, self.public_keys)

    def published(self) -> list[tuple[str, str]]:
        """Return (key id, public key as base64url of its 32 bytes), the current one first."""
        return [(key_id, encode(key.public_bytes_raw())) for key_id, key in self.public_keys.items()]


def verify(text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Ticket:
    """Return the visit that a queue code stands for. It cannot tell whether the visit was moved or used since.

    Raises:
        QueueCodeInvalid: another form, an unknown key, or a wrong signature.
    """
    text = text.strip()
    signed, dot, signature = text.rpartition(".")
    parts = signed.split(".")
    if not dot or len(text) > LONGEST or len(parts) != 3 or parts[0] != MARK:
        raise QueueCodeInvalid("not the form of a queue code")
    key = public_keys.get(parts[1])
    if key is None:
        raise QueueCodeInvalid("signed with a key that is not known here")
    try:
        key.verify(decode(signature), signed.encode())
        return unpack(decode(parts[2]))
    except (InvalidSignature, ValueError):
        raise QueueCodeInvalid("the signature does not fit") from None
