"""Verifies queue codes without a network, with the public keys, the day and the list of void codes. Pure.

Nothing here calls another system. Keys come from ``GET /v1/queue-code-keys``, the list from
``GET /v1/queue-code-revocations`` and the sheet from ``GET /v1/offices/{id}/day-sheets/{date}``; all three are fetched
while there is a network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.scheduling.booking.appointments.queue_code_payload import Ticket, decode
from services.scheduling.booking.appointments.queue_codes import QueueCodeInvalid, verify

REVOCATIONS_MARK: Final = "PSR1"
SHEET_MARK: Final = "PSD1"


class Verdict(StrEnum):
    """The verdict on a queue code that was shown."""

    VALID = "valid"
    NOT_OURS = "not_ours"
    """Not signed with one of these keys."""
    OTHER_OFFICE = "other_office"
    OTHER_DAY = "other_day"
    VOID = "void"
    """The visit was moved or given up since."""


@dataclass(frozen=True)
class Revocations:
    """Codes that are void although they are well signed: of each visit, those below a version."""

    version: int
    """Grows with time: a list with a lower one is older and must not replace this one."""
    issued_at: datetime
    valid_until: datetime
    below: Mapping[str, int]

    def is_void(self, ticket: Ticket) -> bool:
        """Return whether the list says that this code no longer counts."""
        return ticket.version < self.below.get(ticket.appointment_id, 0)


@dataclass(frozen=True)
class Judgement:
    """The verdict, what the code says, and whether the list of void codes was fresh enough to rely on."""

    verdict: Verdict
    ticket: Ticket | None = None
    list_is_current: bool = False


class KeysUnreadable(ValueError):
    """The published keys cannot be read."""


class SignedTextInvalid(Exception):
    """The text was not signed with one of these keys, or was changed since."""


def read_keys(published: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """Return the keys that `GET /v1/queue-code-keys` gives, by their id.

    Raises:
        KeysUnreadable: it is another answer, or a key in it is no Ed25519 key.
    """
    try:
        return {
            key["key_id"]: Ed25519PublicKey.from_public_bytes(decode(key["public_key"])) for key in published["keys"]
        }
    except (KeyError, TypeError, AttributeError, ValueError):
        raise KeysUnreadable("these are not the keys that a service publishes") from None


def judge(
    text: str,
    *,
    public_keys: Mapping[str, Ed25519PublicKey],
    office_id: str,
    today: date,
    now: datetime,
    revocations: Revocations | None = None,
) -> Judgement:
    """Return the verdict on a queue code at this office on this day, without a network."""
    try:
        ticket = verify(text, public_keys)
    except QueueCodeInvalid:
        return Judgement(Verdict.NOT_OURS)
    current = revocations is not None and now <= revocations.valid_until
    if ticket.office_id != office_id:
        return Judgement(Verdict.OTHER_OFFICE, ticket, current)
    if ticket.date != today:
        return Judgement(Verdict.OTHER_DAY, ticket, current)
    if revocations is not None and revocations.is_void(ticket):
        return Judgement(Verdict.VOID, ticket, current)
    return Judgement(Verdict.VALID, ticket, current)


def read_revocations(text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Revocations:
    """Return the list in a signed text.

    Raises:
        SignedTextInvalid: it was changed, or signed with an unknown key.
    """
    signed = read_signed(text, REVOCATIONS_MARK, public_keys)
    return Revocations(
        version=signed["version"],
        issued_at=datetime.fromisoformat(signed["issued_at"]),
        valid_until=datetime.fromisoformat(signed["valid_until"]),
        below={entry["appointment_id"]: entry["below"] for entry in signed["entries"]},
    )


def newer(held: Revocations | None, fetched: Revocations) -> Revocations:
    """Return the newer of two lists."""
    return held if held is not None and held.version > fetched.version else fetched


def read_signed(text: str, mark: str, public_keys: Mapping[str, Ed25519PublicKey]) -> dict[str, Any]:
    """Return the content of a signed text.

    Raises:
        SignedTextInvalid: another form, an unknown key, or a wrong signature.
    """
    signed, _, signature = text.strip().rpartition(".")
    parts = signed.split(".")
    key = public_keys.get(parts[1]) if len(parts) == 3 and parts[0] == mark else None
    if key is None:
        raise SignedTextInvalid("another form, or signed with a key that is not known here")
    try:
        key.verify(decode(signature), signed.encode())
        content: dict[str, Any] = json.loads(decode(parts[2]))
    except (InvalidSignature, ValueError):
        raise SignedTextInvalid("the signature does not fit") from None
    return content
