"""Refunds and visits: rights to a new date, answers that come too late, no money before the visit is back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills.model import BillOutcome
from services.billing.bills.states import BillState
from services.billing.data.reference import refund_reasons
from services.billing.rebooking import model as specials
from services.billing.receipts.refund_subject import RefundSubject
from services.billing.receipts.states import ReceiptState
from services.billing.refunds import model as refunds
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import (
    AnotherPairOfEyes,
)
from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState
from shared.events import scheduling
from shared.events.codes import BillPurpose
from shared.tokens import Caller, Role
from tests.unit.billing.make import T0, at, in_state
from tests.unit.billing.refund_driver import KEYS, OPERATOR, OWNER, POLICY, SECOND, RefundDriver, make_driver

THIRD = Caller("operator-3", Role.OPERATOR, "s")


# -- rights to a new date ----------------------------------------------------------------------------------------------


async def special(driver: RefundDriver, cause: str, version: int = 10) -> None:
    facts = {name: driver.world.visit()[name] for name in KEYS}
    until = driver.world.clock.now() + timedelta(days=30)
    await driver.world.hear(scheduling.SpecialRescheduleOpened(**facts, cause=cause, until=until), version=version)


async def special_ended(driver: RefundDriver, version: int = 12) -> Any:
    facts = {name: driver.world.visit()[name] for name in KEYS}
    return await driver.world.hear(scheduling.SpecialRescheduleEnded(**facts), version=version)


async def special_used(driver: RefundDriver, version: int = 11) -> None:
    event = scheduling.AppointmentRescheduled(
        **driver.world.visit(),
        queue_number="A2",
        queue_code="signed",
        previous_session_id="session-0",
        previous_starts_at=driver.world.clock.now(),
        previous_office_id="office-1",
        cause="special",
    )
    await driver.world.hear(event, version=version)


@pytest.mark.acceptance("F63.special_reschedule", "F63.refund")
async def test_a_right_to_a_new_date_after_a_fault_of_the_state_gives_the_money_back_when_it_ends() -> None:
    driver = make_driver()
    await driver.paid_bill()
    await special(driver, "system_fault")
    assert driver.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await driver.world.rules_hold()
    await special_ended(driver)
    assert driver.world.bill().standing == BillOutcome.REFUND
    case = driver.world.refunds()[0]
    assert (case.reason, case.automatic) == ("service_not_delivered", True)
    await special_ended(driver)
    assert len(driver.world.refunds()) == 1
    await driver.world.rules_hold()


@pytest.mark.acceptance("F63.refund", "F63.closed")
async def test_a_right_to_a_new_date_for_illness_ends_closed_with_the_reason() -> None:
    driver = make_driver()
    await driver.paid_bill()
    await special(driver, "illness")
    await special(driver, "illness")
    await special_ended(driver)
    assert (driver.world.bill().standing, driver.world.bill().closed_reason) == (
        BillOutcome.CLOSED,
        "special_reschedule_not_used",
    )
    case = await driver.ask(driver.world.bill())
    assert driver.world.bill().standing == BillOutcome.REFUND
    await driver.recommended(case)
    await driver.step(case, OPERATOR, "refuse", rule="own_omission")
    assert (driver.world.bill().standing, driver.world.bill().closed_reason) == (BillOutcome.CLOSED, "refund_refused")
    await driver.world.rules_hold()


@pytest.mark.acceptance("F63.special_reschedule")
async def test_a_used_right_stands_on_the_visit_again_and_news_out_of_order_wait() -> None:
    driver = make_driver()
    await driver.paid_bill()
    facts = {name: driver.world.visit()[name] for name in KEYS}
    until = driver.world.clock.now() + timedelta(days=30)
    interrupted = scheduling.VisitInterrupted(**facts, session_id="session-1", until=until)
    await driver.world.hear(interrupted, version=10)
    assert driver.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await special_used(driver)
    assert driver.world.bill().standing == BillOutcome.APPOINTMENT
    await special_used(driver)
    assert (await special_ended(driver, 14)).value != "done"
    await special(driver, "system_fault", version=13)
    assert (await special_ended(driver, 14)).value == "done"
    assert driver.world.bill().standing == BillOutcome.REFUND
    await special_used(driver, 15)
    await special(driver, "system_fault", version=16)
    assert (await special_ended(driver, 17)).value == "done"
    assert driver.world.bill().standing == BillOutcome.REFUND
    assert len(driver.world.refunds()) == 1


async def test_news_of_rights_without_a_paid_bill_change_nothing() -> None:
    driver = make_driver()
    await driver.world.issued_bill()
    await special(driver, "illness")
    await special_used(driver)
    await special_ended(driver)
    assert driver.world.bill().state == BillState.ISSUED


async def test_an_approved_refund_asks_a_right_to_a_new_date_back_too() -> None:
    driver = make_driver()
    await driver.paid_bill()
    await special(driver, "force_majeure")
    case = await driver.ask(driver.world.bill())
    assert driver.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await driver.approved(case)
    assert len(driver.world.heard("SeatReleaseRequested")) == 1
    await driver.released()
    assert driver.world.bill().standing == BillOutcome.REFUND
    await driver.world.rules_hold()


# -- answers that come too late to mean anything -----------------------------------------------------------------------


def test_answers_about_what_has_moved_on_change_nothing() -> None:
    reason = refund_reasons().reason("duplicate_payment", T0.date())
    case = refunds.open_refund("refund-1", RefundSubject("A" * 16, 5), reason, T0, at(60)).state
    for decision in (
        steps.account_answered(case, T0, True, T0),
        steps.bank_silent(case, T0, T0, POLICY),
        steps.order_unanswered(case, T0, POLICY),
        steps.ordered(case, "refund-1.1", T0, POLICY),
        steps.track_later(case, T0, POLICY),
        steps.order_rejected(case, "another", T0, POLICY),
        steps.paid(case, "refund-1.1", T0, POLICY),
    ):
        assert (decision.state, decision.events) == (case, ())


def test_a_withdrawn_case_is_opened_again_when_its_money_is_free_again() -> None:
    reason = refund_reasons().reason("late_payment", T0.date())
    case = refunds.open_refund("refund-1", RefundSubject("A" * 16, 5), reason, T0, at(60)).state
    assert refunds.reopen(case, at(1), at(70), 1).state == case
    gone = refunds.withdraw(case, at(1), "a seat was found").state
    assert gone.due == {}
    again = refunds.reopen(gone, at(2), at(70), 1)
    assert (again.state.state, again.state.due) == (RefundState.OPENED, {"step": at(70)})
    assert [type(event).__name__ for event in again.events] == ["RefundOpened"]
    assert refunds.reopen(gone, at(2), None, 1).state.due == {}
    assert refunds.reopen(refunds.withdraw(again.state, at(3), "found").state, at(4), None, 1).state.ended_at == at(3)


async def test_an_objection_granted_without_an_account_waits_for_one() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    await driver.world.pay(bill)
    case = driver.world.refunds()[0]
    await driver.step(case, OPERATOR, "refuse", rule="not_proven")
    await driver.service.object_to(OWNER, case.refund_id, "I paid twice", driver.command())
    proposed = await driver.step(case, SECOND, "grant_objection")
    assert (proposed.state, proposed.grant_proposed_by) == (RefundState.OBJECTED, SECOND.account_id)
    with pytest.raises(AnotherPairOfEyes):
        await driver.step(case, SECOND, "grant_objection")
    await driver.step(case, THIRD, "grant_objection")
    assert driver.case(case).state == RefundState.RELEASED
    assert driver.world.heard("RefundMoved")[-1].needs == "bank_account"
    await driver.world.work()
    await driver.account(case)
    await driver.world.pass_time(100)
    assert driver.case(case).state == RefundState.PAID
    await driver.world.rules_hold()


def test_the_end_of_a_right_that_nobody_knows_changes_nothing() -> None:
    bill = in_state(BillState.PAID)
    assert specials.ended(bill, "appointment-1", 9).state == bill


async def test_an_order_is_due_only_once_the_receipt_shows_the_release() -> None:
    """A worker that came before would do nothing, and the case would wait for the end of its lease."""
    driver = make_driver()
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    released = steps.release(case, steps.SYSTEM, at(1), POLICY).state
    assert (released.booked, "order" in released.due) == (False, False)
    assert "order" in steps.booked(released, None, at(2), POLICY).state.due


# -- no money before the visit is back ---------------------------------------------------------------------------------


async def late_case(driver: RefundDriver) -> Refund:
    """A case that billing opened by itself: scheduling never answered for late money."""
    bill = await driver.world.expired_bill()
    await driver.world.pay(bill)
    await driver.world.pass_time(15_000, step=500)
    (case,) = driver.world.refunds()
    return await driver.approved(case)


async def test_a_refund_that_billing_opened_asks_for_the_visit_too() -> None:
    """Billing knows of no seat for this money, and yet there may be one."""
    driver = make_driver()
    case = await late_case(driver)
    await driver.world.pass_time(600, step=100)
    assert driver.case(case).state == RefundState.APPROVED
    assert driver.world.treasury.sent == []
    asked = driver.world.heard("SeatReleaseRequested")[0]
    assert (asked.bill_id, asked.receipt_id) == (case.bill_id, case.receipt_id)
    await driver.refuses_release(case, "already_released")
    await driver.world.pass_time(200)
    assert driver.case(case).state == RefundState.PAID
    await driver.world.rules_hold()


async def test_a_visit_that_took_place_refuses_a_refund_that_billing_opened() -> None:
    driver = make_driver()
    case = await late_case(driver)
    await driver.refuses_release(case, "already_used")
    await driver.world.pass_time(600, step=100)
    assert (driver.case(case).state, driver.case(case).rule) == (RefundState.REFUSED, "seat_already_used")
    assert driver.world.treasury.sent == []
    assert driver.world.receipt(case.receipt_id).state == ReceiptState.RETAINED
    await driver.world.rules_hold()


async def test_twin_without_the_question_the_money_goes_while_a_visit_may_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "seat_to_release", lambda _refund, _bill: None)
    driver = make_driver()
    case = await late_case(driver)
    await driver.world.pass_time(600, step=100)
    assert driver.world.heard("SeatReleaseRequested") == []
    assert driver.case(case).state == RefundState.PAID


async def test_the_end_of_another_seat_is_no_answer() -> None:
    """The holder's own cancellation of an earlier seat says nothing of one that the same money has won since."""
    driver = make_driver()
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    await driver.world.released("cancelled", version=8, was_confirmed=True)
    await driver.world.pass_time(30)
    assert driver.case(case).state == RefundState.APPROVED
    await driver.refuses_release(case, "already_released")
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID


