"""Payment proofs: voids a visit that was let in on a proof that turned out not to be valid."""

from __future__ import annotations

import contextlib
from typing import Final

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
from shared.ids import derived_id
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.store.retry import again

log = structlog.get_logger()

ON_PROOF: Final = "arrived_on_proof"
NOT_PAID: Final = "not_paid"


class Proofs:
    """Billing's word on proofs that were shown at the counter."""

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
        """The money was never paid: the visit does not count, its seat is accounted for and its office told.

        Every step is a no-op when it was done before, so that a repeat finishes what a crash left.
        """
        if event.kind != ON_PROOF or event.outcome != NOT_PAID:
            return
        record = await again(lambda: self._voided(event, message_id))
        if record is None:
            return
        await self._inventory.give_back_left_now(record)
        await self._counter.leave_queue(record)
        await self._tell_office(record)

    async def _voided(self, event: PaymentCaseClosed, message_id: str) -> Record[Appointment] | None:
        record = await self._about(event)
        if record is None or record.has_received(message_id):
            return record
        if not can(record.state, Command.VOID):
            # paid for since, given up, or let in by nobody
            return None
        now, rules = self._context.now(), self._context.rules
        log.warning("visit_voided", appointment_id=record.id, state=record.state.status.value)
        decision = visit_transitions.void(record.id, record.state, now=now, rules=rules)
        return await self._appointments.save(record, decision, now, message_id)

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
