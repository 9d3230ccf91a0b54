"""The bill: from its price to its payment or its end. Pure functions; each returns the new state with its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from services.billing.bills.simponi_poll_times import next_poll
from services.billing.bills.states import BILL_TRANSITIONS, ENDED_BILLS, LIVE_BILLS, BillCommand, BillState
from services.billing.payment import Payment
from services.billing.rules import BillPolicy, backoff, seconds, whole_seconds
from services.billing.tariffs.model import Price
from shared.events import billing as events
from shared.events.codes import BillPurpose
from shared.events.message import Message
from shared.store.decision import Decision

SETTLED: Final = "settled"
"""Reason of closing a paid bill without a visit: it has what it was for."""


class BillOutcome(StrEnum):
    """The outcome of a paid bill: exactly one of these at any time (I4)."""

    APPOINTMENT = "appointment"
    SEAT_SOUGHT = "seat_sought"
    SPECIAL_RESCHEDULE = "special_reschedule"
    """A new date without paying again may be chosen until a day."""
    REFUND = "refund"
    CLOSED = "closed"


class SpecialState(StrEnum):
    """States of a right to a new date."""

    OPEN = "open"
    USED = "used"
    ENDED = "ended"


class VisitState(StrEnum):
    """The last state that scheduling told of the appointment that a bill names."""

    HELD = "held"
    CONFIRMED = "confirmed"
    """Certain, and since then perhaps used: a visit that took place is never released."""
    RELEASED = "released"


class ClaimState(StrEnum):
    """States of a payer's claim to have paid."""

    LOOKING = "looking"
    CONFIRMED = "confirmed"
    CASE_OPEN = "case_open"


class RenewalState(StrEnum):
    """States of a request for a new code."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Seat:
    """The appointment of a fee, as of the last event from scheduling."""

    appointment_id: str
    version: int
    """The newest known version of the appointment; older events are ignored."""
    office_id: str
    session_id: str
    pool: str
    starts_at: datetime
    office_name: str
    timezone: str
    ends_at: datetime | None = None
    pay_until: datetime | None = None
    """The cut-off of payments (same-day: 12:00 WIB); None without such a cut-off."""
    visit: VisitState | None = None
    """None in older documents, which did not follow visits."""
    person_id: str | None = None
    """The account that holds the appointment, as scheduling told."""


@dataclass(frozen=True)
class Payer:
    """The application, account and person that a bill is for."""

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
    """A payer's claim to have paid, with the number on the slip."""

    claim_id: str
    claimed_at: datetime
    ntpn: str | None
    ntb: str | None
    state: ClaimState = ClaimState.LOOKING
    evidence_ids: tuple[str, ...] = ()
    """Pictures that the claim names; application keeps them."""


@dataclass(frozen=True)
class Renewal:
    """The last request for a new code after the end of a bill, and its outcome."""

    state: RenewalState
    asked_at: datetime
    bill_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Special:
    """A right to a new date without paying again, as of the last event from scheduling."""

    appointment_id: str
    version: int
    """The version of the appointment with the last event of it; older events are ignored."""
    state: SpecialState
    cause: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Code:
    """SIMPONI's answer: the code and until when it can be paid, in its whole seconds."""

    billing_code: str
    expires_at: datetime


@dataclass(frozen=True)
class JointCode:
    """The code of the joint bill that a bill is paid with; once it is there the bill's own code does not count."""

    joint_bill_id: str
    amount: int
    """Of the whole joint bill, in rupiah."""
    expires_at: datetime
    reminds: bool = False
    """Whether this member's reminder is the one that the family gets."""
    billing_code: str | None = None


