"""Same-day seats: asked for in the morning, held for a bill with a cut-off (F74)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.scheduling.applications import ApplicationCopy, ApplicationRepository
from services.scheduling.booking.abuse.activity_counters import ActivityCounters
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.abuse.limits import Act, Wish
from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.errors import PersonHasAppointment
from services.scheduling.booking.appointments.holds import TRIES, HoldWish, appointment_id_of
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.same_day.errors import SameDayChoiceMissing, SameDayIsToday, SameDayTooLate
from services.scheduling.booking.same_day.rules import IfUnpaid, SameDayProblem, cut_off, pay_until, same_day_problem
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.seats.repository import SeatRepository
from services.scheduling.booking.seats.seat import Seat, slot_of
from services.scheduling.context import UseCaseContext
from services.scheduling.errors import ApplicationIsWithdrawn
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import PoolNotOpen, SessionClosed
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import Session
from services.scheduling.terms import Pool
from shared.errors import NotFound, Refusal, SomeoneElseChangedIt
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

SAME_DAY: Final = Pool.SAME_DAY


@dataclass(frozen=True)
class Terms:
    """What a same-day hold needs beyond a seat."""

    copy: ApplicationCopy
    session: Session
    if_unpaid: IfUnpaid


class SameDay:
    """From a free same-day seat to a hold."""

    def __init__(
        self,
        context: UseCaseContext,
        seats: SeatRepository,
        appointments: AppointmentRepository,
        activity: ActivityCounters,
        allowances: HoldAllowances,
        applications: ApplicationRepository,
        inventory: SeatInventory,
        bookable_sessions: BookableSessions,
        availability: ProductAvailability,
    ) -> None:
        self._availability = availability
        self._context = context
        self._activity = activity
        self._allowances = allowances
        self._applications = applications
        self._seats = seats
        self._appointments = appointments
        self._inventory = inventory
        self._bookable_sessions = bookable_sessions

    async def hold(self, wish: HoldWish, if_unpaid: IfUnpaid | None) -> Record[Appointment]:
        """Hold a same-day seat of today's session; a repeat of the command meets the same appointment.

        Refuses with ``NotKnownYet``, ``NotFound``, ``ApplicationIsWithdrawn``, ``PoolNotOpen`` (staff: the quota is
        the applicants'), ``SameDayChoiceMissing``, ``SameDayIsToday``, ``SameDayTooLate``, ``ProductNotOffered``,
        ``SessionClosed``, ``SessionNotFound``, ``SessionSoldOut`` and ``PersonHasAppointment``.
        """
        terms = await self._terms(wish, if_unpaid)
        attempt = 0
        for _ in range(TRIES):
            appointment_id = appointment_id_of(wish.command_id, attempt)
            held = await self._appointments.appointment(appointment_id)
            if held is None:
                held = await self._try(appointment_id, wish, terms)
            if held is not None and held.state.status is not Status.ABANDONED:
                return held
            attempt += held is not None
        raise SomeoneElseChangedIt

    async def _terms(self, wish: HoldWish, if_unpaid: IfUnpaid | None) -> Terms:
        copy = await self._applications.wait_for_submitted(wish.application_id, self._context.clock)
        if wish.actor.is_staff:
            raise PoolNotOpen(pool=SAME_DAY.value)
        if copy.account_id != wish.actor.account_id:
            raise NotFound
        if copy.withdrawn:
            raise ApplicationIsWithdrawn
        if if_unpaid is None:
            raise SameDayChoiceMissing(field="/if_unpaid")
        return Terms(copy, (await self._bookable_sessions.session(wish.session_id)).state, if_unpaid)

    async def _try(self, appointment_id: str, wish: HoldWish, terms: Terms) -> Record[Appointment] | None:
        self._refuse_wrong_time(terms.session)
        self._availability.refuse_lacking(terms.copy, terms.session.office_id, terms.session.date)
        counted = Wish(terms.copy.person_id, wish.session_id)
        self._activity.check_limits(Act.HOLD, terms.copy.account_id, counted, wish.origin)
        seat = await self._inventory.claim_any(
            wish.session_id, SAME_DAY, appointment_id, starts_from=terms.session.starts_at
        )
        if seat is not None:
            return await self._begin(appointment_id, wish, terms, seat)
        if not terms.session.pools.get(SAME_DAY, 0):
            raise PoolNotOpen(pool=SAME_DAY.value)
        free = await self._seats.free_seats([wish.session_id])
        if not free.get((wish.session_id, SAME_DAY.value)):
            raise await self._bookable_sessions.sold_out(wish.session_id, terms.session, SAME_DAY, {terms.copy.product})
        return None

    def _refuse_wrong_time(self, session: Session) -> None:
        rules, timezone = self._context.rules, self._context.offices[session.office_id].timezone
        problem = same_day_problem(session, timezone=timezone, now=self._context.now(), rules=rules)
        if problem is SameDayProblem.NOT_TODAY:
            raise SameDayIsToday(date=session.date.isoformat())
        if problem is SameDayProblem.TOO_LATE:
            asked_until = cut_off(session.date, rules.same_day_request_until)
            raise SameDayTooLate(asked_until=asked_until.isoformat())
        if problem is SameDayProblem.OVER:
            raise SessionClosed(starts_at=session.starts_at)

    async def _begin(
        self, appointment_id: str, wish: HoldWish, terms: Terms, seat: Record[Seat]
    ) -> Record[Appointment] | None:
        context = self._context
        decision = appointments.hold(
            appointment_id,
            terms.copy.applying(wish.application_id),
            slot_of(seat.id, seat.state),
            office=context.offices[seat.state.office_id],
            now=context.now(),
            rules=context.rules,
            pay_until=pay_until(terms.session, context.rules),
            if_unpaid=terms.if_unpaid.value,
        )
        try:
            held = await self._allowances.begin(appointment_id, decision, wish.origin)
        except AlreadyExists:
            await self._inventory.undo(seat)
        except Refusal:
            await self._inventory.undo(seat)
            raise
        else:
            self._activity.note(Act.HOLD, held.state, wish.origin)
            return held
        earlier = await self._appointments.appointment(appointment_id)
        if earlier is None:
            live = await self._appointments.live_appointment_of(terms.copy.person_id)
            own = live is not None and live.state.account_id == wish.actor.account_id
            facts: dict[str, Any] = {"appointment_id": live.id} if live is not None and own else {}
            raise PersonHasAppointment(**facts)
        return earlier
