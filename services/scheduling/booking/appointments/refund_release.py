"""A refund was approved: the seat goes back, or scheduling says why it cannot."""

from __future__ import annotations

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.payments import TRIES, answer_id
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.same_day import downgrade_transitions
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import UseCaseContext
from services.scheduling.terms import Applying
from shared.events.billing import SeatReleaseRequested
from shared.events.codes import ReleaseRefusal, SeatQuestion
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

_UNDER_WAY = (Status.MOVING, Status.SPECIAL_MOVING)
_NOTHING_TO_RELEASE = (Status.RELEASED, Status.ABANDONED, Status.UNAVAILABLE)


class Releases:
    """Releases seats for approved refunds."""

    def __init__(self, context: UseCaseContext, appointments: AppointmentRepository, inventory: SeatInventory) -> None:
        self._context = context
        self._appointments = appointments
        self._inventory = inventory

    async def requested(self, event: SeatReleaseRequested, message_id: str) -> None:
        """Release whatever visit rests on the money of this refund, and say so; a visit that took place refuses it.

        First the search for a seat is closed, so that this money wins none from here on. Then every appointment of
        the bill is looked at, not only the named one: the same money may have won another. A question that is asked
        again is answered again.

        Raises:
            NotYet: the appointment is not known here, or one of the bill's is being moved at this moment.
        """
        named = await self._appointments.appointment(event.appointment_id)
        if named is None:
            raise NotYet(f"appointment {event.appointment_id} is not known")
        if named.state.slot is None:
            return
        await self._close_search(event, named.state)
        known = await self._appointments.appointments_of(event.application_id)
        if any(record.has_received(message_id) for record in known):
            return
        visits = [record for record in known if _rests_on(record, event.bill_id, named.id)]
        moving = next((visit for visit in visits if visit.state.status in _UNDER_WAY), None)
        if moving is not None:
            raise NotYet(f"appointment {moving.id} is being moved")
        used = next((visit for visit in visits if not can(visit.state, Command.REFUND)), None)
        standing = used or next(iter(visits), None)
        if standing is not None:
            await self._answer(standing, event, message_id)
            return

        # nothing stands any more: the named appointment carries the answer, whatever bill it is for by now
        def refuse(state: Appointment) -> Decision[Appointment]:
            reason = ReleaseRefusal.ALREADY_RELEASED
            return visit_transitions.refuse_release(named.id, state, event.refund_id, reason)

        await self._appointments.change(named.id, refuse, self._context.clock, received=message_id, first=named)

    async def _answer(self, visit: Record[Appointment], event: SeatReleaseRequested, message_id: str) -> None:
        def decide(state: Appointment) -> Decision[Appointment]:
            if state.status in _UNDER_WAY:
                raise NotYet(f"appointment {visit.id} is being moved")
            now, rules = self._context.now(), self._context.rules
            return visit_transitions.release_for_refund(visit.id, state, event.refund_id, now=now, rules=rules)

        answered = await self._appointments.change(
            visit.id, decide, self._context.clock, received=message_id, first=visit
        )
        await self._inventory.give_back_left_now(answered)

    async def _close_search(self, event: SeatReleaseRequested, named: Appointment) -> None:
        """Stand where the answer to late money would stand. An answer that was given is one of the visits."""
        if event.bill_id is None or event.receipt_id is None:
            return
        applying = Applying(named.application_id, named.account_id, named.person_id)
        for attempt in range(TRIES):
            appointment_id = answer_id((SeatQuestion.LATE_PAYMENT, event.bill_id, event.receipt_id), attempt)
            known = await self._appointments.appointment(appointment_id)
            if known is None:
                now = self._context.now()
                closed = appointments.closed_search(applying, event.bill_id, event.refund_id, now)
                try:
                    await self._appointments.begin(appointment_id, closed, now)
                except AlreadyExists:
                    known = await self._appointments.appointment(appointment_id)
            if known is None or known.state.status is not Status.ABANDONED:
                return
        raise NotYet(f"the search for bill {event.bill_id} cannot be closed at this moment")


def _rests_on(record: Record[Appointment], bill_id: str | None, named_id: str) -> bool:
    """Whether an appointment is the bill's and not over; one whose bill is not known here, if the refund names it."""
    state = record.state
    if state.status in _NOTHING_TO_RELEASE:
        return False
    if bill_id is None:
        return record.id == named_id
    if downgrade_transitions.is_replaced(state, bill_id):
        return False
    return state.bill_id == bill_id or (state.bill_id is None and record.id == named_id)
