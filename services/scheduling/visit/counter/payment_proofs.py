"""Payment proofs: voids a visit that was let in on a proof that turned out not to be valid."""

from __future__ import annotations

import contextlib

import structlog

from services.scheduling.booking.abuse import flag as flags
from services.scheduling.booking.abuse.repository import ActivityRepository
from services.scheduling.booking.appointments import visit_transitions
from services.scheduling.booking.appointments.appointment import Appointment, Command, can
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.context import UseCaseContext
from services.scheduling.terms import local_date
from services.scheduling.visit.counter.queue_service import CounterQueue
from shared.events.billing import PaymentCaseClosed
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

log = structlog.get_logger()


class Proofs:
    """Answers of billing about proofs of payment that were shown at the counter."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        activity_days: ActivityRepository,
        inventory: SeatInventory,
        counter: CounterQueue,
    ) -> None:
        self._context = context
        self._appointments = appointments
        self._activity_days = activity_days
        self._inventory = inventory
        self._counter = counter

    async def case_closed(self, event: PaymentCaseClosed, message_id: str) -> None:
        """Void a visit whose proof of payment is not valid, release its seat, and flag it to its office.

        Every step is a no-op when it was done before, so that a repeat finishes what a crash left.
        """
        if event.kind != PaymentCaseKind.ARRIVED_ON_PROOF or event.outcome != PaymentCaseOutcome.NOT_PAID:
            return
        record = await self._about(event)
        if record is None:
            return
        visit_id = record.id

        def void(state: Appointment) -> Decision[Appointment] | None:
            if not can(state, Command.VOID):
                return None
            log.warning("visit_voided", appointment_id=visit_id, state=state.status.value)
            return visit_transitions.void(visit_id, state, now=self._context.now(), rules=self._context.rules)

        record = await self._appointments.change(visit_id, void, self._context.clock, received=message_id, first=record)
        if not record.has_received(message_id):
            # paid for since, given up, or let in by no officer
            return
        await self._inventory.give_back_left_now(record)
        await self._counter.leave_queue(record)
        await self._tell_office(record)

    async def _about(self, event: PaymentCaseClosed) -> Record[Appointment] | None:
        if event.appointment_id is not None:
            return await self._appointments.appointment(event.appointment_id)
        known = await self._appointments.appointments_of(event.application_id or "")
        return next((visit for visit in known if visit.state.proof is not None), None)

    async def _tell_office(self, record: Record[Appointment]) -> None:
        slot, now = record.state.seat, self._context.now()
        flag_id = derived_id("flag", "proof", record.id)
        today = local_date(now, self._context.offices[slot.office_id].timezone)
        raised = flags.raise_for_proof(flag_id, record.state.account_id, slot.office_id, today=today, now=now)
        with contextlib.suppress(AlreadyExists):
            await self._activity_days.begin_flag(flag_id, raised, now)
