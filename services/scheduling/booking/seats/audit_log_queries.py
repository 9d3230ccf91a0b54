"""Look-ups for the chains of seats: the sessions of an office and day, and the seat of an appointment."""

from __future__ import annotations

from datetime import date

from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.offices.repository import MOST_SESSIONS, SESSION
from services.scheduling.offices.session import Session
from services.scheduling.store_part import OnStore
from shared.store.kinds import Record


class SeatChainFacts(OnStore):
    """Queries of the chains of seats."""

    async def session(self, session_id: str) -> Session | None:
        """The session, or none."""
        record = await self._store.get(SESSION, session_id)
        return record.state if record is not None else None

    async def sessions_of(self, office_id: str, day: date) -> list[Record[Session]]:
        """The sessions of an office on a day."""
        wanted = {"state.date": day, "state.office_id": office_id}
        return await self._store.find(SESSION, "day", wanted, limit=MOST_SESSIONS)

    async def sessions_on(self, day: date) -> list[Record[Session]]:
        """The sessions of all offices on a day."""
        return await self._store.find(SESSION, "day", {"state.date": day}, limit=10 * MOST_SESSIONS)

    async def slot(self, appointment_id: str) -> Slot | None:
        """Where an appointment sits, or sat last."""
        record = await self._store.get(APPOINTMENT, appointment_id)
        return record.state.slot if record is not None else None
