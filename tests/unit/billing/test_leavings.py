"""Billing answers identity's question about a leaving: money under way objects, the rest does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.billing.bills.model import BillOutcome
from services.billing.bills.states import BillState
from services.billing.cases.model import CaseState
from services.billing.credits.states import CreditState
from services.billing.leavings.money_under_way import is_bill_under_way, is_money_under_way
from services.billing.leavings.repository import ANSWERED_LEAVINGS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.states import OPEN_REFUNDS, RefundState
from shared.events.billing import BillingLeavingAnswered
from shared.events.identity import LeavingAsked
from tests.unit.billing.make import a_receipt, in_state
from tests.unit.billing.refund_driver import OWNER, make_driver
from tests.unit.billing.test_credits import another_bill, credited
from tests.unit.billing.world import World, make_world

LEAVING = "leaving-1"
UNDER_WAY = {BillState.PAID_UNSETTLED, BillState.EXPIRY_UNCONFIRMED}


@pytest.mark.parametrize("state", BillState)
def test_a_bill_that_is_perhaps_paid_is_under_way_and_an_unpaid_one_may_be_dropped(state: BillState) -> None:
    bill = replace(in_state(state), standing=BillOutcome.CLOSED)
    assert is_bill_under_way(bill) is (state in UNDER_WAY)


@pytest.mark.parametrize("standing", BillOutcome)
def test_a_paid_bill_without_its_end_is_under_way(standing: BillOutcome) -> None:
    bill = replace(in_state(BillState.PAID), standing=standing)
    expected = standing in (BillOutcome.SEAT_SOUGHT, BillOutcome.SPECIAL_RESCHEDULE)
    assert is_bill_under_way(bill) is expected
    assert is_money_under_way([bill], [], [], []) is expected


@pytest.mark.parametrize("state", ReceiptState)
def test_money_that_is_in_no_last_place_is_under_way(state: ReceiptState) -> None:
    expected = state in (ReceiptState.AWAITS_OUTCOME, ReceiptState.AWAITS_SEAT, ReceiptState.IN_REFUND)
    assert is_money_under_way([], [replace(a_receipt(), state=state)], [], []) is expected


class Standing:
    """Whatever has a state."""

    def __init__(self, state: Any) -> None:
        self.state = state


@pytest.mark.parametrize("state", RefundState)
def test_an_open_refund_is_under_way(state: RefundState) -> None:
    refunds: Any = [Standing(state)]
    assert is_money_under_way([], [], refunds, []) is (state in OPEN_REFUNDS)


@pytest.mark.parametrize("state", CaseState)
def test_an_open_question_is_under_way(state: CaseState) -> None:
    cases: Any = [Standing(state)]
    assert is_money_under_way([], [], [], cases) is (state is not CaseState.CLOSED)


@pytest.mark.parametrize("state", CreditState)
def test_a_credit_with_something_left_is_under_way(state: CreditState) -> None:
    kept: Any = [Standing(state)]
    assert is_money_under_way([], [], [], [], kept) is (state is CreditState.OPEN)


def question(
    world: World, *, asking: int = 1, whole_account: bool = True, person: str = "", account: str = ""
) -> LeavingAsked:
    payer = world.bill().payer
    return LeavingAsked(
        leaving_id=LEAVING,
        account_id=account or payer.account_id,
        applicant_ids=("applicant-1",),
        person_ids=(person or payer.person_id,),
        whole_account=whole_account,
        asking=asking,
    )


def answers(world: World) -> list[BillingLeavingAnswered]:
    return world.heard("BillingLeavingAnswered")


async def test_a_bill_that_was_only_issued_does_not_object_and_leaves_no_record() -> None:
    world = make_world()
    await world.issued_bill()
    await world.hear(question(world))
    [answer] = answers(world)
    assert (answer.leaving_id, answer.asking, answer.objections, answer.stays) == (LEAVING, 1, (), ())


async def test_a_payment_stays_on_record_and_a_repeat_is_answered_once() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    for _ in range(2):
        await world.hear(question(world))
    [answer] = answers(world)
    assert answer.stays == ("payment_record",)
    assert [kept.asking for kept in world.all(ANSWERED_LEAVINGS)] == [1]
    await world.hear(question(world, asking=2))
    assert [answer.asking for answer in answers(world)] == [1, 2]


async def test_an_open_credit_objects_until_it_is_used_up() -> None:
    driver = make_driver()
    credit, world = await credited(driver), driver.world
    bill = await another_bill(driver)
    await world.hear(question(world))
    await world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    await world.hear(question(world, asking=2))
    assert [answer.objections for answer in answers(world)] == [("money_under_way",), ()]


async def test_money_of_others_does_not_count() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.hear(question(world, whole_account=False, person="somebody-else"))
    await world.hear(question(world, asking=2, account="another-account"))
    await world.hear(question(world, asking=3, whole_account=False))
    assert [answer.stays for answer in answers(world)] == [(), (), ("payment_record",)]
