"""Somebody without a booking whose application is in the system: an officer holds a seat of today for them (F69).

It is a hold like any other, to be paid before the session ends; only the close of online booking does not count,
because the applicant stands at the counter.
"""

from __future__ import annotations

from dataclasses import replace

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.holds import Holds, HoldWish
from services.scheduling.booking.appointments.walk_in import is_at_counter
from services.scheduling.context import UseCaseContext, refuse_unless_own_office
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import SessionClosed
from shared.store.kinds import Record


class CounterHolds:
    """Holds by officers."""

    def __init__(self, context: UseCaseContext, bookable_sessions: BookableSessions, holds: Holds) -> None:
        self._context = context
        self._bookable_sessions = bookable_sessions
        self._holds = holds

    async def hold(self, wish: HoldWish) -> Record[Appointment]:
        """Hold as :meth:`Holds.hold` does; a walk-in or priority seat of today at the officer's own office also after
        its online booking has closed, until the session ends.

        Refuses as that does; ``SessionClosed`` where the session of today is over.
        """
        session = (await self._bookable_sessions.session(wish.session_id)).state
        now, timezone = self._context.now(), self._context.offices[session.office_id].timezone
        refuse_unless_own_office(wish.actor, session.office_id)
        if not is_at_counter(wish.pool, session, timezone=timezone, now=now):
            return await self._holds.hold(wish)
        known = await self._holds.won_before(wish)
        if known is not None:
            return known
        if now >= session.ends_at:
            raise SessionClosed(starts_at=session.starts_at)
        return await self._holds.hold(replace(wish, starts_from=session.starts_at, pay_until=session.ends_at))
