"""What billing knows of applications, and of appointments that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class OrderedBook:
    """What an application asks for, as far as its price needs it."""

    passport_kind: str
    validity_years: int
    reason: str
    zero_tariff: str | None = None


@dataclass(frozen=True)
class KnownApplication:
    """What billing knows of an application; the order is missing where only the withdrawal was heard of."""

    application_id: str
    account_id: str
    person_id: str
    order: OrderedBook | None
    version: int
    """The version of the application that was last heard of."""
    withdrawn: bool = False
    withdrawn_at: datetime | None = None
    """When; unknown of what was heard before withdrawals told it."""
    finding: Finding | None = None
    """What an interviewer found about a lost or damaged book."""
    finding_version: int = 0
    printed: bool = False
    """Whether its passport is printed."""


@dataclass(frozen=True)
class LostSeat:
    """An appointment that ended, remembered in case its hold or its confirmation is heard of later."""

    appointment_id: str
    version: int
    reason: str
    was_confirmed: bool = False


@dataclass(frozen=True)
class Finding:
    """A lost or damaged book that the interviewer found."""

    ground: str
    force_majeure: bool = False
