"""The receipt: money that reached the treasury (its id is the NTPN), its use, and its ledger.

Every rupiah is in exactly one place (I3): the receipt's state names it, and the postings prove how it came there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.states import ENDED_BILLS, SETTLEABLE_BILLS, BillState
from services.billing.joint_bills.model import JointBill, Member
from services.billing.ledger.model import Account, Movement, Posting, balances, chain_faults, chain_hash, posted
from services.billing.payment import PART, Payment, treasury_number
from services.billing.receipts.refund_subject import RefundCause
from services.billing.receipts.states import RECEIPT_TRANSITIONS, ReceiptCommand, ReceiptState
from services.billing.receipts.withdrawal import paid_after
from services.billing.rules import ReceiptPolicy, backoff, seconds, whole_seconds
from shared.events.codes import BillPurpose
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition

ACCOUNT_OF: Final[Mapping[ReceiptState, Account]] = {
    ReceiptState.AWAITS_OUTCOME: Account.AWAITING_OUTCOME,
    ReceiptState.AWAITS_SEAT: Account.AWAITING_OUTCOME,
    ReceiptState.SETTLES_BILL: Account.REVENUE,
    ReceiptState.IN_REFUND: Account.REFUND_DUE,
    ReceiptState.REFUNDED: Account.REFUNDED,
    ReceiptState.CREDITED: Account.CREDITED,
    ReceiptState.RETAINED: Account.RETAINED,
    ReceiptState.DIVIDED: Account.DIVIDED,
}
"""On which account the whole amount of a receipt in that state lies."""


class IntentKind(StrEnum):
    """The kind of an intent."""

    SETTLE = "settle"
    """Pay a live bill."""
    PAY_LATE = "pay_late"
    """Pay an ended bill that waits on no seat."""
    ASK_SEAT = "ask_seat"
    REFUND = "refund"
    DIVIDE = "divide"
    """Divide the money among the bills of a joint bill, which ``bill_id`` names."""
    WAIT = "wait"
    """The code belongs to no bill that is known (yet)."""


@dataclass(frozen=True)
class Intent:
    """The next effect of a receipt; stored before any other document is touched, so a receipt has one at a time."""

    kind: IntentKind
    bill_id: str | None = None
    reason: str | None = None


WAIT: Final = Intent(IntentKind.WAIT)


class SimponiWord(StrEnum):
    """The word of SIMPONI by which a receipt is known (I13)."""

    NOTICE = "notice"
    """A notice that SIMPONI signed."""
    POLL = "poll"
    """SIMPONI's answer to a question about the code."""
    FETCHED_SETTLEMENT = "fetched_settlement"
    """A settlement file that billing fetched from SIMPONI."""
    SIGNED_SETTLEMENT = "signed_settlement"
    """A settlement file that a person brought and SIMPONI signed."""
    CONFIRMED_CLAIM = "confirmed_claim"
    """A settlement file that a person brought; SIMPONI, asked about this payment, said the same."""
    UNRECORDED = "unrecorded"
    """Not written down: older receipts. The way in which they were learnt tells it, except of settlement files."""


_WORD_OF: Final[Mapping[str, SimponiWord]] = {
    "push": SimponiWord.NOTICE,
    "poll": SimponiWord.POLL,
    "issue": SimponiWord.POLL,
}


class NothingLeft(Exception):
    """A refund case asks for more than is left of the receipt: refused in the receipt's own write (I5)."""


@dataclass(frozen=True)
class Share:
    """The part of a receipt that one refund case holds, and on which account it lies."""

    refund_id: str
    amount: int
    account: Account


