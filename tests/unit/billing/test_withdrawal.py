"""Money and the withdrawal of its application: pay time decides, whichever of the two is heard first."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.billing.bills.application_repository import APPLICATIONS
from services.billing.bills.model import Bill, BillOutcome
from services.billing.payment import Payment
from services.billing.receipts.model import Facts, judge, judge_without_seat, receive
from services.billing.receipts.receipt_processing import ReceiptProcessing
from services.billing.receipts.refund_subject import RefundCause
from services.billing.receipts.withdrawal import paid_after
from services.billing.rules import ReceiptPolicy
from tests.unit.billing.make import T0
from tests.unit.billing.world import APPLICATION, World, make_world

Step = Callable[[World, Payment], Awaitable[None]]

KEPT = ("settles_bill", "paid", BillOutcome.CLOSED)


def moment(milliseconds: int) -> datetime:
    return T0 + timedelta(milliseconds=milliseconds)


def test_the_banks_second_decides_and_doubt_is_the_payers() -> None:
    withdrawn_at = moment(10_700)
    assert not paid_after(moment(9_999), withdrawn_at), "the second before the withdrawal"
    assert paid_after(moment(10_000), withdrawn_at), "the same second: the bank keeps no fraction"
    assert paid_after(moment(10_900), withdrawn_at)
    assert paid_after(moment(11_000), withdrawn_at)
    assert not paid_after(moment(11_000), None)


async def test_a_judgement_knows_the_withdrawal() -> None:
    world = make_world()
    bill = await world.issued_bill()
    receipt = receive(world.payment(bill), "push", world.clock.now(), ReceiptPolicy())
    now = world.clock.now()
    after, before = Facts(bill, (), True, now), Facts(bill, (), True, now + timedelta(seconds=1))
    assert judge(receipt, after).reason == RefundCause.PAID_AFTER_WITHDRAWAL
    assert judge(receipt, before).reason is None, "a bill that is still live takes money of before"
    assert judge_without_seat(receipt, after).reason == RefundCause.PAID_AFTER_WITHDRAWAL
    assert judge_without_seat(receipt, before).reason == RefundCause.SERVICE_NOT_DELIVERED


# -- every order in which payment, withdrawal and the seat's end can be heard ------------------------------------------


async def payment_heard(world: World, payment: Payment) -> None:
    await world.push(payment)


def withdrawal_heard(at: datetime) -> Step:
    async def hear(world: World, _payment: Payment) -> None:
        await world.withdrawn(at=at)

    return hear


async def seat_won_and_given_up(world: World, _payment: Payment) -> None:
    """Scheduling heard the payment before the withdrawal: it can only tell this once there was a payment."""
    await world.released("withdrawn", version=4, was_confirmed=True)


async def seat_given_up(world: World, _payment: Payment) -> None:
    await world.released("withdrawn", version=3)


def orders(last: Step) -> list[tuple[int, ...]]:
    """Every order of payment (0), withdrawal (1) and seat's end (2); a seat that was won ends after its payment."""
    everything = list(itertools.permutations(range(3)))
    if last is seat_given_up:
        return everything
    return [order for order in everything if order.index(0) < order.index(2)]


async def play(order: tuple[int, ...], late_by: int, last: Step) -> tuple[World, Payment]:
    """A withdrawal at the clock's time, and a payment so many seconds later, heard in that order."""
    world = make_world()
    bill = await world.issued_bill()
    withdrawn_at = world.clock.now() + timedelta(seconds=30, milliseconds=700)
    paid_at = (world.clock.now() + timedelta(seconds=30 + late_by)).replace(microsecond=0)
    world.clock.advance(60)
    payment = world.payment(bill, paid_at=paid_at)
    steps = (payment_heard, withdrawal_heard(withdrawn_at), last)
    for index in order:
        await steps[index](world, payment)
        await world.rules_hold()
    if (
        world.bill().standing == BillOutcome.SEAT_SOUGHT
    ):  # asked before the withdrawal was heard: scheduling knows better
        await world.no_seat(bill.bill_id)
    await world.rules_hold()
    return world, payment


@pytest.mark.acceptance("F63.refund")
@pytest.mark.parametrize("late_by", [0, 1, 25])
@pytest.mark.parametrize("last", [seat_won_and_given_up, seat_given_up])
async def test_money_paid_from_the_withdrawal_on_goes_back_in_every_order(late_by: int, last: Step) -> None:
    for order in orders(last):
        world, payment = await play(order, late_by, last)
        state, _, standing = await world.outcome(payment.ntpn)
        assert state == "in_refund", order
        assert standing in (None, BillOutcome.REFUND), order
        assert [case.automatic for case in world.refunds()] == [True], order
        assert world.receipt(payment.ntpn).remaining == payment.amount


@pytest.mark.parametrize("order", orders(seat_won_and_given_up))
async def test_the_cause_is_named(order: tuple[int, ...]) -> None:
    world, _ = await play(order, 1, seat_won_and_given_up)
    assert [case.reason for case in world.refunds()] == ["paid_after_withdrawal"]


async def test_money_paid_before_the_withdrawal_is_kept_once_the_seat_was_won() -> None:
    for order in ((0, 1, 2), (0, 2, 1)):
        world, payment = await play(order, -1, seat_won_and_given_up)
        assert await world.outcome(payment.ntpn) == KEPT
        assert world.bill().closed_reason == "withdrawn"
        assert world.refunds() == []


