"""The table of docs/money.md: how, when and in which shape money comes, and its one outcome; a test for each row."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.billing.bills.model import Bill
from services.billing.bills.states import BillState
from services.billing.cases.repository import CASES
from services.billing.payment import Payment
from services.billing.receipts.repository import RECEIPTS
from services.billing.settlement.model import SettlementSource
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from tests.unit.billing.make import at
from tests.unit.billing.test_settlement import booked, brought
from tests.unit.billing.world import World, make_world

PAGE = Path(__file__).parents[3] / "docs" / "money.md"


async def push(world: World, payment: Payment) -> None:
    """SIMPONI's notice arrives."""
    await world.push(payment)


async def poll(world: World, payment: Payment) -> None:
    """No notice arrives; billing looks by itself, as often as it does."""
    world.simponi.add(payment)
    for _ in range(200):
        if any(receipt.ntpn == payment.ntpn for receipt in world.all(RECEIPTS)):
            return
        await world.pass_time(60, step=60)
    pytest.fail("no look has found it")


async def file(world: World, payment: Payment) -> None:
    """Neither notice nor look told of it; the settlement file does."""
    await brought(world, booked([payment]))


async def claim(world: World, payment: Payment) -> None:
    """A person brings a file that shows it, and SIMPONI, asked about it, says the same."""
    world.simponi.add(payment)
    await brought(world, booked([payment]), SettlementSource.CLAIMED)


Way = Callable[[World, Payment], Awaitable[None]]
EVERY_WAY = pytest.mark.parametrize("way", [push, poll, file, claim], ids=lambda way: way.__name__)
WITHOUT_ITS_CODE = pytest.mark.parametrize("way", [push, file], ids=lambda way: way.__name__)


async def ended(world: World, payment: Payment) -> str:
    """Where the money is and how its bill stands, as one line; every rule of money holds."""
    await world.rules_hold()
    state, bill, standing = await world.outcome(payment.ntpn)
    reasons = [case.reason for case in world.refunds() if case.receipt_id == payment.ntpn]
    return " ".join([state, *(part for part in (bill, standing) if part), *reasons])


async def late(world: World) -> tuple[Bill, Payment]:
    bill = await world.expired_bill()
    return bill, world.payment(bill)


def row(number: int) -> pytest.MarkDecorator:
    """Marks the test of a row of the page."""
    return pytest.mark.parametrize("row", [number], ids=[f"row{number}"])


@EVERY_WAY
@row(1)
@pytest.mark.acceptance("F56.push", "F56.poll")
async def test_in_time(way: Way, row: int) -> None:
    world = make_world()
    payment = world.payment(await world.issued_bill())
    await way(world, payment)
    assert await ended(world, payment) == "settles_bill paid appointment"


@EVERY_WAY
@row(2)
@pytest.mark.acceptance("F63.refund")
async def test_in_time_but_told_after_the_end(way: Way, row: int) -> None:
    world = make_world()
    bill, payment = await late(world)
    payment = replace(payment, paid_at=at(7200))
    await way(world, payment)
    assert await ended(world, payment) == "awaits_seat expired seat_sought"
    await world.no_seat(bill.bill_id)
    assert await ended(world, payment) == "in_refund expired refund service_not_delivered"


@EVERY_WAY
@row(3)
@pytest.mark.parametrize("seat", [True, False], ids=["seat", "none"])
async def test_late(way: Way, row: int, seat: bool) -> None:
    world = make_world()
    bill, payment = await late(world)
    await way(world, payment)
    assert await ended(world, payment) == "awaits_seat expired seat_sought"
    await (world.confirmed(bill.bill_id, "late_same_seat") if seat else world.no_seat(bill.bill_id))
    expected = "settles_bill paid appointment" if seat else "in_refund expired refund late_payment"
    assert await ended(world, payment) == expected


@EVERY_WAY
@row(4)
async def test_late_while_the_application_has_a_live_bill(way: Way, row: int) -> None:
    world = make_world()
    _, payment = await late(world)
    await world.seat_held("appointment-2")
    await world.work()
    await way(world, payment)
    assert await ended(world, payment) == "settles_bill superseded"
    assert world.bill("appointment-2").state == BillState.PAID
    assert "PaymentArrivedLate" not in world.names()


@EVERY_WAY
@row(5)
@pytest.mark.acceptance("X3.refund_case", "X3.no_second_booking")
async def test_a_second_payment_on_one_code(way: Way, row: int) -> None:
    world = make_world()
    first = await world.pay(await world.issued_bill())
    second = world.payment(world.bill())
    await way(world, second)
    assert await ended(world, first) == "settles_bill paid appointment"
    assert await ended(world, second) == "in_refund paid appointment duplicate_payment"
    assert world.names().count("BillPaid") == 1


@EVERY_WAY
@row(6)
async def test_a_second_late_payment_on_one_code(way: Way, row: int) -> None:
    world = make_world()
    _, first = await late(world)
    await push(world, first)
    second = world.payment(world.bill())
    await way(world, second)
    assert await ended(world, second) == "in_refund expired seat_sought duplicate_payment"
    assert world.names().count("PaymentArrivedLate") == 1 or way is poll  # asked again while no answer comes


@EVERY_WAY
@row(7)
@pytest.mark.parametrize("difference", [1, -1], ids=["too_much", "too_little"])
async def test_a_wrong_amount(way: Way, row: int, difference: int) -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill, amount=bill.amount + difference)
    await way(world, payment)
    assert await ended(world, payment) == "in_refund issued wrong_amount"
    right = await world.pay(bill)
    assert await ended(world, right) == "settles_bill paid appointment"