@dataclass(frozen=True)
class Receipt:
    """The money of one deposit."""

    ntpn: str
    billing_code: str
    ntb: str
    amount: int
    paid_at: datetime
    channel: str
    learnt_at: datetime
    learnt_by: str
    """``push``, ``poll``, ``issue`` or ``settlement``."""
    state: ReceiptState
    bill_id: str | None = None
    """The bill that its code belongs to, once known."""
    settles_bill_id: str | None = None
    intent: Intent = WAIT
    due: Mapping[str, datetime] = field(default_factory=dict)
    attempts: int = 0
    seat_asked_at: datetime | None = None
    seat_questions: int = 0
    offer_until: datetime | None = None
    refund_id: str | None = None
    refund_recorded: bool = False
    refund_entries: int = 0
    """Number of entries of this money into refund; a case, and its effect on the bill, belong to one of them."""
    seat_won: str | None = None
    """The appointment that money without a seat has won; from this write on it cannot go back by itself."""
    postings: tuple[Posting, ...] = ()
    posted_at: datetime | None = None
    """Time of the last posting, by which the ledger's chain reads."""
    shares: tuple[Share, ...] = ()
    """Parts that refund cases hold of money that otherwise settles a bill; the state is about the rest."""
    word: SimponiWord = SimponiWord.UNRECORDED
    """As it was recorded; see :attr:`simponi_word`."""
    joint_bill_id: str | None = None
    """The joint bill that its code belongs to, or that it is a part of a payment for."""
    drawn_from: Account = Account.TREASURY
    """Where its money came from: the treasury; a payment that was divided; a credit."""
    whole_amount: int | None = None
    """The treasury's amount under its number, of a receipt that is a part of it."""

    @property
    def treasury_ntpn(self) -> str:
        """The treasury's number. A receipt's own id adds a dot and the number of its part."""
        return treasury_number(self.ntpn)

    @property
    def treasury_amount(self) -> int:
        """The treasury's amount under that number, in rupiah."""
        return self.amount if self.whole_amount is None else self.whole_amount

    @property
    def simponi_word(self) -> SimponiWord:
        """SIMPONI's own word for this money; of older receipts, by the way in which they were learnt."""
        if self.word is not SimponiWord.UNRECORDED:
            return self.word
        return _WORD_OF.get(self.learnt_by, SimponiWord.UNRECORDED)

    @property
    def payment(self) -> Payment:
        """The payment as it was told."""
        return Payment(self.billing_code, self.ntpn, self.ntb, self.amount, self.paid_at, self.channel)

    @property
    def remaining(self) -> int:
        """The amount that no refund case holds, in rupiah."""
        return self.amount - sum(share.amount for share in self.shares)

    def share(self, refund_id: str) -> Share | None:
        """Return the part that a refund case holds, or None."""
        return next((share for share in self.shares if share.refund_id == refund_id), None)

    @property
    def at_rest(self) -> bool:
        """Return whether no step is left for now."""
        if self.state == ReceiptState.IN_REFUND:
            return self.refund_recorded
        return self.state != ReceiptState.AWAITS_OUTCOME


def receive(
    payment: Payment, learnt_by: str, now: datetime, policy: ReceiptPolicy, word: SimponiWord | None = None
) -> Receipt:
    """Return a new receipt whose outcome is open; its own deadline drives it on.

    ``word`` is SIMPONI's own word for it; unless given, what ``learnt_by`` stands for.

    Raises:
        ValueError: the payment has no treasury number, so no money has arrived.
    """
    if payment.ntpn is None:
        raise ValueError("a payment without an NTPN is evidence, not a receipt")
    receipt = Receipt(
        ntpn=payment.ntpn,
        billing_code=payment.billing_code,
        ntb=payment.ntb,
        amount=payment.amount,
        paid_at=whole_seconds(payment.paid_at),
        channel=payment.channel,
        learnt_at=now,
        learnt_by=learnt_by,
        word=word or _WORD_OF.get(learnt_by, SimponiWord.UNRECORDED),
        state=ReceiptState.AWAITS_OUTCOME,
        due={"drive": now + seconds(policy.drive_seconds)},
    )
    return _post(receipt, Account.TREASURY, Account.AWAITING_OUTCOME, "received", now, amount=payment.amount)


def give_word(receipt: Receipt, word: SimponiWord) -> Receipt:
    """Record SIMPONI's word for a receipt that has none; the first one stays."""
    return replace(receipt, word=word) if receipt.simponi_word is SimponiWord.UNRECORDED else receipt


def same_payment(receipt: Receipt, payment: Payment) -> bool:
    """Return whether a repeated notice equals the first one."""
    return (receipt.billing_code, receipt.amount) == (payment.billing_code, payment.amount)


@dataclass(frozen=True)
class Facts:
    """The facts that a receipt is judged by: its bill, the application's other bills, and the withdrawal if any."""

    bill: Bill | None
    others: Sequence[Bill] = ()
    withdrawn: bool = False
    withdrawn_at: datetime | None = None
    joint: JointBill | None = None
    """The joint bill that the code belongs to; then no bill has it."""


