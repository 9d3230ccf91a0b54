"""Priority denial: an officer finds that the declared ground for a priority seat does not hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import structlog

from services.scheduling.booking.appointments import priority
from services.scheduling.booking.appointments.access import find_visible, refuse_strangers
from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.priority import Denial, Proof
from services.scheduling.booking.appointments.priority_errors import NoPriorityToDeny
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.terms import Pool
from services.scheduling.visit.counter.queue_service import CounterQueue
from shared.audit import Audit
from shared.errors import SomeoneElseChangedIt
from shared.events.codes import MoveCause
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import VersionConflict

log = structlog.get_logger()

_DENIABLE: Final = (
    Status.HELD,
    Status.AWAITING_PAYMENT,
    Status.CONFIRMED,
    Status.CHECKED_IN,
    Status.ON_PROOF,
)


class PriorityDenials:
    """Denials of priority at the counter."""

    def __init__(
        self,
        context: UseCaseContext,
        appointments: AppointmentRepository,
        counter: CounterQueue,
        relocation: Relocation,
        audit: Audit,
    ) -> None:
        self._context = context
        self._appointments = appointments
        self._counter = counter
        self._relocation = relocation
        self._audit = audit

    async def deny(self, appointment_id: str, why: Denial, actor: Actor, command_id: str) -> Record[Appointment]:
        """Deny the priority of a visit: it moves to a regular seat of its session if one is free, else it keeps its
        seat and queues with the bookings. No visitor is sent away, and the reason is on the audit.

        Refuses with ``NotFound``, ``NotYourOffice`` and ``NoPriorityToDeny``. A repeat of the command meets the visit
        as the first time left it.
        """

        def deny(state: Appointment) -> Decision[Appointment]:
            refuse_strangers(state, actor)
            ground = state.priority
            if ground is None or ground.proof is not Proof.TO_BE_SHOWN or state.status not in _DENIABLE:
                raise NoPriorityToDeny(state=ground.proof.value if ground else state.status.value)
            denied = priority.denied(ground, why, actor.account_id, self._context.now())
            return Decision(replace(state, priority=denied))

        record = await find_visible(self._appointments, appointment_id, actor)
        if not record.has_received(command_id):
            deny(record.state)  # what is refused is not on the audit
            await self._audit.note(
                actor, "priority.denied", subject=record.id, reason=why.value, override=True, command_id=command_id
            )
        record = await self._appointments.change(
            record.id, deny, self._context.clock, received=command_id, first=record
        )
        if record.state.checked_in_at is not None:
            await self._counter.to_booked_lane(record)
            return record
        return await self._to_regular_seat(record, command_id)

    async def _to_regular_seat(self, record: Record[Appointment], command_id: str) -> Record[Appointment]:
        """Move the visit to a regular seat of its own session if one is free; return it as it is then."""
        if record.state.seat.pool != Pool.PRIORITY or not can(record.state, Command.BEGIN_MOVE):
            return record
        session_id = record.state.seat.session_id
        moving = derived_id("priority_denied", command_id)
        try:
            reached = await self._relocation.reach(
                record, session_id, MoveCause.MOVED_BY_OFFICE, moving, pool=Pool.REGULAR, late=True
            )
        except (VersionConflict, SomeoneElseChangedIt) as trouble:
            # the denial is written; the visit keeps its seat and queues with the bookings
            log.info("priority_seat_kept", appointment_id=record.id, reason=type(trouble).__name__)
            reached = None
        return reached or await self._appointments.appointment(record.id) or record
