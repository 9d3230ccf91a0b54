"""The events of scheduling that are steps in the life of a seat, for the public chain of an office and day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.scheduling.offices.session import Session
from shared.events import scheduling as events
from shared.events.message import Event, Message


@dataclass(frozen=True)
class SeatFact:
    """One thing that happened to a seat. Where the event names no session, that of the appointment is meant."""

    act: str
    holder: str
    """The appointment, or the place on the waiting list."""
    office_id: str
    session_id: str | None = None
    pool: str | None = None
    why: str | None = None


def seat_facts_of(event: Message) -> tuple[SeatFact, ...]:
    """The steps that an event tells of; none for an event about anything else."""
    told = _STEPS.get(type(event)) if isinstance(event, Event) else None
    return told(event) if told is not None else ()


def session_told(session: Session) -> Mapping[str, Any]:
    """A session in the chain: how many seats each pool has, and how many were ever withdrawn."""
    return {
        "pools": {pool.value: seats for pool, seats in sorted(session.pools.items())},
        "withdrawn": session.written - session.capacity,
    }


def _simple(act: str) -> Callable[[Any], tuple[SeatFact, ...]]:
    def told(event: Any) -> tuple[SeatFact, ...]:
        session_id = getattr(event, "session_id", None)
        why = getattr(event, "reason", None) or getattr(event, "cause", None)
        return (SeatFact(act, event.appointment_id, event.office_id, session_id, getattr(event, "pool", None), why),)

    return told


def _moved(event: events.AppointmentRescheduled) -> tuple[SeatFact, ...]:
    holder, cause = event.appointment_id, event.cause
    return (
        SeatFact("moved_out", holder, event.previous_office_id, event.previous_session_id, None, cause),
        SeatFact("moved_in", holder, event.office_id, event.session_id, event.pool, cause),
    )


def _lost(event: events.SameDaySeatLost) -> tuple[SeatFact, ...]:
    holder, why = event.appointment_id, "same_day_unpaid"
    return (SeatFact("moved_out", holder, event.office_id, event.previous_session_id, None, why),)


def _kept_for_waiting(event: events.WaitingSeatOffered) -> tuple[SeatFact, ...]:
    return (SeatFact("waiting_offered", event.waiting_id, event.office_id, event.session_id),)


_STEPS: Final[Mapping[type[Event], Callable[[Any], tuple[SeatFact, ...]]]] = {
    events.SeatHeld: _simple("held"),
    events.SeatOffered: _simple("offered"),
    events.AppointmentConfirmed: _simple("confirmed"),
    events.AppointmentReleased: _simple("released"),
    events.OfferEnded: _simple("offer_ended"),
    events.AppointmentRescheduled: _moved,
    events.SameDaySeatLost: _lost,
    events.VisitorCheckedIn: _simple("checked_in"),
    events.VisitorMissed: _simple("missed"),
    events.VisitInterrupted: _simple("interrupted"),
    events.SpecialRescheduleOpened: _simple("special_opened"),
    events.WaitingSeatOffered: _kept_for_waiting,
}