def judge(receipt: Receipt, facts: Facts) -> Intent:
    """Return the use of the money. A use that was carried out wins, then a stored intent, then a new decision."""
    bill = facts.bill
    if facts.joint is not None:
        return _decide_joint(receipt, facts.joint)
    if bill is None:
        return WAIT
    settled = _settled_by(receipt, (bill, *facts.others))
    if settled is not None and settled.standing != BillOutcome.SEAT_SOUGHT:
        return Intent(IntentKind.SETTLE, settled.bill_id)
    if bill.late_receipt_id == receipt.ntpn:
        return Intent(IntentKind.ASK_SEAT, bill.bill_id)
    if _still_possible(receipt, facts):
        return receipt.intent
    return _decide(receipt, bill, facts)


def judge_without_seat(receipt: Receipt, facts: Facts) -> Intent:
    """Return the use of the money once scheduling has no seat for it: a live bill of the application, else a refund.

    Money that pays a bill already, whose seat was lost, can only go back.
    """
    bill = facts.bill
    known = (bill, *facts.others) if bill is not None else ()
    payer = _settled_by(receipt, known)
    if payer is not None and payer.standing != BillOutcome.SEAT_SOUGHT:
        return Intent(IntentKind.SETTLE, payer.bill_id)
    other = _live_equal(receipt, bill, facts.others) if bill is not None and payer is None else None
    if other is not None:
        return Intent(IntentKind.SETTLE, other.bill_id)
    in_time = bill is not None and bill.in_time(receipt.paid_at)
    cause = RefundCause.SERVICE_NOT_DELIVERED if in_time else RefundCause.LATE_PAYMENT
    if paid_after(receipt.paid_at, facts.withdrawn_at):
        cause = RefundCause.PAID_AFTER_WITHDRAWAL
    concerned = seeker(receipt, known) or bill
    return Intent(IntentKind.REFUND, concerned.bill_id if concerned else None, cause.value)


def seeker(receipt: Receipt, bills: Iterable[Bill]) -> Bill | None:
    """Return the bill that seeks a seat for this money, or None."""
    return next(
        (bill for bill in bills if bill.late_receipt_id == receipt.ntpn and bill.standing == BillOutcome.SEAT_SOUGHT),
        None,
    )


def _settled_by(receipt: Receipt, bills: Iterable[Bill]) -> Bill | None:
    return next((bill for bill in bills if bill.settled_by == receipt.ntpn), None)


def _still_possible(receipt: Receipt, facts: Facts) -> bool:
    """Return whether the stored intent can still be carried out; a stale worker may be doing it at this moment."""
    intent = receipt.intent
    target = next((bill for bill in (facts.bill, *facts.others) if bill and bill.bill_id == intent.bill_id), None)
    if target is None:
        return False
    if intent.kind == IntentKind.SETTLE:
        return _takes_in_time(receipt, target) if target is facts.bill else target.state in SETTLEABLE_BILLS
    if intent.kind == IntentKind.ASK_SEAT:
        return target.late_receipt_id is None and (target.live or target.state in ENDED_BILLS)
    return False


def _takes_in_time(receipt: Receipt, bill: Bill) -> bool:
    return bill.live and bill.amount == receipt.amount and bill.in_time(receipt.paid_at)


def _decide(receipt: Receipt, bill: Bill, facts: Facts) -> Intent:
    if bill.amount != receipt.amount:
        return _refund(bill, RefundCause.WRONG_AMOUNT)
    if paid_after(receipt.paid_at, facts.withdrawn_at):
        return _refund(bill, RefundCause.PAID_AFTER_WITHDRAWAL)
    if _takes_in_time(receipt, bill):
        return Intent(IntentKind.SETTLE, bill.bill_id)
    if bill.purpose != BillPurpose.FEE:
        return _decide_extra_charge(receipt, bill, facts)
    if bill.state not in ENDED_BILLS and not bill.live:
        return _refund(bill, RefundCause.DUPLICATE_PAYMENT)  # paid, waived or superseded: it needs no more money
    if bill.late_receipt_id is not None:
        return _refund(bill, RefundCause.DUPLICATE_PAYMENT)
    return _decide_late(receipt, bill, facts)


def _decide_joint(receipt: Receipt, joint: JointBill) -> Intent:
    """Divide what is paid for a joint bill, early or late, once or twice: each part has the outcome of its bill.

    Another amount cannot be divided, and goes back as a whole.
    """
    if receipt.amount != joint.amount:
        return Intent(IntentKind.REFUND, joint.members[0].bill_id, RefundCause.WRONG_AMOUNT.value)
    return Intent(IntentKind.DIVIDE, joint.joint_bill_id)


