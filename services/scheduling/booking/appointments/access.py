"""Who may see an appointment, and what may be done to it at this moment."""

from __future__ import annotations

from services.scheduling.booking.appointments.appointment import Appointment, Command, Status, can
from services.scheduling.booking.appointments.errors import BeingMoved, NotPossibleNow
from services.scheduling.booking.appointments.repository import AppointmentRepository
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from shared.errors import NotFound
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
    """Nothing, for the owner and for staff of the office; refuses others."""
    if actor.is_staff:
        if appointment.slot is not None and appointment.slot.office_id != actor.office_id:
            raise NotYourOffice
    elif appointment.account_id != actor.account_id:
        raise NotFound


def refuse_impossible(appointment: Appointment, command: Command) -> None:
    """Nothing, if the command is possible; else the refusal that fits where the appointment stands."""
    if can(appointment, command):
        return
    if appointment.status is Status.MOVING:
        raise BeingMoved
    raise NotPossibleNow(state=appointment.status.value)