async def test_money_paid_before_the_withdrawal_goes_back_where_no_seat_was_won() -> None:
    world, payment = await play((0, 2, 1), -1, seat_given_up)
    assert await world.outcome(payment.ntpn) == ("in_refund", "paid", BillOutcome.REFUND)
    assert world.refunds()[0].reason == "service_not_delivered"


async def test_without_the_look_afterwards_the_fee_of_who_paid_after_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: the guard is off, and it only matters which message was the faster."""

    async def nothing(_processing: ReceiptProcessing, _bill_id: str) -> None:
        return None

    monkeypatch.setattr(ReceiptProcessing, "give_back_if_withdrawn_before", nothing)
    for order in ((0, 1, 2), (0, 2, 1)):
        world, payment = await play(order, 25, seat_won_and_given_up)
        assert await world.outcome(payment.ntpn) == KEPT


@pytest.mark.parametrize("heard", ["once", "twice"])
async def test_a_withdrawal_heard_again_makes_no_second_case(heard: str) -> None:
    world, payment = await play((0, 2, 1), 1, seat_won_and_given_up)
    for _ in range(2 if heard == "twice" else 1):
        await world.withdrawn(at=world.clock.now() - timedelta(hours=1))
    assert len(world.refunds()) == 1
    assert (await world.outcome(payment.ntpn))[0] == "in_refund"


async def test_a_withdrawal_of_an_earlier_version_tells_its_time_by_its_envelope() -> None:
    from shared.events.application import ApplicationWithdrawn

    world = make_world()
    bill = await world.issued_bill()
    await world.hear(
        ApplicationWithdrawn(application_id=APPLICATION, account_id="account-1", person_id="person-1"), version=2
    )
    known = await world.store.get(APPLICATIONS, APPLICATION)
    assert known is not None
    assert known.state.withdrawn_at == world.clock.now()
    payment = await world.pay(bill)
    assert (await world.outcome(payment.ntpn))[0] == "in_refund"
    assert world.refunds()[0].reason == "paid_after_withdrawal"


# -- money that sought a seat, and money that waits on none ------------------------------------------------------------


async def test_late_money_that_wins_a_seat_for_a_withdrawn_application_goes_back() -> None:
    """Scheduling finds the seat before it hears of the withdrawal; billing hears of the withdrawal in between."""
    world = make_world()
    bill = await world.expired_bill()
    payment = await world.pay(bill)
    await world.withdrawn(at=payment.paid_at - timedelta(seconds=1))
    await world.confirmed(bill.bill_id, "late_payment", version=6)
    await world.released("withdrawn", version=7, was_confirmed=True)
    assert await world.outcome(payment.ntpn) == ("in_refund", "paid", BillOutcome.REFUND)
    await world.rules_hold()


async def expired_top_up(world: World) -> Bill:
    """A difference that was not paid in time: it is owed all the same, and money on it needs no seat."""
    from services.billing.bills import model as bills
    from services.billing.bills.model import BillPurpose, Payer
    from services.billing.bills.repository import BILLS
    from services.billing.rules import BillPolicy
    from tests.unit.billing.make import a_price

    await world.submitted()
    payer = Payer(APPLICATION, "account-1", "person-1")
    owed = bills.request("top-up-1", payer, BillPurpose.TOP_UP, a_price(), None, world.clock.now(), BillPolicy())
    await world.store.insert(BILLS, "top-up-1", owed.state, now=world.clock.now(), events=owed.events)
    await world.pass_time(8500, step=100)
    return world.bill_by_id("top-up-1")


async def test_a_withdrawal_between_the_judgement_and_the_payment_of_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = make_world()
    bill = await expired_top_up(world)
    payment = world.payment(bill)
    pay = ReceiptProcessing._pay

    async def slowly(money: ReceiptProcessing, *given: object, **named: object) -> None:
        await world.withdrawn(at=payment.paid_at)
        await pay(money, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ReceiptProcessing, "_pay", slowly)
    await world.push(payment)
    assert (await world.outcome(payment.ntpn))[:2] == ("in_refund", "paid")
    assert world.refunds()[0].reason == "paid_after_withdrawal"
    await world.rules_hold()


async def test_a_difference_that_is_paid_late_for_a_live_application_is_kept() -> None:
    world = make_world()
    bill = await expired_top_up(world)
    payment = await world.pay(bill)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.CLOSED)


async def test_money_that_a_crash_left_midway_goes_back_too() -> None:
    """The bill was paid, the receipt not yet settled: giving back settles it first."""
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    save = world.store.save

    async def crash(kind: object, record: object, state: object, **more: object) -> object:
        if getattr(state, "settles_bill_id", None) is not None:
            raise ConnectionError
        return await save(kind, record, state, **more)  # type: ignore[arg-type]

    world.store.save = crash  # type: ignore[assignment, method-assign]
    with pytest.raises(ConnectionError):
        await world.push(payment)
    world.store.save = save  # type: ignore[method-assign]
    assert world.receipt(payment.ntpn).state == "awaits_outcome"
    await world.withdrawn(at=payment.paid_at)
    assert await world.outcome(payment.ntpn) == ("in_refund", "paid", BillOutcome.REFUND)
    assert replace(payment).amount == world.refunds()[0].amount
