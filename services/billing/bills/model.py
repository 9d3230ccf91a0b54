"""The bill: from its price to its money, or to its end without it. Pure functions; each returns state and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from services.billing.bills.states import BILL_TRANSITIONS, ENDED_BILLS, LIVE_BILLS, BillCommand, BillState
from services.billing.rules import BillPolicy, backoff, next_poll, seconds, whole_seconds
from services.billing.tariffs.model import (
    Price,
)
from shared.events import billing as events
from shared.events.message import Message
from shared.store.decision import Decision

SETTLED: Final = "settled"
"""Why a paid bill is closed that no visit stands on: it has what it was for."""


class Purpose(StrEnum):
    """What a bill is for; only a fee waits on a seat."""

    FEE = "fee"
    TOP_UP = "top_up"
    PENALTY = "penalty"
    SAME_DAY = "same_day"


class Standing(StrEnum):
    """What a paid bill has led to: exactly one of these at any time (I4)."""

    APPOINTMENT = "appointment"
    SEAT_SOUGHT = "seat_sought"
    SPECIAL_RESCHEDULE = "special_reschedule"
    """A new date without paying again may be chosen until a day."""
    REFUND = "refund"
    CLOSED = "closed"


class SpecialState(StrEnum):
    """What became of a right to a new date."""

    OPEN = "open"
    USED = "used"
    ENDED = "ended"


class VisitState(StrEnum):
    """What scheduling last told of the appointment that a bill names."""

    HELD = "held"
    CONFIRMED = "confirmed"
    """Certain, and since then perhaps used: a visit that took place is never released."""
    RELEASED = "released"


class ClaimState(StrEnum):
    """What became of a payer's word that they have paid."""

    LOOKING = "looking"
    CONFIRMED = "confirmed"
    CASE_OPEN = "case_open"


class RenewalState(StrEnum):
    """What became of the wish for a new code."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Seat:
    """The appointment that a fee waits on, as scheduling last told of it."""

    appointment_id: str
    version: int
    """The version of the appointment that was last heard of; older news is stale."""
    office_id: str
    session_id: str
    pool: str
    starts_at: datetime
    office_name: str
    timezone: str
    ends_at: datetime | None = None
    pay_until: datetime | None = None
    """From then on nothing can be paid for it any more (same-day: 12:00 WIB); none without such a cut-off."""
    visit: VisitState | None = None
    """None in what was stored before visits were followed."""
    person_id: str | None = None
    """Whose appointment it is, as scheduling told."""


@dataclass(frozen=True)
class Payer:
    """For whose application a bill is."""

    application_id: str
    account_id: str
    person_id: str


@dataclass(frozen=True)
class Evidence:
    """A bank's own number (NTB) seen on a code: proof of a payment that the treasury has not booked yet."""

    ntb: str
    amount: int
    paid_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Claim:
    """A payer's word that they have paid, with the number on their slip."""

    claim_id: str
    claimed_at: datetime
    ntpn: str | None
    ntb: str | None
    state: ClaimState = ClaimState.LOOKING


@dataclass(frozen=True)
class Renewal:
    """The last wish for a new code after an end, and its outcome."""

    state: RenewalState
    asked_at: datetime
    bill_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Special:
    """A right to a new date without paying again, as scheduling last told of it."""

    appointment_id: str
    version: int
    """The version of the appointment that last told of it; older news is stale."""
    state: SpecialState
    cause: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Code:
    """What SIMPONI answered: the code and until when it can be paid, in its whole seconds."""

    billing_code: str
    expires_at: datetime


