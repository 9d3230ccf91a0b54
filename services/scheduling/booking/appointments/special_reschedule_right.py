"""The special reschedule: one new date without paying again, for causes that the applicant does not answer for.

Data and the rules about it; its transitions of an appointment are in
:mod:`services.scheduling.booking.appointments.visit_transitions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.events.codes import SpecialCause


class SpecialState(StrEnum):
    """Where a special reschedule stands."""

    ASKED = "asked"
    OPEN = "open"
    REFUSED = "refused"
    USED = "used"
    ENDED = "ended"


@dataclass(frozen=True)
class Special:
    """One special reschedule, from the request (or the office's own word) to its outcome."""

    state: SpecialState
    cause: SpecialCause
    asked_at: datetime | None = None
    evidence: str | None = None
    """The evidence that the applicant named, sealed."""
    evidence_ids: tuple[str, ...] = ()
    """Pictures that the applicant named; application keeps them."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    """The coded reason of the decision."""
    until: datetime | None = None
    """When the right to a new date ends."""
    by_request: int = 0
    """Special reschedules of this visit that a request led to, this one included once it is open."""
