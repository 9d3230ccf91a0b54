"""Events and deadlines at the counter: proofs of payment, interviews, the queue, missed visits."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.visit.counter.check_in import Visits
from services.scheduling.visit.counter.payment_proofs import Proofs
from services.scheduling.visit.counter.queue_service import CounterQueue
from shared.events import application, billing
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


def counter_events(visits: Visits, proofs: Proofs) -> Mapping[type[Event], MessageHandler]:
    """Return the event handlers of visits."""

    async def interview_recorded(event: application.InterviewRecorded, envelope: Envelope) -> None:
        """Mark the visit as used."""
        await visits.interview_recorded(event, envelope.id)

    async def payment_case_closed(event: billing.PaymentCaseClosed, envelope: Envelope) -> None:
        """Void the visit if the answered question was about a proof of payment that is not valid."""
        await proofs.case_closed(event, envelope.id)

    return {application.InterviewRecorded: interview_recorded, billing.PaymentCaseClosed: payment_case_closed}


def counter_deadlines(visits: Visits, queue: CounterQueue) -> Mapping[tuple[str, str], DeadlineHandler]:
    """Return the deadline handlers of visits."""

    async def session_over(record: Record[Appointment], _name: str) -> None:
        """Mark the visit as missed."""
        await visits.miss(record)

    async def enqueue_due(record: Record[Appointment], _name: str) -> None:
        """Add a visitor to the queue who checked in and is not in it yet."""
        await queue.enqueue(record)

    return {(APPOINTMENT.name, "miss"): session_over, (APPOINTMENT.name, "enqueue"): enqueue_due}