async def test_a_release_names_the_refund_that_it_answers() -> None:
    driver = make_driver()
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    facts = {name: driver.world.visit("appointment-2")[name] for name in KEYS}
    told = {"session_id": "session-1", "reason": "refund_approved", "was_confirmed": True}
    for refund_id in ("nobody", case.refund_id):
        await driver.world.hear(scheduling.AppointmentReleased(**facts, **told, refund_id=refund_id))
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID


@pytest.mark.parametrize(
    ("bill", "asked"),
    [
        ({}, True),
        ({"purpose": BillPurpose.PENALTY}, False),
        ({"settled_by": "another"}, False),
        ({"settled_by": "another", "late_receipt_id": "A" * 16}, True),
        ({"seat": None}, False),
    ],
)
def test_which_money_may_have_won_a_visit(bill: dict[str, Any], asked: bool) -> None:
    reason = refund_reasons().reason("late_payment", T0.date())
    case = refunds.open_refund("refund-1", RefundSubject("A" * 16, 5), reason, T0).state
    paid = replace(in_state(BillState.PAID), settled_by="A" * 16)
    assert (steps.seat_to_release(case, replace(paid, **bill)) is not None) == asked
    assert steps.seat_to_release(case, None) is None
    assert steps.seat_to_release(replace(case, whole=False), paid) is None
