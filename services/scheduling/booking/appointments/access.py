"""Access to an appointment: its owner and its office see it, and only commands its state allows pass."""

from __future__ import annotations

from collections.abc import Callable

from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor, refuse_unless_own_office
from shared.clock import Clock
from shared.errors import NotFound
from shared.store.decision import Decision
from shared.store.kinds import Record


async def find_visible(appointments: AppointmentRepository, appointment_id: str, actor: Actor) -> Record[Appointment]:
    """Return the appointment for its owner or for staff of its office.

    Raises:
        NotFound: there is none, it has no seat yet, or another applicant asks.
        NotYourOffice: staff of another office ask.
    """
    record = await appointments.appointment(appointment_id)
    if record is None or record.state.slot is None:
        raise NotFound
    refuse_strangers(record.state, actor)
    return record


def refuse_strangers(appointment: Appointment, actor: Actor) -> None:
    """Refuse all but the owner and staff of the office."""
    if actor.is_staff:
        if appointment.slot is not None:
            refuse_unless_own_office(actor, appointment.slot.office_id)
    elif appointment.account_id not in actor.account_ids:
        raise NotFound


def refuse_impossible(appointment: Appointment, command: Command) -> None:
    """Refuse a command that the appointment's state does not allow, with the refusal of that state."""
    if can(appointment, command):
        return
    if appointment.status is Status.MOVING:
        raise BeingMoved
    raise NotPossibleNow(state=appointment.status.value)


async def change_visible(
    appointments: AppointmentRepository,
    appointment_id: str,
    actor: Actor,
    decide: Callable[[Appointment], Decision[Appointment]],
    clock: Clock,
    *,
    received: str,
) -> Record[Appointment]:
    """Load, decide and save an appointment for its owner or for staff of its office; a repeat changes nothing.

    Raises:
        NotFound, NotYourOffice: as `find_visible` does.
        SomeoneElseChangedIt: other writers were faster each time.
    """

    def decide_if_visible(state: Appointment) -> Decision[Appointment]:
        refuse_strangers(state, actor)
        return decide(state)

    record = await find_visible(appointments, appointment_id, actor)
    return await appointments.change(record.id, decide_if_visible, clock, received=received, first=record)