def _decide_late(receipt: Receipt, bill: Bill, facts: Facts) -> Intent:
    other = _live_equal(receipt, bill, facts.others)
    if other is not None:
        return Intent(IntentKind.SETTLE, other.bill_id)
    if any(_has_its_money(other) for other in facts.others if other.purpose == bill.purpose):
        return _refund(bill, RefundCause.DUPLICATE_PAYMENT)
    if facts.withdrawn:
        return _refund(bill, RefundCause.LATE_PAYMENT)
    return Intent(IntentKind.ASK_SEAT, bill.bill_id)


def _decide_extra_charge(receipt: Receipt, bill: Bill, facts: Facts) -> Intent:
    """Decide on money that came after the end of a bill without a seat: a difference or a penalty is still owed, the
    same-day surcharge is not.
    """
    other = _live_equal(receipt, bill, facts.others)
    if bill.purpose != BillPurpose.SAME_DAY and other is not None:
        return Intent(IntentKind.SETTLE, other.bill_id)
    if bill.settled_by is not None or bill.state in (BillState.WAIVED, BillState.SUPERSEDED):
        return _refund(bill, RefundCause.DUPLICATE_PAYMENT)
    if bill.state == BillState.CANCELLED:
        return _refund(bill, RefundCause.WRONG_AMOUNT)  # not owed any more
    if bill.purpose != BillPurpose.SAME_DAY:
        return Intent(IntentKind.PAY_LATE, bill.bill_id)
    in_time = bill.in_time(receipt.paid_at)
    return _refund(bill, RefundCause.SERVICE_NOT_DELIVERED if in_time else RefundCause.LATE_PAYMENT)


def _live_equal(receipt: Receipt, bill: Bill, others: Sequence[Bill]) -> Bill | None:
    fitting = [
        other
        for other in others
        if other.state in SETTLEABLE_BILLS and other.purpose == bill.purpose and other.amount == receipt.amount
    ]
    return min(fitting, key=lambda other: (other.requested_at, other.bill_id), default=None)


def _has_its_money(bill: Bill) -> bool:
    if bill.state in (BillState.PAID_UNSETTLED, BillState.WAIVED):
        return True
    if bill.state == BillState.PAID and bill.standing == BillOutcome.APPOINTMENT:
        return True
    return bill.standing == BillOutcome.SEAT_SOUGHT


def _refund(bill: Bill, cause: RefundCause) -> Intent:
    return Intent(IntentKind.REFUND, bill.bill_id, cause.value)


def record_intent(
    receipt: Receipt, intent: Intent, bill_id: str | None, now: datetime, policy: ReceiptPolicy
) -> Receipt:
    """Store the intent before it is carried out."""
    due = {"drive": now + seconds(policy.drive_seconds)}
    return replace(receipt, intent=intent, bill_id=bill_id or receipt.bill_id, due=due)


def divide(receipt: Receipt, joint: JointBill, now: datetime, policy: ReceiptPolicy) -> tuple[Receipt, ...]:
    """Return a receipt for each member of a joint bill, with its part of the money and a way of its own from here."""
    return tuple(_part(receipt, member, joint.joint_bill_id, now, policy) for member in joint.members)


def _part(receipt: Receipt, member: Member, joint_bill_id: str, now: datetime, policy: ReceiptPolicy) -> Receipt:
    return draw(
        receipt,
        f"{receipt.ntpn}{PART}{member.number}",
        member.amount,
        Account.DIVIDED,
        now,
        policy,
        bill_id=member.bill_id,
        joint_bill_id=joint_bill_id,
    )


def draw(
    whole: Receipt,
    receipt_id: str,
    amount: int,
    drawn_from: Account,
    now: datetime,
    policy: ReceiptPolicy,
    *,
    bill_id: str | None,
    joint_bill_id: str | None = None,
    paid_at: datetime | None = None,
) -> Receipt:
    """Return a receipt of a part of another one's money, which lies on ``drawn_from``; its outcome is open."""
    part = Receipt(
        ntpn=receipt_id,
        billing_code=whole.billing_code,
        ntb=whole.ntb,
        amount=amount,
        paid_at=whole_seconds(paid_at or whole.paid_at),
        channel=whole.channel,
        learnt_at=now,
        learnt_by=whole.learnt_by,
        word=whole.simponi_word,
        state=ReceiptState.AWAITS_OUTCOME,
        bill_id=bill_id,
        joint_bill_id=joint_bill_id,
        drawn_from=drawn_from,
        whole_amount=whole.treasury_amount,
        due={"drive": now + seconds(policy.drive_seconds)},
    )
    return _post(part, drawn_from, Account.AWAITING_OUTCOME, f"part of {whole.ntpn}", now, amount=amount)


