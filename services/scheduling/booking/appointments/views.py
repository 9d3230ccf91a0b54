"""Appointments as they are shown."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.appointment import Appointment, Status, ask_until
from services.scheduling.booking.appointments.evidence_files import evidence_of_visit
from services.scheduling.booking.appointments.next_step import call_code_of, deadline_of, step_of
from services.scheduling.booking.appointments.schemas import (
    AppointmentView,
    BookedSession,
    PriorityNeedView,
    SameDayPlaceView,
    SpecialView,
)
from services.scheduling.booking.appointments.visit_transitions import causes_open
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.views import local, office_view
from shared.evidence_files import view_evidence_files
from shared.http.schema import view_next_call
from shared.store.kinds import Record

_HAS_QUEUE_CODE: Final = (Status.CONFIRMED, Status.MOVING, Status.CHECKED_IN, Status.USED)


def special_view(state: Appointment) -> SpecialView | None:
    """Return the newest special reschedule of a visit, or None."""
    return None if state.special is None else SpecialView.model_validate(state.special, from_attributes=True)


def _priority_view(state: Appointment) -> PriorityNeedView | None:
    return None if state.priority is None else PriorityNeedView.model_validate(state.priority, from_attributes=True)


def _same_day_view(state: Appointment) -> SameDayPlaceView | None:
    return None if state.hurry is None else SameDayPlaceView.model_validate(state.hurry, from_attributes=True)


def appointment_view(
    record: Record[Appointment], context: UseCaseContext, *, for_staff: bool = False
) -> AppointmentView:
    """Return an appointment as it is shown: its place and time, its step and its deadline.

    The queue code is the visitor's own, because it is also a sign of their consent: staff scan it, and do not read it.
    """
    state, slot = record.state, record.state.seat
    office, step = context.offices[slot.office_id], step_of(state)
    certain = state.status in _HAS_QUEUE_CODE
    until, causes = ask_until(state, context.rules), causes_open(state, now=context.now(), rules=context.rules)
    return AppointmentView(
        appointment_id=record.id,
        application_id=state.application_id,
        person_id=state.person_id,
        state=state.status.value,
        session=BookedSession.model_validate(slot, from_attributes=True),
        office=office_view(office),
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        local_start=local(slot.starts_at, office.timezone),
        local_end=local(slot.ends_at, office.timezone),
        made_at=state.made_at,
        hold_until=state.hold_until,
        offer_until=state.offer_until,
        queue_number=slot.queue_number if certain else None,
        queue_code=state.queue_code if certain and not for_staff else None,
        special=special_view(state),
        special_causes=[cause.value for cause in causes],
        special_ask_until=until if causes else None,
        evidence_files=view_evidence_files(evidence_of_visit(state)),
        checked_in_at=state.checked_in_at,
        released_for=state.released_for,
        priority=_priority_view(state),
        same_day=_same_day_view(state),
        moves_left=max(0, context.rules.moves_max - state.moves_made),
        current_step=step.current_step,
        remaining_steps=list(step.remaining_steps),
        next_action=step.next_action,
        next_action_id=step.next_action_id,
        next_call=view_next_call(
            "appointment", call_code_of(state), application_id=state.application_id, appointment_id=record.id
        ),
        deadline=deadline_of(state) or (until if causes else None),
    )
