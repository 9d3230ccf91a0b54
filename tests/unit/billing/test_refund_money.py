"""Refunds: the seat and the money that they bind, and the bank and treasury that pay them out."""

from __future__ import annotations

from typing import Any

import pytest

from services.billing.bills.model import BillOutcome
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.receipts.states import ReceiptState
from services.billing.refunds import model as refunds
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import (
    AnotherPairOfEyes,
    OrderIsOut,
    RefundIsOpen,
    RefundStepNotNow,
)
from services.billing.refunds.model import AccountState, Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundState
from services.billing.refunds.treasury import NoTreasury, OrderState, RefundOrder
from shared.errors import UpstreamDown
from shared.events import scheduling
from tests.unit.billing.faulty_stores import GuardlessStore
from tests.unit.billing.make import a_receipt, at
from tests.unit.billing.refund_driver import (
    DAY,
    HEAD,
    KEYS,
    OPERATOR,
    OWNER,
    PAYEE,
    POLICY,
    SECOND,
    TREASURER,
    RefundDriver,
    make_driver,
)

# -- the seat ----------------------------------------------------------------------------------------------------------


async def test_a_seat_that_was_used_ends_the_approval_with_its_rule() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.approved(case)
    await driver.refuses_release(case, "already_used")
    refused = driver.case(case)
    assert (refused.state, refused.rule) == (RefundState.REFUSED, "seat_already_used")
    assert driver.world.receipt(case.receipt_id).remaining == case.amount
    assert driver.world.bill().standing == BillOutcome.APPOINTMENT
    await driver.refuses_release(case, "already_used")
    assert driver.case(case) == refused
    await driver.world.rules_hold()


async def test_a_seat_that_is_gone_stands_against_nothing_and_an_unanswered_question_is_repeated() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.approved(case)
    await driver.world.pass_time(61)
    assert len(driver.world.heard("SeatReleaseRequested")) == 2
    await driver.refuses_release(case, "already_released")
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID
    await driver.refuses_release(case, "already_released")
    await driver.world.rules_hold()


async def test_news_of_seats_of_no_case_changes_nothing() -> None:
    driver = make_driver()
    facts = {name: driver.world.visit()[name] for name in KEYS}
    await driver.world.hear(scheduling.ReleaseRefused(**facts, refund_id="nothing", reason="already_used"))
    assert driver.world.refunds() == []


# -- the money ---------------------------------------------------------------------------------------------------------


async def two_recommended(driver: RefundDriver) -> tuple[Refund, Refund]:
    """Two cases about the same money, as two desks at once could open them."""
    bill = await driver.paid_bill()
    first = await driver.ask(bill)
    driver.service._refuse_second = _never_refuse  # what a race does
    second = await driver.ask(bill)
    await driver.recommended(first)
    await driver.recommended(second)
    return first, second


async def _never_refuse(_receipt: Any) -> None:
    return None


@pytest.mark.acceptance("F62.approve")
async def test_of_two_approvals_at_once_only_one_gets_the_money() -> None:
    driver = make_driver()
    first, second = await two_recommended(driver)
    await _approve_at_once(driver, first, second)
    ends = sorted(driver.case(refund).state.value for refund in (first, second))
    assert ends == ["approved", "refused"]
    loser = next(driver.case(refund) for refund in (first, second) if driver.case(refund).state == RefundState.REFUSED)
    assert loser.rule == "nothing_left"
    assert driver.world.receipt(first.receipt_id).remaining == 0
    await driver.released()
    await driver.world.pass_time(180)
    assert driver.world.treasury.paid_out == first.amount
    await driver.world.rules_hold()


async def test_without_the_guard_two_approvals_at_once_get_the_same_money() -> None:
    """The twin: a store that forgets versions lets both through, and I5 finds it."""
    driver = make_driver(GuardlessStore("billing"))
    first, second = await two_recommended(driver)
    await _approve_at_once(driver, first, second)
    assert {driver.case(refund).state for refund in (first, second)} == {RefundState.APPROVED}
    report = await driver.world.parts.invariants["I5"]()
    assert not report.holds


async def _approve_at_once(driver: RefundDriver, first: Refund, second: Refund) -> None:
    """Both approvals are decided before either of them reaches the receipt, which both have then read."""
    store, aggregates = driver.world.store, driver.world.billing.refund_processing._aggregates
    from services.billing.receipts.repository import RECEIPTS

    actor = steps.StepActor("operator", "operator-1")
    for case in (first, second):
        await aggregates.change(
            REFUNDS, case.refund_id, lambda refund: steps.approve(refund, actor, driver.world.clock.now(), POLICY)
        )
    read = await store.get(RECEIPTS, first.receipt_id)
    held: list[Any] = [read, read]
    usual = store.get

    async def both_read_before(kind: Any, record_id: str) -> Any:
        return held.pop() if kind is RECEIPTS and held else await usual(kind, record_id)

    store.get = both_read_before  # type: ignore[method-assign]
    await driver.world.billing.refund_processing.drive(first.refund_id)
    await driver.world.billing.refund_processing.drive(second.refund_id)