def divided(receipt: Receipt, joint_bill_id: str, now: datetime) -> Decision[Receipt]:
    """Note that every part of the money is a receipt of its own."""
    moved = _moved(receipt, ReceiptCommand.DIVIDE, f"divided for {joint_bill_id}", now)
    return Decision(replace(moved, joint_bill_id=joint_bill_id, due={}))


def drive_later(receipt: Receipt, now: datetime, policy: ReceiptPolicy) -> Receipt:
    """Plan the next try, with growing intervals."""
    attempts = receipt.attempts + 1
    at = now + backoff(attempts, policy.drive_seconds, policy.drive_most_seconds)
    return replace(receipt, attempts=attempts, due={"drive": at})


def gives_up_on_code(receipt: Receipt, now: datetime, policy: ReceiptPolicy) -> bool:
    """Return whether a code without a bill was looked for long enough."""
    return now >= receipt.learnt_at + seconds(policy.unknown_code_seconds)


def settle(receipt: Receipt, bill_id: str, now: datetime) -> Decision[Receipt]:
    """Settle the bill with the money."""
    settled = _moved(receipt, ReceiptCommand.SETTLE, f"settles {bill_id}", now)
    return Decision(
        replace(
            settled,
            settles_bill_id=bill_id,
            refund_id=None,
            refund_recorded=False,
            seat_won=None,
            offer_until=None,
            due={},
        )
    )


def win_seat(receipt: Receipt, appointment_id: str, withdrawn_refund_id: str | None) -> Decision[Receipt]:
    """Bind the money to a seat that scheduling confirmed for it; decided here, before the bill shows it.

    Whichever of the seat and the way back is written first on the receipt has the money. ``withdrawn_refund_id``
    names the refund case that was withdrawn for the seat; money in another refund is not won.
    """
    seeks = receipt.state == ReceiptState.AWAITS_SEAT
    withdrawn = (
        receipt.state == ReceiptState.IN_REFUND
        and receipt.refund_recorded
        and withdrawn_refund_id is not None
        and receipt.refund_id == withdrawn_refund_id
    )
    return Decision(replace(receipt, seat_won=appointment_id) if seeks or withdrawn else receipt)


def await_seat(receipt: Receipt, now: datetime, policy: ReceiptPolicy) -> Decision[Receipt]:
    """Wait for scheduling's answer about a seat."""
    waiting = _moved(receipt, ReceiptCommand.ASK_SEAT, "a seat is sought", now)
    due = {"outcome": now + seconds(policy.late_answer_seconds)}
    return Decision(replace(waiting, seat_asked_at=now, seat_questions=1, settles_bill_id=None, seat_won=None, due=due))


def asked_again(receipt: Receipt, now: datetime, policy: ReceiptPolicy) -> Decision[Receipt]:
    """Count a repeated question to scheduling, which has not answered."""
    questions = receipt.seat_questions + 1
    wait = backoff(questions, policy.late_answer_seconds, policy.late_answer_most_seconds)
    at = min(now + wait, _gives_up_at(receipt, policy))
    return Decision(replace(receipt, seat_questions=questions, due={"outcome": at}))


def offered(receipt: Receipt, offer_until: datetime, policy: ReceiptPolicy) -> Decision[Receipt]:
    """Wait until the end of scheduling's offer of another seat."""
    due = {"outcome": offer_until + seconds(policy.late_answer_seconds)}
    return Decision(replace(receipt, offer_until=offer_until, due=due))


def gives_up_on_seat(receipt: Receipt, now: datetime, policy: ReceiptPolicy) -> bool:
    """Return whether scheduling was waited for long enough."""
    return now >= _gives_up_at(receipt, policy)


def _gives_up_at(receipt: Receipt, policy: ReceiptPolicy) -> datetime:
    since = receipt.offer_until or receipt.seat_asked_at or receipt.learnt_at
    return since + seconds(policy.late_gives_up_seconds)


def enter_refund(receipt: Receipt, intent: Intent, refund_id: str, now: datetime, policy: ReceiptPolicy) -> Receipt:
    """Put the money into refund with this write; the case is recorded next.

    Raises:
        IllegalTransition: it has won a seat.
    """
    if receipt.seat_won is not None:
        raise IllegalTransition(receipt.state, ReceiptCommand.REFUND)
    moved = _moved(receipt, ReceiptCommand.REFUND, f"refund: {intent.reason}", now)
    entries = receipt.refund_entries + 1
    moved = replace(moved, intent=intent, refund_id=refund_id, refund_recorded=False, refund_entries=entries)
    return replace(moved, settles_bill_id=None, offer_until=None, due={"drive": now + seconds(policy.drive_seconds)})


