"""Checks of I1 and I2 in the running service. A suspect is read again before it is called broken."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from services.scheduling.booking.appointments.appointment import HAS_SEAT, Appointment, Status, has_seat
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, SeatStatus, Slot
from services.scheduling.offices.repository import SessionRepository
from services.scheduling.offices.session import Session
from shared.clock import Clock
from shared.service import InvariantReport
from shared.store.kinds import Record

MOST_NAMED: Final = 100
_HELD: Final = (SeatStatus.CLAIMED, SeatStatus.TAKEN)


class Checks:
    """The rules that must hold at any moment."""

    def __init__(
        self, sessions: SessionRepository, seats: SeatRepository, appointments: AppointmentRepository, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._seats = seats
        self._appointments = appointments
        self._clock = clock

    async def seats_add_up(self) -> InvariantReport:
        """I1: each session's seats are its capacity, each in one state; no seat has two live holders or a dead one."""
        sessions, broken = 0, []
        counts = await self._seats.seat_counts()
        async for session in self._sessions.every_session():
            sessions += 1
            if session.state.opening_until is not None or session.state.edited_by is not None:
                continue
            if counts.get(session.id, 0) != session.state.written and not await self._adds_up(session):
                broken.append(session.id)
        broken += [record.id for record in await self._holders_without_seat()]
        broken += [record.id for record in await self._seats_without_holder()]
        return InvariantReport(sessions, tuple(sorted(broken)[:MOST_NAMED]))

    async def one_appointment_each(self) -> InvariantReport:
        """I2: a person has one live appointment at most."""
        live: defaultdict[str, list[str]] = defaultdict(list)
        async for record in self._appointments.every_appointment():
            if record.state.live:
                live[record.state.person_id].append(record.id)
        twice = [appointment_id for ids in live.values() if len(ids) > 1 for appointment_id in ids]
        broken = [appointment_id for appointment_id in twice if await self._still_live(appointment_id)]
        return InvariantReport(len(live), tuple(sorted(broken)[:MOST_NAMED]) if len(broken) > 1 else ())

    async def buckets(self, session_id: str) -> Counter[str]:
        """How many seats of a session are free, cooling, withdrawn, or held in which state of their appointment."""
        counted: Counter[str] = Counter()
        for seat in await self._seats.seats_of(session_id):
            holder = await self._holder(seat.state)
            counted[_bucket(seat.state, holder.state if holder else None)] += 1
        return counted

    async def _adds_up(self, session: Record[Session]) -> bool:
        newest = await self._sessions.session(session.id)
        if newest is None or newest.version != session.version:
            return True
        return len(await self._seats.seats_of(session.id)) == session.state.written

    async def _holders_without_seat(self) -> list[Record[Appointment]]:
        suspects = [
            record
            async for record in self._appointments.every_appointment()
            if record.state.status in HAS_SEAT and not await self._sits(record)
        ]
        return [record for record in suspects if await self._unchanged(record)]

    async def _sits(self, record: Record[Appointment]) -> bool:
        hurry = record.state.hurry
        slots = [record.state.seat] if hurry is None or hurry.slot is None else [record.state.seat, hurry.slot]
        return all([await self._has(slot) for slot in slots])

    async def _has(self, slot: Slot) -> bool:
        seat = await self._seats.seat(slot.seat_id)
        return seat is not None and seat.state.token == slot.token and seat.state.status in _HELD

    async def _unchanged(self, record: Record[Appointment]) -> bool:
        newest = await self._appointments.appointment(record.id)
        return newest is not None and newest.version == record.version

    async def _seats_without_holder(self) -> list[Record[Seat]]:
        suspects = [
            record
            async for record in self._seats.every_seat()
            if record.state.status is SeatStatus.TAKEN and not await self._is_held(record.state)
        ]
        newest = [await self._seats.seat(record.id) for record in suspects]
        return [seat for seat, record in zip(newest, suspects, strict=True) if seat and seat.version == record.version]

    async def _is_held(self, seat: Seat) -> bool:
        holder = await self._holder(seat)
        return holder is not None and has_seat(holder.state, seat)

    async def _holder(self, seat: Seat) -> Record[Appointment] | None:
        return await self._appointments.appointment(seat.claimed_by) if seat.claimed_by else None

    async def _still_live(self, appointment_id: str) -> bool:
        newest = await self._appointments.appointment(appointment_id)
        return newest is not None and newest.state.live


_BUCKETS: Final = {
    Status.HELD: "held",
    Status.GATHERING: "held",
    Status.AWAITING_PAYMENT: "held",
    Status.OFFERED: "offered",
    Status.CONFIRMED: "confirmed",
    Status.MOVING: "confirmed",
    Status.CHECKED_IN: "confirmed",
    Status.ON_PROOF: "held",
    Status.USED: "used",
    Status.USED_ON_PROOF: "used",
    Status.VOID: "used",
    Status.NO_SHOW: "no_show",
}


def _bucket(seat: Seat, holder: Appointment | None) -> str:
    """Return the bucket of a seat: one that is being reached for or moved to is held, one that is being left cools."""
    if seat.status not in _HELD:
        return seat.status.value
    if holder is None:
        return "offered" if seat.kept_for is not None else "held"
    if holder.slot is not None and holder.slot.token == seat.token and holder.status in HAS_SEAT:
        return _BUCKETS[holder.status]
    leaving = any(seat_left.token == seat.token for seat_left in holder.leaving)
    return "cooling" if leaving else "held"
