"""A seat: a bare resource, free or in the hands of one appointment. It has no events of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.offices.session import Session, batches_of
from shared.store.transitions import IllegalTransition, Transitions

PLACES: Final = 10_000
"""Seats of a pool are spread over this many places, so that a claim can start at random without knowing how many
there are."""


class SeatStatus(StrEnum):
    """The states of a seat."""

    FREE = "free"
    CLAIMED = "claimed"
    """An appointment reached for it a moment ago, and may not be written yet."""
    TAKEN = "taken"
    """An appointment is known to have it."""
    COOLING = "cooling"
    """It came back and is not given out yet, except to its last holder."""
    WITHDRAWN = "withdrawn"
    """The office took it away."""


class SeatCommand(StrEnum):
    """The commands of a seat."""

    CLAIM = "claim"
    SETTLE = "settle"
    UNDO = "undo"
    LET_GO = "let_go"
    WARM = "warm"
    WITHDRAW = "withdraw"


SEAT_TRANSITIONS: Final = Transitions(
    {
        (SeatStatus.FREE, SeatCommand.CLAIM): SeatStatus.CLAIMED,
        (SeatStatus.COOLING, SeatCommand.CLAIM): SeatStatus.CLAIMED,
        (SeatStatus.CLAIMED, SeatCommand.SETTLE): SeatStatus.TAKEN,
        (SeatStatus.CLAIMED, SeatCommand.UNDO): SeatStatus.FREE,
        (SeatStatus.TAKEN, SeatCommand.UNDO): SeatStatus.FREE,
        (SeatStatus.CLAIMED, SeatCommand.LET_GO): SeatStatus.COOLING,
        (SeatStatus.TAKEN, SeatCommand.LET_GO): SeatStatus.COOLING,
        (SeatStatus.COOLING, SeatCommand.WARM): SeatStatus.FREE,
        (SeatStatus.FREE, SeatCommand.WITHDRAW): SeatStatus.WITHDRAWN,
        (SeatStatus.COOLING, SeatCommand.WITHDRAW): SeatStatus.WITHDRAWN,
    }
)


@dataclass(frozen=True)
class Seat:
    """One seat of one session. It repeats what a hold must know of the session and so need not read there."""

    session_id: str
    office_id: str
    pool: str
    number: int
    """Unique in the session, across its pools."""
    place: int
    """From 0 to below :data:`PLACES`: where a claim meets it."""
    letter: str
    date: date
    starts_at: datetime
    ends_at: datetime
    status: SeatStatus
    claimed_by: str | None = None
    """The appointment."""
    token: str | None = None
    """Fresh for each claim and never used twice: the appointment that carries it has the seat."""
    claim_until: datetime | None = None
    free_at: datetime | None = None
    withdrawn_by: str | None = None
    """The change of quota that took it away."""
    kept_for: str | None = None
    """The entry of the waiting list that this seat was offered to; the appointment comes only if it is taken."""


@dataclass(frozen=True)
class Slot:
    """A seat as its appointment knows it."""

    seat_id: str
    token: str
    session_id: str
    office_id: str
    pool: str
    number: int
    letter: str
    date: date
    starts_at: datetime
    ends_at: datetime

    @property
    def queue_number(self) -> str:
        """Unique for an office and a day, such as ``A-012``."""
        return f"{self.letter}-{self.number:03d}"


def claimed(seat: Seat, *, by: str, token: str, until: datetime, kept_for: str | None = None) -> Seat:
    """Return the seat, claimed by this appointment under a fresh token."""
    status = SEAT_TRANSITIONS.after(seat.status, SeatCommand.CLAIM)
    return replace(seat, status=status, claimed_by=by, token=token, claim_until=until, free_at=None, kept_for=kept_for)


def claimed_longer(seat: Seat, until: datetime) -> Seat:
    """Return the claimed seat with more time, because its appointment is still moving."""
    return replace(seat, claim_until=until)


def settled(seat: Seat) -> Seat:
    """Return the claimed seat, known to belong to its appointment."""
    return replace(
        seat, status=SEAT_TRANSITIONS.after(seat.status, SeatCommand.SETTLE), claim_until=None, kept_for=None
    )


def undone(seat: Seat) -> Seat:
    """Return the seat as if it had never been claimed."""
    status = SEAT_TRANSITIONS.after(seat.status, SeatCommand.UNDO)
    return replace(seat, status=status, claimed_by=None, token=None, claim_until=None, kept_for=None)


def let_go(seat: Seat, free_at: datetime) -> Seat:
    """Return the seat after its appointment gave it up: cooling, then free."""
    status = SEAT_TRANSITIONS.after(seat.status, SeatCommand.LET_GO)
    return replace(seat, status=status, claimed_by=None, token=None, claim_until=None, free_at=free_at, kept_for=None)


def warmed(seat: Seat) -> Seat:
    """Return the seat, free again."""
    return replace(seat, status=SEAT_TRANSITIONS.after(seat.status, SeatCommand.WARM), free_at=None)


def withdrawn(seat: Seat, by: str) -> Seat:
    """Return a seat without a holder, taken away by a change of quota."""
    return replace(
        seat, status=SEAT_TRANSITIONS.after(seat.status, SeatCommand.WITHDRAW), withdrawn_by=by, free_at=None
    )


def seat_deadlines(seat: Seat) -> Mapping[str, datetime]:
    """Return when a claim must have become an appointment, or when a cooling seat is free."""
    due = {}
    if seat.claim_until is not None:
        due["claim"] = seat.claim_until
    if seat.free_at is not None:
        due["cool"] = seat.free_at
    return due


def cooling_until(now: datetime, *, shortest_seconds: int, longest_seconds: int, fraction: float) -> datetime:
    """Return when a seat is free again: ``fraction`` (0 to 1, by chance) of the way, so that no one can predict it."""
    spread = (longest_seconds - shortest_seconds) * fraction
    return now + timedelta(seconds=shortest_seconds + spread)


def slot_of(seat_id: str, seat: Seat) -> Slot:
    """Return the claimed seat as its appointment knows it."""
    if seat.token is None:
        raise IllegalTransition(seat.status, SeatCommand.SETTLE)
    return Slot(
        seat_id=seat_id,
        token=seat.token,
        session_id=seat.session_id,
        office_id=seat.office_id,
        pool=seat.pool,
        number=seat.number,
        letter=seat.letter,
        date=seat.date,
        starts_at=seat.starts_at,
        ends_at=seat.ends_at,
    )


def can_be_had_again(seat: Seat, *, bookable_from: datetime) -> bool:
    """Return whether a lost seat can be had again: it has no holder and its session is far enough away."""
    return seat.status in (SeatStatus.FREE, SeatStatus.COOLING) and seat.starts_at >= bookable_from


def seats_of(session_id: str, session: Session) -> list[Seat]:
    """Return every seat of a session, all free: numbers run through the batches, places spread evenly within each."""
    seats: list[Seat] = []
    for batch in batches_of(session):
        for index in range(batch.seats):
            seat = Seat(
                session_id=session_id,
                office_id=session.office_id,
                pool=batch.pool,
                number=len(seats) + 1,
                place=index * PLACES // batch.seats,
                letter=session.letter,
                date=session.date,
                starts_at=session.starts_at,
                ends_at=session.ends_at,
                status=SeatStatus.FREE,
            )
            seats.append(seat)
    return seats
