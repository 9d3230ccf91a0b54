"""The pure rules of joint bills: what a bill takes over, and what each state of a joint bill allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, Code, JointCode
from services.billing.bills.states import BillState
from services.billing.joint_bills import model as joint_bills
from services.billing.joint_bills.model import JointBill, JointBillEnd, Member
from services.billing.joint_bills.states import JointBillState
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.receipts.model import ledger_faults
from services.billing.rules import seconds
from shared.events import billing as events
from tests.unit.billing.make import AMOUNT, NTPN, POLICY, RECEIPT_POLICY, a_receipt, at, in_state, issued, requested

JOINT = JointCode("joint-1", 2 * AMOUNT, at(7200), reminds=True)
CODE = "826112300000099"


def member() -> Bill:
    """A bill that has taken the joint code over."""
    return bills.take_joint_code(bills.join(issued(), JOINT).state, "joint-1", CODE).state


def a_joint(state: JointBillState = JointBillState.REQUESTED, **changes: object) -> JointBill:
    members = (
        Member(1, "bill-1", "application-1", AMOUNT, "Paspor"),
        Member(2, "bill-2", "application-2", 1, "Paspor"),
    )
    joint = JointBill("joint-1", "account-1", members, state, at(0), at(7200), at(900), billing_code=CODE)
    return replace(joint, **changes)


@pytest.mark.parametrize("state", BillState)
def test_only_a_bill_with_a_code_joins(state: BillState) -> None:
    bill = in_state(state)
    if state is BillState.ISSUED:
        assert bills.join(bill, JOINT).state.joint == JOINT
    else:
        with pytest.raises(bills.CannotJoin):
            bills.join(bill, JOINT)


def test_a_bill_joins_once_at_a_time() -> None:
    joined = bills.join(issued(), JOINT).state
    assert bills.join(joined, JOINT).state == joined
    with pytest.raises(bills.CannotJoin):
        bills.join(joined, replace(JOINT, joint_bill_id="joint-2"))
    with pytest.raises(bills.CannotJoin):
        bills.take_joint_code(joined, "joint-2", CODE)
    with pytest.raises(bills.CannotJoin):
        bills.take_joint_code(issued(), "joint-1", CODE)


def test_the_joint_code_takes_the_place_of_the_bills_own() -> None:
    joined = bills.join(issued(), JOINT).state
    assert (joined.payable_code, bills.codes_in_force(joined)) == (joined.billing_code, (joined.billing_code,))
    assert (member().payable_code, bills.codes_in_force(member())) == (None, (member().billing_code, CODE))
    assert bills.codes_in_force(requested()) == ()


def test_the_application_is_told_once_of_the_code_that_counts() -> None:
    joined = bills.join(issued(), JOINT).state
    taken = bills.take_joint_code(joined, "joint-1", CODE)
    (told,) = taken.events
    assert (told.billing_code, told.amount, told.expires_at) == (CODE, 2 * AMOUNT, at(7200))  # type: ignore[attr-defined]
    assert bills.take_joint_code(taken.state, "joint-1", CODE).events == ()


def test_a_bill_that_leaves_asks_for_a_code_of_its_own_and_keeps_its_end() -> None:
    left = bills.leave_joint_bill(member(), "joint-1", at(60)).state
    assert (left.joint, left.payable_code, left.due["ask"], left.reference) == (None, None, at(60), "bill-1.2")
    again = bills.reissue(left, Code("826112300000077", at(3600)), at(61), POLICY)
    assert (again.state.payable_code, again.state.expires_at) == ("826112300000077", at(7200))
    assert "ask" not in again.state.due
    assert isinstance(again.events[0], events.BillIssued)
    endless = bills.reissue(replace(left, expires_at=None), Code("826112300000077", at(3600)), at(61), POLICY)
    assert endless.events[0].expires_at == at(3600)  # type: ignore[attr-defined]


def test_a_bill_leaves_only_its_own_joint_bill_and_asks_only_if_its_code_was_taken() -> None:
    assert bills.leave_joint_bill(issued(), "joint-1", at(60)).state == issued()
    assert bills.leave_joint_bill(member(), "joint-2", at(60)).state == member()
    early = bills.leave_joint_bill(bills.join(issued(), JOINT).state, "joint-1", at(60)).state
    assert early == issued()
    paid = bills.pay(member(), NTPN, at(60), at(61), POLICY).state
    assert "ask" not in bills.leave_joint_bill(paid, "joint-1", at(70)).state.due


def test_another_code_is_asked_for_until_the_bill_ends() -> None:
    left = bills.leave_joint_bill(member(), "joint-1", at(60)).state
    assert bills.ask_code_again(left, at(61), POLICY).state.due["ask"] > at(61)
    assert bills.ask_code_again(left, at(7199), POLICY).state.due["ask"] == at(7200)
    assert "ask" not in bills.ask_code_again(left, at(7200), POLICY).state.due
    assert "ask" not in bills.ask_code_again(replace(left, expires_at=None), at(61), POLICY).state.due
    expired = bills.expire(left, at(8400), POLICY).state
    assert "ask" not in bills.ask_code_again(expired, at(8401), POLICY).state.due


def test_one_member_reminds_for_all_with_the_joint_code() -> None:
    (reminder,) = bills.remind(member()).events
    assert (reminder.billing_code, reminder.amount) == (CODE, 2 * AMOUNT)  # type: ignore[attr-defined]
    quiet = replace(member(), joint=replace(JOINT, reminds=False, billing_code=CODE))
    assert bills.remind(quiet).events == ()
    waiting = bills.join(issued(), JOINT).state
    (own,) = bills.remind(waiting).events
    assert own.billing_code == waiting.billing_code  # type: ignore[attr-defined]


@pytest.mark.parametrize("state", JointBillState)
def test_each_step_of_a_joint_bill_belongs_to_its_state(state: JointBillState) -> None:
    joint = a_joint(state, end=JointBillEnd.BY_APPLICANT)
    is_live = state in (JointBillState.REQUESTED, JointBillState.ISSUED)
    assert (joint_bills.note_code(joint, "1" * 15).state != joint) is (state is JointBillState.REQUESTED)
    assert bool(joint_bills.issue(joint, at(60), POLICY).events) is (state is JointBillState.REQUESTED)
    assert (joint_bills.ask_later(joint, at(60), POLICY).state != joint) is (state is JointBillState.REQUESTED)
    assert (joint_bills.end(joint, JointBillEnd.EXPIRED, at(60)).state != joint) is is_live
    assert (joint_bills.end_later(joint, at(60), POLICY).state != joint) is (state is JointBillState.ENDING)
    assert (joint_bills.ended(joint, at(60)).state != joint) is (state is JointBillState.ENDING)
    paid = joint_bills.pay(joint, NTPN, at(60), at(61), POLICY).state
    assert (paid.paid_by == NTPN) is (is_live or state is JointBillState.ENDING)
    polled = joint_bills.polled(joint, at(60), POLICY).state
    assert ("poll" in polled.due) is (state is JointBillState.ISSUED)


def test_a_joint_bill_without_its_code_is_not_issued_and_without_a_cause_does_not_end() -> None:
    bare = a_joint(billing_code=None)
    assert joint_bills.issue(bare, at(60), POLICY).state == bare
    ending = a_joint(JointBillState.ENDING)
    assert joint_bills.ended(ending, at(60)).state == ending


def test_the_joint_code_is_asked_for_until_its_limit() -> None:
    assert joint_bills.ask_later(a_joint(), at(899), POLICY).state.due["ask"] == at(900)
    over = joint_bills.ask_later(a_joint(), at(900), POLICY).state
    assert (over.state, over.end) == (JointBillState.ENDING, JointBillEnd.SIMPONI_UNREACHABLE)


@pytest.mark.parametrize("end", JointBillEnd)
def test_each_end_has_its_state(end: JointBillEnd) -> None:
    ended = joint_bills.ended(a_joint(JointBillState.ENDING, end=end), at(60)).state
    expected = {JointBillEnd.EXPIRED: JointBillState.EXPIRED, JointBillEnd.BY_APPLICANT: JointBillState.CANCELLED}
    assert ended.state is expected.get(end, JointBillState.FAILED)


def test_a_part_is_sound_and_a_part_of_a_part_keeps_the_treasurys_number_and_amount() -> None:
    whole = replace(a_receipt(), amount=AMOUNT)
    part = receipts.draw(whole, f"{NTPN}.1", 400, Account.DIVIDED, at(60), RECEIPT_POLICY, bill_id="bill-1")
    assert ledger_faults(part) == []
    assert (part.treasury_ntpn, part.treasury_amount) == (NTPN, AMOUNT)
    smaller = receipts.draw(
        part, f"{NTPN}.x.1", 100, Account.CREDITED, at(60), RECEIPT_POLICY, bill_id=None, paid_at=at(61) + seconds(0.5)
    )
    assert (smaller.treasury_ntpn, smaller.treasury_amount, smaller.paid_at) == (NTPN, AMOUNT, at(61))
    assert ledger_faults(replace(smaller, amount=101)) != []
