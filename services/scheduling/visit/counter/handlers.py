"""Events and deadlines about visits: refunds, special reschedules, bulk jobs, the queue at the counter."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.use_cases import Scheduling
from services.scheduling.visit.bulk_jobs.job import BulkJob
from services.scheduling.visit.bulk_jobs.repository import BULK_JOB
from shared.events import billing
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


def visit_events(service: Scheduling) -> Mapping[type[Event], MessageHandler]:
    """What is heard about visits."""

    async def release_requested(said: billing.SeatReleaseRequested, envelope: Envelope) -> None:
        """A refund was approved: the seat goes back or does not."""
        await service.releases.requested(said, envelope.id)

    async def payment_case_closed(said: billing.PaymentCaseClosed, envelope: Envelope) -> None:
        """A question about money was answered; it may have been about a proof that somebody was let in with."""
        await service.proofs.case_closed(said, envelope.id)

    return {billing.SeatReleaseRequested: release_requested, billing.PaymentCaseClosed: payment_case_closed}


def visit_deadlines(service: Scheduling) -> Mapping[tuple[str, str], DeadlineHandler]:
    """What falls due about visits."""

    async def special_move_overdue(record: Record[Appointment], _name: str) -> None:
        """A new date was left half booked."""
        await service.specials.roll(record)

    async def special_over(record: Record[Appointment], _name: str) -> None:
        """A new date was not chosen in time."""
        await service.specials.end(record)

    async def enqueue_due(record: Record[Appointment], _name: str) -> None:
        """The queue at the counter does not know yet who checked in."""
        await service.counter.enqueue(record)

    async def bulk_due(record: Record[BulkJob], _name: str) -> None:
        """A bulk job goes on."""
        await service.bulk_moves.run(record)

    async def hurry_due(record: Record[Appointment], _name: str) -> None:
        """A place in the same-day quota was left half taken, or its session is over."""
        await service.hurry.look(record)

    return {
        (APPOINTMENT.name, "hurry"): hurry_due,
        (APPOINTMENT.name, "special_move"): special_move_overdue,
        (APPOINTMENT.name, "special"): special_over,
        (APPOINTMENT.name, "enqueue"): enqueue_due,
        (BULK_JOB.name, "run"): bulk_due,
    }
