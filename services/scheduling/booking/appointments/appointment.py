"""An appointment, from hold to visit: one table of transitions, and one function for each of them.

It is the commit point of a seat: the appointment that carries the seat's token has the seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from services.scheduling.booking.appointments.priority import Priority
from services.scheduling.booking.appointments.queue_code_payload import Ticket
from services.scheduling.booking.appointments.same_day_place import SameDayPlace, no_place, stays
from services.scheduling.booking.appointments.special_reschedule_right import Special
from services.scheduling.booking.appointments.walk_in import WalkIn
from services.scheduling.booking.seats.seat import Seat, Slot
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from services.scheduling.terms import Applying
from shared.events.codes import ConfirmCause, MoveCause, NoSeatReason, OfferEnd, ReleaseReason, SeatAnswer, SeatQuestion
from shared.events.message import Event
from shared.events.scheduling import (
    AppointmentConfirmed,
    AppointmentReleased,
    AppointmentRescheduled,
    OfferEnded,
    SeatAnswerRepeated,
    SeatHeld,
    SeatOffered,
    SeatUnavailable,
    VisitorCheckedIn,
    VisitorMissed,
)
from shared.store.decision import Decision
from shared.store.transitions import Transitions


class Status(StrEnum):
    """The states of an appointment."""

    __schema_name__ = "AppointmentState"

    HELD = "held"
    GATHERING = "gathering"
    """Of a family that books together: it has its seat; events go out when all members have theirs."""
    AWAITING_PAYMENT = "awaiting_payment"
    OFFERED = "offered"
    """Late money found this seat; it is kept until its payer answers."""
    CONFIRMED = "confirmed"
    MOVING = "moving"
    CHECKED_IN = "checked_in"
    ON_PROOF = "on_proof"
    """At the office with a proof of payment that the system does not show yet."""
    USED = "used"
    USED_ON_PROOF = "used_on_proof"
    """The visit took place and its payment still does not show."""
    VOID = "void"
    """The visit took place on a proof of payment that is not valid: it does not count."""
    NO_SHOW = "no_show"
    SPECIAL_OPEN = "special_open"
    """The seat is gone, the paid right is not: a new date may be chosen until the special reschedule ends."""
    SPECIAL_MOVING = "special_moving"
    SPECIAL_ENDED = "special_ended"
    RELEASED = "released"
    ABANDONED = "abandoned"
    """A tombstone: the claim on the seat never became an appointment and never can."""
    UNAVAILABLE = "unavailable"
    """Late money or a renewal asked for a seat and there was none."""


class Command(StrEnum):
    """The commands of an appointment."""

    JOIN = "join"
    BREAK_OFF = "break_off"
    AWAIT_PAYMENT = "await_payment"
    PAY = "pay"
    END_BILL = "end_bill"
    LAPSE = "lapse"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"
    ACCEPT_OFFER = "accept_offer"
    DECLINE_OFFER = "decline_offer"
    LAPSE_OFFER = "lapse_offer"
    BEGIN_MOVE = "begin_move"
    FINISH_MOVE = "finish_move"
    UNDO_MOVE = "undo_move"
    CHECK_IN = "check_in"
    USE = "use"
    MISS = "miss"
    ARRIVE_ON_PROOF = "arrive_on_proof"
    RECORD_ARRIVAL = "record_arrival"
    """The office wrote the arrival down while the service was away."""
    OPEN_SPECIAL = "open_special"
    INTERRUPT = "interrupt"
    BEGIN_SPECIAL = "begin_special"
    FINISH_SPECIAL = "finish_special"
    UNDO_SPECIAL = "undo_special"
    END_SPECIAL = "end_special"
    REFUND = "refund"
    VOID = "void"
    """The proof of payment that the visitor was let in with is not valid."""
    FALL_BACK = "fall_back"
    """A same-day seat was not paid in time and a regular one is held instead."""


TRANSITIONS: Final = Transitions(
    {
        (Status.GATHERING, Command.JOIN): Status.HELD,
        (Status.GATHERING, Command.BREAK_OFF): Status.RELEASED,
        (Status.HELD, Command.AWAIT_PAYMENT): Status.AWAITING_PAYMENT,
        (Status.HELD, Command.PAY): Status.CONFIRMED,
        (Status.HELD, Command.END_BILL): Status.RELEASED,
        (Status.HELD, Command.LAPSE): Status.RELEASED,
        (Status.HELD, Command.CANCEL): Status.RELEASED,
        (Status.HELD, Command.WITHDRAW): Status.RELEASED,
        (Status.AWAITING_PAYMENT, Command.PAY): Status.CONFIRMED,
        (Status.AWAITING_PAYMENT, Command.END_BILL): Status.RELEASED,
        (Status.AWAITING_PAYMENT, Command.CANCEL): Status.RELEASED,
        (Status.AWAITING_PAYMENT, Command.WITHDRAW): Status.RELEASED,
        (Status.HELD, Command.FALL_BACK): Status.HELD,
        (Status.AWAITING_PAYMENT, Command.FALL_BACK): Status.HELD,
        (Status.OFFERED, Command.ACCEPT_OFFER): Status.CONFIRMED,
        (Status.OFFERED, Command.DECLINE_OFFER): Status.RELEASED,
        (Status.OFFERED, Command.LAPSE_OFFER): Status.RELEASED,
        (Status.CONFIRMED, Command.CANCEL): Status.RELEASED,
        (Status.CONFIRMED, Command.WITHDRAW): Status.RELEASED,
        (Status.CONFIRMED, Command.BEGIN_MOVE): Status.MOVING,
        (Status.CONFIRMED, Command.CHECK_IN): Status.CHECKED_IN,
        (Status.CONFIRMED, Command.USE): Status.USED,
        (Status.CONFIRMED, Command.MISS): Status.NO_SHOW,
        (Status.MOVING, Command.FINISH_MOVE): Status.CONFIRMED,
        (Status.MOVING, Command.UNDO_MOVE): Status.CONFIRMED,
        (Status.CHECKED_IN, Command.USE): Status.USED,
        (Status.NO_SHOW, Command.USE): Status.USED,
        (Status.CONFIRMED, Command.RECORD_ARRIVAL): Status.CHECKED_IN,
        (Status.NO_SHOW, Command.RECORD_ARRIVAL): Status.CHECKED_IN,
        (Status.HELD, Command.ARRIVE_ON_PROOF): Status.ON_PROOF,
        (Status.AWAITING_PAYMENT, Command.ARRIVE_ON_PROOF): Status.ON_PROOF,
        (Status.ON_PROOF, Command.PAY): Status.CHECKED_IN,
        (Status.ON_PROOF, Command.USE): Status.USED_ON_PROOF,
        (Status.ON_PROOF, Command.CANCEL): Status.RELEASED,
        (Status.USED_ON_PROOF, Command.PAY): Status.USED,
        (Status.ON_PROOF, Command.VOID): Status.RELEASED,
        (Status.USED_ON_PROOF, Command.VOID): Status.VOID,
        (Status.VOID, Command.PAY): Status.USED,
        (Status.CONFIRMED, Command.OPEN_SPECIAL): Status.SPECIAL_OPEN,
        (Status.NO_SHOW, Command.OPEN_SPECIAL): Status.SPECIAL_OPEN,
        (Status.CONFIRMED, Command.INTERRUPT): Status.SPECIAL_OPEN,
        (Status.CHECKED_IN, Command.INTERRUPT): Status.SPECIAL_OPEN,
        (Status.NO_SHOW, Command.INTERRUPT): Status.SPECIAL_OPEN,
        (Status.SPECIAL_OPEN, Command.BEGIN_SPECIAL): Status.SPECIAL_MOVING,
        (Status.SPECIAL_MOVING, Command.FINISH_SPECIAL): Status.CONFIRMED,
        (Status.SPECIAL_MOVING, Command.UNDO_SPECIAL): Status.SPECIAL_OPEN,
        (Status.SPECIAL_OPEN, Command.END_SPECIAL): Status.SPECIAL_ENDED,
        (Status.SPECIAL_OPEN, Command.WITHDRAW): Status.RELEASED,
        (Status.HELD, Command.REFUND): Status.RELEASED,
        (Status.AWAITING_PAYMENT, Command.REFUND): Status.RELEASED,
        (Status.OFFERED, Command.REFUND): Status.RELEASED,
        (Status.CONFIRMED, Command.REFUND): Status.RELEASED,
        (Status.NO_SHOW, Command.REFUND): Status.RELEASED,
        (Status.SPECIAL_OPEN, Command.REFUND): Status.RELEASED,
        (Status.SPECIAL_ENDED, Command.REFUND): Status.RELEASED,
    }
)

INITIAL: Final = frozenset(
    {
        Status.HELD,
        Status.GATHERING,
        Status.OFFERED,
        Status.CONFIRMED,
        Status.CHECKED_IN,
        Status.ABANDONED,
        Status.UNAVAILABLE,
    }
)
"""Where an appointment may begin; ``confirmed`` only for late money that found its own seat, ``checked_in`` only for
who was registered at the counter."""

LIVE: Final = frozenset(
    {
        Status.HELD,
        Status.GATHERING,
        Status.AWAITING_PAYMENT,
        Status.OFFERED,
        Status.CONFIRMED,
        Status.MOVING,
        Status.CHECKED_IN,
        Status.ON_PROOF,
        Status.SPECIAL_OPEN,
        Status.SPECIAL_MOVING,
    }
)
"""Of these a person has one at most (I2)."""

HAS_SEAT: Final = (LIVE - {Status.SPECIAL_OPEN, Status.SPECIAL_MOVING}) | {
    Status.USED,
    Status.USED_ON_PROOF,
    Status.VOID,
    Status.NO_SHOW,
}
"""In these the appointment's slot is a seat of its own, for ever or for now."""


