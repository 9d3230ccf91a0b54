"""A family's bills paid with one code: settled, late and refunded each by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills import model as bill_model
from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.cases.repository import CASES
from services.billing.joint_bills.errors import (
    BillCannotBeJoined,
    BillEndsTooSoon,
    BillNamedTwice,
    JointBillIsOver,
    JointBillUnknown,
)
from services.billing.joint_bills.model import JointBill, JointBillEnd
from services.billing.joint_bills.repository import JOINT_BILLS
from services.billing.joint_bills.states import JointBillState
from services.billing.ledger.model import Account, balances
from services.billing.payment import Payment
from services.billing.receipts.refund_subject import RefundCause
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.rules import JOINT_BILL_ISSUE_LIMIT_SECONDS
from services.billing.simponi import SimponiRefused
from shared.store.decision import Decision
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.faulty_stores import DyingStore
from tests.unit.billing.test_settlement import booked, brought
from tests.unit.billing.world import ACCOUNT, World, make_world

PARENT = Caller(ACCOUNT, Role.APPLICANT, "s1")
STRANGER = Caller("account-2", Role.APPLICANT, "s2")
PEOPLE = ("ayah", "ibu", "anak")


async def family(world: World, people: tuple[str, ...] = PEOPLE) -> list[Bill]:
    """A bill with a code for each person of one account."""
    for person in people:
        await world.submitted(f"application-{person}", person_id=f"person-{person}")
        await world.seat_held(
            f"appointment-{person}", application_id=f"application-{person}", person_id=f"person-{person}"
        )
    await world.work()
    return [world.bill(f"appointment-{person}") for person in people]


async def joined(world: World, bills: list[Bill], command: str = "c1", caller: Caller = PARENT) -> JointBill:
    """Open a joint bill and let its code come."""
    joint = await world.billing.joint_bills.open(caller, tuple(bill.bill_id for bill in bills), command)
    await world.work()
    return now_of(world, joint.joint_bill_id)


def now_of(world: World, joint_bill_id: str) -> JointBill:
    found: JointBill = next(joint for joint in world.all(JOINT_BILLS) if joint.joint_bill_id == joint_bill_id)
    return found


def payment_of(world: World, joint: JointBill, **changes: Any) -> Payment:
    """A payment on the joint code, now."""
    world.numbers += 1
    paid = Payment(
        billing_code=joint.billing_code or "",
        ntpn=f"B{world.numbers:015d}",
        ntb=f"{world.numbers:012d}",
        amount=joint.amount,
        paid_at=world.clock.now().replace(microsecond=0),
        channel="teller",
    )
    return replace(paid, **changes)


async def pay(world: World, joint: JointBill, **changes: Any) -> Payment:
    payment = payment_of(world, joint, **changes)
    world.simponi.add(payment)
    await world.push(payment)
    return payment


def parts(world: World) -> list[Any]:
    """The receipts of parts, in order."""
    return sorted((receipt for receipt in world.all(RECEIPTS) if "." in receipt.ntpn), key=lambda part: part.ntpn)


def bills_now(world: World, bills: list[Bill]) -> list[Bill]:
    return [world.bill_by_id(bill.bill_id) for bill in bills]


async def test_one_payment_of_the_joint_code_settles_each_bill_by_itself(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    assert joint.state is JointBillState.ISSUED
    assert joint.amount == sum(bill.amount for bill in bills)
    assert joint.expires_at == min(bill.expires_at for bill in bills if bill.expires_at)
    told = world.heard("JointBillIssued")
    assert [(event.billing_code, event.amount, event.bills) for event in told] == [
        (joint.billing_code, joint.amount, 3)
    ]
    paid = await pay(world, joint)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    assert [part.ntpn for part in parts(world)] == [f"{paid.ntpn}.{number}" for number in (1, 2, 3)]
    assert {part.state for part in parts(world)} == {ReceiptState.SETTLES_BILL}
    assert {part.treasury_ntpn for part in parts(world)} == {paid.ntpn}
    assert now_of(world, joint.joint_bill_id).paid_by == paid.ntpn
    assert world.names().count("BillPaid") == 3
    await world.rules_hold()


async def test_each_has_a_receipt_of_its_own_part_under_the_one_ntpn(world: World, ask: Ask) -> None:
    bills = await family(world)
    paid = await pay(world, await joined(world, bills))
    for number, bill in enumerate(bills, start=1):
        _, shown = await ask("GET", f"/v1/bills/{bill.bill_id}")
        _, receipt = await ask("GET", shown["receipt"])
        assert (shown["ntpn"], receipt["ntpn"], receipt["amount"]) == (paid.ntpn, paid.ntpn, bill.amount)
        assert receipt["pdf"] == f"/v1/receipts/{paid.ntpn}.{number}/pdf"
        assert await ask("GET", f"/v1/receipts/{paid.ntpn.lower()}.{number}") == (200, receipt)
        checked = await ask("GET", f"/v1/receipt-checks/{paid.ntpn}.{number}?amount={bill.amount}")
        assert (checked[0], checked[1]["amount"]) == (200, bill.amount)
    for wrong in (f"{paid.ntpn}.x", f"{paid.ntpn}.1.2.3"):
        assert (await ask("GET", f"/v1/receipts/{wrong}"))[0] == 422


async def test_all_parts_together_are_what_the_treasury_booked(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await pay(world, joint)
    sums = balances([posting for receipt in world.all(RECEIPTS) for posting in receipt.postings])
    assert sums == {Account.TREASURY: joint.amount, Account.REVENUE: -joint.amount}


async def test_the_single_codes_are_cancelled_before_anybody_is_told_of_the_joint_one(world: World) -> None:
    bills = await family(world)
    world.simponi.cannot_cancel = True
    joint = await joined(world, bills)
    assert joint.state is JointBillState.REQUESTED
    assert "JointBillIssued" not in world.names()
    world.simponi.cannot_cancel = False
    await world.pass_time(10, step=2)
    assert now_of(world, joint.joint_bill_id).state is JointBillState.ISSUED
    assert set(world.simponi.cancelled) == {bill.billing_code for bill in bills}
    assert {bill.payable_code for bill in bills_now(world, bills)} == {None}


async def test_a_family_is_reminded_once_with_the_joint_code(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.pass_time(3700, step=100)
    reminders = world.heard("BillReminderDue")
    assert [(reminder.billing_code, reminder.amount) for reminder in reminders] == [(joint.billing_code, joint.amount)]


async def test_a_lost_notice_is_made_up_by_the_poll_of_the_joint_code(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    world.simponi.add(payment_of(world, joint))
    await world.pass_time(300)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3


async def test_a_member_asks_about_the_joint_code_too_before_it_expires(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    world.simponi.add(payment_of(world, joint))
    record = await world.store.get(BILLS, bills[0].bill_id)
    assert record is not None
    await world.billing.polling.expire_due(record)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3


async def test_money_whose_answer_was_lost_finds_the_joint_bill_by_its_reference(world: World) -> None:
    bills = await family(world)
    world.simponi.loses_answer = True
    joint = await world.billing.joint_bills.open(PARENT, tuple(bill.bill_id for bill in bills), "c1")
    record = await world.store.get(JOINT_BILLS, joint.joint_bill_id)
    assert record is not None
    await world.billing.joint_codes.ask_due(record)
    code = next(code for code, billing in world.simponi.codes.items() if billing.reference == joint.joint_bill_id)
    assert now_of(world, joint.joint_bill_id).billing_code is None
    payment = await pay(world, now_of(world, joint.joint_bill_id), billing_code=code)
    receipt = await world.store.get(RECEIPTS, payment.ntpn or "")
    assert receipt is not None
    await world.billing.receipts.drive_due(receipt)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    await world.work()
    assert now_of(world, joint.joint_bill_id).state is JointBillState.PAID
    await world.rules_hold()


async def test_a_bank_receipt_without_ntpn_keeps_every_seat(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    payment = await pay(world, joint, ntpn=None)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID_UNSETTLED] * 3
    await pay(world, joint, ntpn="C" + "1" * 15, ntb=payment.ntb)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3


async def test_a_bank_receipt_of_another_amount_says_nothing_about_the_members(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await pay(world, joint, ntpn=None, amount=joint.amount - 1)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.ISSUED] * 3


@pytest.mark.parametrize("difference", [1, -1])
async def test_another_amount_goes_back_as_a_whole_and_the_bills_can_still_be_paid(
    world: World, difference: int
) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    wrong = await pay(world, joint, amount=joint.amount + difference)
    assert world.receipt(wrong.ntpn).state is ReceiptState.IN_REFUND
    assert [(case.reason, case.amount, case.account_id) for case in world.refunds()] == [
        ("wrong_amount", joint.amount + difference, ACCOUNT)
    ]
    await pay(world, joint)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    await world.rules_hold()


async def test_a_second_payment_goes_back_person_by_person(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await pay(world, joint)
    again = await pay(world, joint)
    cases = {(case.receipt_id, case.amount, case.reason) for case in world.refunds()}
    assert cases == {
        (f"{again.ntpn}.{number}", bill.amount, "duplicate_payment") for number, bill in enumerate(bills, 1)
    }
    await world.rules_hold()


async def test_the_same_payment_told_again_changes_nothing(world: World) -> None:
    joint = await joined(world, await family(world))
    payment = await pay(world, joint)
    before = (len(world.all(RECEIPTS)), world.names())
    await world.push(payment)
    assert (len(world.all(RECEIPTS)), world.names()) == before


async def test_a_member_that_was_given_up_meanwhile_is_a_late_payment_and_the_others_settle(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.billing.bills.cancel(PARENT, bills[2].bill_id, "give up")
    payment = await pay(world, joint)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID, BillState.PAID, BillState.CANCELLED]
    assert world.bill_by_id(bills[2].bill_id).standing is BillOutcome.SEAT_SOUGHT
    assert [event.receipt_id for event in world.heard("PaymentArrivedLate")] == [f"{payment.ntpn}.3"]
    await world.no_seat(bills[2].bill_id)
    assert [(case.bill_id, case.amount) for case in world.refunds()] == [(bills[2].bill_id, bills[2].amount)]
    await world.rules_hold()


async def test_a_withdrawn_persons_part_goes_back_and_the_others_settle(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.withdrawn("application-ibu")
    await pay(world, joint)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID, BillState.CANCELLED, BillState.PAID]
    assert [case.reason for case in world.refunds()] == ["paid_after_withdrawal"]
    await world.rules_hold()


async def test_the_refund_of_one_person_leaves_the_others(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    payment = await pay(world, joint)
    await world.billing.receipts.give_back(bills[1].bill_id, RefundCause.SERVICE_NOT_DELIVERED)
    states = [part.state for part in parts(world)]
    assert states == [ReceiptState.SETTLES_BILL, ReceiptState.IN_REFUND, ReceiptState.SETTLES_BILL]
    assert [case.receipt_id for case in world.refunds()] == [f"{payment.ntpn}.2"]
    assert [bill.standing for bill in bills_now(world, bills)] == [
        BillOutcome.APPOINTMENT,
        BillOutcome.REFUND,
        BillOutcome.APPOINTMENT,
    ]
    await world.rules_hold()


async def test_simponi_is_asked_about_the_whole_payment_of_a_part(world: World) -> None:
    joint = await joined(world, await family(world))
    await pay(world, joint)
    part = parts(world)[0]
    assert await world.billing.confirming.simponi_knows(part)
    assert not await world.billing.confirming.simponi_knows(replace(part, whole_amount=part.amount))


async def test_a_member_paid_with_its_own_code_at_that_moment_ends_the_joint_bill(world: World) -> None:
    bills = await family(world)
    world.simponi.add(world.payment(bills[0]))
    joint = await joined(world, bills)
    assert (joint.state, joint.end) == (JointBillState.FAILED, JointBillEnd.MEMBER_CHANGED)
    assert "JointBillIssued" not in world.names()
    now = bills_now(world, bills)
    assert [bill.state for bill in now] == [BillState.PAID, BillState.ISSUED, BillState.ISSUED]
    assert all(bill.joint is None for bill in now)
    assert joint.billing_code in world.simponi.cancelled
    for before, after in zip(bills[1:], now[1:], strict=True):
        assert after.payable_code not in (None, before.billing_code)
        assert after.expires_at == before.expires_at
        await world.pay(after)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    await world.rules_hold()


async def test_a_cancelled_joint_bill_gives_each_bill_a_code_of_its_own(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    assert now_of(world, joint.joint_bill_id).state is JointBillState.ENDING
    await world.work()
    assert now_of(world, joint.joint_bill_id).state is JointBillState.CANCELLED
    codes = {bill.payable_code for bill in bills_now(world, bills)}
    assert None not in codes and codes.isdisjoint({bill.billing_code for bill in bills})
    again = await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel again")
    assert again.state is JointBillState.CANCELLED
    assert (await joined(world, bills_now(world, bills), "c2")).state is JointBillState.ISSUED


async def test_a_bill_asks_for_its_own_code_again_until_it_has_one_or_ends(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    world.simponi.refusal = "closed"
    await world.pass_time(120)
    assert {(bill.state, bill.payable_code) for bill in bills_now(world, bills)} == {(BillState.ISSUED, None)}
    world.simponi.refusal = None
    await world.pass_time(120)
    assert None not in {bill.payable_code for bill in bills_now(world, bills)}


async def test_a_bill_that_ends_without_a_code_of_its_own_asks_no_more(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    world.simponi.refusal = "closed"
    await world.pass_time(7200 + 1300, step=100)
    assert {bill.state for bill in bills_now(world, bills)} == {BillState.EXPIRED}
    assert all("ask" not in bill.due for bill in bills_now(world, bills))


async def test_money_that_comes_while_the_joint_bill_is_cancelled_settles_it(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    world.simponi.add(payment_of(world, joint))
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    await world.work()
    assert now_of(world, joint.joint_bill_id).state is JointBillState.PAID
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    with pytest.raises(JointBillIsOver):
        await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel again")


async def test_a_joint_bill_does_not_end_while_a_banks_money_waits_for_its_number(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    payment = payment_of(world, joint, ntpn=None)
    world.simponi.add(payment)
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    await world.pass_time(60)
    assert now_of(world, joint.joint_bill_id).state is JointBillState.ENDING
    assert {bill.state for bill in bills_now(world, bills)} == {BillState.PAID_UNSETTLED}
    world.simponi.add(replace(payment, ntpn="D" + "1" * 15))
    await world.pass_time(120)
    assert now_of(world, joint.joint_bill_id).state is JointBillState.PAID


@pytest.mark.parametrize("down_seconds", [0, 300])
async def test_a_code_used_up_by_a_wrong_amount_ends_all_the_same(world: World, down_seconds: int) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await pay(world, joint, amount=joint.amount - 1)
    world.simponi.down = down_seconds > 0
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    await world.pass_time(down_seconds)
    world.simponi.down = False
    await world.pass_time(120)
    assert now_of(world, joint.joint_bill_id).state is JointBillState.CANCELLED
    assert None not in {bill.payable_code for bill in bills_now(world, bills)}


async def test_a_code_that_simponi_does_not_know_any_more_ends(world: World) -> None:
    joint = await joined(world, await family(world))

    async def unknown(_code: str) -> None:
        raise SimponiRefused("code_unknown")

    world.simponi.cancel = unknown  # type: ignore[method-assign, assignment]
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    await world.work()
    assert now_of(world, joint.joint_bill_id).state is JointBillState.CANCELLED


async def test_the_joint_code_ends_with_its_first_bill_and_the_others_go_on_alone(world: World) -> None:
    early = await family(world, ("ayah",))
    await world.pass_time(2400, step=100)
    later = await family(world, ("ibu",))
    joint = await joined(world, [*early, *later])
    assert joint.expires_at == early[0].expires_at
    await world.pass_time((joint.expires_at - world.clock.now()).total_seconds() + 1200 + 60, step=60)
    ended = now_of(world, joint.joint_bill_id)
    assert ended.state is JointBillState.EXPIRED
    first, second = bills_now(world, [*early, *later])
    assert (first.state, second.state) == (BillState.EXPIRED, BillState.ISSUED)
    assert second.payable_code is not None and second.expires_at == later[0].expires_at
    await world.pay(second)
    assert world.bill_by_id(second.bill_id).state is BillState.PAID


async def test_without_simponi_the_bills_keep_their_codes_and_the_joint_bill_fails(world: World) -> None:
    bills = await family(world)
    world.simponi.down = True
    joint = await joined(world, bills)
    assert joint.state is JointBillState.REQUESTED
    assert {bill.payable_code for bill in bills_now(world, bills)} == {bill.billing_code for bill in bills}
    await world.pass_time(JOINT_BILL_ISSUE_LIMIT_SECONDS + 60)
    ended = now_of(world, joint.joint_bill_id)
    assert (ended.state, ended.end) == (JointBillState.FAILED, JointBillEnd.SIMPONI_UNREACHABLE)
    assert [bill.joint for bill in bills_now(world, bills)] == [None] * 3


@pytest.mark.parametrize("fault", ["refused", "other_amount"])
async def test_what_simponi_refuses_fails_and_leaves_the_bills(world: World, fault: str) -> None:
    bills = await family(world)
    if fault == "refused":
        world.simponi.refusal = "no_joint_codes"
    else:
        issue = world.simponi.issue

        async def other(*words: Any) -> Any:
            return replace(await issue(*words), amount=1)

        world.simponi.issue = other  # type: ignore[method-assign, assignment]
    joint = await joined(world, bills)
    assert (joint.state, joint.end) == (JointBillState.FAILED, JointBillEnd.REFUSED_BY_SIMPONI)
    assert {bill.payable_code for bill in bills_now(world, bills)} == {bill.billing_code for bill in bills}


async def test_money_on_a_joint_code_that_was_given_up_still_finds_its_bills(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    await world.billing.joint_bills.cancel(PARENT, joint.joint_bill_id, "cancel")
    await world.work()
    await pay(world, joint)
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3
    assert now_of(world, joint.joint_bill_id).state is JointBillState.CANCELLED
    await world.rules_hold()


async def test_the_settlement_file_agrees_with_one_line_for_the_family(world: World) -> None:
    joint = await joined(world, await family(world))
    payment = await pay(world, joint)
    file = await brought(world, booked([payment]))
    assert (file.counts.known, file.counts.learnt, file.counts.differing, file.counts.unknown) == (1, 0, 0, 0)
    assert world.all(CASES) == []
    assert await world.billing.reconciliation._settled_lines.learnt_between(
        world.clock.now() - timedelta(days=1), world.clock.now() + timedelta(days=1)
    ) == [payment.ntpn]


async def test_the_settlement_file_alone_settles_a_family(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    file = await brought(world, booked([payment_of(world, joint)]))
    assert file.counts.learnt == 1
    assert world.all(CASES) == []
    assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3


# bad input: refused with its own sentence, and nothing changes


async def refused(world: World, why: type[Exception], bill_ids: tuple[str, ...], caller: Caller = PARENT) -> None:
    before = (world.all(JOINT_BILLS), world.all(BILLS), list(world.said))
    with pytest.raises(why):
        await world.billing.joint_bills.open(caller, bill_ids, "bad")
    assert (world.all(JOINT_BILLS), world.all(BILLS), list(world.said)) == before


async def test_bad_joint_bills_are_refused_and_change_nothing(world: World) -> None:
    bills = await family(world)
    first, second, third = (bill.bill_id for bill in bills)
    await refused(world, BillNamedTwice, (first, second, first))
    await refused(world, BillUnknown, (first, second), STRANGER)
    await refused(world, BillUnknown, (first, "no-such-bill"))
    await world.pay(bills[2])
    await refused(world, BillCannotBeJoined, (first, third))
    joint = await joined(world, bills[:2])
    await refused(world, BillCannotBeJoined, (first, second))
    with pytest.raises(JointBillUnknown):
        await world.billing.joint_bills.joint_bill(STRANGER, joint.joint_bill_id)
    with pytest.raises(JointBillUnknown):
        await world.billing.joint_bills.cancel(STRANGER, joint.joint_bill_id, "cancel")


async def test_a_bill_without_a_code_yet_cannot_be_joined(world: World) -> None:
    bills = await family(world, ("ayah",))
    world.simponi.down = True
    waiting = await family(world, ("ibu",))
    await refused(world, BillCannotBeJoined, (bills[0].bill_id, waiting[0].bill_id))


@pytest.mark.parametrize(("left_seconds", "is_enough"), [(900, True), (899, False)])
async def test_a_bill_that_ends_too_soon_cannot_be_joined(world: World, left_seconds: int, is_enough: bool) -> None:
    bills = await family(world)
    end = bills[0].expires_at
    assert end is not None
    world.clock.advance((end - world.clock.now()).total_seconds() - left_seconds)
    if is_enough:
        assert (await joined(world, bills)).state is JointBillState.ISSUED
    else:
        await refused(world, BillEndsTooSoon, tuple(bill.bill_id for bill in bills))


async def test_a_repeat_of_the_command_finds_the_same_joint_bill(world: World) -> None:
    bills = await family(world)
    joint = await joined(world, bills)
    again = await joined(world, bills)
    assert again.joint_bill_id == joint.joint_bill_id
    assert len(world.all(JOINT_BILLS)) == 1


# one joint bill at a time: the bill's own document decides


async def open_two_at_once(world: World) -> tuple[list[Any], list[Bill]]:
    """Two joint bills that share a bill, both past their checks before either has written the bill."""
    bills = await family(world)
    pairs = (bills[:2], bills[1:])
    service, ready = world.billing.joint_bills, asyncio.Barrier(2)
    join = service._codes.join_members

    async def both_ready(joint: JointBill) -> None:
        await ready.wait()
        await join(joint)

    service._codes.join_members = both_ready
    opened = await asyncio.gather(
        *(service.open(PARENT, tuple(bill.bill_id for bill in pair), f"c{n}") for n, pair in enumerate(pairs)),
        return_exceptions=True,
    )
    service._codes.join_members = join
    await world.work()
    return opened, bills


async def test_of_two_joint_bills_at_the_same_moment_one_gets_the_bill(world: World) -> None:
    opened, bills = await open_two_at_once(world)
    assert [type(answer) for answer in opened].count(BillCannotBeJoined) == 1
    states = sorted(joint.state.value for joint in world.all(JOINT_BILLS))
    assert states == ["failed", "issued"]
    issued = next(joint for joint in world.all(JOINT_BILLS) if joint.state is JointBillState.ISSUED)
    members = {member.bill_id for member in issued.members}
    for bill in bills_now(world, bills):
        assert (bill.joint is not None) == (bill.bill_id in members)
        assert (bill.payable_code is None) == (bill.bill_id in members)


async def test_twin_without_the_guard_one_bill_is_asked_for_by_two_joint_codes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def join_anyway(bill: Bill, joint: Any) -> Decision[Bill]:
        return Decision(replace(bill, joint=joint))

    monkeypatch.setattr(bill_model, "join", join_anyway)
    monkeypatch.setattr(bill_model, "take_joint_code", lambda bill, _id, _code: Decision(bill))
    await open_two_at_once(world)
    issued = [joint for joint in world.all(JOINT_BILLS) if joint.state is JointBillState.ISSUED]
    asked_for = [member.bill_id for joint in issued for member in joint.members]
    assert len(asked_for) > len(set(asked_for))  # the family is asked twice for the same bill


# a crash between any two writes


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_around_any_write_of_a_joint_bill_loses_nothing(after: bool) -> None:
    for dies_at in range(1, 24):
        store = DyingStore()
        world = make_world(store)
        bills = await family(world)
        store.writes, store.dies_at, store.after = 0, dies_at, after
        with suppress(StoreUnavailable):
            await world.billing.joint_bills.open(PARENT, tuple(bill.bill_id for bill in bills), "c1")
        for _ in range(3):
            with suppress(StoreUnavailable):
                await world.pass_time(40)
        if not world.all(JOINT_BILLS):
            assert (dies_at, after) == (1, False)
            continue
        joint = world.all(JOINT_BILLS)[0]
        assert joint.state is JointBillState.ISSUED, dies_at
        payment = payment_of(world, joint)
        world.simponi.add(payment)
        with suppress(StoreUnavailable):
            await world.push(payment)
        for _ in range(3):
            with suppress(StoreUnavailable):
                await world.pass_time(120)
        assert [bill.state for bill in bills_now(world, bills)] == [BillState.PAID] * 3, dies_at
        assert len(parts(world)) == 3
        assert world.names().count("BillPaid") == 3
        await world.rules_hold()
