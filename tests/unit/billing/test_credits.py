"""Credit from a refund pays a later bill or is paid out, never both."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.credits import model as credit_model
from services.billing.credits.errors import BillNotForCredit, CreditIsUsedUp, CreditTooSmall, CreditUnknown
from services.billing.credits.model import Credit, TooLittleLeft, booked, is_sound, open_credit, pay_out
from services.billing.credits.repository import CREDITS
from services.billing.credits.states import CreditState
from services.billing.ledger.model import Account, balances
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.errors import RefundStepNotNow
from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState
from services.billing.rules import seconds
from services.billing.tariffs.model import Price
from shared.store.decision import Decision
from shared.store.port import StoreUnavailable
from shared.store.transitions import IllegalTransition
from tests.unit.billing.faulty_stores import DyingStore
from tests.unit.billing.make import T0
from tests.unit.billing.refund_driver import OWNER, STRANGER, RefundDriver, make_driver


@pytest.fixture
def driver() -> RefundDriver:
    """A billing with people who refund."""
    return make_driver()


async def credited(driver: RefundDriver) -> Credit:
    """A credit of one fee."""
    world = driver.world
    bill = await world.issued_bill()
    twice = [await world.pay(bill), await world.pay(bill)]
    case = next(case for case in world.refunds() if case.receipt_id == twice[1].ntpn)
    await to_released(driver, case)
    await driver.service.choose_credit(OWNER, case.refund_id, driver.command())
    return the_credit(driver)


async def to_released(driver: RefundDriver, case: Refund) -> None:
    """Approve a case that billing opened, up to where only its payment is missing; the bank stays silent."""
    driver.world.treasury.down = True
    await driver.approved(case)
    assert driver.case(case).state is RefundState.RELEASED
    assert driver.case(case).order_sent is None


def the_credit(driver: RefundDriver) -> Credit:
    found: list[Credit] = driver.world.all(CREDITS)
    return found[0]


async def another_bill(driver: RefundDriver, name: str = "later") -> Bill:
    """A later bill of the same account."""
    await driver.world.submitted(f"application-{name}", person_id=f"person-{name}")
    await driver.world.seat_held(
        f"appointment-{name}", application_id=f"application-{name}", person_id=f"person-{name}"
    )
    await driver.world.work()
    return driver.world.bill(f"appointment-{name}")


def drawn(driver: RefundDriver) -> list[Any]:
    return [receipt for receipt in driver.world.all(RECEIPTS) if receipt.drawn_from is Account.CREDITED]


@pytest.mark.acceptance("X2.different_fee")
async def test_a_credit_pays_a_later_bill(driver: RefundDriver) -> None:
    credit = await credited(driver)
    assert (credit.state, credit.rest) == (CreditState.OPEN, credit.amount)
    bill = await another_bill(driver)
    used = await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    assert (used.state, used.rest, used.due) == (CreditState.SPENT, 0, {})
    paid = driver.world.bill_by_id(bill.bill_id)
    assert (paid.state, paid.standing) == (BillState.PAID, BillOutcome.APPOINTMENT)
    receipt = drawn(driver)[0]
    assert (receipt.state, receipt.settles_bill_id) == (ReceiptState.SETTLES_BILL, bill.bill_id)
    assert paid.settled_by == receipt.ntpn
    await driver.world.rules_hold()


async def test_the_ledger_moves_the_money_from_credit_to_revenue_once(driver: RefundDriver) -> None:
    credit = await credited(driver)
    bill = await another_bill(driver)
    await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    sums = balances([posting for receipt in driver.world.all(RECEIPTS) for posting in receipt.postings])
    assert sums == {Account.TREASURY: 2 * credit.amount, Account.REVENUE: -2 * credit.amount}


async def test_a_repeat_for_the_same_bill_changes_nothing(driver: RefundDriver) -> None:
    credit = await credited(driver)
    bill = await another_bill(driver)
    use = driver.world.billing.credits.pay_bill
    first = await use(OWNER, credit.credit_id, bill.bill_id, "use")
    assert await use(OWNER, credit.credit_id, bill.bill_id, "use again") == first
    assert len(drawn(driver)) == 1


async def test_money_on_the_code_of_a_bill_paid_with_credit_goes_back(driver: RefundDriver) -> None:
    credit = await credited(driver)
    bill = await another_bill(driver)
    await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    paid = await driver.world.pay(bill)
    assert driver.world.receipt(paid.ntpn).state is ReceiptState.IN_REFUND
    await driver.world.rules_hold()


async def test_what_a_credit_paid_can_be_refunded_and_the_treasury_is_told_its_own_number(
    driver: RefundDriver,
) -> None:
    credit = await credited(driver)
    bill = await another_bill(driver)
    await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    driver.world.treasury.down = False
    case = await driver.ask(driver.world.bill_by_id(bill.bill_id))
    await driver.approved(case)
    await driver.world.released("refund_approved", "appointment-later", version=9, was_confirmed=True)
    await driver.world.pass_time(600)
    order = driver.world.treasury.orders[driver.case(case).order_number]
    assert len(order.receipt_id) == 16
    assert order.receipt_id == drawn(driver)[0].treasury_ntpn
    assert driver.case(case).state is RefundState.PAID
    await driver.world.rules_hold()


async def test_a_credit_is_paid_out_without_a_second_decision(driver: RefundDriver) -> None:
    credit = await credited(driver)
    driver.world.treasury.down = False
    gone = await driver.world.billing.credits.pay_out(OWNER, credit.credit_id, "out")
    assert (gone.state, gone.rest) == (CreditState.PAID_OUT, 0)
    case = next(case for case in driver.world.refunds() if case.refund_id == gone.payout_refund_id)
    assert (case.state, case.reason, case.amount) == (RefundState.RELEASED, "credit_paid_out", credit.amount)
    assert case.account_id == OWNER.account_id
    await driver.account(case)
    await driver.world.pass_time(600)
    assert driver.case(case).state is RefundState.PAID
    assert driver.world.treasury.paid_out == credit.amount
    assert drawn(driver)[0].state is ReceiptState.REFUNDED
    again = await driver.world.billing.credits.pay_out(OWNER, credit.credit_id, "out again")
    assert again == gone
    assert len(driver.world.treasury.orders) == 1
    await driver.world.rules_hold()


async def test_the_rest_of_a_partly_used_credit_is_paid_out(driver: RefundDriver) -> None:
    credit = await credited(driver)
    bill = await another_bill(driver)
    await change_price(driver, bill, 100_000)
    used = await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    assert (used.state, used.rest) == (CreditState.OPEN, credit.amount - 100_000)
    gone = await driver.world.billing.credits.pay_out(OWNER, credit.credit_id, "out")
    case = next(case for case in driver.world.refunds() if case.refund_id == gone.payout_refund_id)
    assert case.amount == credit.amount - 100_000
    await driver.world.rules_hold()


async def change_price(driver: RefundDriver, bill: Bill, amount: int) -> None:
    price: Price = replace(bill.price, total=amount)
    record = await driver.world.store.get(BILLS, bill.bill_id)
    assert record is not None
    await driver.world.store.save(BILLS, record, replace(record.state, price=price), now=driver.world.clock.now())


# bad input: refused with its own sentence, and nothing changes


async def refused(driver: RefundDriver, why: type[Exception], ask: Any) -> None:
    world = driver.world
    before = (world.all(CREDITS), world.all(RECEIPTS), world.all(BILLS), list(world.said))
    with pytest.raises(why):
        await ask
    assert (world.all(CREDITS), world.all(RECEIPTS), world.all(BILLS), list(world.said)) == before


async def test_bad_uses_of_a_credit_are_refused_and_change_nothing(driver: RefundDriver) -> None:
    credit, service = await credited(driver), driver.world.billing.credits
    bill = await another_bill(driver)
    await refused(driver, CreditUnknown, service.credit(STRANGER, credit.credit_id))
    await refused(driver, CreditUnknown, service.pay_bill(STRANGER, credit.credit_id, bill.bill_id, "bad"))
    await refused(driver, CreditUnknown, service.pay_out(STRANGER, credit.credit_id, "bad"))
    await refused(driver, CreditUnknown, service.pay_out(OWNER, "no-such-credit", "bad"))
    await refused(driver, BillUnknown, service.pay_bill(OWNER, credit.credit_id, "no-such-bill", "bad"))
    paid = driver.world.bill()
    await refused(driver, BillNotForCredit, service.pay_bill(OWNER, credit.credit_id, paid.bill_id, "bad"))
    await change_price(driver, bill, credit.amount + 1)
    await refused(driver, CreditTooSmall, service.pay_bill(OWNER, credit.credit_id, bill.bill_id, "bad"))
    await change_price(driver, bill, credit.amount)
    await service.pay_bill(OWNER, credit.credit_id, bill.bill_id, "good")
    other = await another_bill(driver, "other")
    await refused(driver, CreditIsUsedUp, service.pay_bill(OWNER, credit.credit_id, other.bill_id, "bad"))
    await refused(driver, CreditIsUsedUp, service.pay_out(OWNER, credit.credit_id, "bad"))
    assert await service.credits(STRANGER) == []
    assert [found.credit_id for found in await service.credits(OWNER)] == [credit.credit_id]
    assert (await service.credit(OWNER, credit.credit_id)).state is CreditState.SPENT


async def test_a_bill_in_a_joint_bill_is_not_paid_with_a_credit(driver: RefundDriver) -> None:
    credit, world = await credited(driver), driver.world
    bills = [await another_bill(driver, name) for name in ("a", "b")]
    await world.billing.joint_bills.open(OWNER, tuple(bill.bill_id for bill in bills), "joint")
    await refused(
        driver, BillNotForCredit, world.billing.credits.pay_bill(OWNER, credit.credit_id, bills[0].bill_id, "bad")
    )


# spent or paid out, never both


async def spend_and_pay_out_at_once(driver: RefundDriver) -> Sequence[Any]:
    """Both past their checks before either writes the credit."""
    credit, service = await credited(driver), driver.world.billing.credits
    bill = await another_bill(driver)
    find, ready = service._find_own, asyncio.Barrier(2)

    async def both_have_read(caller: Any, credit_id: str) -> Any:
        record = await find(caller, credit_id)
        await ready.wait()
        return record

    service._find_own = both_have_read
    answers = await asyncio.gather(
        service.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use"),
        service.pay_out(OWNER, credit.credit_id, "out"),
        return_exceptions=True,
    )
    service._find_own = find
    await driver.world.work()
    return answers


async def test_a_credit_is_spent_or_paid_out_at_the_same_moment_never_both(driver: RefundDriver) -> None:
    answers = await spend_and_pay_out_at_once(driver)
    assert [type(answer) for answer in answers].count(CreditIsUsedUp) == 1
    credit = the_credit(driver)
    assert sum(receipt.amount for receipt in drawn(driver)) == credit.amount
    assert len(drawn(driver)) == 1
    await driver.world.rules_hold()


async def test_twin_without_the_guard_a_credit_is_spent_and_paid_out(
    driver: RefundDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw_anyway(credit: Credit, bill_id: str, amount: int, now: Any) -> Decision[Credit]:
        return Decision(credit_model._drawn(credit, CreditState.SPENT, amount, bill_id, now))

    def pay_out_anyway(credit: Credit, _refund_id: str, now: Any) -> Decision[Credit]:
        return Decision(credit_model._drawn(credit, CreditState.PAID_OUT, credit.amount, None, now))

    monkeypatch.setattr(credit_model, "draw_for_bill", draw_anyway)
    monkeypatch.setattr(credit_model, "pay_out", pay_out_anyway)
    await spend_and_pay_out_at_once(driver)
    assert sum(receipt.amount for receipt in drawn(driver)) == 2 * the_credit(driver).amount  # the state pays twice
    report = await driver.world.parts.invariants["I5"]()
    assert the_credit(driver).credit_id in report.broken


async def test_a_bill_paid_by_code_at_the_same_moment_gives_the_credit_back_as_a_refund(driver: RefundDriver) -> None:
    credit, world = await credited(driver), driver.world
    bill = await another_bill(driver)
    find = world.billing.credits._own_bills.find

    async def paid_right_after(caller: Any, bill_id: str) -> Any:
        record = await find(caller, bill_id)
        await world.pay(bill)
        return record

    world.billing.credits._own_bills.find = paid_right_after
    await world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    assert drawn(driver)[0].state is ReceiptState.IN_REFUND
    assert [case.reason for case in world.refunds() if case.receipt_id == drawn(driver)[0].ntpn] == [
        "duplicate_payment"
    ]
    await world.rules_hold()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("act", ["pay_bill", "pay_out"])
async def test_a_crash_around_any_write_uses_a_credit_once(act: str, after: bool) -> None:
    for dies_at in range(1, 9):
        store = DyingStore()
        driver = make_driver(store)
        credit, world = await credited(driver), driver.world
        bill = await another_bill(driver)
        store.writes, store.dies_at, store.after = 0, dies_at, after
        while not the_credit(driver).draws:  # once it is drawn, its deadline does the rest
            with suppress(StoreUnavailable):
                if act == "pay_bill":
                    await world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
                else:
                    await world.billing.credits.pay_out(OWNER, credit.credit_id, "out")
        for _ in range(2):
            with suppress(StoreUnavailable):
                await world.pass_time(60)
        used = the_credit(driver)
        assert (used.rest, used.due, used.booked) == (0, {}, 1), (dies_at, used)
        assert len(drawn(driver)) == 1
        assert (world.bill_by_id(bill.bill_id).state is BillState.PAID) == (act == "pay_bill")
        await world.rules_hold()


# the choice between credit and payment


async def test_a_refund_that_the_treasury_may_be_paying_cannot_be_credited(driver: RefundDriver) -> None:
    world = driver.world
    bill = await world.issued_bill()
    twice = [await world.pay(bill), await world.pay(bill)]
    case = next(case for case in world.refunds() if case.receipt_id == twice[1].ntpn)
    world.treasury.loses_answer = True
    await driver.approved(case)
    await world.work()
    assert driver.case(case).state is RefundState.RELEASED  # the order is out, its answer was lost
    with pytest.raises(RefundStepNotNow):
        await driver.service.choose_credit(OWNER, case.refund_id, driver.command())
    assert world.all(CREDITS) == []
    await world.pass_time(600)
    assert driver.case(case).state is RefundState.PAID


async def test_a_credited_refund_is_not_ordered_even_if_its_order_was_due(driver: RefundDriver) -> None:
    credit = await credited(driver)
    driver.world.treasury.down = False
    await driver.world.pass_time(3600, step=100)
    assert driver.world.treasury.orders == {}
    assert the_credit(driver) == credit


async def test_choosing_credit_twice_makes_one_credit_and_before_the_approval_none(driver: RefundDriver) -> None:
    world = driver.world
    bill = await world.issued_bill()
    twice = [await world.pay(bill), await world.pay(bill)]
    case = next(case for case in world.refunds() if case.receipt_id == twice[1].ntpn)
    with pytest.raises(RefundStepNotNow):
        await driver.service.choose_credit(OWNER, case.refund_id, driver.command())
    await to_released(driver, case)
    for _ in range(2):
        await driver.service.choose_credit(OWNER, case.refund_id, driver.command())
    assert len(world.all(CREDITS)) == 1


# the pure rules


def a_credit(amount: int = 100) -> Credit:
    return open_credit("credit-1", "refund-1", "A" * 16, amount, "account-1", "application-1", "bill-1", T0).state


def test_a_credit_is_sound_as_long_as_its_uses_are_at_most_it() -> None:
    credit = a_credit()
    assert is_sound(credit)
    used = credit_model.draw_for_bill(credit, "bill-2", 40, T0).state
    assert is_sound(used) and used.payout_refund_id is None
    spent = credit_model.draw_for_bill(used, "bill-3", 60, T0).state
    assert is_sound(spent)
    out = pay_out(used, "refund-2", T0).state
    assert is_sound(out) and out.payout_refund_id == "refund-2"
    assert not is_sound(replace(credit, amount=-1))
    assert not is_sound(replace(spent, state=CreditState.OPEN))
    assert not is_sound(replace(out, state=CreditState.SPENT))
    assert not is_sound(replace(spent, state=CreditState.PAID_OUT))


def test_a_credit_gives_no_more_than_it_holds() -> None:
    with pytest.raises(TooLittleLeft):
        credit_model.draw_for_bill(a_credit(), "bill-2", 101, T0)
    with pytest.raises(IllegalTransition):
        pay_out(credit_model.draw_for_bill(a_credit(), "bill-2", 100, T0).state, "refund-2", T0)


def test_a_draw_that_came_meanwhile_stays_due() -> None:
    two = credit_model.draw_for_bill(a_credit(), "bill-2", 40, T0).state
    two = credit_model.draw_for_bill(two, "bill-3", 40, T0 + seconds(1)).state
    half = booked(two, 1).state
    assert (half.booked, half.due) == (1, {"book": T0 + timedelta(seconds=1)})
    assert booked(half, 2).state.due == {}
    assert booked(booked(half, 2).state, 1).state.booked == 2
