"""The seat of a bill, from what scheduling tells of it."""

from __future__ import annotations

from services.billing.bills.model import Seat, VisitState
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentRescheduled,
    SeatAnswerRepeated,
    SeatHeld,
)


def seat_from_answer(event: SeatAnswerRepeated) -> Seat:
    """Return the seat of a repeated answer, at version 0: whatever else is told of it is newer.

    Raises:
        ValueError: the answer names no time.
    """
    if event.starts_at is None:
        raise ValueError("a seat that was found has a time")
    return Seat(
        appointment_id=event.appointment_id or "",
        version=0,
        office_id=event.office_id or "",
        session_id=event.session_id or "",
        pool=event.pool or "",
        starts_at=event.starts_at,
        office_name=event.office_name or "",
        timezone=event.office_timezone or "",
        ends_at=event.ends_at,
        person_id=event.person_id,
    )


def seat_from_event(event: SeatHeld | AppointmentRescheduled | AppointmentConfirmed, version: int) -> Seat:
    """Return the seat as this version of its appointment has it."""
    return Seat(
        appointment_id=event.appointment_id,
        version=version,
        office_id=event.office_id,
        session_id=event.session_id,
        pool=event.pool,
        starts_at=event.starts_at,
        office_name=event.office_name,
        timezone=event.office_timezone,
        ends_at=event.ends_at,
        pay_until=event.pay_until if isinstance(event, SeatHeld) else None,
        visit=VisitState.HELD if isinstance(event, SeatHeld) else VisitState.CONFIRMED,
        person_id=event.person_id,
    )