ENQUEUE_SECONDS: Final = 5
"""How long telling the queue at the counter of a visitor may take before a deadline does it."""


@dataclass(frozen=True)
class Move:
    """A move that was begun and is not committed."""

    session_id: str
    pool: str
    token: str
    until: datetime
    command_id: str
    """The command that asked: a repeat of it meets this move even if a deadline finished it."""
    cause: MoveCause = MoveCause.ASKED
    """Only a move that the applicant asked for counts against the moves that are allowed."""


@dataclass(frozen=True)
class Leaving:
    """A seat that was given up and is not released yet."""

    seat_id: str
    token: str
    until: datetime
    """From then on a deadline releases it."""


@dataclass(frozen=True)
class Appointment:
    """The state of one appointment."""

    status: Status
    live: bool
    application_id: str
    account_id: str
    person_id: str
    made_at: datetime
    slot: Slot | None = None
    hold_until: datetime | None = None
    pay_until: datetime | None = None
    """Before this its bill must be paid, where the service has a cut-off (same-day)."""
    if_unpaid: str | None = None
    """The holder's choice for a same-day seat that is not paid in time."""
    long_stop_at: datetime | None = None
    offer_until: datetime | None = None
    miss_at: datetime | None = None
    move: Move | None = None
    leaving: tuple[Leaving, ...] = ()
    """Seats given up that are not released yet."""
    bill_id: str | None = None
    replaces_bill_id: str | None = None
    party_id: str | None = None
    """The family that it was booked with, all or none."""
    queue_code: str | None = None
    code_version: int = 0
    moves_made: int = 0
    cause: ConfirmCause | None = None
    released_for: ReleaseReason | None = None
    checked_in_at: datetime | None = None
    receipt_id: str | None = None
    """The late payment that this seat answers."""
    special: Special | None = None
    """The newest special reschedule of this visit: asked for, open, used or over."""
    void_until: datetime | None = None
    """Until then a queue code of this visit that is void could still be shown somewhere."""
    enqueue_at: datetime | None = None
    """Checked in, and the queue at the counter does not know yet; from then on a deadline tells it."""
    walk_in: WalkIn | None = None
    """How the visitor came to be received without a booking."""
    refund_id: str | None = None
    """The refund for which the seat went back."""
    proof: str | None = None
    """The NTPN on the paper that the visitor was let in with."""
    priority: Priority | None = None
    """On what ground the visit has a priority seat."""
    hurry: SameDayPlace | None = None
    """Its place in the same-day quota, where the surcharge is bought at the counter."""
    counted: bool = False
    """It takes a number of each limit on holds."""
    counted_as: tuple[str, ...] = ()
    """Those numbers, by names that say nothing about whom they were given to."""

    @property
    def seat(self) -> Slot:
        """The slot of an appointment that must have one."""
        if self.slot is None:
            raise LookupError("this appointment never had a seat")
        return self.slot


