"""Pictures of evidence that visits name; application keeps them. Pure."""

from __future__ import annotations

from dataclasses import replace

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.special_reschedule_right import Special
from services.scheduling.booking.appointments.walk_in import WalkIn
from shared.events.codes import EvidencePurpose
from shared.events.scheduling import SchedulingEvidenceNamed
from shared.store.decision import Decision


def with_special_evidence(
    appointment_id: str, decision: Decision[Appointment], evidence_ids: tuple[str, ...], account_ids: tuple[str, ...]
) -> Decision[Appointment]:
    """Return the decision to ask for a new date with the pictures that the request names, and the event about them."""
    special = decision.state.special
    if special is None or not evidence_ids:
        return decision
    named = replace(special, evidence_ids=tuple(dict.fromkeys(evidence_ids)))
    told = _told(appointment_id, decision.state, named, EvidencePurpose.SPECIAL_RESCHEDULE, account_ids)
    return Decision(replace(decision.state, special=named), (*decision.events, told))


def walk_in_evidence_named(appointment_id: str, visit: Appointment) -> tuple[SchedulingEvidenceNamed, ...]:
    """Return the event about the pictures that an officer names for a visitor without a booking, if there are any."""
    walk_in = visit.walk_in
    if walk_in is None or not walk_in.evidence_ids:
        return ()
    return (_told(appointment_id, visit, walk_in, EvidencePurpose.WALK_IN, ()),)


def evidence_of_visit(visit: Appointment) -> tuple[str, ...]:
    """Return the pictures that a visit names: those of its newest special reschedule, and of its walk-in."""
    special, walk_in = visit.special, visit.walk_in
    return (*(special.evidence_ids if special else ()), *(walk_in.evidence_ids if walk_in else ()))


def _told(
    appointment_id: str,
    visit: Appointment,
    naming: Special | WalkIn,
    purpose: EvidencePurpose,
    account_ids: tuple[str, ...],
) -> SchedulingEvidenceNamed:
    return SchedulingEvidenceNamed(
        purpose=purpose,
        case_id=appointment_id,
        evidence_ids=naming.evidence_ids,
        account_ids=account_ids,
        office_id=visit.seat.office_id,
    )