@dataclass(frozen=True)
class Bill:
    """One bill. ``due`` holds its deadlines by name; ``codes`` are all codes it ever had, the last one in force."""

    bill_id: str
    payer: Payer
    purpose: BillPurpose
    state: BillState
    price: Price
    requested_at: datetime
    give_up_at: datetime
    seat: Seat | None = None
    pay_until: datetime | None = None
    """The cut-off before which it must be paid, where its service has one."""
    timezone: str | None = None
    """The time zone shown to the payer of a bill without a seat."""
    reservation_id: str | None = None
    """The place in a same-day quota that this surcharge pays for; it ends with the bill."""
    replaces_bill_id: str | None = None
    due: Mapping[str, datetime] = field(default_factory=dict)
    ask_attempts: int = 0
    refusals: int = 0
    rounds: int = 1
    """Number of references used: a new one is needed when a code expired before it was received."""
    billing_code: str | None = None
    codes: tuple[str, ...] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    shortened_by_year_end: bool = False
    unconfirmed_until: datetime | None = None
    ended_at: datetime | None = None
    cause: str | None = None
    settled_by: str | None = None
    """The receipt (NTPN) that pays this bill."""
    paid_at: datetime | None = None
    late_receipt_id: str | None = None
    """The receipt whose money seeks or sought a seat."""
    superseded_by: str | None = None
    standing: BillOutcome | None = None
    closed_reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    claims: tuple[Claim, ...] = ()
    renewal: Renewal | None = None
    special: Special | None = None
    refunds_overcome: int = 0
    """Refund entries of its money before it last paid this bill; steps of those refunds are stale."""
    joint: JointCode | None = None
    """The joint bill that it is a member of; one at a time, decided in this document."""
    code_cancelled: bool = False
    """Whether its code was taken away for a joint bill that has ended, and another one is being asked for."""

    @property
    def amount(self) -> int:
        """The amount to pay, in rupiah."""
        return self.price.total

    @property
    def live(self) -> bool:
        """Whether it still waits for its payment."""
        return self.state in LIVE_BILLS

    @property
    def payable_code(self) -> str | None:
        """The code of its own that can be paid; None while a joint bill's code takes its place, or none is there."""
        replaced = self.joint is not None and self.joint.billing_code is not None
        return None if replaced or self.code_cancelled else self.billing_code

    @property
    def last_moment(self) -> datetime | None:
        """The last second in which a code of it may be paid: before the cut-off, else the session's start."""
        if self.pay_until is not None:
            return self.pay_until - seconds(1)
        return self.seat.starts_at if self.seat else None

    @property
    def reference(self) -> str:
        """The reference of the request to SIMPONI: the same reference always gets the same code."""
        return self.bill_id if self.rounds == 1 else f"{self.bill_id}.{self.rounds}"

    def in_time(self, paid_at: datetime) -> bool:
        """Return whether a payment at that time is in time: the bank's whole second, up to and including the last one.

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
        "purpose": bill.purpose,
        "reservation_id": bill.reservation_id,
    }


def _moved(bill: Bill, command: BillCommand, **changes: Any) -> Bill:
    return replace(bill, state=BILL_TRANSITIONS.after(bill.state, command), **changes)


def _dues(bill: Bill, **changes: datetime | None) -> dict[str, datetime]:
    """Return the bill's deadlines with these changed; None removes one."""
    merged: dict[str, datetime | None] = {**bill.due, **changes}
    return {name: at for name, at in merged.items() if at is not None}


def _only_claims(bill: Bill, **more: datetime | None) -> dict[str, datetime]:
    kept = {"claim": bill.due["claim"]} if "claim" in bill.due else {}
    return kept | {name: at for name, at in more.items() if at is not None}