def without_deadline(receipt: Receipt) -> Receipt:
    """Remove the deadlines."""
    return replace(receipt, due={})


def refund_recorded(receipt: Receipt) -> Receipt:
    """Note that the refund case exists."""
    return replace(receipt, refund_recorded=True, due={})


def book(receipt: Receipt, refund_id: str, amount: int, to: Account | None, memo: str, now: datetime) -> Receipt:
    """Move a case's money to an account; None gives it up. A repeat changes nothing.

    The guard of I5: no two cases can hold the same rupiah, because both write this document.

    Raises:
        NothingLeft: the case asks for more than is left.
    """
    if receipt.refund_id == refund_id and receipt.state in _WHOLE:
        return _book_whole(receipt, to, memo, now)
    known = receipt.share(refund_id)
    if (known.account if known else None) == to:
        return receipt
    if known is None and (receipt.state != ReceiptState.SETTLES_BILL or amount > receipt.remaining):
        raise NothingLeft(f"{amount} of {receipt.remaining} rupiah")
    home = ACCOUNT_OF[receipt.state]
    moved = _post(receipt, known.account if known else home, to or home, memo, now, amount=amount)
    others = tuple(share for share in receipt.shares if share.refund_id != refund_id)
    return replace(moved, shares=others if to is None else (*others, Share(refund_id, amount, to)))


_WHOLE: Final = frozenset({ReceiptState.IN_REFUND, ReceiptState.REFUNDED, ReceiptState.CREDITED, ReceiptState.RETAINED})
_WHOLE_COMMANDS: Final[Mapping[Account | None, tuple[ReceiptState, ReceiptCommand]]] = {
    Account.REFUND_DUE: (ReceiptState.IN_REFUND, ReceiptCommand.REOPEN),
    Account.REFUNDED: (ReceiptState.REFUNDED, ReceiptCommand.PAY_BACK),
    Account.CREDITED: (ReceiptState.CREDITED, ReceiptCommand.CREDIT),
    None: (ReceiptState.RETAINED, ReceiptCommand.RETAIN),
}


def _book_whole(receipt: Receipt, to: Account | None, memo: str, now: datetime) -> Receipt:
    """As `book`, for a case that billing opened for all that was left."""
    target, command = _WHOLE_COMMANDS[to]
    return receipt if receipt.state == target else _moved(receipt, command, memo, now)


def _moved(receipt: Receipt, command: ReceiptCommand, memo: str, now: datetime) -> Receipt:
    before = ACCOUNT_OF[receipt.state]
    state = RECEIPT_TRANSITIONS.after(receipt.state, command)
    moved = replace(receipt, state=state)
    after = ACCOUNT_OF[state]
    if after == before or receipt.remaining == 0:
        return moved
    return _post(moved, before, after, memo, now, amount=receipt.remaining)


def _post(receipt: Receipt, source: Account, to: Account, memo: str, now: datetime, *, amount: int) -> Receipt:
    movement = Movement(source, to, amount, memo, now)
    return replace(receipt, postings=posted(receipt.postings, movement, genesis(receipt)), posted_at=now)


def genesis(receipt: Receipt) -> str:
    """Return the hash that a receipt's first posting follows, of the treasury's data."""
    paid_at = receipt.paid_at.isoformat()
    return chain_hash([receipt.ntpn, receipt.billing_code, receipt.ntb, receipt.amount, paid_at])


def ledger_faults(receipt: Receipt) -> list[str]:
    """Return the faults of a receipt's ledger; empty if it is sound (I3)."""
    faults = chain_faults(receipt.postings, genesis(receipt))
    expected = {receipt.drawn_from: receipt.amount}
    held = ((share.account, share.amount) for share in receipt.shares)
    for account, amount in ((ACCOUNT_OF[receipt.state], receipt.remaining), *held):
        expected[account] = expected.get(account, 0) - amount
    if balances(receipt.postings) != {account: amount for account, amount in expected.items() if amount}:
        faults.append(f"the money is not on the account of {receipt.state}")
    if receipt.remaining < 0:
        faults.append("more is held for refunds than was received")
    return faults