@dataclass(frozen=True)
class Bill:
    """One bill. ``due`` says what falls due when; ``codes`` are all codes it ever had, the last one in force."""

    bill_id: str
    payer: Payer
    purpose: Purpose
    state: BillState
    price: Price
    requested_at: datetime
    give_up_at: datetime
    seat: Seat | None = None
    pay_until: datetime | None = None
    """The cut-off before which it must be paid, where its service has one (F74)."""
    timezone: str | None = None
    """The zone in which its payer reads times, where no seat tells it."""
    reservation_id: str | None = None
    """The place in a same-day quota that this surcharge is for; it ends with the bill."""
    replaces_bill_id: str | None = None
    due: Mapping[str, datetime] = field(default_factory=dict)
    ask_attempts: int = 0
    refusals: int = 0
    rounds: int = 1
    """How often a code was asked for under a fresh reference, because the one before had died unseen."""
    billing_code: str | None = None
    codes: tuple[str, ...] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    shortened_by_year_end: bool = False
    unconfirmed_until: datetime | None = None
    ended_at: datetime | None = None
    cause: str | None = None
    settled_by: str | None = None
    """The receipt (NTPN) whose money this bill has."""
    paid_at: datetime | None = None
    late_receipt_id: str | None = None
    """The receipt for whose money a seat was asked for."""
    superseded_by: str | None = None
    standing: Standing | None = None
    closed_reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    claims: tuple[Claim, ...] = ()
    renewal: Renewal | None = None
    special: Special | None = None
    refunds_overcome: int = 0
    """How often its money had been in refund when it last paid this bill; a step of one of those refunds is stale."""

    @property
    def amount(self) -> int:
        """What is to pay, in rupiah."""
        return self.price.total

    @property
    def live(self) -> bool:
        """Whether it still waits for its money."""
        return self.state in LIVE_BILLS

    @property
    def last_moment(self) -> datetime | None:
        """The last second in which a code of it may be paid: before the cut-off, else the session's start."""
        if self.pay_until is not None:
            return self.pay_until - seconds(1)
        return self.seat.starts_at if self.seat else None

    @property
    def reference(self) -> str:
        """The name under which SIMPONI is asked for the code: the same name always gets the same code."""
        return self.bill_id if self.rounds == 1 else f"{self.bill_id}.{self.rounds}"

    def in_time(self, paid_at: datetime) -> bool:
        """Whether a payment at that time counts: the bank's whole second, up to and including the last one (F58).

        A bill that still waits for its code has no end yet, so money on an earlier, unseen code of it is in time.
        """
        if self.expires_at is None:
            return self.state == BillState.REQUESTED
        return whole_seconds(paid_at) <= self.expires_at


def _fact(bill: Bill) -> dict[str, Any]:
    return {
        "bill_id": bill.bill_id,
        "application_id": bill.payer.application_id,
        "account_id": bill.payer.account_id,
        "appointment_id": bill.seat.appointment_id if bill.seat else None,
        "purpose": bill.purpose.value,
        "reservation_id": bill.reservation_id,
    }


def _moved(bill: Bill, command: BillCommand, **changes: Any) -> Bill:
    return replace(bill, state=BILL_TRANSITIONS.after(bill.state, command), **changes)


def _dues(bill: Bill, **changes: datetime | None) -> dict[str, datetime]:
    """What falls due, with these changed; None takes one away."""
    merged: dict[str, datetime | None] = {**bill.due, **changes}
    return {name: at for name, at in merged.items() if at is not None}


def _only_claims(bill: Bill, **more: datetime | None) -> dict[str, datetime]:
    kept = {"claim": bill.due["claim"]} if "claim" in bill.due else {}
    return kept | {name: at for name, at in more.items() if at is not None}


def request(
    bill_id: str,
    payer: Payer,
    purpose: Purpose,
    price: Price,
    seat: Seat | None,
    now: datetime,
    policy: BillPolicy,
    *,
    replaces_bill_id: str | None = None,
    pay_until: datetime | None = None,
    timezone: str | None = None,
    reservation_id: str | None = None,
) -> Decision[Bill]:
    """A new bill with its price frozen; its code is due to be asked for now. A zero total is waived at once."""
    bill = Bill(
        bill_id=bill_id,
        payer=payer,
        purpose=purpose,
        state=BillState.REQUESTED,
        price=price,
        requested_at=now,
        give_up_at=now + seconds(policy.issue_limit_seconds),
        seat=seat,
        pay_until=seat.pay_until if seat else pay_until,
        timezone=timezone,
        reservation_id=reservation_id,
        replaces_bill_id=replaces_bill_id,
        due={
            "ask": now,
            "delay": now + seconds(policy.tell_delay_seconds),
            "alert": now + seconds(policy.alert_seconds),
        },
    )
    bill = replace(bill, give_up_at=min(bill.give_up_at, bill.last_moment or bill.give_up_at))
    requested = events.BillRequested(**_fact(bill), amount=bill.amount, legal_basis=price.legal_basis)
    if bill.amount > 0:
        return Decision(bill, (requested,))
    waived = _moved(bill, BillCommand.WAIVE, due={}, ended_at=now, **_stands_on(bill))
    return Decision(waived, (requested, events.BillWaived(**_fact(bill), legal_basis=price.legal_basis)))