def request(
    bill_id: str,
    payer: Payer,
    purpose: BillPurpose,
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
    """Return a new bill with its price frozen; its code is requested at once. A zero total is waived."""
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
    """Issue the code: validity, grace and reminder count from now, not from the request."""
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
    """Request a code under a new reference: the one that SIMPONI holds expired before it was received."""
    codes = bill.codes if dead_code in bill.codes else (*bill.codes, dead_code)
    return Decision(replace(_ask_later(bill, now, policy), codes=codes, rounds=bill.rounds + 1))


def wait_for_year(bill: Bill, opens_at: datetime, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Wait for the new year, before which SIMPONI issues no code, or fail if the limit comes first."""
    if opens_at >= bill.give_up_at:
        return fail(bill, "year_closed", now, policy)
    return Decision(replace(bill, due=_dues(bill, ask=opens_at)))


def no_answer(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Retry the request for a code later, or fail at the limit: SIMPONI did not answer."""
    if now >= bill.give_up_at:
        return fail(bill, "simponi_unreachable", now, policy)
    return Decision(_ask_later(bill, now, policy))


def refused(bill: Bill, code: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Count a refusal by SIMPONI; after a few of them, or at the limit, fail the bill with the cause."""
    if bill.refusals + 1 >= policy.refusals_limit or now >= bill.give_up_at:
        return fail(bill, f"refused_{code}", now, policy)
    return Decision(replace(_ask_later(bill, now, policy), refusals=bill.refusals + 1))


def _ask_later(bill: Bill, now: datetime, policy: BillPolicy) -> Bill:
    attempts = bill.ask_attempts + 1
    at = min(now + backoff(attempts, policy.ask_least_seconds, policy.ask_most_seconds), bill.give_up_at)
    return replace(bill, ask_attempts=attempts, due=_dues(bill, ask=at))


def fail(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Fail the bill: no code was issued. Its seat is released, and the cause is told."""
    failed = _moved(bill, BillCommand.FAIL, cause=cause, ended_at=now)
    return Decision(replace(failed, due=_watch(failed, now, policy)), (events.BillFailed(**_fact(bill), cause=cause),))


def tell_delay(bill: Bill) -> Decision[Bill]:
    """Tell the applicant that the code takes longer."""
    told = replace(bill, due=_dues(bill, delay=None))
    return Decision(told, (events.BillDelayed(**_fact(bill), next_check_at=bill.due.get("ask", bill.give_up_at)),))


def without_due(bill: Bill, name: str) -> Decision[Bill]:
    """Remove the named deadline."""
    return Decision(replace(bill, due=_dues(bill, **{name: None})))


def remind(bill: Bill) -> Decision[Bill]:
    """Remind the payer at half of the code's validity, once, and only while it can be paid."""
    done = replace(bill, due=_dues(bill, remind=None))
    if bill.state != BillState.ISSUED or bill.expires_at is None:
        return Decision(done)
    code, amount, expires_at, joint = bill.payable_code, bill.amount, bill.expires_at, bill.joint
    if joint is not None and joint.reminds and joint.billing_code is not None:
        code, amount, expires_at = joint.billing_code, joint.amount, joint.expires_at
    if code is None:
        return Decision(done)
    reminder = events.BillReminderDue(**_fact(bill), billing_code=code, amount=amount, expires_at=expires_at)
    return Decision(done, (reminder,))


def polled(
    bill: Bill, now: datetime, policy: BillPolicy, *, answered: bool = True, not_before: datetime | None = None
) -> Decision[Bill]:
    """Plan the next poll after one that was answered or not. Nothing changes if it is not due any more.

    A last look at a paid code that got no answer is repeated until it gets one. ``not_before``: SIMPONI is known to be
    down until then, so asking earlier is pointless.
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
    """Store a bank's receipt without a treasury number as evidence; in time, it keeps the seat."""
    if any(known.ntb == evidence.ntb for known in bill.evidence):
        return Decision(bill)
    noted = replace(bill, evidence=(*bill.evidence, evidence))
    keeps_seat = bill.state in (BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED) and bill.in_time(evidence.paid_at)
    if not keeps_seat or evidence.amount != bill.amount:
        return Decision(noted)
    due = _only_claims(bill, poll=next_poll(now, now, policy), case=now + seconds(policy.claim_case_seconds))
    unsettled = _moved(noted, BillCommand.NOTE_BANK_RECEIPT, due=due)
    return Decision(unsettled, (events.BillPaidUnsettled(**_fact(bill)),))


def pay(
    bill: Bill, receipt_id: str, paid_at: datetime, now: datetime, policy: BillPolicy, *, payment: Payment | None = None
) -> Decision[Bill]:
    """Pay the bill: it never expires. One last poll of its code finds a second payment.

    ``payment`` is what the bank told of the money, for the receipt.
    """
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
    return Decision(paid, (_paid_event(paid, payment),))


def pay_late(
    bill: Bill,
    receipt_id: str,
    paid_at: datetime,
    now: datetime,
    policy: BillPolicy,
    *,
    refunds_overcome: int = 0,
    payment: Payment | None = None,
) -> Decision[Bill]:
    """Pay an ended bill with late money that has its seat, or needs none.

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
    return Decision(paid, told if bill.state == BillState.PAID else (*told, _paid_event(paid, payment)))


def _stands_on(bill: Bill) -> dict[str, Any]:
    """Return the fields that say where a paid bill leads: only a fee leads to a visit."""
    if bill.purpose == BillPurpose.FEE:
        return {"standing": BillOutcome.APPOINTMENT, "closed_reason": None}
    return {"standing": BillOutcome.CLOSED, "closed_reason": SETTLED}


def bought(bill: Bill) -> bool:
    """Return whether the paid bill still has what it was paid for: not once that is gone, or the money is refunded."""
    return bill.standing == BillOutcome.CLOSED and bill.closed_reason == SETTLED


def _ended_first(bill: Bill, now: datetime, policy: BillPolicy) -> tuple[Bill, tuple[Message, ...]]:
    """Return the bill and events after its expiry, if its code was paid after its end and before the last poll."""
    if not bill.live:
        return bill, ()
    ended = expire(bill, now, policy)
    return ended.state, ended.events


def _paid_event(paid: Bill, payment: Payment | None) -> events.BillPaid:
    return events.BillPaid(
        **_fact(paid),
        amount=paid.amount,
        paid_at=paid.paid_at or paid.requested_at,
        receipt_id=paid.settled_by,
        ntb=payment.ntb if payment else "",
        paid_code=payment.billing_code if payment else "",
        channel=payment.channel if payment else "",
        legal_basis=paid.price.legal_basis,
    )


def doubt(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Keep the seat while SIMPONI does not answer the last poll: at most a day, never past the session's start."""
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
    """Expire the bill: the last poll confirmed that its code is unpaid. Its seat is released."""
    ended = _moved(bill, BillCommand.EXPIRE, ended_at=now)
    return Decision(replace(ended, due=_watch(ended, now, policy)), (events.BillExpired(**_fact(bill)),))


def supersede(bill: Bill, by_bill_id: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Supersede the bill: its money settled another bill of the application."""
    bill, told = _ended_first(bill, now, policy)
    over = _moved(bill, BillCommand.SUPERSEDE, superseded_by=by_bill_id, standing=None, ended_at=now)
    over = replace(over, claims=_confirmed(bill.claims))
    over = replace(over, due=_watch(over, now, policy))
    return Decision(over, (*told, events.BillSuperseded(**_fact(bill), settled_by_bill_id=by_bill_id)))


def cancel(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Cancel the unpaid bill; its code stays payable, and a later payment is handled as late."""
    over = _moved(bill, BillCommand.CANCEL, cause=cause, ended_at=now)
    return Decision(replace(over, due=_watch(over, now, policy)), (events.BillCancelled(**_fact(bill)),))


def drop(bill: Bill, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Cancel a bill that is not owed any more, unless it is paid or its payment is on the way."""
    allowed = BILL_TRANSITIONS.allows(bill.state, BillCommand.CANCEL) and bill.state != BillState.PAID_UNSETTLED
    return cancel(bill, cause, now, policy) if allowed else Decision(bill)


class CannotJoin(Exception):
    """The bill is paid, has ended, has no code of its own, or is a member of another joint bill."""


def join(bill: Bill, joint: JointCode) -> Decision[Bill]:
    """Make the bill a member of a joint bill; its own code stays payable until that one has its code.

    The guard of one joint bill at a time: two that are opened together both write this document.

    Raises:
        CannotJoin: only a bill with a code of its own can, and only once at a time.
    """
    if bill.joint is not None and bill.joint.joint_bill_id == joint.joint_bill_id:
        return Decision(bill)
    if bill.state != BillState.ISSUED or bill.joint is not None or bill.payable_code is None:
        raise CannotJoin(bill.bill_id)
    return Decision(replace(bill, joint=joint))


def take_joint_code(bill: Bill, joint_bill_id: str, billing_code: str) -> Decision[Bill]:
    """Let the joint bill's code take the place of the bill's own.

    Raises:
        CannotJoin: the bill was paid or has ended meanwhile, or is no member.
    """
    joint = bill.joint
    if bill.state != BillState.ISSUED or joint is None or joint.joint_bill_id != joint_bill_id:
        raise CannotJoin(bill.bill_id)
    if joint.billing_code == billing_code:
        return Decision(bill)
    told = events.BillJoined(
        **_fact(bill),
        joint_bill_id=joint_bill_id,
        billing_code=billing_code,
        amount=joint.amount,
        expires_at=joint.expires_at,
    )
    return Decision(replace(bill, joint=replace(joint, billing_code=billing_code)), (told,))


def leave_joint_bill(bill: Bill, joint_bill_id: str, now: datetime) -> Decision[Bill]:
    """Return to a code of its own, because the joint bill ended unpaid; a bill that can be paid asks for it at once.

    Of a joint bill that it is no member of, nothing follows.
    """
    joint = bill.joint
    if joint is None or joint.joint_bill_id != joint_bill_id:
        return Decision(bill)
    left = replace(bill, joint=None)
    if bill.state != BillState.ISSUED or joint.billing_code is None:
        return Decision(left)
    return Decision(replace(left, code_cancelled=True, rounds=bill.rounds + 1, due=_dues(bill, ask=now)))


def reissue(bill: Bill, code: Code, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Issue another code for the same bill, which ends when it would have ended before."""
    expires_at = bill.expires_at or code.expires_at
    again = _moved(
        bill,
        BillCommand.REISSUE,
        billing_code=code.billing_code,
        codes=(*bill.codes, code.billing_code),
        code_cancelled=False,
        issued_at=now,
        due=_dues(bill, ask=None, poll=next_poll(now, expires_at, policy)),
    )
    told = events.BillIssued(
        **_fact(again),
        billing_code=code.billing_code,
        amount=again.amount,
        issued_at=now,
        expires_at=expires_at,
        shortened_by_year_end=again.shortened_by_year_end,
    )
    return Decision(again, (told,))


def ask_code_again(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Ask again later for another code of an issued bill; not after the bill's end."""
    if bill.state != BillState.ISSUED or bill.expires_at is None or now >= bill.expires_at:
        return without_due(bill, "ask")
    attempts = bill.ask_attempts + 1
    at = min(now + backoff(attempts, policy.ask_least_seconds, policy.ask_most_seconds), bill.expires_at)
    return Decision(replace(bill, ask_attempts=attempts, due=_dues(bill, ask=at)))


def codes_in_force(bill: Bill) -> tuple[str, ...]:
    """Return the codes whose payment settles the bill in time: its own, and that of its joint bill."""
    joint = bill.joint.billing_code if bill.joint is not None else None
    return tuple(code for code in (bill.billing_code, joint) if code is not None)


def seat_moved(bill: Bill, moved: Seat) -> Decision[Bill]:
    """Move the visit of a bill to another time or place; an older event changes nothing."""
    seat = bill.seat
    if seat is None or seat.appointment_id != moved.appointment_id or moved.version <= seat.version:
        return Decision(bill)
    return Decision(replace(bill, seat=moved))


def _watch(bill: Bill, now: datetime, policy: BillPolicy) -> dict[str, datetime]:
    """Return the deadlines of an ended bill: its code is polled for a while, since money may still come."""
    return _only_claims(bill, poll=now + seconds(policy.poll_most_seconds) if bill.billing_code else None)


def ask_for_seat(
    bill: Bill, receipt_id: str, amount: int, paid_at: datetime, now: datetime, policy: BillPolicy
) -> Decision[Bill]:
    """Ask scheduling for a seat for money that came too late: the same one, another one, or a refusal.

    A live bill whose code was paid after its end expires by this. Asking again repeats the question.
    """
    bill, told = _ended_first(bill, now, policy)
    asked = replace(bill, late_receipt_id=receipt_id, standing=BillOutcome.SEAT_SOUGHT)
    question = events.PaymentArrivedLate(
        **_fact(bill), receipt_id=receipt_id, amount=amount, paid_at=whole_seconds(paid_at)
    )
    return Decision(asked, (*told, question))


class SeatIsSought(Exception):
    """The bill's money seeks or sought a seat: a confirmed visit answers that question and settles it."""


def lose_seat(bill: Bill, appointment_id: str, version: int) -> Decision[Bill]:
    """Seek another seat for a paid bill whose seat was released at the moment of its payment.

    Only the appointment that the bill stands on now can be lost: the end of an earlier one, or older news, changes
    nothing. Scheduling asks itself when it hears of the payment, so nothing is said here; a second question would be
    answered a second time.
    """
    if not stands_on_visit(bill, appointment_id, version):
        return Decision(bill)
    gone = _seat_released(bill, version)
    return Decision(replace(gone, late_receipt_id=bill.settled_by, standing=BillOutcome.SEAT_SOUGHT))


def stands_on_visit(bill: Bill, appointment_id: str, version: int) -> bool:
    """Return whether this event is about the appointment that the paid bill stands on."""
    return (
        bill.state == BillState.PAID
        and bill.standing == BillOutcome.APPOINTMENT
        and _is_news(bill, appointment_id, version)
    )


def _is_news(bill: Bill, appointment_id: str, version: int) -> bool:
    seat = bill.seat
    return seat is not None and seat.appointment_id == appointment_id and version > seat.version


def _seat_released(bill: Bill, version: int) -> Bill:
    seat = bill.seat
    return bill if seat is None else replace(bill, seat=replace(seat, version=version, visit=VisitState.RELEASED))


def stands_on_refund(bill: Bill, entry: int | None = None) -> Decision[Bill]:
    """Let the bill stand on its refund, because no seat was left.

    ``entry`` counts how often the money went into refund: where it has paid the bill again since, nothing changes.
    """
    if entry is not None and entry <= bill.refunds_overcome:
        return Decision(bill)
    return Decision(replace(bill, standing=BillOutcome.REFUND))


def seat_confirmed(bill: Bill, visit: Seat) -> Decision[Bill]:
    """Confirm the visit of a paid or free bill; an older event changes nothing."""
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
    """Return whether this or a newer event of the appointment is known."""
    seat = bill.seat
    return seat is not None and seat.appointment_id == appointment_id and version <= seat.version


def without_visit(bill: Bill) -> Bill:
    """Return the bill after scheduling said that no visit rests on its money any more."""
    return bill if bill.seat is None else replace(bill, seat=replace(bill.seat, visit=VisitState.RELEASED))


def overlooks_visit(bill: Bill) -> bool:
    """Return whether its money seeks a seat although the bill names one that was never told to be back.

    Builds before visits were followed left bills so; the next answer of scheduling puts them right.
    """
    return bill.standing == BillOutcome.SEAT_SOUGHT and bill.seat is not None and bill.seat.visit != VisitState.RELEASED


def close(bill: Bill, reason: str) -> Decision[Bill]:
    """Close a paid bill whose seat was given up by its holder, with the reason."""
    return Decision(replace(bill, standing=BillOutcome.CLOSED, closed_reason=reason))


def visit_released(bill: Bill, appointment_id: str, version: int, reason: str) -> Decision[Bill]:
    """Release the visit of a paid or free bill: the bill is closed, with the reason, if it stood on that visit.

    Of another appointment than the bill's own, and of older news, nothing follows.
    """
    if not _is_news(bill, appointment_id, version):
        return Decision(bill)
    gone = _seat_released(bill, version)
    visits = (BillOutcome.APPOINTMENT, BillOutcome.SPECIAL_RESCHEDULE)
    return close(gone, reason) if bill.standing in visits else Decision(gone)


def give_up(bill: Bill, appointment_id: str | None, cause: str, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Cancel an unpaid bill with its seat; the loss of any other seat changes nothing.

    Without ``appointment_id`` whatever it waits on is given up.
    """
    own = appointment_id is None or (bill.seat is not None and bill.seat.appointment_id == appointment_id)
    return cancel(bill, cause, now, policy) if bill.live and own else Decision(bill)


def ask_renewal(bill: Bill, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Ask for a new code and the same seat; while the answer is awaited, a repeat asks only after a pause."""
    before = bill.renewal
    waiting = before is not None and before.state == RenewalState.ASKED
    if before is not None and waiting and now < before.asked_at + seconds(policy.renewal_retry_seconds):
        return Decision(bill)
    asked = replace(bill, renewal=Renewal(RenewalState.ASKED, now))
    return Decision(asked, (events.BillRenewalRequested(**_fact(bill)),))


def renewal_granted(bill: Bill, new_bill_id: str, now: datetime) -> Decision[Bill]:
    """Grant the renewal: the seat was claimed again, and the new bill exists."""
    asked_at = bill.renewal.asked_at if bill.renewal else now
    return Decision(replace(bill, renewal=Renewal(RenewalState.GRANTED, asked_at, bill_id=new_bill_id)))


def renewal_refused(bill: Bill, reason: str, now: datetime) -> Decision[Bill]:
    """Refuse the renewal: the seat is gone, and the applicant picks another one."""
    asked_at = bill.renewal.asked_at if bill.renewal else now
    return Decision(replace(bill, renewal=Renewal(RenewalState.REFUSED, asked_at, reason=reason)))


def claim(bill: Bill, new: Claim, now: datetime, policy: BillPolicy) -> Decision[Bill]:
    """Store a payer's claim to have paid: poll at once, and open a case if nothing is found in time."""
    case_at = bill.due.get("claim", now + seconds(policy.claim_case_seconds))
    poll_at = now if bill.billing_code else None
    return Decision(replace(bill, claims=(*bill.claims, new), due=_dues(bill, poll=poll_at, claim=case_at)))


def confirm_claims(bill: Bill, numbers: frozenset[str]) -> Decision[Bill]:
    """Confirm the claims whose number SIMPONI knows on this code."""
    claims = tuple(
        replace(claim, state=ClaimState.CONFIRMED) if {claim.ntpn, claim.ntb} & numbers else claim
        for claim in bill.claims
    )
    return Decision(replace(bill, claims=claims))


def claims_overdue(bill: Bill) -> Decision[Bill]:
    """Turn claims that were not confirmed in time into cases of the operators."""
    claims = tuple(
        replace(claim, state=ClaimState.CASE_OPEN) if claim.state == ClaimState.LOOKING else claim
        for claim in bill.claims
    )
    return Decision(replace(bill, claims=claims, due=_dues(bill, claim=None)))


def _confirmed(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    return tuple(replace(claim, state=ClaimState.CONFIRMED) for claim in claims)


def paid_fee(bills: Sequence[Bill]) -> Bill | None:
    """Return the last fee bill that is paid or waived, or None."""
    paid = [
        bill for bill in bills if bill.purpose == BillPurpose.FEE and bill.state in (BillState.PAID, BillState.WAIVED)
    ]
    return max(paid, key=lambda bill: bill.requested_at, default=None)


def next_check_at(bill: Bill) -> datetime | None:
    """Return the time of the next poll of this bill, or None."""
    return min((bill.due[name] for name in ("ask", "poll", "expire") if name in bill.due), default=None)
