"""Facts of applications, and of appointments that ended, as billing needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OrderedBook:
    """The ordered passport, as far as its price depends on it."""

    passport_kind: str
    validity_years: int
    reason: str
    zero_tariff: str | None = None


@dataclass(frozen=True)
class KnownApplication:
    """An application as billing knows it; without an order if only its withdrawal is known."""

    application_id: str
    account_id: str
    person_id: str
    order: OrderedBook | None
    version: int
    """The newest known version of the application."""
    withdrawn: bool = False
    withdrawn_at: datetime | None = None
    """Time of the withdrawal; None in older documents, whose events did not carry it."""
    finding: Finding | None = None
    """An interviewer's finding about a lost or damaged passport."""
    finding_version: int = 0
    printed: bool = False
    """Whether its passport is printed."""


@dataclass(frozen=True)
class LostSeat:
    """An appointment that ended, kept in case the event of its hold or confirmation arrives later."""

    appointment_id: str
    version: int
    reason: str
    was_confirmed: bool = False


@dataclass(frozen=True)
class Finding:
    """A lost or damaged book that the interviewer found."""

    ground: str
    force_majeure: bool = False
