"""A same-day seat that is not paid in time becomes a regular one, as its holder chose: one appointment moves.

The same writes as a move: say where it goes and under which token, win the seat, write the appointment on it. That
write is a hold again, for a bill without the surcharge; the bill that ended is the one it replaces.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.scheduling.booking.appointments.appointment import (
    TRANSITIONS,
    Appointment,
    Command,
    Move,
    given_up,
    release,
)
from services.scheduling.booking.appointments.visit_transitions import facts
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from services.scheduling.terms import Pool
from shared.events.codes import IfUnpaid, MoveCause, NoSeatReason, ReleaseReason, SeatQuestion
from shared.events.scheduling import SameDaySeatLost, SeatHeld, SeatUnavailable
from shared.store.decision import Decision


def wants_regular(appointment: Appointment) -> bool:
    """Return whether its holder chose a regular seat for the case that this one is not paid in time."""
    return appointment.if_unpaid == IfUnpaid.REGULAR


def is_replaced(appointment: Appointment, bill_id: str) -> bool:
    """Return whether this bill ended before the appointment moved, and so no longer decides about it."""
    return appointment.replaces_bill_id == bill_id and appointment.bill_id != bill_id


def reach_for(
    appointment: Appointment, session_id: str, token: str, bill_id: str, *, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Say which regular seat is reached for, before it is; the seat that it has stays its own until then."""
    until = now + timedelta(seconds=rules.move_seconds)
    move = Move(session_id, Pool.REGULAR.value, token, until, bill_id, MoveCause.SAME_DAY_UNPAID)
    return Decision(replace(appointment, move=move))


def stand(appointment: Appointment) -> Decision[Appointment]:
    """No seat was won: the appointment stays where it was."""
    return Decision(replace(appointment, move=None))


def fall_back(
    appointment_id: str,
    appointment: Appointment,
    slot: Slot,
    bill_id: str,
    *,
    office: Office,
    now: datetime,
    rules: Rules,
) -> Decision[Appointment]:
    """Write the move: the regular seat is held for a new bill, the same-day seat goes back."""
    status = TRANSITIONS.after(appointment.status, Command.FALL_BACK)
    old, until = appointment.seat, min(now + timedelta(seconds=rules.hold_seconds), slot.starts_at)
    state = given_up(
        appointment,
        status,
        now=now,
        rules=rules,
        slot=slot,
        hold_until=until,
        pay_until=None,
        if_unpaid=None,
        long_stop_at=None,
        bill_id=None,
        replaces_bill_id=bill_id,
        miss_at=slot.ends_at + timedelta(seconds=rules.no_show_grace_seconds),
    )
    told = facts(appointment_id, state) | {
        "session_id": slot.session_id,
        "pool": slot.pool,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "office_name": office.name,
        "office_timezone": office.timezone,
    }
    lost = SameDaySeatLost(**told, previous_session_id=old.session_id, previous_starts_at=old.starts_at)
    return Decision(state, (lost, SeatHeld(**told, hold_until=until, replaces_bill_id=bill_id)))


def end_without_seat(
    appointment_id: str, appointment: Appointment, bill_id: str, *, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """End the booking where there is no regular seat, with the answer to the bill's question."""
    reason = ReleaseReason.SAME_DAY_UNPAID
    decision = release(appointment_id, appointment, Command.END_BILL, reason, now=now, rules=rules)
    event = SeatUnavailable(
        application_id=appointment.application_id,
        account_id=appointment.account_id,
        bill_id=bill_id,
        asked_for=SeatQuestion.RENEWAL,
        reason=NoSeatReason.NO_SEAT,
    )
    return Decision(decision.state, (*decision.events, event))