def can(appointment: Appointment, command: Command) -> bool:
    """Return whether the command is allowed in the appointment's state."""
    return TRANSITIONS.allows(appointment.status, command)


def ticket_of(appointment_id: str, slot: Slot, version: int) -> Ticket:
    """Return the content of the visit's queue code."""
    return Ticket(appointment_id, slot.office_id, slot.date, version)


def deadlines(appointment: Appointment) -> Mapping[str, datetime]:
    """Return the deadlines by name. Seats given up go back in any state; all others belong to one state."""
    of_status = {
        Status.HELD: ("lapse", appointment.hold_until),
        Status.GATHERING: ("gather", appointment.hold_until),
        Status.AWAITING_PAYMENT: ("long_stop", appointment.long_stop_at),
        Status.OFFERED: ("offer", appointment.offer_until),
        Status.CONFIRMED: ("miss", appointment.miss_at),
        Status.MOVING: ("move", appointment.move.until if appointment.move else None),
        Status.SPECIAL_MOVING: ("special_move", appointment.move.until if appointment.move else None),
        Status.SPECIAL_OPEN: ("special", appointment.special.until if appointment.special else None),
    }
    due = {}
    if appointment.enqueue_at is not None:
        due["enqueue"] = appointment.enqueue_at
    if appointment.leaving:
        due["leave"] = min(seat.until for seat in appointment.leaving)
    if appointment.hurry is not None and appointment.hurry.until is not None:
        due["hurry"] = appointment.hurry.until
    if appointment.move is not None and TRANSITIONS.allows(appointment.status, Command.FALL_BACK):
        due["move"] = appointment.move.until
    name, at = of_status.get(appointment.status, ("", None))
    if at is not None:
        due[name] = at
    return due


