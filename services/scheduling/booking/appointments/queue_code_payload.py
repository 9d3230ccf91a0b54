"""Payload of the queue code, as bytes and as text. Signing and verifying is elsewhere."""

from __future__ import annotations

import base64
import struct
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

_LAYOUT: Final = 1
_HEAD: Final = struct.Struct(">B16sHI")
_LONGEST_OFFICE_ID: Final = 60


class TicketUnreadable(ValueError):
    """The bytes are no ticket of this layout."""


@dataclass(frozen=True)
class Ticket:
    """One visit, as the QR code carries it. No name and no number of a person."""

    appointment_id: str
    office_id: str
    date: date
    version: int
    """Grows with each reschedule, so that an older code is void."""


def pack(ticket: Ticket) -> bytes:
    """The ticket in few bytes, so that its QR code stays coarse enough for a phone with a cracked screen."""
    head = _HEAD.pack(_LAYOUT, uuid.UUID(ticket.appointment_id).bytes, ticket.version, ticket.date.toordinal())
    return head + ticket.office_id.encode("ascii")


def unpack(raw: bytes) -> Ticket:
    """The ticket that these bytes hold.

    Raises:
        TicketUnreadable: too short, too long or of another layout.
    """
    if not _HEAD.size < len(raw) <= _HEAD.size + _LONGEST_OFFICE_ID:
        raise TicketUnreadable("wrong length")
    layout, appointment, version, day = _HEAD.unpack_from(raw)
    if layout != _LAYOUT:
        raise TicketUnreadable("another layout")
    try:
        office_id = raw[_HEAD.size :].decode("ascii")
        return Ticket(str(uuid.UUID(bytes=appointment)), office_id, date.fromordinal(day), version)
    except (UnicodeDecodeError, ValueError, OverflowError) as problem:
        raise TicketUnreadable("unreadable content") from problem


def encode(raw: bytes) -> str:
    """Return the bytes as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a base64url text. Of each run of bytes one text alone is taken, the one that `encode` gives.

    Raises:
        ValueError: another text.
    """
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise ValueError("not the one form of these bytes")
    return raw


LONGEST_QUEUE_CODE = 300
