"""Rules across services: what breaks them is seen, and each was broken by a fault that every other rule let pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.billing.bills.application_repository import APPLICATIONS
from services.billing.bills.model import Bill, BillOutcome, VisitState
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.invariants import agreement
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundState
from shared.events.application import PassportPrinted
from tests.unit.billing.make import in_state
from tests.unit.billing.test_config_and_checks import broken, paid, refunded, spoil
from tests.unit.billing.world import ACCOUNT, APPLICATION, World, make_world


@pytest.fixture
def world() -> World:
    return make_world()


async def confirmed(world: World) -> tuple[Bill, Receipt]:
    bill, receipt = await paid(world)
    await world.confirmed(bill.bill_id, "paid")
    await world.rules_hold()
    return world.bill(), receipt


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": BillOutcome.SEAT_SOUGHT, "late_receipt_id": "A000000000000001"},
        {"state": BillState.EXPIRED},
        {"settled_by": None},
    ],
)
async def test_i11_sees_a_visit_without_its_money(world: World, changes: dict[str, Any]) -> None:
    bill, _ = await confirmed(world)
    await spoil(world, BILLS, bill.bill_id, **changes)
    assert await broken(world, "I11")


async def test_i11_sees_a_visit_whose_money_went_back(world: World) -> None:
    _, receipt = await confirmed(world)
    await spoil(world, RECEIPTS, receipt.ntpn, state=ReceiptState.REFUNDED)
    assert await broken(world, "I11")


async def test_i11_sees_two_bills_on_one_visit(world: World) -> None:
    bill, _ = await confirmed(world)
    await world.store.insert(BILLS, "bill-2", replace(bill, bill_id="bill-2"), now=world.clock.now())
    assert await broken(world, "I11")


def test_i11_asks_no_money_of_what_is_free_or_no_visit() -> None:
    waived = in_state(BillState.WAIVED)
    assert waived.seat is not None
    visit = replace(waived, seat=replace(waived.seat, visit=VisitState.CONFIRMED))
    assert agreement.visit_faults(visit, None, []) == []
    assert agreement.visit_faults(waived, None, []) == []
    assert agreement.visit_faults(replace(visit, seat=None), None, []) == []


async def test_i12_sees_a_visit_and_a_book_on_money_that_went_back(world: World) -> None:
    bill, receipt, refund = await refunded(world)
    first = bill.settled_by or receipt.ntpn
    await spoil(world, REFUNDS, refund.refund_id, state=RefundState.PAID, whole=True, booked=True)
    assert not await broken(world, "I12"), "a second payment carries nothing"
    await spoil(world, REFUNDS, refund.refund_id, receipt_id=first)
    assert not await broken(world, "I12"), "nothing stands on it"
    printed = PassportPrinted(application_id=APPLICATION, account_id=ACCOUNT, office_id="office-1")
    for _ in range(2):
        await world.hear(printed)
    assert await broken(world, "I12"), "a printed book"
    await spoil(world, APPLICATIONS, APPLICATION, printed=False)
    await world.confirmed(bill.bill_id, "paid")
    assert await broken(world, "I12"), "a confirmed visit"


async def test_i12_passes_over_money_of_no_application(world: World) -> None:
    _, _, refund = await refunded(world)
    await spoil(world, REFUNDS, refund.refund_id, state=RefundState.PAID, application_id=None)
    assert not await broken(world, "I12")


@pytest.mark.parametrize("changes", [{"person_id": "person-2"}, {"account_id": "account-2"}])
async def test_i14_sees_a_bill_of_somebody_else(world: World, changes: dict[str, Any]) -> None:
    await confirmed(world)
    await spoil(world, APPLICATIONS, APPLICATION, **changes)
    assert await broken(world, "I14")


async def test_i14_sees_a_seat_of_somebody_else(world: World) -> None:
    bill, _ = await confirmed(world)
    await spoil(world, BILLS, bill.bill_id, seat=replace(bill.seat, person_id="person-2"))  # type: ignore[type-var]
    assert await broken(world, "I14")


async def test_a_book_that_is_heard_of_first_waits_for_its_application(world: World) -> None:
    await world.hear(PassportPrinted(application_id=APPLICATION, account_id=ACCOUNT, office_id="office-1"))
    await confirmed(world)
    assert not await broken(world, "I14")


async def test_what_vanished_meanwhile_is_broken(world: World) -> None:
    bill, _ = await confirmed(world)
    record = await world.store.get(BILLS, bill.bill_id)
    assert record is not None

    async def gone(_bill_id: str) -> None:
        return None

    world.billing.agreement._bills.bill = gone
    assert await broken(world, "I11")