def test_a_receipt_gives_no_more_than_it_holds() -> None:
    settled = receipts.settle(a_receipt(), "bill-1", at(130)).state
    part = receipts.book(settled, "refund-1", settled.amount - 1, Account.REFUND_DUE, "m", at(140))
    assert part.remaining == 1
    assert receipts.book(part, "refund-1", settled.amount - 1, Account.REFUND_DUE, "m", at(141)) == part
    with pytest.raises(receipts.NothingLeft):
        receipts.book(part, "refund-2", 2, Account.REFUND_DUE, "m", at(142))
    rest = receipts.book(part, "refund-2", 1, Account.REFUND_DUE, "m", at(142))
    assert (rest.remaining, receipts.ledger_faults(rest)) == (0, [])
    back = receipts.book(rest, "refund-1", settled.amount - 1, None, "m", at(143))
    assert (back.remaining, receipts.ledger_faults(back)) == (settled.amount - 1, [])
    moved = receipts.await_seat(receipts.settle(a_receipt(), "b", at(1)).state, at(2), receipts_policy()).state
    with pytest.raises(receipts.NothingLeft):
        receipts.book(moved, "refund-1", 1, Account.REFUND_DUE, "m", at(3))
    over = receipts.replace(rest, shares=(*rest.shares, rest.shares[0]))
    assert "more is held" in " ".join(receipts.ledger_faults(over))
    all_out = receipts.enter_refund(rest, receipts.WAIT, "refund-3", at(150), receipts_policy())
    assert len(all_out.postings) == len(rest.postings)


def receipts_policy() -> receipts.ReceiptPolicy:
    return receipts.ReceiptPolicy()


async def test_a_part_goes_back_and_the_visit_stays() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    money = driver.world.billing.receipts
    refund_id = await money.give_back_part(bill.bill_id, 300_000, "correction-1")
    assert await money.give_back_part(bill.bill_id, 300_000, "correction-1") == refund_id
    case = driver.world.refunds()[0]
    assert (case.state, case.amount, case.whole) == (RefundState.OPENED, 300_000, False)
    assert driver.world.receipt(case.receipt_id).remaining == bill.amount - 300_000
    assert await money.give_back_part(bill.bill_id, bill.amount, "correction-2") is None
    await driver.approved(case)
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID
    assert (driver.world.bill().standing, driver.world.heard("SeatReleaseRequested")) == (BillOutcome.APPOINTMENT, [])
    await driver.world.rules_hold()


@pytest.mark.acceptance("X3.refund_case", "X3.no_second_booking")
async def test_a_second_payment_goes_back_by_itself_and_the_booking_stays() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    second = await driver.world.pay(bill)
    case = driver.world.refunds()[0]
    assert (case.state, case.reason, case.automatic) == (RefundState.OPENED, "duplicate_payment", True)
    await driver.approved(case)
    await driver.world.pass_time(120)
    assert driver.world.receipt(second.ntpn).state == ReceiptState.REFUNDED
    assert driver.world.bill().standing == BillOutcome.APPOINTMENT
    assert driver.world.treasury.paid_out == bill.amount
    await driver.world.rules_hold()


async def test_money_of_a_case_that_billing_opened_is_kept_when_refused_and_held_again_with_new_proof() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    second = await driver.world.pay(bill)
    case = driver.world.refunds()[0]
    with pytest.raises(RefundIsOpen):
        await driver.ask(bill, receipt_id=second.ntpn)
    await driver.recommended(case)
    await driver.step(case, OPERATOR, "refuse", rule="not_proven")
    assert driver.world.receipt(second.ntpn).state == ReceiptState.RETAINED
    with pytest.raises(RefundIsOpen):
        await driver.ask(bill, receipt_id=second.ntpn)
    await driver.world.rules_hold()
    await driver.service.resubmit(OWNER, case.refund_id, "look again", driver.command())
    assert driver.world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    await driver.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    driver.world.clock.advance(60 * DAY)
    await driver.world.work()
    assert driver.case(case).state == RefundState.INCOMPLETE, "money that is not ours is never kept for want of papers"
    await driver.service.answer(OWNER, case.refund_id, "there", driver.command())
    await driver.step(case, TREASURER, "find_complete")
    await driver.step(case, TREASURER, "research")
    await driver.step(case, HEAD, "recommend")
    await driver.step(case, OPERATOR, "approve")
    credited = driver.case(case)
    assert credited.state == RefundState.RELEASED
    with pytest.raises(AnotherPairOfEyes):
        await driver.step(case, OPERATOR, "credit")
    await driver.step(case, SECOND, "credit")
    assert driver.world.receipt(second.ntpn).state == ReceiptState.CREDITED
    await driver.world.rules_hold()


# -- bank and treasury -------------------------------------------------------------------------------------------------


