"""The saga of money, as one readable table: steps, time limits, what happens next and what makes good if it fails.

An instance is an application. Where it stands is derived from its bills, receipts and refunds each time it is looked
at: nothing is stored twice, so the view cannot disagree with the money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.states import BillState
from services.billing.receipts.model import Receipt
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.states import OPEN_REFUNDS, RefundState
from services.billing.rules import BillPolicy, Policies, ReceiptPolicy, seconds
from shared.store.transitions import Transitions


class StepName(StrEnum):
    """The steps at which an application's money can stand."""

    __schema_name__ = "SagaStep"

    GET_CODE = "get_code"
    AWAIT_PAYMENT = "await_payment"
    CONFIRM_EXPIRY = "confirm_expiry"
    AWAIT_SETTLEMENT = "await_settlement"
    DECIDE_OUTCOME = "decide_outcome"
    FIND_SEAT = "find_seat"
    AWAIT_OFFER_ANSWER = "await_offer_answer"
    AWAIT_NEW_DATE = "await_new_date"
    DECIDE_REFUND = "decide_refund"
    RELEASE_SEAT = "release_seat"
    PAY_BACK = "pay_back"
    OVER = "over"


@dataclass(frozen=True)
class Step:
    """One row of the table."""

    happens: str
    limit: str
    next: str
    compensation: str
    """The compensation if the step fails or is late."""


TABLE: Final[Mapping[StepName, Step]] = {
    StepName.GET_CODE: Step(
        "The bill is priced by the tariff in force; SIMPONI is asked for its code, again and again.",
        "bill_issue_limit_seconds, or the session's start; told after bill_tell_delay_seconds, alerted after "
        "bill_alert_seconds",
        "The code is told and can be paid.",
        "The bill fails with its cause; scheduling frees the seat.",
    ),
    StepName.AWAIT_PAYMENT: Step(
        "The code can be paid; its state is learnt by push and by poll.",
        "the code's end plus bill_grace_seconds; reminder at half time",
        "The money settles the bill; scheduling confirms the seat.",
        "SIMPONI is asked once more, the bill expires, scheduling frees the seat; a new code can be asked for.",
    ),
    StepName.CONFIRM_EXPIRY: Step(
        "The code has ended and SIMPONI cannot say whether it was paid; the seat stays.",
        "bill_unconfirmed_limit_seconds, never past the session's start",
        "SIMPONI answers: paid, or expired.",
        "The bill expires; money that shows later goes the late way.",
    ),
    StepName.AWAIT_SETTLEMENT: Step(
        "A bank took the money (NTB); the treasury's number (NTPN) is awaited and the seat stays.",
        "bill_claim_case_seconds",
        "The number comes by poll, push or settlement file, and the bill is paid.",
        "A case with an owner and a due time.",
    ),
    StepName.DECIDE_OUTCOME: Step(
        "Money has arrived; what it is for is being decided.",
        "receipt_unknown_code_seconds where no bill has its code, else receipt_drive_seconds",
        "It settles a live bill, seeks a seat, or goes back.",
        "A refund case, by itself.",
    ),
    StepName.FIND_SEAT: Step(
        "Late money seeks a seat: scheduling was asked.",
        "receipt_late_answer_seconds, asked again until receipt_late_gives_up_seconds",
        "The same seat, an offer, or none.",
        "A refund case, by itself.",
    ),
    StepName.AWAIT_OFFER_ANSWER: Step(
        "Another seat is kept for the payer.",
        "the offer's end",
        "The payer takes it, and the bill is paid.",
        "The offer ends and a refund case begins, by itself.",
    ),
    StepName.AWAIT_NEW_DATE: Step(
        "The visit could not be; a new date may be chosen without paying again.",
        "the end of the right",
        "The visit moves, and the bill stands on it.",
        "After a failure of the state's own the money goes back; else the bill is closed with the reason.",
    ),
    StepName.DECIDE_REFUND: Step(
        "A refund case is on its way to a decision by two people.",
        "the step's due time, by the refund policy in working days",
        "Approved, or refused with the rule named; a refusal can be objected to.",
        "Escalation to who is above, again at each limit.",
    ),
    StepName.RELEASE_SEAT: Step(
        "The refund is approved provisionally; its appointment must go back first.",
        "the step's due time",
        "Scheduling frees the seat, and the treasury is ordered to pay.",
        "Refused by the rule, if the appointment was used.",
    ),
    StepName.PAY_BACK: Step(
        "The money goes back: the payer's account is verified, the treasury ordered.",
        "the step's due time",
        "Paid, or credited.",
        "A rejected order is made again to another account; escalation at each limit.",
    ),
    StepName.OVER: Step("Nothing is left to do.", "none", "Nothing.", "None is needed."),
}
"""Every step there is. ``docs/saga.md`` is written from this table."""


