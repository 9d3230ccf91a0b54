"""Priority seats: needs that age proves by itself, and needs that are shown at the counter.

Scheduling knows no birth date; an application says in which band of whole years its person is. Where a band lies across
a limit, and where no band is known, no one is refused: the officer looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.scheduling.offices.facts import PriorityLimits


class Need(StrEnum):
    """Why a priority seat is asked for."""

    __schema_name__ = "PriorityNeed"

    CHILD = "child"
    ELDERLY = "elderly"
    DISABILITY = "disability"
    PREGNANT = "pregnant"


class Proof(StrEnum):
    """The proofs of a need."""

    __schema_name__ = "PriorityProof"

    PROVEN = "proven"
    """By the age that the registry confirmed."""
    TO_BE_SHOWN = "to_be_shown"
    """Declared; the officer at the counter looks."""
    DENIED = "denied"
    """The officer looked, and it is not so."""


class Denial(StrEnum):
    """Why an officer moves a visit from the priority seats to the regular ones."""

    __schema_name__ = "PriorityDenial"

    NOTHING_SHOWN = "nothing_shown"
    NOT_IN_GROUP = "not_in_group"


@dataclass(frozen=True)
class Priority:
    """On what ground a visit has a priority seat."""

    need: Need
    proof: Proof
    denied_by: str | None = None
    """The officer's account."""
    denied_at: datetime | None = None
    denied_for: Denial | None = None


class PriorityProblem(StrEnum):
    """Why a priority seat is not given."""

    NEED_MISSING = "need_missing"
    NOT_IN_GROUP = "not_in_group"


@dataclass(frozen=True)
class AgeBand:
    """Whole years, both inclusive; no end: from there on."""

    lowest: int
    highest: int | None

    def is_child(self, limits: PriorityLimits) -> bool | None:
        """Whether everybody in the band is below the limit; none if some are."""
        if self.highest is not None and self.highest < limits.child_below_years:
            return True
        return False if self.lowest >= limits.child_below_years else None

    def is_elderly(self, limits: PriorityLimits) -> bool | None:
        """Whether everybody in the band is above the limit; none if some are."""
        if self.lowest > limits.elderly_above_years:
            return True
        return False if self.highest is not None and self.highest <= limits.elderly_above_years else None


def band_of(text: str | None) -> AgeBand | None:
    """The band that an application says, such as ``5-11`` or ``61+``; none where it says none or another thing."""
    low, _, high = (text or "").rstrip("+").partition("-")
    if not low.isdecimal() or (high and not high.isdecimal()):
        return None
    return AgeBand(int(low), int(high) if high else None)


def priority_of(need: Need | None, band: AgeBand | None, limits: PriorityLimits | None) -> Priority | PriorityProblem:
    """Return the ground of a priority seat, or why there is none. Without a need age alone decides."""
    by_age = {
        Need.CHILD: band.is_child(limits) if band and limits else None,
        Need.ELDERLY: band.is_elderly(limits) if band and limits else None,
    }
    if need is None:
        proven = next((group for group, fits in by_age.items() if fits), None)
        return PriorityProblem.NEED_MISSING if proven is None else Priority(proven, Proof.PROVEN)
    fits = by_age.get(need)
    if fits is False:
        return PriorityProblem.NOT_IN_GROUP
    return Priority(need, Proof.PROVEN if fits else Proof.TO_BE_SHOWN)


def denied(priority: Priority, why: Denial, by: str, now: datetime) -> Priority:
    """The ground after an officer looked."""
    return replace(priority, proof=Proof.DENIED, denied_by=by, denied_at=now, denied_for=why)