def issue(bill: Bill, code: Code, shortened_by_year_end: bool, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The code is there: validity, grace and reminder count from now, not from the request (F53)."""
    expire_at = code.expires_at + seconds(policy.grace_seconds)
    half_time = now + (code.expires_at - now) / 2
    issued = _moved(
        bill,
        BillCommand.ISSUE,
        billing_code=code.billing_code,
        codes=(*bill.codes, code.billing_code),
        issued_at=now,
        expires_at=code.expires_at,
        shortened_by_year_end=shortened_by_year_end,
    )
    poll_at = min(next_poll(now, code.expires_at, policy), expire_at)
    due = _only_claims(bill, remind=max(half_time, now), poll=poll_at, expire=expire_at)
    issued = replace(issued, due=due)
    told = events.BillIssued(
        **_fact(issued),
        billing_code=code.billing_code,
        amount=issued.amount,
        issued_at=now,
        expires_at=code.expires_at,
        shortened_by_year_end=shortened_by_year_end,
    )
    return Decision(issued, (told,))


def renew_reference(bill: Bill, dead_code: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The code that SIMPONI holds for this bill died before anybody saw it: ask under a fresh reference."""
    codes = bill.codes if dead_code in bill.codes else (*bill.codes, dead_code)
    return Decision(replace(_ask_later(bill, now, policy), codes=codes, rounds=bill.rounds + 1))


def wait_for_year(bill: Bill, opens_at: datetime, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """No code can be had before the new year: ask again then, or fail where the limit comes first."""
    if opens_at >= bill.give_up_at:
        return fail(bill, "year_closed", now, policy)
    return Decision(replace(bill, due=_dues(bill, ask=opens_at)))


def no_answer(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """SIMPONI did not answer the request for a code: ask again later, or fail at the limit."""
    if now >= bill.give_up_at:
        return fail(bill, "simponi_unreachable", now, policy)
    return Decision(_ask_later(bill, now, policy))


def refused(bill: Bill, code: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """SIMPONI said no to the request for a code; a few such answers, or the limit, end the bill with the cause."""
    if bill.refusals + 1 >= policy.refusals_limit or now >= bill.give_up_at:
        return fail(bill, f"refused_{code}", now, policy)
    return Decision(replace(_ask_later(bill, now, policy), refusals=bill.refusals + 1))


def _ask_later(bill: Bill, now: datetime, policy: BillPolicy) -> Bill:
    attempts = bill.ask_attempts + 1
    at = min(now + backoff(attempts, policy.ask_least_seconds, policy.ask_most_seconds), bill.give_up_at)
    return replace(bill, ask_attempts=attempts, due=_dues(bill, ask=at))


def fail(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """No code could be had; the seat goes back and the cause is told (F53)."""
    failed = _moved(bill, BillCommand.FAIL, cause=cause, ended_at=now)
    return Decision(replace(failed, due=_watch(failed, now, policy)), (events.BillFailed(**_fact(bill), cause=cause),))


def tell_delay(bill: Bill) -> Decision[Bill]:
    """The applicant hears that the code takes longer (F54)."""
    told = replace(bill, due=_dues(bill, delay=None))
    return Decision(told, (events.BillDelayed(**_fact(bill), next_check_at=bill.due.get("ask", bill.give_up_at)),))


def without_due(bill: Bill, name: str) -> Decision[Bill]:
    """The named deadline is done with."""
    return Decision(replace(bill, due=_dues(bill, **{name: None})))


def remind(bill: Bill) -> Decision[Bill]:
    """Half of the code's life is over (F55); said once, and only while it can be paid."""
    done = replace(bill, due=_dues(bill, remind=None))
    if bill.state != BillState.ISSUED or bill.billing_code is None or bill.expires_at is None:
        return Decision(done)
    reminder = events.BillReminderDue(
        **_fact(bill), billing_code=bill.billing_code, amount=bill.amount, expires_at=bill.expires_at
    )
    return Decision(done, (reminder,))


def polled(
    bill: Bill, now: datetime, policy: BillPolicy, *, answered: bool = True, not_before: datetime | None = None
) -> Decision[Bill]:
    """The code was looked at, or could not be: when to look again. Where it is not due any more, nothing changes.

    A last look at a paid code that got no answer is repeated until it gets one. ``not_before``: SIMPONI is known to be
    down until then, so nobody asks earlier.
    """
    if bill.due.get("poll", now) > now:
        return Decision(bill)
    looked = _polled(bill, now, policy, answered=answered).state
    at = looked.due.get("poll")
    if at is None or not_before is None or at >= not_before:
        return Decision(looked)
    return Decision(replace(looked, due=_dues(looked, poll=not_before)))


def _polled(bill: Bill, now: datetime, policy: BillPolicy, *, answered: bool) -> Decision[Bill]:
    if bill.state in ENDED_BILLS | {BillState.SUPERSEDED}:
        watched_until = (bill.ended_at or now) + seconds(policy.watch_ended_seconds)
        again = now + seconds(policy.poll_most_seconds)
        return Decision(replace(bill, due=_dues(bill, poll=again if again <= watched_until else None)))
    if bill.state == BillState.PAID_UNSETTLED:
        return Decision(replace(bill, due=_dues(bill, poll=now + seconds(policy.poll_most_seconds))))
    if not bill.live or bill.expires_at is None:
        retry = None if answered or not bill.billing_code else now + seconds(policy.poll_most_seconds)
        return Decision(replace(bill, due=_dues(bill, poll=retry)))
    return Decision(replace(bill, due=_dues(bill, poll=next_poll(now, bill.expires_at, policy))))


def note_bank_receipt(bill: Bill, evidence: Evidence, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """A bank took money but the treasury's number is missing: kept as evidence; in time, it keeps the seat (X4)."""
    if any(known.ntb == evidence.ntb for known in bill.evidence):
        return Decision(bill)
    noted = replace(bill, evidence=(*bill.evidence, evidence))
    keeps_seat = bill.state in (BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED) and bill.in_time(evidence.paid_at)
    if not keeps_seat or evidence.amount != bill.amount:
        return Decision(noted)
    due = _only_claims(bill, poll=next_poll(now, now, policy), case=now + seconds(policy.claim_case_seconds))
    unsettled = _moved(noted, BillCommand.NOTE_BANK_RECEIPT, due=due)
    return Decision(unsettled, (events.BillPaidUnsettled(**_fact(bill)),))


def pay(bill: Bill, receipt_id: str, paid_at: datetime, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The money is there: the bill is paid and never expires. One last look at its code finds a second payment."""
    last_look = bill.expires_at + seconds(policy.grace_seconds) if bill.expires_at else None
    paid = _moved(
        bill,
        BillCommand.PAY,
        settled_by=receipt_id,
        paid_at=whole_seconds(paid_at),
        ended_at=now,
        **_stands_on(bill),
        claims=_confirmed(bill.claims),
        due={"poll": last_look} if last_look else {},
    )
    return Decision(paid, (_paid_event(paid),))


def pay_late(
    bill: Bill, receipt_id: str, paid_at: datetime, now: datetime, policy: BillPolicy, *, refunds_overcome: int = 0
) -> Decision[Bill]:
    """Late money has found its seat, or needs none: the ended bill is paid after all.

    A bill that was paid in time and had lost its seat only stands on its appointment again. ``refunds_overcome`` is
    how often the money was in refund before: what a slow worker still writes of those refunds changes nothing.
    """
    bill, told = _ended_first(bill, now, policy)
    paid = _moved(
        bill,
        BillCommand.PAY_LATE,
        settled_by=receipt_id,
        paid_at=whole_seconds(paid_at),
        **_stands_on(bill),
        claims=_confirmed(bill.claims),
        due={},
        refunds_overcome=max(refunds_overcome, bill.refunds_overcome),
    )
    return Decision(paid, told if bill.state == BillState.PAID else (*told, _paid_event(paid)))


def _stands_on(bill: Bill) -> dict[str, Any]:
    """What a bill with its money leads to: only a fee's is a visit."""
    if bill.purpose == Purpose.FEE:
        return {"standing": Standing.APPOINTMENT, "closed_reason": None}
    return {"standing": Standing.CLOSED, "closed_reason": SETTLED}


def bought(bill: Bill) -> bool:
    """Whether its money stands for what it was paid for; no longer so once that is gone, or the money goes back."""
    return bill.standing == Standing.CLOSED and bill.closed_reason == SETTLED


def _ended_first(bill: Bill, now: datetime, policy: BillPolicy) -> tuple[Bill, tuple[Message, ...]]:
    """A bill whose code was paid after its end, before the last question: it has expired."""
    if not bill.live:
        return bill, ()
    ended = expire(bill, now, policy)
    return ended.state, ended.events


def _paid_event(paid: Bill) -> events.BillPaid:
    return events.BillPaid(
        **_fact(paid), amount=paid.amount, paid_at=paid.paid_at or paid.requested_at, receipt_id=paid.settled_by
    )


def doubt(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """SIMPONI cannot answer the last question: the seat stays, at most a day and never past the session's start."""
    if bill.unconfirmed_until is not None and now >= bill.unconfirmed_until:
        return expire(bill, now, policy)
    until = bill.unconfirmed_until or _unconfirmed_until(bill, now, policy)
    retry = min(now + seconds(policy.unconfirmed_retry_seconds), until)
    doubted = _moved(bill, BillCommand.DOUBT, unconfirmed_until=until, due=_only_claims(bill, expire=max(retry, now)))
    first = bill.state != BillState.EXPIRY_UNCONFIRMED
    return Decision(doubted, (events.BillExpiryUnconfirmed(**_fact(bill)),) if first else ())


def _unconfirmed_until(bill: Bill, now: datetime, policy: BillPolicy) -> datetime:
    until = now + seconds(policy.unconfirmed_limit_seconds)
    if bill.seat is None:
        return until
    if bill.pay_until is None:
        return min(until, bill.seat.starts_at)
    over = max(bill.seat.ends_at or bill.pay_until, bill.pay_until + seconds(policy.grace_seconds))
    return min(until, max(over, now))  # a same-day session may run while its code is paid


def expire(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The code ended unpaid, as the last question confirmed; the seat goes back."""
    ended = _moved(bill, BillCommand.EXPIRE, ended_at=now)
    return Decision(replace(ended, due=_watch(ended, now, policy)), (events.BillExpired(**_fact(bill)),))


def supersede(bill: Bill, by_bill_id: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Its money settled another bill of the application."""
    bill, told = _ended_first(bill, now, policy)
    over = _moved(bill, BillCommand.SUPERSEDE, superseded_by=by_bill_id, standing=None, ended_at=now)
    over = replace(over, claims=_confirmed(bill.claims))
    over = replace(over, due=_watch(over, now, policy))
    return Decision(over, (*told, events.BillSuperseded(**_fact(bill), settled_by_bill_id=by_bill_id)))


def cancel(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The bill is given up before it is paid; its code stays payable and late money goes the late way."""
    over = _moved(bill, BillCommand.CANCEL, cause=cause, ended_at=now)
    return Decision(replace(over, due=_watch(over, now, policy)), (events.BillCancelled(**_fact(bill)),))


def drop(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """A bill that is not owed any more ends, if no money has come for it or is on its way."""
    allowed = BILL_TRANSITIONS.allows(bill.state, BillCommand.CANCEL) and bill.state != BillState.PAID_UNSETTLED
    return cancel(bill, cause, now, policy) if allowed else Decision(bill)


def seat_moved(bill: Bill, moved: Seat) -> Decision[Bill]:
    """The visit of a bill is at another time or place; older news than what is known changes nothing."""
    seat = bill.seat
    if seat is None or seat.appointment_id != moved.appointment_id or moved.version <= seat.version:
        return Decision(bill)
    return Decision(replace(bill, seat=moved))


def _watch(bill: Bill, now: datetime, policy: BillPolicy) -> dict[str, datetime]:
    """An ended code is looked at for a while yet: money may still come (F56)."""
    return _only_claims(bill, poll=now + seconds(policy.poll_most_seconds) if bill.billing_code else None)


def ask_for_seat(
    bill: Bill, receipt_id: str, amount: int, paid_at: datetime, now: datetime, policy: BillPolicy
) -> Decision[Bill]:
    """Money came too late for the seat: scheduling is asked for the same one, another one, or a no.

    A live bill whose code was paid after its end expires by this. Asking again repeats the question.
    """
    bill, told = _ended_first(bill, now, policy)
    asked = replace(bill, late_receipt_id=receipt_id, standing=Standing.SEAT_SOUGHT)
    question = events.PaymentArrivedLate(
        **_fact(bill), receipt_id=receipt_id, amount=amount, paid_at=whole_seconds(paid_at)
    )
    return Decision(asked, (*told, question))


class SeatIsSought(Exception):
    """The bill's money seeks, or sought, a seat: a confirmed visit is an answer to that, and is settled with it."""


def lose_seat(bill: Bill, appointment_id: str, version: int) -> Decision[Bill]:
    """A paid bill's seat went back at the moment of its payment: its money seeks another one.

    Only the appointment that the bill stands on now can be lost: the end of an earlier one, or older news, changes
    nothing. Scheduling asks itself when it hears of the payment, so nothing is said here; a second question would be
    answered a second time.
    """
    if not stands_on_visit(bill, appointment_id, version):
        return Decision(bill)
    gone = _seat_released(bill, version)
    return Decision(replace(gone, late_receipt_id=bill.settled_by, standing=Standing.SEAT_SOUGHT))


def stands_on_visit(bill: Bill, appointment_id: str, version: int) -> bool:
    """Whether this is news of the very appointment that a paid bill stands on."""
    return (
        bill.state == BillState.PAID
        and bill.standing == Standing.APPOINTMENT
        and _is_news(bill, appointment_id, version)
    )


def _is_news(bill: Bill, appointment_id: str, version: int) -> bool:
    seat = bill.seat
    return seat is not None and seat.appointment_id == appointment_id and version > seat.version


def _seat_released(bill: Bill, version: int) -> Bill:
    seat = bill.seat
    return bill if seat is None else replace(bill, seat=replace(seat, version=version, visit=VisitState.RELEASED))


def stands_on_refund(bill: Bill, entry: int | None = None) -> Decision[Bill]:
    """The money goes back because no seat was left.

    ``entry`` counts how often the money went into refund: where it has paid the bill again since, nothing changes.
    """
    if entry is not None and entry <= bill.refunds_overcome:
        return Decision(bill)
    return Decision(replace(bill, standing=Standing.REFUND))


def seat_confirmed(bill: Bill, visit: Seat) -> Decision[Bill]:
    """Scheduling confirmed the visit of a bill that is paid or free; older news than what is known changes nothing."""
    seat = bill.seat
    if seat is None or knows_of(bill, visit.appointment_id, visit.version):
        return Decision(bill)
    return Decision(replace(bill, seat=replace(visit, visit=VisitState.CONFIRMED, pay_until=seat.pay_until)))


def visit_confirmed(bill: Bill, visit: Seat) -> Decision[Bill]:
    """As `seat_confirmed`, for a bill whose money seeks no seat.

    Raises:
        SeatIsSought: its money does, or did; decided on the state that is written, not on what was read before.
    """
    if bill.late_receipt_id is not None:
        raise SeatIsSought(bill.bill_id)
    return seat_confirmed(bill, visit)


def knows_of(bill: Bill, appointment_id: str, version: int) -> bool:
    """Whether this or newer news of the appointment was heard before."""
    seat = bill.seat
    return seat is not None and seat.appointment_id == appointment_id and version <= seat.version


def without_visit(bill: Bill) -> Bill:
    """The bill once scheduling has said that no visit rests on its money any more."""
    return bill if bill.seat is None else replace(bill, seat=replace(bill.seat, visit=VisitState.RELEASED))


def overlooks_visit(bill: Bill) -> bool:
    """Whether its money seeks a seat although the bill names one that was never told to be back.

    Builds before visits were followed left bills so; the next answer of scheduling puts them right.
    """
    return bill.standing == Standing.SEAT_SOUGHT and bill.seat is not None and bill.seat.visit != VisitState.RELEASED


def close(bill: Bill, reason: str) -> Decision[Bill]:
    """A paid bill's seat was given up by its holder: closed, with the reason."""
    return Decision(replace(bill, standing=Standing.CLOSED, closed_reason=reason))


def visit_released(bill: Bill, appointment_id: str, version: int, reason: str) -> Decision[Bill]:
    """The visit of a paid or free bill went back: the bill is closed, with the reason, if it stood on that visit.

    Of another appointment than the bill's own, and of older news, nothing follows.
    """
    if not _is_news(bill, appointment_id, version):
        return Decision(bill)
    gone = _seat_released(bill, version)
    visits = (Standing.APPOINTMENT, Standing.SPECIAL_RESCHEDULE)
    return close(gone, reason) if bill.standing in visits else Decision(gone)


def give_up(bill: Bill, appointment_id: str | None, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """A bill that still waits for its money ends with its seat; of another seat than its own nothing follows.

    Without ``appointment_id`` whatever it waits on is given up.
    """
    own = appointment_id is None or (bill.seat is not None and bill.seat.appointment_id == appointment_id)
    return cancel(bill, cause, now, policy) if bill.live and own else Decision(bill)


def ask_renewal(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """A new code is wanted for the same seat (F55); while the answer is awaited, a repeat asks only after a while."""
    before = bill.renewal
    waiting = before is not None and before.state == RenewalState.ASKED
    if before is not None and waiting and now < before.asked_at + seconds(policy.renewal_retry_seconds):
        return Decision(bill)
    asked = replace(bill, renewal=Renewal(RenewalState.ASKED, now))
    return Decision(asked, (events.BillRenewalRequested(**_fact(bill)),))


def renewal_granted(bill: Bill, new_bill_id: str, now: datetime) -> Decision[Bill]:
    """The seat was won back: the new bill is there."""
    asked_at = bill.renewal.asked_at if bill.renewal else now
    return Decision(replace(bill, renewal=Renewal(RenewalState.GRANTED, asked_at, bill_id=new_bill_id)))


def renewal_refused(bill: Bill, reason: str, now: datetime) -> Decision[Bill]:
    """The seat is gone: the applicant picks another one."""
    asked_at = bill.renewal.asked_at if bill.renewal else now
    return Decision(replace(bill, renewal=Renewal(RenewalState.REFUSED, asked_at, reason=reason)))


def claim(bill: Bill, new: Claim, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """The payer says that they have paid: look at once, and open a case if nothing is found in time (F57)."""
    case_at = bill.due.get("claim", now + seconds(policy.claim_case_seconds))
    poll_at = now if bill.billing_code else None
    return Decision(replace(bill, claims=(*bill.claims, new), due=_dues(bill, poll=poll_at, claim=case_at)))


def confirm_claims(bill: Bill, numbers: frozenset[str]) -> Decision[Bill]:
    """Claims whose number SIMPONI knows on this code are confirmed."""
    claims = tuple(
        replace(each, state=ClaimState.CONFIRMED) if {each.ntpn, each.ntb} & numbers else each for each in bill.claims
    )
    return Decision(replace(bill, claims=claims))


def claims_overdue(bill: Bill) -> Decision[Bill]:
    """Claims that nothing confirmed in time become cases on the operator's list."""
    claims = tuple(
        replace(each, state=ClaimState.CASE_OPEN) if each.state == ClaimState.LOOKING else each for each in bill.claims
    )
    return Decision(replace(bill, claims=claims, due=_dues(bill, claim=None)))


def _confirmed(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    return tuple(replace(each, state=ClaimState.CONFIRMED) for each in claims)


def paid_fee(bills: Sequence[Bill]) -> Bill | None:
    """The fee's bill that has its money or needs none."""
    paid = [each for each in bills if each.purpose == Purpose.FEE and each.state in (BillState.PAID, BillState.WAIVED)]
    return max(paid, key=lambda each: each.requested_at, default=None)


def next_check_at(bill: Bill) -> datetime | None:
    """When billing looks at SIMPONI again for this bill by itself (F36)."""
    return min((bill.due[name] for name in ("ask", "poll", "expire") if name in bill.due), default=None)