def hold(
    appointment_id: str,
    applying: Applying,
    slot: Slot,
    *,
    office: Office,
    now: datetime,
    rules: Rules,
    replaces_bill_id: str | None = None,
    pay_until: datetime | None = None,
    if_unpaid: str | None = None,
    priority: Priority | None = None,
) -> Decision[Appointment]:
    """Begin a hold of a claimed seat; it lapses by itself unless a bill is requested.

    With ``pay_until`` its bill has a cut-off, and the session may have begun (same-day).
    """
    until = min(now + timedelta(seconds=rules.hold_seconds), pay_until or slot.starts_at)
    state = _begun(Status.HELD, applying, slot, now, rules)
    told: dict[str, Any] = {"replaces_bill_id": replaces_bill_id, "pay_until": pay_until, "if_unpaid": if_unpaid}
    state = replace(state, hold_until=until, priority=priority, **told)
    facts = _timed_facts(appointment_id, state, office)
    return Decision(state, (SeatHeld(**facts, hold_until=until, **told),))


def gather(
    applying: Applying, slot: Slot, party_id: str, *, until: datetime, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Begin the hold of one member of a family; no event goes out before all members have a seat."""
    state = _begun(Status.GATHERING, applying, slot, now, rules)
    return Decision(replace(state, hold_until=until, party_id=party_id))


def join(
    appointment_id: str, appointment: Appointment, *, office: Office, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Turn a member's seat into a hold like any other: the whole family has its seats."""
    status = TRANSITIONS.after(appointment.status, Command.JOIN)
    until = min(now + timedelta(seconds=rules.hold_seconds), appointment.seat.starts_at)
    state = _now(appointment, status, hold_until=until)
    facts = _timed_facts(appointment_id, state, office)
    return Decision(state, (SeatHeld(**facts, hold_until=until, party_id=state.party_id),))


def break_off(appointment: Appointment, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Release the seat of a family that did not get all of its seats; no event had told of it."""
    status = TRANSITIONS.after(appointment.status, Command.BREAK_OFF)
    leaving = _leaving(appointment, now, rules)
    uncounted: dict[str, Any] = {"counted": False, "counted_as": ()}  # what nobody had heard of was no hold
    return Decision(_now(appointment, status, released_for=ReleaseReason.PARTY_BROKEN, leaving=leaving, **uncounted))


def offer(
    appointment_id: str, applying: Applying, slot: Slot, bill_id: str, *, office: Office, now: datetime, rules: Rules
) -> Decision[Appointment]:
    """Begin an offer of a claimed seat to a payer who was too late for another one."""
    until = min(now + timedelta(seconds=rules.offer_seconds), slot.starts_at)
    state = replace(_begun(Status.OFFERED, applying, slot, now, rules), offer_until=until, bill_id=bill_id)
    facts = _timed_facts(appointment_id, state, office)
    return Decision(state, (SeatOffered(**facts, bill_id=bill_id, offer_until=until),))


def same_seat_again(
    appointment_id: str,
    applying: Applying,
    slot: Slot,
    bill_id: str,
    *,
    queue_code: str,
    office: Office,
    now: datetime,
    rules: Rules,
) -> Decision[Appointment]:
    """Begin a confirmed visit: late money gets the very seat that its payer had lost."""
    state = _begun(Status.CONFIRMED, applying, slot, now, rules)
    state = _certain(state, bill_id, ConfirmCause.LATE_SAME_SEAT, queue_code)
    return Decision(state, (_confirmation(appointment_id, state, office),))


def unavailable(
    applying: Applying, bill_id: str, *, asked_for: str, reason: str, now: datetime
) -> Decision[Appointment]:
    """Answer that there is no seat; kept so that the same question gets the same answer."""
    state = Appointment(
        status=Status.UNAVAILABLE,
        live=False,
        application_id=applying.application_id,
        account_id=applying.account_id,
        person_id=applying.person_id,
        made_at=now,
        bill_id=bill_id,
    )
    event = SeatUnavailable(
        application_id=applying.application_id,
        account_id=applying.account_id,
        bill_id=bill_id,
        asked_for=asked_for,
        reason=reason,
    )
    return Decision(state, (event,))


def closed_search(applying: Applying, bill_id: str, refund_id: str, now: datetime) -> Decision[Appointment]:
    """Close the search for a seat for money that goes back, where the answer would stand, so that none can come.

    No question was asked, so there is no event.
    """
    state = Appointment(
        status=Status.UNAVAILABLE,
        live=False,
        application_id=applying.application_id,
        account_id=applying.account_id,
        person_id=applying.person_id,
        made_at=now,
        bill_id=bill_id,
        refund_id=refund_id,
    )
    return Decision(state)


def repeat_answer(
    appointment_id: str, appointment: Appointment, bill_id: str, asked_for: str, office: Office | None
) -> Decision[Appointment]:
    """Repeat the answer to a bill's question for a seat; a hold has none, because its bill says the rest."""
    outcome = _outcome(appointment)
    # a seat that a renewal won is its new bill's: of the bill that asked only a no is left to say
    if outcome is None or (asked_for == SeatQuestion.RENEWAL and outcome is not SeatAnswer.UNAVAILABLE):
        return Decision(appointment)
    slot = appointment.slot
    seat: dict[str, Any] = {}
    if slot is not None and office is not None and outcome is not SeatAnswer.UNAVAILABLE:
        seat = _timed_facts(appointment_id, appointment, office)
    event = SeatAnswerRepeated(
        **{
            "application_id": appointment.application_id,
            "account_id": appointment.account_id,
            "person_id": appointment.person_id,
            **seat,
        },
        bill_id=bill_id,
        asked_for=asked_for,
        outcome=outcome,
        reason=_reason_of(appointment),
        offer_until=appointment.offer_until if outcome is SeatAnswer.OFFERED else None,
    )
    return Decision(appointment, (event,))


def _outcome(appointment: Appointment) -> SeatAnswer | None:
    """Return how a question for a seat ended, by the present state of the appointment that answers it."""
    if appointment.status is Status.UNAVAILABLE:
        return SeatAnswer.UNAVAILABLE
    if appointment.status is Status.OFFERED:
        return SeatAnswer.OFFERED
    if appointment.status is Status.RELEASED:
        return SeatAnswer.RELEASED if appointment.cause is not None else SeatAnswer.UNAVAILABLE
    return SeatAnswer.CONFIRMED if appointment.cause is not None else None


def _reason_of(appointment: Appointment) -> str | None:
    if appointment.released_for is not None:
        return appointment.released_for.value
    return NoSeatReason.NO_SEAT if appointment.status is Status.UNAVAILABLE else None


def tombstone(now: datetime) -> Appointment:
    """Return what is written under the id of an appointment that never came, so that it never can."""
    return Appointment(Status.ABANDONED, live=False, application_id="", account_id="", person_id="", made_at=now)


def await_payment(appointment: Appointment, bill_id: str, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Await the payment of a bill: from here on only its end frees the seat."""
    status = TRANSITIONS.after(appointment.status, Command.AWAIT_PAYMENT)
    long_stop_at = now + timedelta(seconds=rules.long_stop_seconds)
    return Decision(_now(appointment, status, bill_id=bill_id, hold_until=None, long_stop_at=long_stop_at))


def alerted(appointment: Appointment, *, now: datetime, rules: Rules) -> Decision[Appointment]:
    """Note that operators were told of a seat that waits too long, and when they are told again."""
    return Decision(replace(appointment, long_stop_at=now + timedelta(seconds=rules.long_stop_seconds)))


def confirm(
    appointment_id: str,
    appointment: Appointment,
    *,
    bill_id: str,
    cause: ConfirmCause,
    queue_code: str,
    office: Office,
    receipt_id: str | None = None,
) -> Decision[Appointment]:
    """Confirm the visit: paid for, free of charge, or a taken offer."""
    command = Command.ACCEPT_OFFER if cause is ConfirmCause.LATE_OFFER else Command.PAY
    status = TRANSITIONS.after(appointment.status, command)
    state = _certain(_now(appointment, status, receipt_id=receipt_id), bill_id, cause, queue_code)
    events: tuple[Event, ...] = (_confirmation(appointment_id, state, office),)
    if appointment.status in (Status.ON_PROOF, Status.USED_ON_PROOF, Status.VOID):
        # who hears of the payment only now must not take the visitor for one who is still to come
        at = appointment.checked_in_at or appointment.made_at
        events = (*events, VisitorCheckedIn(**_facts(appointment_id, state), checked_in_at=at))
    return Decision(state, events)


def release(
    appointment_id: str,
    appointment: Appointment,
    command: Command,
    reason: ReleaseReason,
    *,
    now: datetime,
    rules: Rules,
    closed_for_person: bool = False,
) -> Decision[Appointment]:
    """Release the seat; it stays marked as this appointment's until it is given back."""
    status = TRANSITIONS.after(appointment.status, command)
    was_confirmed = appointment.status is Status.CONFIRMED
    state = given_up(appointment, status, now=now, rules=rules, released_for=reason, enqueue_at=None)
    event = AppointmentReleased(
        **_facts(appointment_id, appointment),
        session_id=appointment.seat.session_id,
        reason=reason.value,
        was_confirmed=was_confirmed,
        closed_for_person=closed_for_person,
    )
    return Decision(state, (event, *place_given_up(appointment, reason.value)))


def end_offer(
    appointment_id: str,
    appointment: Appointment,
    command: Command,
    *,
    now: datetime,
    rules: Rules,
    closed_for_person: bool = False,
) -> Decision[Appointment]:
    """End an offer that was declined or not taken in time; the money must go back."""
    status = TRANSITIONS.after(appointment.status, command)
    lapsed = command is Command.LAPSE_OFFER
    reason = ReleaseReason.OFFER_LAPSED if lapsed else ReleaseReason.OFFER_DECLINED
    state = _now(appointment, status, released_for=reason, leaving=_leaving(appointment, now, rules))
    event = OfferEnded(
        **_facts(appointment_id, appointment),
        bill_id=appointment.bill_id or "",
        reason=OfferEnd.LAPSED if lapsed else OfferEnd.DECLINED,
        closed_for_person=closed_for_person,
    )
    return Decision(state, (event,))


def withdraw(
    appointment_id: str, appointment: Appointment, *, now: datetime, rules: Rules, closed_for_person: bool = False
) -> Decision[Appointment] | None:
    """Release what a withdrawn application holds: its offer ends, its seat goes back; None where nothing can."""
    if appointment.status is Status.OFFERED:
        command = Command.DECLINE_OFFER
        return end_offer(
            appointment_id, appointment, command, now=now, rules=rules, closed_for_person=closed_for_person
        )
    if not can(appointment, Command.WITHDRAW):
        return None
    return release(
        appointment_id,
        appointment,
        Command.WITHDRAW,
        ReleaseReason.WITHDRAWN,
        now=now,
        rules=rules,
        closed_for_person=closed_for_person,
    )


def begin_move(appointment: Appointment, move: Move) -> Decision[Appointment]:
    """Say where the visit shall go and under which fresh token, before that seat is reached for."""
    command = Command.BEGIN_SPECIAL if move.cause is MoveCause.SPECIAL else Command.BEGIN_MOVE
    return Decision(_now(appointment, TRANSITIONS.after(appointment.status, command), move=move))


def finish_move(
    appointment_id: str,
    appointment: Appointment,
    slot: Slot,
    *,
    queue_code: str,
    old_office: Office,
    office: Office,
    now: datetime,
    rules: Rules,
) -> Decision[Appointment]:
    """Write the move: the visit has the new seat, the old seat is left, the old queue code is void."""
    status = TRANSITIONS.after(appointment.status, Command.FINISH_MOVE)
    cause = appointment.move.cause if appointment.move is not None else MoveCause.ASKED
    keeps_place = stays(appointment.seat, slot)
    state = given_up(
        appointment,
        status,
        now=now,
        rules=rules,
        keeps_place=keeps_place,
        slot=slot,
        move=None,
        queue_code=queue_code,
        code_version=appointment.code_version + 1,
        moves_made=appointment.moves_made + (cause is MoveCause.ASKED),
        miss_at=_miss_at(slot, rules),
    )
    moved = moved_fact(appointment_id, appointment.seat, state, old_office, office, cause)
    return Decision(state, (moved,) if keeps_place else (moved, *place_given_up(appointment, cause.value)))


def moved_fact(
    appointment_id: str, old: Slot, state: Appointment, old_office: Office, office: Office, cause: MoveCause
) -> AppointmentRescheduled:
    """Return the event of a visit that moved from the seat ``old`` to the one in ``state``."""
    return AppointmentRescheduled(
        **_timed_facts(appointment_id, state, office),
        **_way_to(office),
        queue_number=state.seat.queue_number,
        queue_code=state.queue_code or "",
        previous_session_id=old.session_id,
        previous_starts_at=old.starts_at,
        previous_office_id=old_office.office_id,
        cause=cause.value,
    )


def undo_move(appointment: Appointment) -> Decision[Appointment]:
    """No seat was won: the visit stays where it was, or its right to a new date open."""
    command = Command.UNDO_SPECIAL if appointment.status is Status.SPECIAL_MOVING else Command.UNDO_MOVE
    return Decision(_now(appointment, TRANSITIONS.after(appointment.status, command), move=None))


def leaving_told(appointment: Appointment, told: tuple[Leaving, ...]) -> Decision[Appointment]:
    """Forget these seats, which were given back."""
    return Decision(replace(appointment, leaving=tuple(seat for seat in appointment.leaving if seat not in told)))


def check_in(appointment_id: str, appointment: Appointment, now: datetime) -> Decision[Appointment]:
    """Check the applicant in at the office."""
    status = TRANSITIONS.after(appointment.status, Command.CHECK_IN)
    enqueue_at = now + timedelta(seconds=ENQUEUE_SECONDS)
    state = _now(appointment, status, checked_in_at=now, enqueue_at=enqueue_at)
    return Decision(state, (VisitorCheckedIn(**_facts(appointment_id, state), checked_in_at=now),))


def use(appointment: Appointment) -> Decision[Appointment]:
    """Note that the interview took place."""
    return Decision(_now(appointment, TRANSITIONS.after(appointment.status, Command.USE)))


def ask_until(appointment: Appointment, rules: Rules) -> datetime:
    """Return until when a special reschedule may be asked for: some days after the end of the visit."""
    return appointment.seat.ends_at + timedelta(seconds=rules.special_ask_seconds)


def miss(appointment_id: str, appointment: Appointment, office: Office, rules: Rules) -> Decision[Appointment]:
    """Note that the session is over and the applicant did not come."""
    state = _now(appointment, TRANSITIONS.after(appointment.status, Command.MISS))
    event = VisitorMissed(
        **_facts(appointment_id, state),
        session_id=state.seat.session_id,
        ask_until=ask_until(state, rules),
        office_timezone=office.timezone,
    )
    return Decision(state, (event,))


class ClaimFate(StrEnum):
    """The outcomes of an overdue claim."""

    TOMBSTONE = "tombstone"
    """The appointment was never written: write a tombstone so that it never can be, then check again."""
    SETTLE = "settle"
    WAIT = "wait"
    FREE = "free"


def fate_of_claim(seat: Seat, appointment: Appointment | None) -> ClaimFate:
    """Return the outcome of an overdue claim, by the appointment that it names (None: never written)."""
    if appointment is None:
        return ClaimFate.TOMBSTONE
    slot, move, hurry = appointment.slot, appointment.move, appointment.hurry
    if hurry is not None and hurry.token == seat.token:
        return ClaimFate.WAIT if hurry.slot is None else ClaimFate.SETTLE
    if slot is not None and slot.token == seat.token and appointment.status in HAS_SEAT:
        return ClaimFate.SETTLE
    moving_here = move is not None and move.token == seat.token
    leaving_here = any(left.token == seat.token for left in appointment.leaving)
    return ClaimFate.WAIT if moving_here or leaving_here else ClaimFate.FREE


def has_seat(appointment: Appointment, seat: Seat) -> bool:
    """Return whether this appointment has, moves to or still leaves this seat."""
    tokens = {appointment.slot.token} if appointment.slot and appointment.status in HAS_SEAT else set()
    if appointment.move is not None:
        tokens.add(appointment.move.token)
    if appointment.hurry is not None:
        tokens.add(appointment.hurry.token)
    tokens.update(left.token for left in appointment.leaving)
    return seat.token in tokens


def place_given_up(appointment: Appointment, reason: str) -> tuple[Event, ...]:
    """Return the event of a same-day place that goes with the seat.

    None before the place has a bill: a bill that is heard of later is answered then.
    """
    hurry = appointment.hurry
    if hurry is None or hurry.bill_id is None:
        return ()
    holder = {"application_id": appointment.application_id, "account_id": appointment.account_id}
    return (no_place(hurry.bill_id, reason, **holder),)


def given_up(
    appointment: Appointment, status: Status, *, now: datetime, rules: Rules, keeps_place: bool = False, **changes: Any
) -> Appointment:
    """Return the appointment in its next state, its seat on the way back; its queue code is void for its day.

    Its place in the same-day quota goes too, unless it ``keeps_place``.
    """
    void = appointment.void_until
    if appointment.queue_code is not None:
        ends = datetime.combine(appointment.seat.date + timedelta(days=1), time.min, UTC)
        void = max(void, ends) if void is not None else ends
    leaving = _leaving(appointment, now, rules)
    hurry = appointment.hurry
    if hurry is not None and hurry.slot is not None and not keeps_place:
        until = now + timedelta(seconds=rules.leave_seconds)
        leaving = (*leaving, Leaving(hurry.slot.seat_id, hurry.slot.token, until))
    kept = hurry if keeps_place else None
    return _now(appointment, status, **{"leaving": leaving, "void_until": void, "hurry": kept, "move": None, **changes})


def _begun(status: Status, applying: Applying, slot: Slot, now: datetime, rules: Rules) -> Appointment:
    return Appointment(
        status=status,
        live=True,
        application_id=applying.application_id,
        account_id=applying.account_id,
        person_id=applying.person_id,
        made_at=now,
        slot=slot,
        miss_at=_miss_at(slot, rules),
    )


def _now(appointment: Appointment, status: Status, **changes: Any) -> Appointment:
    return replace(appointment, status=status, live=status in LIVE, **changes)


def _certain(appointment: Appointment, bill_id: str, cause: ConfirmCause, queue_code: str) -> Appointment:
    return replace(
        appointment,
        bill_id=bill_id,
        cause=cause,
        queue_code=queue_code,
        code_version=appointment.code_version + 1,
        hold_until=None,
        long_stop_at=None,
        offer_until=None,
    )


def _miss_at(slot: Slot, rules: Rules) -> datetime:
    return slot.ends_at + timedelta(seconds=rules.no_show_grace_seconds)


def _leaving(appointment: Appointment, now: datetime, rules: Rules) -> tuple[Leaving, ...]:
    slot = appointment.seat
    until = now + timedelta(seconds=rules.leave_seconds)
    return (*appointment.leaving, Leaving(slot.seat_id, slot.token, until))


def _confirmation(appointment_id: str, state: Appointment, office: Office) -> AppointmentConfirmed:
    return AppointmentConfirmed(
        **_timed_facts(appointment_id, state, office),
        **_way_to(office),
        bill_id=state.bill_id or "",
        queue_number=state.seat.queue_number,
        queue_code=state.queue_code or "",
        cause=state.cause or "",
    )


def _facts(appointment_id: str, state: Appointment) -> dict[str, Any]:
    return {
        "appointment_id": appointment_id,
        "application_id": state.application_id,
        "account_id": state.account_id,
        "person_id": state.person_id,
        "office_id": state.seat.office_id,
    }


def _way_to(office: Office) -> dict[str, Any]:
    return {
        "office_address": office.address,
        "office_telephone": office.telephone,
        "office_latitude": office.latitude,
        "office_longitude": office.longitude,
    }


def _timed_facts(appointment_id: str, state: Appointment, office: Office) -> dict[str, Any]:
    return _facts(appointment_id, state) | {
        "session_id": state.seat.session_id,
        "pool": state.seat.pool,
        "starts_at": state.seat.starts_at,
        "ends_at": state.seat.ends_at,
        "office_name": office.name,
        "office_timezone": office.timezone,
    }
