"""Transitions of a paid visit besides the plain journey: interruption, special reschedule, proof, refund."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from services.scheduling.booking.appointments.appointment import (
    ENQUEUE_SECONDS,
    TRANSITIONS,
    Appointment,
    Command,
    Status,
    ask_until,
    can,
    given_up,
    moved_fact,
    place_given_up,
    release,
)
from services.scheduling.booking.appointments.special_reschedule_causes import CAUSES_TO_ASK_WITH, SpecialRefusal
from services.scheduling.booking.appointments.special_reschedule_right import Special, SpecialState
from services.scheduling.booking.appointments.walk_in import WalkIn
from services.scheduling.booking.seats.seat import Slot
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from shared.events.codes import MoveCause, ReleaseReason, ReleaseRefusal, SpecialCause
from shared.events.scheduling import (
    AppointmentReleased,
    ArrivedOnProof,
    ReleaseRefused,
    SpecialRescheduleEnded,
    SpecialRescheduleOpened,
    SpecialRescheduleRefused,
    VisitInterrupted,
    VisitorCheckedIn,
    VisitVoided,
)
from shared.store.decision import Decision


@dataclass(frozen=True)
class Ruling:
    """A decision that opens a new date: by whom, why and when."""

    cause: SpecialCause
    by: str
    at: datetime
    timezone: str
    """The office's: its clock shows the deadline."""
    reason: str | None = None


class AskProblem(StrEnum):
    """Why a special reschedule cannot be asked for."""

    CAUSE_NOT_PERMITTED = "cause_not_permitted"
    NOT_PAID_FOR = "not_paid_for"
    ALREADY_ASKED = "already_asked"
    TOO_LATE = "too_late"
    NONE_LEFT = "none_left"


_MAY_ASK: Final = (Status.CONFIRMED, Status.NO_SHOW)


def ask_problem(appointment: Appointment, cause: SpecialCause, *, now: datetime, rules: Rules) -> AskProblem | None:
    """Return why the applicant cannot ask with this cause, or None."""
    special = appointment.special
    problems = {
        AskProblem.CAUSE_NOT_PERMITTED: cause not in CAUSES_TO_ASK_WITH,
        AskProblem.NOT_PAID_FOR: appointment.status not in _MAY_ASK,
        AskProblem.ALREADY_ASKED: special is not None and special.state is SpecialState.ASKED,
        AskProblem.NONE_LEFT: special is not None and special.by_request >= rules.special_max,
        AskProblem.TOO_LATE: now > ask_until(appointment, rules),
    }
    return next((problem for problem, found in problems.items() if found), None)


def causes_open(appointment: Appointment, *, now: datetime, rules: Rules) -> tuple[SpecialCause, ...]:
    """Return the causes with which a special reschedule may be asked for now."""
    return tuple(cause for cause in CAUSES_TO_ASK_WITH if ask_problem(appointment, cause, now=now, rules=rules) is None)


def ask(appointment: Appointment, cause: SpecialCause, evidence: str, now: datetime) -> Decision[Appointment]:
    """Ask for a new date; ``evidence`` is sealed. The visit stands as it stood."""
    special = Special(SpecialState.ASKED, cause, asked_at=now, evidence=evidence, by_request=_by_request(appointment))
    return Decision(replace(appointment, special=special))


def refuse(
    appointment_id: str, appointment: Appointment, reason: SpecialRefusal, by: str, now: datetime
) -> Decision[Appointment]:
    """Refuse the new date that was asked for."""
    asked = _special_of(appointment)
    special = replace(asked, state=SpecialState.REFUSED, decided_by=by, decided_at=now, reason=reason.value)
    event = SpecialRescheduleRefused(**facts(appointment_id, appointment), reason=reason.value)
    return Decision(replace(appointment, special=special), (event,))


def open_special(appointment_id: str, appointment: Appointment, ruling: Ruling, rules: Rules) -> Decision[Appointment]:
    """Release the seat; a new date may be chosen without paying again."""
    state = _opened(appointment, Command.OPEN_SPECIAL, ruling, rules)
    special = _special_of(state)
    event = SpecialRescheduleOpened(
        **facts(appointment_id, state),
        cause=special.cause.value,
        until=special.until or ruling.at,
        office_timezone=ruling.timezone,
    )
    return Decision(state, (event, *place_given_up(appointment, special.cause.value)))


