"""The joint bill: one code for the bills of several applications of one account. Pure functions.

Each member stays a bill of its own, with its seat, its end and its price. What is paid with the joint code is divided
into one receipt per member, so that each is settled, and refunded, by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.billing.bills.model import Bill, JointCode
from services.billing.bills.simponi_poll_times import next_poll
from services.billing.joint_bills.states import JOINT_BILL_TRANSITIONS, JointBillCommand, JointBillState
from services.billing.rules import (
    JOINT_BILL_ISSUE_LIMIT_SECONDS,
    BillPolicy,
    backoff,
    due_without,
    seconds,
    whole_seconds,
)
from shared.events import billing as events
from shared.store.decision import Decision


class JointBillEnd(StrEnum):
    """Why a joint bill ended unpaid."""

    EXPIRED = "expired"
    BY_APPLICANT = "by_applicant"
    MEMBER_CHANGED = "member_changed"
    """A member was paid, ended or joined elsewhere before the code was there."""
    SIMPONI_UNREACHABLE = "simponi_unreachable"
    REFUSED_BY_SIMPONI = "refused_by_simponi"


_END_COMMANDS: Final[Mapping[JointBillEnd, JointBillCommand]] = {
    JointBillEnd.EXPIRED: JointBillCommand.EXPIRE,
    JointBillEnd.BY_APPLICANT: JointBillCommand.CANCEL,
    JointBillEnd.MEMBER_CHANGED: JointBillCommand.FAIL,
    JointBillEnd.SIMPONI_UNREACHABLE: JointBillCommand.FAIL,
    JointBillEnd.REFUSED_BY_SIMPONI: JointBillCommand.FAIL,
}


@dataclass(frozen=True)
class Member:
    """One bill of a joint bill; its number counts from 1 and names the part of a payment that is for it."""

    number: int
    bill_id: str
    application_id: str
    amount: int
    description: str


@dataclass(frozen=True)
class JointBill:
    """One code for several bills; ``due`` holds its deadlines by name."""

    joint_bill_id: str
    account_id: str
    members: tuple[Member, ...]
    state: JointBillState
    requested_at: datetime
    expires_at: datetime
    """The earliest end of its members, in whole seconds."""
    give_up_at: datetime
    due: Mapping[str, datetime] = field(default_factory=dict)
    ask_attempts: int = 0
    billing_code: str | None = None
    """Stored before the members take it over; told of once none of their own codes can be paid any more."""
    issued_at: datetime | None = None
    ended_at: datetime | None = None
    end: JointBillEnd | None = None
    paid_by: str | None = None
    """The receipt (NTPN) that was divided among its members."""
    paid_at: datetime | None = None

    @property
    def amount(self) -> int:
        """The amount to pay, in rupiah."""
        return sum(member.amount for member in self.members)

    def is_for_any(self, application_ids: Collection[str]) -> bool:
        """Return whether one of its bills is for one of these applications."""
        return any(member.application_id in application_ids for member in self.members)

    def code_of(self, member: Member) -> JointCode:
        """Return what a member's bill keeps of the joint bill; the first member's reminder is for all."""
        return JointCode(self.joint_bill_id, self.amount, self.expires_at, reminds=member.number == 1)


def open_joint_bill(
    joint_bill_id: str, account_id: str, bills: Sequence[tuple[Bill, str]], now: datetime
) -> Decision[JointBill]:
    """Return a new joint bill of these bills, each with its description; its code is asked for at once."""
    ends = [bill.expires_at for bill, _ in bills if bill.expires_at is not None]
    members = tuple(
        Member(number, bill.bill_id, bill.payer.application_id, bill.amount, description)
        for number, (bill, description) in enumerate(bills, 1)
    )
    expires_at = min(ends)
    joint = JointBill(
        joint_bill_id=joint_bill_id,
        account_id=account_id,
        members=members,
        state=JointBillState.REQUESTED,
        requested_at=now,
        expires_at=expires_at,
        give_up_at=min(now + seconds(JOINT_BILL_ISSUE_LIMIT_SECONDS), expires_at),
        due={"ask": now},
    )
    return Decision(joint)


def note_code(joint: JointBill, billing_code: str) -> Decision[JointBill]:
    """Store the code that SIMPONI gave, before a member takes it over; after a crash it is known which one it was."""
    if joint.state != JointBillState.REQUESTED:
        return Decision(joint)
    return Decision(replace(joint, billing_code=billing_code))


def issue(joint: JointBill, now: datetime, policy: BillPolicy) -> Decision[JointBill]:
    """Issue the joint code: every member has taken it over, and no code of their own can be paid."""
    if joint.state != JointBillState.REQUESTED or joint.billing_code is None:
        return Decision(joint)
    state = JOINT_BILL_TRANSITIONS.after(joint.state, JointBillCommand.ISSUE)
    due = {
        "poll": next_poll(now, joint.expires_at, policy),
        "expire": joint.expires_at + seconds(policy.grace_seconds),
    }
    issued = replace(joint, state=state, issued_at=now, due=due)
    told = events.JointBillIssued(
        joint_bill_id=joint.joint_bill_id,
        account_id=joint.account_id,
        application_ids=tuple(member.application_id for member in joint.members),
        bill_ids=tuple(member.bill_id for member in joint.members),
        billing_code=joint.billing_code,
        amount=joint.amount,
        bills=len(joint.members),
        issued_at=now,
        expires_at=joint.expires_at,
    )
    return Decision(issued, (told,))


def ask_later(joint: JointBill, now: datetime, policy: BillPolicy) -> Decision[JointBill]:
    """Go on later: SIMPONI did not answer. At the limit the joint bill ends, and its members go back to their codes."""
    if joint.state != JointBillState.REQUESTED:
        return Decision(joint)
    if now >= joint.give_up_at:
        return end(joint, JointBillEnd.SIMPONI_UNREACHABLE, now)
    attempts = joint.ask_attempts + 1
    at = min(now + backoff(attempts, policy.ask_least_seconds, policy.ask_most_seconds), joint.give_up_at)
    return Decision(replace(joint, ask_attempts=attempts, due={"ask": at}))


def polled(joint: JointBill, now: datetime, policy: BillPolicy) -> Decision[JointBill]:
    """Plan the next poll; a paid one is looked at once more, after its end, for a second payment."""
    due = due_without(joint.due, "poll")
    if joint.state == JointBillState.ISSUED:
        due["poll"] = next_poll(now, joint.expires_at, policy)
    return Decision(replace(joint, due=due))


def end(joint: JointBill, why: JointBillEnd, now: datetime) -> Decision[JointBill]:
    """Begin to end the joint bill: its code is taken back at SIMPONI first, so that it is paid or not, never both."""
    if joint.state not in (JointBillState.REQUESTED, JointBillState.ISSUED):
        return Decision(joint)
    state = JOINT_BILL_TRANSITIONS.after(joint.state, JointBillCommand.END)
    return Decision(replace(joint, state=state, end=why, ask_attempts=0, due={"end": now}))


def end_later(joint: JointBill, now: datetime, policy: BillPolicy) -> Decision[JointBill]:
    """Try again later: SIMPONI did not answer, or a bank took money whose treasury number is awaited."""
    if joint.state != JointBillState.ENDING:
        return Decision(joint)
    attempts = joint.ask_attempts + 1
    at = now + backoff(attempts, policy.ask_least_seconds, policy.ask_most_seconds)
    return Decision(replace(joint, ask_attempts=attempts, due={"end": at}))


def ended(joint: JointBill, now: datetime) -> Decision[JointBill]:
    """End the joint bill: its code cannot be paid, and every member has left it."""
    if joint.state != JointBillState.ENDING or joint.end is None:
        return Decision(joint)
    state = JOINT_BILL_TRANSITIONS.after(joint.state, _END_COMMANDS[joint.end])
    return Decision(replace(joint, state=state, ended_at=now, due={}))


def pay(joint: JointBill, ntpn: str, paid_at: datetime, now: datetime, policy: BillPolicy) -> Decision[JointBill]:
    """Note the payment that was divided among the members. A second one, or one after the end, changes nothing here:
    each of its parts gets the outcome that its bill gives it.
    """
    if not JOINT_BILL_TRANSITIONS.allows(joint.state, JointBillCommand.PAY):
        return Decision(joint)
    state = JOINT_BILL_TRANSITIONS.after(joint.state, JointBillCommand.PAY)
    last_look = joint.expires_at + seconds(policy.grace_seconds)
    paid = replace(joint, state=state, paid_by=ntpn, paid_at=whole_seconds(paid_at), ended_at=now, end=None)
    return Decision(replace(paid, due={"poll": last_look}))