@dataclass(frozen=True)
class Position:
    """The position of one bill, receipt or refund in the saga."""

    step: StepName
    about: str
    """``bill``, ``receipt`` or ``refund``."""
    id: str
    since: datetime
    limit: datetime | None
    detail: str
    """Its state."""

    def is_stuck(self, now: datetime, margin: timedelta) -> bool:
        """Return whether its limit has been over for longer than the margin."""
        return self.step is not StepName.OVER and self.limit is not None and self.limit + margin < now


@dataclass(frozen=True)
class Instance:
    """The saga of one application: all that is open, the most urgent first, then what is over."""

    application_id: str
    positions: tuple[Position, ...]

    @property
    def current(self) -> Position | None:
        """Return the position that must move first."""
        return self.positions[0] if self.positions else None


def instance(
    application_id: str,
    bills: Iterable[Bill],
    receipts: Iterable[Receipt],
    refunds: Iterable[Refund],
    policies: Policies,
) -> Instance:
    """Return the saga of one application: the positions of its money."""
    positions = [bill_position(bill, policies.bill) for bill in bills]
    positions += [receipt_position(receipt, policies.receipt) for receipt in receipts]
    positions += [refund_position(refund) for refund in refunds]
    return Instance(application_id, tuple(sorted(positions, key=_urgency)))


def _urgency(position: Position) -> tuple[bool, bool, float]:
    limit = position.limit
    moment = (limit or position.since).timestamp()
    over = position.step is StepName.OVER
    return over, limit is None, -moment if over else moment


def bill_position(bill: Bill, policy: BillPolicy) -> Position:
    """Return the position of a bill."""
    at = Position(StepName.OVER, "bill", bill.bill_id, bill.ended_at or bill.requested_at, None, bill.state.value)
    if bill.state == BillState.REQUESTED:
        return replace(at, step=StepName.GET_CODE, since=bill.requested_at, limit=bill.give_up_at)
    issued_at = bill.issued_at or bill.requested_at
    if bill.state == BillState.ISSUED:
        return replace(at, step=StepName.AWAIT_PAYMENT, since=issued_at, limit=_expiry(bill, policy))
    if bill.state == BillState.EXPIRY_UNCONFIRMED:
        since = _expiry(bill, policy) or issued_at
        return replace(at, step=StepName.CONFIRM_EXPIRY, since=since, limit=bill.unconfirmed_until)
    if bill.state == BillState.PAID_UNSETTLED:
        seen = max((evidence.seen_at for evidence in bill.evidence), default=issued_at)
        limit = seen + seconds(policy.claim_case_seconds)
        return replace(at, step=StepName.AWAIT_SETTLEMENT, since=seen, limit=limit)
    if bill.standing == BillOutcome.SPECIAL_RESCHEDULE and bill.special is not None:
        since = bill.ended_at or bill.requested_at
        return replace(at, step=StepName.AWAIT_NEW_DATE, since=since, limit=bill.special.until, detail="new_date_open")
    return at


def _expiry(bill: Bill, policy: BillPolicy) -> datetime | None:
    return bill.expires_at + seconds(policy.grace_seconds) if bill.expires_at is not None else None


def receipt_position(receipt: Receipt, policy: ReceiptPolicy) -> Position:
    """Return the position of a receipt."""
    over = Position(StepName.OVER, "receipt", receipt.ntpn, receipt.learnt_at, None, receipt.state.value)
    if receipt.state == ReceiptState.AWAITS_OUTCOME:
        wait = policy.drive_seconds if receipt.bill_id is not None else policy.unknown_code_seconds
        limit = receipt.learnt_at + seconds(wait)
        return replace(over, step=StepName.DECIDE_OUTCOME, limit=limit)
    if receipt.state == ReceiptState.AWAITS_SEAT:
        asked = receipt.seat_asked_at or receipt.learnt_at
        if receipt.offer_until is not None:
            return replace(over, step=StepName.AWAIT_OFFER_ANSWER, since=asked, limit=receipt.offer_until)
        limit = asked + seconds(policy.late_answer_seconds)
        return replace(over, step=StepName.FIND_SEAT, since=asked, limit=limit)
    return over