def interrupt(appointment_id: str, appointment: Appointment, ruling: Ruling, rules: Rules) -> Decision[Appointment]:
    """Interrupt a visit that the state's own systems stopped: a new date is open at once, without a request."""
    state = _opened(appointment, Command.INTERRUPT, ruling, rules)
    event = VisitInterrupted(
        **facts(appointment_id, state),
        session_id=appointment.seat.session_id,
        until=_special_of(state).until or ruling.at,
        office_timezone=ruling.timezone,
    )
    return Decision(state, (event, *place_given_up(appointment, ruling.cause.value)))


def _opened(appointment: Appointment, command: Command, ruling: Ruling, rules: Rules) -> Appointment:
    status = TRANSITIONS.after(appointment.status, command)
    known = appointment.special
    asked = known is not None and known.state is SpecialState.ASKED and command is Command.OPEN_SPECIAL
    special = Special(
        SpecialState.OPEN,
        ruling.cause,
        asked_at=known.asked_at if asked and known else None,
        evidence=known.evidence if asked and known else None,
        evidence_ids=known.evidence_ids if asked and known else (),
        decided_by=ruling.by,
        decided_at=ruling.at,
        reason=ruling.reason,
        until=ruling.at + timedelta(seconds=rules.special_seconds),
        by_request=_by_request(appointment) + asked,
    )
    return given_up(appointment, status, now=ruling.at, rules=rules, special=special, enqueue_at=None, miss_at=None)


def finish_special(
    appointment_id: str,
    appointment: Appointment,
    slot: Slot,
    *,
    queue_code: str,
    old_office: Office,
    office: Office,
    rules: Rules,
) -> Decision[Appointment]:
    """Write the new date: this write uses the right up."""
    state = replace(
        appointment,
        status=TRANSITIONS.after(appointment.status, Command.FINISH_SPECIAL),
        slot=slot,
        move=None,
        queue_code=queue_code,
        code_version=appointment.code_version + 1,
        checked_in_at=None,
        miss_at=slot.ends_at + timedelta(seconds=rules.no_show_grace_seconds),
        special=replace(_special_of(appointment), state=SpecialState.USED),
    )
    event = moved_fact(appointment_id, appointment.seat, state, old_office, office, MoveCause.SPECIAL)
    return Decision(state, (event,))


def end_special(appointment_id: str, appointment: Appointment) -> Decision[Appointment]:
    """End a right that was not used in time."""
    status = TRANSITIONS.after(appointment.status, Command.END_SPECIAL)
    special = replace(_special_of(appointment), state=SpecialState.ENDED)
    state = replace(appointment, status=status, live=False, special=special)
    return Decision(state, (SpecialRescheduleEnded(**facts(appointment_id, state)),))


def arrive_on_proof(appointment_id: str, appointment: Appointment, ntpn: str, now: datetime) -> Decision[Appointment]:
    """Let a visitor in with a proof of payment that the system does not show yet; the money is looked for."""
    status = TRANSITIONS.after(appointment.status, Command.ARRIVE_ON_PROOF)
    state = replace(
        appointment,
        status=status,
        checked_in_at=now,
        proof=ntpn,
        hold_until=None,
        enqueue_at=now + timedelta(seconds=ENQUEUE_SECONDS),
    )
    known = facts(appointment_id, state)
    events = (ArrivedOnProof(**known, ntpn=ntpn), VisitorCheckedIn(**known, checked_in_at=now))
    return Decision(state, events)


