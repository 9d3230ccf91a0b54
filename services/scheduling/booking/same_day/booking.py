"""Same-day seats: asked for in the morning, held for a bill with a cut-off."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.booking_path import BookingPath, HoldWish, refuse_foreign_application
from services.scheduling.booking.same_day.errors import SameDayChoiceMissing, SameDayIsToday, SameDayTooLate
from services.scheduling.booking.same_day.rules import SameDayProblem, cut_off, pay_until, same_day_problem
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.session import Session
from services.scheduling.terms import Pool
from shared.events.codes import IfUnpaid
from shared.store.kinds import Record


class SameDay:
    """From a free same-day seat to a hold."""

    def __init__(
        self,
        context: UseCaseContext,
        applications: ApplicationRepository,
        bookable_sessions: BookableSessions,
        path: BookingPath,
    ) -> None:
        self._context = context
        self._applications = applications
        self._bookable_sessions = bookable_sessions
        self._path = path

    async def hold(self, wish: HoldWish, if_unpaid: IfUnpaid | None) -> Record[Appointment]:
        """Hold a same-day seat of today's session; a repeat of the command meets the same appointment.

        Refuses with ``NotKnownYet``, ``NotFound``, ``ApplicationIsWithdrawn``, ``PoolNotOpen`` (staff: the quota is
        the applicants'), ``SameDayChoiceMissing``, ``SameDayIsToday``, ``SameDayTooLate``, ``ProductNotOffered``,
        ``SessionClosed``, the limits against hoarding, and as :meth:`BookingPath.win` does.
        """
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        if wish.actor.is_staff:
            raise PoolNotOpen(pool=Pool.SAME_DAY.value)
        refuse_foreign_application(copy, wish.actor)
        if if_unpaid is None:
            raise SameDayChoiceMissing(field="/if_unpaid")
        session = (await self._bookable_sessions.session(wish.session_id)).state
        same_day = replace(
            wish,
            pool=Pool.SAME_DAY,
            starts_from=session.starts_at,
            pay_until=pay_until(session, self._context.rules),
            if_unpaid=if_unpaid.value,
        )
        in_time = partial(self._refuse_wrong_time, session)
        guards = (in_time, self._path.refuse_lacking, self._path.refuse_over_limits)
        return await self._path.win(same_day, copy, guards)

    async def _refuse_wrong_time(self, session: Session, _wish: HoldWish, _copy: ApplicationCopy) -> None:
        rules, timezone = self._context.rules, self._context.offices[session.office_id].timezone
        problem = same_day_problem(session, timezone=timezone, now=self._context.now(), rules=rules)
        if problem is SameDayProblem.NOT_TODAY:
            raise SameDayIsToday(date=session.date.isoformat())
        if problem is SameDayProblem.TOO_LATE:
            asked_until = cut_off(session.date, rules.same_day_request_until)
            raise SameDayTooLate(asked_until=asked_until.isoformat())
        if problem is SameDayProblem.OVER:
            raise SessionClosed(starts_at=session.starts_at)