_REFUND_STEPS: Final[Mapping[RefundState, StepName]] = {
    RefundState.APPROVED: StepName.RELEASE_SEAT,
    RefundState.RELEASED: StepName.PAY_BACK,
    RefundState.ORDERED: StepName.PAY_BACK,
}


def refund_position(refund: Refund) -> Position:
    """Return the position of a refund case."""
    since = refund.steps[-1].at if refund.steps else refund.opened_at
    at = Position(StepName.OVER, "refund", refund.refund_id, since, None, refund.state.value)
    if refund.state not in OPEN_REFUNDS:
        return at
    step = _REFUND_STEPS.get(refund.state, StepName.DECIDE_REFUND)
    return replace(at, step=step, limit=refund.step_due_at)


STUCK_MARGIN_SECONDS: Final = 60
"""Time past its limit after which a position is stuck: late money has its outcome within this."""


class Act(StrEnum):
    """The act of an override; the saga can do each by itself, but not at this moment."""

    __schema_name__ = "SagaAct"

    SEND_MONEY_BACK = "send_money_back"
    """Stop seeking a seat, or take a paid bill's money from it: a refund case begins."""
    END_BILL = "end_bill"
    """Give up on a bill that still waits for its code or its money."""


class OverrideState(StrEnum):
    """States of an override."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    """By a second person; it is being done."""
    DONE = "done"
    IMPOSSIBLE = "impossible"
    """It could not be done any more: the saga had gone on by itself."""
    DECLINED = "declined"
    """Declined by the second person, or taken back by the first."""


class OverrideCommand(StrEnum):
    """Commands of an override."""

    APPROVE = "approve"
    DECLINE = "decline"
    FINISH = "finish"
    GIVE_UP = "give_up"


OVERRIDE_TRANSITIONS: Final = Transitions[OverrideState, OverrideCommand](
    {
        (OverrideState.PROPOSED, OverrideCommand.APPROVE): OverrideState.APPROVED,
        (OverrideState.PROPOSED, OverrideCommand.DECLINE): OverrideState.DECLINED,
        (OverrideState.APPROVED, OverrideCommand.FINISH): OverrideState.DONE,
        (OverrideState.APPROVED, OverrideCommand.GIVE_UP): OverrideState.IMPOSSIBLE,
    }
)


@dataclass(frozen=True)
class Override:
    """One act on an application's money that one person proposes and a second one decides."""

    override_id: str
    application_id: str
    act: Act
    target: str
    """The bill, or the receipt."""
    reason: str
    proposed_by: str
    proposed_at: datetime
    state: OverrideState = OverrideState.PROPOSED
    decided_by: str | None = None
    decided_at: datetime | None = None
    outcome: str | None = None


class SamePerson(Exception):
    """The proposer cannot also approve."""


def decided(override: Override, command: OverrideCommand, by: str, now: datetime) -> Override:
    """Decide as the second person; the first one may decline too, which takes the override back.

    Raises:
        SamePerson: the proposer approves it.
        IllegalTransition: it was decided already.
    """
    state = OVERRIDE_TRANSITIONS.after(override.state, command)
    if command == OverrideCommand.APPROVE and by == override.proposed_by:
        raise SamePerson
    return replace(override, state=state, decided_by=by, decided_at=now)


def ended(override: Override, outcome: str, *, done: bool) -> Override:
    """Return the approved override with its outcome; one that has ended stays as it is."""
    command = OverrideCommand.FINISH if done else OverrideCommand.GIVE_UP
    state = OVERRIDE_TRANSITIONS.get((override.state, command))
    return override if state is None else replace(override, state=state, outcome=outcome)


def override_deadlines(override: Override) -> Mapping[str, datetime]:
    """Return the deadline of an approved override: it is done at once, and again after a crash."""
    if override.state == OverrideState.APPROVED and override.decided_at is not None:
        return {"apply": override.decided_at}
    return {}


def table_lines() -> Sequence[str]:
    """Return the table as a page of documentation."""
    rows = [
        f"| `{name.value}` | {row.happens} | {row.limit} | {row.next} | {row.compensation} |"
        for name, row in TABLE.items()
    ]
    return ["| Step | What happens | Time limit | Next | If it fails or is late |", "|---|---|---|---|---|", *rows]