def void(appointment_id: str, appointment: Appointment, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Void a visit whose proof of payment is not valid.

    A visitor who is still at the counter loses the seat; a visit that took place does not count and keeps the seat that
    it used. Money that shows up after all makes it a visit again."""
    took_place = appointment.status is Status.USED_ON_PROOF
    event = VisitVoided(**facts(appointment_id, appointment), took_place=took_place)
    if took_place:
        status = TRANSITIONS.after(appointment.status, Command.VOID)
        return Decision(replace(appointment, status=status, live=False), (event,))
    reason = ReleaseReason.PROOF_REFUSED
    decision = release(appointment_id, appointment, Command.VOID, reason, now=now, rules=rules)
    return Decision(decision.state, (*decision.events, event))


def record_arrival(appointment_id: str, appointment: Appointment, arrived_at: datetime) -> Decision[Appointment]:
    """Record an arrival that was written down while the service was away, also of a visit that counts as missed."""
    status = TRANSITIONS.after(appointment.status, Command.RECORD_ARRIVAL)
    state = replace(appointment, status=status, live=True, checked_in_at=arrived_at)
    return Decision(state, (VisitorCheckedIn(**facts(appointment_id, state), checked_in_at=arrived_at),))


def registered(
    person_id: str, slot: Slot, walk_in: WalkIn, *, queue_code: str, now: datetime, rules: Rules
) -> Appointment:
    """Return a visit that begins at the counter; no other service knows an application for it, so there is no event."""
    return Appointment(
        status=Status.CHECKED_IN,
        live=True,
        application_id="",
        account_id="",
        person_id=person_id,
        made_at=now,
        slot=slot,
        queue_code=queue_code,
        code_version=1,
        checked_in_at=now,
        miss_at=slot.ends_at + timedelta(seconds=rules.no_show_grace_seconds),
        enqueue_at=now + timedelta(seconds=ENQUEUE_SECONDS),
        walk_in=walk_in,
    )


def enqueued(appointment: Appointment) -> Decision[Appointment]:
    """Note that the queue at the counter knows the visitor."""
    return Decision(replace(appointment, enqueue_at=None))


RELEASE_REFUSALS: Final[Mapping[Status, ReleaseRefusal]] = {
    Status.CHECKED_IN: ReleaseRefusal.ALREADY_USED,
    Status.ON_PROOF: ReleaseRefusal.ALREADY_USED,
    Status.USED: ReleaseRefusal.ALREADY_USED,
    Status.USED_ON_PROOF: ReleaseRefusal.ALREADY_USED,
    Status.VOID: ReleaseRefusal.ALREADY_USED,
    Status.RELEASED: ReleaseRefusal.ALREADY_RELEASED,
    Status.ABANDONED: ReleaseRefusal.ALREADY_RELEASED,
    Status.UNAVAILABLE: ReleaseRefusal.ALREADY_RELEASED,
}
"""Why a seat does not go back for a refund, by the state of its appointment."""


def release_for_refund(
    appointment_id: str, appointment: Appointment, refund_id: str, *, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Release the seat, or the right to a new date, for an approved refund; or answer why it cannot be."""
    if can(appointment, Command.REFUND):
        reason = ReleaseReason.REFUND_APPROVED
        decision = release(appointment_id, appointment, Command.REFUND, reason, now=now, rules=rules)
        events = tuple(
            event.model_copy(update={"refund_id": refund_id}) if isinstance(event, AppointmentReleased) else event
            for event in decision.events
        )
        return Decision(replace(decision.state, refund_id=refund_id), events)
    return refuse_release(appointment_id, appointment, refund_id, RELEASE_REFUSALS[appointment.status])


def refuse_release(
    appointment_id: str, appointment: Appointment, refund_id: str, reason_code: str
) -> Decision[Appointment]:
    """Answer a refund whose seat does not go back, with a code of `ReleaseRefusal`."""
    event = ReleaseRefused(**facts(appointment_id, appointment), refund_id=refund_id, reason=reason_code)
    return Decision(appointment, (event,))


def facts(appointment_id: str, state: Appointment) -> dict[str, Any]:
    """Return the fields of every event about a visit."""
    return {
        "appointment_id": appointment_id,
        "application_id": state.application_id,
        "account_id": state.account_id,
        "person_id": state.person_id,
        "office_id": state.seat.office_id,
    }


def _by_request(appointment: Appointment) -> int:
    return appointment.special.by_request if appointment.special is not None else 0


def _special_of(appointment: Appointment) -> Special:
    if appointment.special is None:
        raise LookupError("this visit has no special reschedule")
    return appointment.special