@WITHOUT_ITS_CODE
@row(8)
async def test_a_code_of_nobody(way: Way, row: int) -> None:
    world = make_world()
    payment = replace(world.payment(await world.issued_bill()), billing_code="8" * 15)
    await way(world, payment)
    assert await ended(world, payment) == "awaits_outcome"
    await world.pass_time(2 * 3600, step=300)
    assert await ended(world, payment) == "in_refund unknown_code"
    cases = {case.kind: case.outcome for case in world.all(CASES)}
    assert cases.pop(PaymentCaseKind.UNKNOWN_CODE) == PaymentCaseOutcome.REFUNDED
    assert cases == ({PaymentCaseKind.SETTLED_UNKNOWN_HERE: PaymentCaseOutcome.REFUNDED} if way is file else {})


@WITHOUT_ITS_CODE
@row(9)
async def test_told_before_the_code_was_stored(way: Way, row: int) -> None:
    world = make_world()
    await world.submitted()
    await world.seat_held()
    world.simponi.loses_answer = True
    await world.work()
    code = next(iter(world.simponi.codes))
    payment = world.payment(world.bill(), billing_code=code)
    world.simponi.add(payment)
    await way(world, payment)
    await world.pass_time(60, step=1)
    assert await ended(world, payment) == "settles_bill paid appointment"


@EVERY_WAY
@row(10)
@pytest.mark.acceptance("X4.keeps_slot", "X4.paid_on_ntpn")
async def test_the_banks_number_first_and_the_treasurys_later(way: Way, row: int) -> None:
    world = make_world()
    bill = await world.issued_bill()
    await push(world, world.payment(bill, ntpn=None, ntb="123456789012"))
    await world.pass_time(8400 + 600, step=300)
    assert (world.bill().state, world.all(RECEIPTS)) == (BillState.PAID_UNSETTLED, [])
    payment = world.payment(bill, ntb="123456789012", paid_at=at(0))
    await way(world, payment)
    assert await ended(world, payment) == "settles_bill paid appointment"
    assert "BillExpired" not in world.names()


@EVERY_WAY
@row(11)
async def test_notices_out_of_order(way: Way, row: int) -> None:
    """The treasury's number comes before the bank's: what comes later is evidence and changes nothing."""
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    await way(world, payment)
    said = world.names()
    await push(world, replace(payment, ntpn=None))
    assert await ended(world, payment) == "settles_bill paid appointment"
    assert world.names() == said


@EVERY_WAY
@row(12)
@pytest.mark.acceptance("F58.pay_time_decides")
@pytest.mark.parametrize(
    ("told", "outcome"),
    [(0.999, "settles_bill paid appointment"), (1.0, "awaits_seat expired seat_sought")],
    ids=["last_second", "one_later"],
)
async def test_clocks_that_differ(way: Way, row: int, told: float, outcome: str) -> None:
    """The bank's whole second decides, not when it was heard: ours may be ahead of theirs or behind."""
    world = make_world()
    bill = await world.issued_bill()
    assert bill.expires_at is not None
    payment = world.payment(bill, paid_at=bill.expires_at + timedelta(seconds=told))
    await way(world, payment)
    assert await ended(world, payment) == outcome


@EVERY_WAY
@row(13)
async def test_the_same_money_told_of_again(way: Way, row: int) -> None:
    world = make_world()
    payment = await world.pay(await world.issued_bill())
    said, postings = world.names(), world.receipt(payment.ntpn).postings
    await (poll(world, payment) if way is poll else way(world, payment))
    for again in (push, file):
        await again(world, payment)
    assert await ended(world, payment) == "settles_bill paid appointment"
    assert (world.names(), world.receipt(payment.ntpn).postings) == (said, postings)


@WITHOUT_ITS_CODE
@row(14)
async def test_the_same_number_with_another_amount(way: Way, row: int) -> None:
    """The first booking stays; the file's word is a case, a notice's an alert."""
    world = make_world()
    payment = await world.pay(await world.issued_bill())
    await way(world, replace(payment, amount=1))
    assert await ended(world, payment) == "settles_bill paid appointment"
    kinds = [case.kind for case in world.all(CASES)]
    assert kinds == ([PaymentCaseKind.AMOUNT_DIFFERS] if way is file else [])


@EVERY_WAY
@row(15)
async def test_after_the_bill_was_given_up(way: Way, row: int) -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.released("cancelled")
    payment = world.payment(bill)
    await way(world, payment)
    assert await ended(world, payment) == "awaits_seat cancelled seat_sought"


@EVERY_WAY
@row(16)
async def test_after_the_application_was_withdrawn(way: Way, row: int) -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.withdrawn()
    payment = world.payment(bill)
    await way(world, payment)
    assert await ended(world, payment) == "in_refund cancelled paid_after_withdrawal"


@EVERY_WAY
@row(17)
async def test_before_the_application_was_withdrawn_but_told_after_it(way: Way, row: int) -> None:
    world = make_world()
    payment = world.payment(await world.issued_bill())
    world.clock.advance(1)
    await world.withdrawn()
    await way(world, payment)
    assert await ended(world, payment) == "in_refund cancelled late_payment"


def test_each_row_of_the_page_has_a_test_here() -> None:
    rows = {int(number) for number in re.findall(r"^\| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)}
    tested = {int(number) for number in re.findall(r"^@row\((\d+)\)", Path(__file__).read_text(), re.MULTILINE)}
    assert rows == tested
