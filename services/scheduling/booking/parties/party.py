"""A family that books together, all or none: the party is the commit point, each visit lives alone afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Status
from shared.store.transitions import Transitions

SMALLEST_PARTY: Final = 2
LARGEST_PARTY: Final = 5
"""An account has five applicants at most, and a family is one account."""

MEMBER_GRACE_SECONDS: Final = 5
"""How much later than the party its members look at it, so that one deadline decides for all."""


class PartyStatus(StrEnum):
    """The states of a party."""

    GATHERING = "gathering"
    HELD = "held"
    BROKEN = "broken"


class PartyCommand(StrEnum):
    """The commands of a party."""

    SEAT_ALL = "seat_all"
    BREAK = "break"


PARTY_TRANSITIONS: Final = Transitions(
    {
        (PartyStatus.GATHERING, PartyCommand.SEAT_ALL): PartyStatus.HELD,
        (PartyStatus.GATHERING, PartyCommand.BREAK): PartyStatus.BROKEN,
    }
)


class PartyBreak(StrEnum):
    """Why a party got no seats."""

    SOLD_OUT = "sold_out"
    PERSON_HAS_APPOINTMENT = "person_has_appointment"
    TOO_SLOW = "too_slow"
    TOO_MANY_HOLDS = "too_many_holds"


@dataclass(frozen=True)
class Member:
    """One of the family, and the appointment that is made for them."""

    application_id: str
    person_id: str
    appointment_id: str


@dataclass(frozen=True)
class Party:
    """The state of one party."""

    status: PartyStatus
    account_id: str
    session_id: str
    pool: str
    members: tuple[Member, ...]
    made_at: datetime
    until: datetime
    """From then on a deadline decides."""
    broken_for: PartyBreak | None = None
    broken_by: str | None = None
    """The application that could not be seated."""


def gather_party(
    account_id: str, session_id: str, pool: str, members: tuple[Member, ...], *, now: datetime, party_seconds: int
) -> Party:
    """Return a new party, which begins to reach for its seats."""
    until = now + timedelta(seconds=party_seconds)
    return Party(PartyStatus.GATHERING, account_id, session_id, pool, members, now, until)


def party_deadlines(party: Party) -> Mapping[str, datetime]:
    """Return when the party must be decided."""
    return {"gather": party.until} if party.status is PartyStatus.GATHERING else {}


def member_until(party: Party) -> datetime:
    """Return when a member that was told nothing looks at the party."""
    return party.until + timedelta(seconds=MEMBER_GRACE_SECONDS)


def seat_all(party: Party) -> Party:
    """Seat all members: this write is the booking of all of them."""
    return replace(party, status=PARTY_TRANSITIONS.after(party.status, PartyCommand.SEAT_ALL))


def break_party(party: Party, why: PartyBreak, application_id: str | None = None) -> Party:
    """Break the party: one member cannot have a seat, so none has."""
    status = PARTY_TRANSITIONS.after(party.status, PartyCommand.BREAK)
    return replace(party, status=status, broken_for=why, broken_by=application_id)


def all_gathered(members: Sequence[Appointment | None]) -> bool:
    """Return whether every member's appointment is written and waits for the word of the party."""
    return all(member is not None and member.status is Status.GATHERING for member in members)
