"""Seat inventory: claims, releases and cools seats. The appointment decides whose seat it is."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, ClaimFate, Leaving
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats import seat as seats
from services.scheduling.booking.seats.repository import Claim, SeatRepository
from services.scheduling.booking.seats.seat import PLACES, Seat, SeatStatus
from services.scheduling.context import UseCaseContext
from services.scheduling.openings.release_check import ReleaseCheck, SessionDay
from services.scheduling.rules import bookable_from
from shared.errors import SomeoneElseChangedIt
from shared.store.decision import Decision
from shared.store.kinds import Range, Record
from shared.store.port import AlreadyExists, StoreUnavailable

log = structlog.get_logger()

MOST_STARTS: Final = 10_000
"""Pools of sessions whose last place is remembered; beyond it all are forgotten together."""

_LOOKS: Final = 3
"""How often an overdue claim is looked at: once, after its tombstone was refused, and once more."""


class SeatInventory:
    """Claims and releases seats, one document each."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        release_check: ReleaseCheck,
    ) -> None:
        self._context = context
        self._seats = seats
        self._appointments = appointments
        self._release_check = release_check
        self._starts: dict[tuple[str, str], int] = {}

    async def claim_any(
        self, session_id: str, pool: str, by: str, *, token: str | None = None, starts_from: datetime | None = None
    ) -> Record[Seat] | None:
        """Claim a free seat of the pool, searching from this process's last place; return None if none is free.

        ``starts_from`` is for what may be booked later than usual.

        One write where the pool has free seats on both sides of the start, two at most. Refuses with ``NotOpenYet``
        before the session's opening.
        """
        await self._release_check.refuse_unopened(session_id)
        now = self._context.now()
        start = self._start(session_id, pool)
        claim = self._claim(by, token)
        for places in (Range(low=start), Range(high=start)):
            seat = await self._seats.claim_free_seat(
                session_id,
                pool,
                claim,
                places=places,
                starts_from=starts_from or bookable_from(now, self._context.rules),
                now=now,
            )
            if seat is not None:
                self._took(session_id, pool, seat.state.place, start)
                return seat
        return None

    def _start(self, session_id: str, pool: str) -> int:
        """Where this process looks first: at a place of its own, so that replicas seldom meet, then behind the seat
        that it took last, so that those who come together find theirs by one read."""
        known = self._starts.get((session_id, pool))
        return known if known is not None else self._context.randomness.below(PLACES)

    def _took(self, session_id: str, pool: str, place: int, start: int) -> None:
        if len(self._starts) >= MOST_STARTS:
            self._starts.clear()
        # behind the last place it goes on at a new one, not with every other replica at the first
        self._starts[session_id, pool] = place if place >= start else self._context.randomness.below(max(1, start))

    async def refuse_unopened(self, session_id: str) -> None:
        """Refuse with ``NotOpenYet`` before the session's opening."""
        await self._release_check.refuse_unopened(session_id)

    async def place(self, session_id: str) -> SessionDay | None:
        """Return office and date of a session, from memory if it was read before; None if there is no such session."""
        return await self._release_check.place(session_id)

    async def claim_this(self, seat_id: str, by: str, *, starts_from: datetime | None = None) -> Record[Seat] | None:
        """Claim this seat, free or cooling; return None if it is taken or its session is too near."""
        claim, earliest = self._claim(by, None), starts_from or bookable_from(self._context.now(), self._context.rules)

        def decide(seat: Seat) -> Decision[Seat] | None:
            if not seats.can_be_had_again(seat, bookable_from=earliest):
                return None
            return Decision(seats.claimed(seat, by=claim.by, token=claim.token, until=claim.until))

        record = await self._seats.seat(seat_id)
        if record is None:
            return None
        claimed = await self._seats.change_seat(record, decide, self._context.clock)
        return claimed if claimed.state.token == claim.token else None

    async def undo(self, seat: Record[Seat]) -> None:
        """Release a claim that never became an appointment. Does nothing if the seat has changed since."""
        await self._seats.replace_seat(seat, seats.undone(seat.state), self._context.clock)

    async def give_back_left_now(self, record: Record[Appointment]) -> Record[Appointment]:
        """Release the seats that were given up; if that fails, a deadline does it. Never raises."""
        try:
            return await self.give_back_left(record)
        except (SomeoneElseChangedIt, StoreUnavailable) as trouble:
            log.info("seat_given_back_later", appointment_id=record.id, reason=type(trouble).__name__)
            return record

    async def give_back_left(self, record: Record[Appointment]) -> Record[Appointment]:
        """Release the seats that this appointment gave up, then forget them."""
        told = record.state.leaving
        if not told:
            return record
        for leaving in told:
            await self.give_back(leaving)
        forget = partial(appointments.leaving_told, told=told)
        return await self._appointments.change(record.id, forget, self._context.clock, first=record)

    async def give_back(self, leaving: Leaving) -> None:
        """Release a seat that was given up, into its cooling time. A repeat changes nothing."""

        def decide(seat: Seat) -> Decision[Seat] | None:
            return Decision(seats.let_go(seat, self._cooling_until())) if seat.token == leaving.token else None

        record = await self._seats.seat(leaving.seat_id)
        if record is not None:
            await self._seats.change_seat(record, decide, self._context.clock)

    def _cooling_until(self) -> datetime:
        rules = self._context.rules
        return seats.cooling_until(
            self._context.now(),
            shortest_seconds=rules.cooling_min_seconds,
            longest_seconds=rules.cooling_max_seconds,
            fraction=self._context.randomness.fraction(),
        )

    async def warm(self, record: Record[Seat]) -> None:
        """Free a seat whose cooling time is over."""
        cooling = record.state.status is SeatStatus.COOLING
        seat = seats.warmed(record.state) if cooling else replace(record.state, free_at=None)
        await self._seats.replace_seat(record, seat, self._context.clock)

    async def judge_claim(self, record: Record[Seat]) -> None:
        """Settle an overdue claim, wait longer, or free the seat once its appointment can never be written."""
        seat, now = record.state, self._context.now()
        for _ in range(_LOOKS):
            holder = await self._appointments.appointment(seat.claimed_by or "")
            fate = appointments.fate_of_claim(seat, holder.state if holder else None)
            if fate is not ClaimFate.TOMBSTONE:
                await self._seats.replace_seat(record, self._judged(seat, fate), self._context.clock)
                return
            # without this the holder could still write its appointment on a seat that is somebody else's by then
            with contextlib.suppress(AlreadyExists):
                await self._appointments.begin(seat.claimed_by or "", Decision(appointments.tombstone(now)), now)

    def _judged(self, seat: Seat, fate: ClaimFate) -> Seat:
        if fate is ClaimFate.SETTLE:
            return seats.settled(seat)
        if fate is ClaimFate.WAIT:
            return seats.claimed_longer(seat, self.claim_until())
        # what the waiting list was to have goes to the next in line, not to whoever is there first
        return seats.let_go(seat, self._context.now()) if seat.kept_for else seats.undone(seat)

    def _claim(self, by: str, token: str | None) -> Claim:
        return Claim(by, token or self._context.ids.new(), self.claim_until())

    def claim_until(self) -> datetime:
        """Return until when a claim that begins now counts without an appointment."""
        return self._context.now() + timedelta(seconds=self._context.rules.claim_seconds)
