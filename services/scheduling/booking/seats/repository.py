"""How seats are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.scheduling.booking.seats.seat import Seat, SeatStatus, seat_deadlines, seats_of
from services.scheduling.offices.repository import MOST_SESSIONS
from services.scheduling.offices.session import Session
from services.scheduling.store_part import OnStore
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record

SEAT_FREE: Final = "free_by_place"
"""The index of free seats. The status is among its keys although it is the same in all: so a count is answered from
the index alone, and reads nothing but the entries of the sessions that were asked for."""

SEAT: Final = Kind(
    name="seat",
    state=Seat,
    bare=True,
    batched=True,
    deadlines=seat_deadlines,
    indexes=(
        Index(
            SEAT_FREE,
            ("state.session_id", "state.pool", "state.place", "state.starts_at", "state.status"),
            where={"state.status": SeatStatus.FREE},
        ),
        Index("session_number", ("state.session_id", "state.number")),
    ),
)


def seat_id_of(session_id: str, seat: Seat) -> str:
    """Return the id of a seat."""
    return derived_id("seat", session_id, seat.pool, str(seat.number))


@dataclass(frozen=True)
class Claim:
    """A claim: the appointment, its fresh token, and until when it counts without the appointment."""

    by: str
    token: str
    until: datetime


class SeatRepository(OnStore):
    """Seats of sessions."""

    async def write_seats(self, sessions: Sequence[Record[Session]], now: datetime) -> None:
        """Insert those seats of these sessions that are not stored yet."""
        seats = [(record.id, seat) for record in sessions for seat in seats_of(record.id, record.state)]
        await self._store.insert_missing(
            SEAT, [(seat_id_of(session_id, seat), seat) for session_id, seat in seats], now=now
        )

    async def free_seats(self, session_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        """Return free seats by session and pool; a pool without any is absent."""
        by = ("state.session_id", "state.pool")
        counted = await self._store.tally(SEAT, SEAT_FREE, by, {"state.session_id": tuple(session_ids)})
        return {(session_id, pool): free for (session_id, pool), free in counted.items()}

    async def seats_of(self, session_id: str) -> list[Record[Seat]]:
        """Return every seat of a session, by number."""
        return await self._store.find(SEAT, "session_number", {"state.session_id": session_id}, limit=MOST_SESSIONS)

    async def seat_with_token(self, session_id: str, token: str | None) -> Record[Seat] | None:
        """Return the seat of the session that carries this token, or None."""
        return next((seat for seat in await self.seats_of(session_id) if seat.state.token == token), None)

    async def seat(self, seat_id: str) -> Record[Seat] | None:
        """Return the seat, or None."""
        return await self._store.get(SEAT, seat_id)

    async def change_seat(
        self, record: Record[Seat], decide: Callable[[Seat], Decision[Seat] | None], clock: Clock
    ) -> Record[Seat]:
        """Decide about a seat that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, SEAT, record.id, decide, first=record)

    async def replace_seat(self, record: Record[Seat], seat: Seat, clock: Clock) -> Record[Seat]:
        """Save the seat unless it was changed since it was read; return the seat as it stands."""
        return await self.change_seat(record, lambda stored: Decision(seat) if stored == record.state else None, clock)

    async def claim_free_seat(
        self, session_id: str, pool: str, claim: Claim, *, places: Range, starts_from: datetime, now: datetime
    ) -> Record[Seat] | None:
        """Take the first free seat at these places of the pool, in one conditional write; return None if there is none.

        It does what :func:`~services.scheduling.booking.seats.seat.claimed` says, on whichever free seat is met.
        """
        change = {
            "state.status": SeatStatus.CLAIMED,
            "state.claimed_by": claim.by,
            "state.token": claim.token,
            "state.claim_until": claim.until,
            "due": {"claim": claim.until},
            "next_due_at": claim.until,
        }
        within = {"state.place": places, "state.starts_at": Range(low=starts_from)}
        equals = {"state.session_id": session_id, "state.pool": pool}
        return await self._store.claim_one(SEAT, SEAT_FREE, equals, change, within=within, now=now)

    def every_seat(self) -> AsyncIterator[Record[Seat]]:
        """Yield all seats, for checks."""
        return self._store.scan(SEAT, batch=1000)

    async def seat_counts(self) -> Mapping[str, int]:
        """Return how many seats each session has."""
        counted = await self._store.tally(SEAT, "session_number", ("state.session_id",))
        return {session_id: count for (session_id,), count in counted.items()}

    async def withdraw_one(self, session_id: str, pool: str, change_id: str, now: datetime) -> bool:
        """Withdraw one free seat of the pool, in one conditional write; return whether one was free.

        It does what :func:`~services.scheduling.booking.seats.seat.withdrawn` says, on whichever free seat is met.
        """
        change = {"state.status": SeatStatus.WITHDRAWN, "state.withdrawn_by": change_id}
        equals = {"state.session_id": session_id, "state.pool": pool}
        return await self._store.claim_one(SEAT, SEAT_FREE, equals, change, now=now) is not None