async def test_the_account_is_sealed_masked_and_nowhere_else() -> None:
    driver = make_driver()
    case = await driver.account(await driver.ask(await driver.paid_bill()))
    assert await driver.service.masked_account(case) == "*******890"
    assert await driver.service.masked_account(refunds.replace(case, account=None)) is None
    told = " ".join(str(envelope.to_fields()) for envelope in driver.world.said)
    stored = str(driver.world.store._documents["refund"])
    for secret in (PAYEE.account_number, PAYEE.holder_name):
        assert secret not in told
        assert secret not in stored
        assert secret not in repr(PAYEE)


async def test_the_bank_is_asked_until_it_answers_and_about_the_newest_account_only() -> None:
    driver = make_driver()
    driver.world.treasury.down = True
    case = await driver.account(await driver.ask(await driver.paid_bill()))
    assert case.account is not None
    assert (case.account.state, case.account.attempts) == (AccountState.GIVEN, 1)
    driver.world.treasury.down, driver.world.treasury.match = False, False
    await driver.world.pass_time(31)
    assert _account_state(driver.case(case)) == AccountState.DIFFERS
    assert driver.world.heard("RefundMoved")[-1].needs == "another_bank_account"
    driver.world.treasury.match = True
    driver.world.clock.advance(1)
    assert _account_state(await driver.account(case)) == AccountState.VERIFIED


def _account_state(case: Refund) -> AccountState:
    assert case.account is not None
    return case.account.state


async def test_an_order_whose_answer_is_lost_is_sent_again_under_its_number_and_paid_once() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.approved(case)
    driver.world.treasury.loses_answer = True
    await driver.released()
    await driver.world.work()
    assert driver.case(case).state == RefundState.RELEASED
    with pytest.raises(RefundStepNotNow):
        await driver.step(case, OPERATOR, "approve")
    await driver.world.pass_time(40)
    assert driver.case(case).state == RefundState.ORDERED
    with pytest.raises(OrderIsOut):
        await driver.account(case)
    assert len(driver.world.treasury.sent) == 2
    assert driver.world.treasury.paid_out == case.amount
    driver.world.treasury.pays = False
    await driver.world.pass_time(100)
    assert driver.case(case).state == RefundState.ORDERED
    driver.world.treasury.down = True
    await driver.world.pass_time(200)
    driver.world.treasury.down, driver.world.treasury.pays = False, True
    await driver.world.pass_time(3700, step=300)
    assert driver.case(case).state == RefundState.PAID
    assert len(driver.world.treasury.orders) == 1


@pytest.mark.parametrize("when", ["at_once", "later"])
async def test_a_rejected_order_asks_for_another_account_and_gets_a_new_number(when: str) -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.approved(case)
    driver.world.treasury.rejects = when == "at_once"
    await driver.released()
    await driver.world.work()
    driver.world.treasury.rejects = True
    await driver.world.pass_time(70)
    rejected = driver.case(case)
    assert (rejected.state, rejected.orders) == (RefundState.RELEASED, 1)
    assert _account_state(rejected) == AccountState.REJECTED
    driver.world.treasury.rejects = False
    driver.world.treasury.orders.clear()
    await driver.account(case)
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID
    assert list(driver.world.treasury.orders) == [f"{case.refund_id}.2"]
    await driver.world.rules_hold()


async def test_an_order_that_never_arrived_is_sent_again() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.approved(case)
    await driver.released()
    await driver.world.work()
    driver.world.treasury.orders.clear()
    await driver.world.pass_time(600)
    assert driver.case(case).state == RefundState.PAID
    assert len(driver.world.treasury.orders) == 1


async def test_approved_without_an_account_waits_for_one() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    await driver.world.pay(bill)
    case = driver.world.refunds()[0]
    driver.world.treasury.match = False
    await driver.approved(case)
    assert driver.case(case).state == RefundState.RELEASED
    assert driver.world.heard("RefundMoved")[-1].needs == "another_bank_account"
    driver.world.treasury.match = True
    driver.world.clock.advance(1)
    await driver.account(case)
    await driver.world.pass_time(100)
    assert driver.case(case).state == RefundState.PAID


async def test_a_treasury_that_nobody_wired_never_answers() -> None:
    absent = NoTreasury()
    order = RefundOrder("1", "N", 1, PAYEE)
    for call in (absent.matches(PAYEE), absent.order(order), absent.order_state("1")):
        with pytest.raises(UpstreamDown):
            await call
    await absent.close()
    assert OrderState("paid") is OrderState.PAID


async def test_a_case_of_an_erased_account_is_shown_without_account_and_messages() -> None:
    driver = make_driver()
    case = await driver.account(await driver.ask(await driver.paid_bill()))
    assert await driver.service.statements(case)
    await driver.service._vault._person_keys.destroy(case.account_id or "")
    assert await driver.service.masked_account(case) is None
    assert await driver.service.statements(case) == ()
