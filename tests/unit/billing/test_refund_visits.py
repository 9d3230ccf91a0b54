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
from services.billing.receipts.going_back import RefundSubject
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
from tests.unit.billing.refund_desk import KEYS, OPERATOR, OWNER, POLICY, SECOND, Desk, desk_of

THIRD = Caller("operator-3", Role.OPERATOR, "s")


# -- rights to a new date ----------------------------------------------------------------------------------------------


async def special(desk: Desk, cause: str, version: int = 10) -> None:
    facts = {name: desk.world.visit()[name] for name in KEYS}
    until = desk.world.clock.now() + timedelta(days=30)
    await desk.world.hear(scheduling.SpecialRescheduleOpened(**facts, cause=cause, until=until), version=version)


async def special_ended(desk: Desk, version: int = 12) -> Any:
    facts = {name: desk.world.visit()[name] for name in KEYS}
    return await desk.world.hear(scheduling.SpecialRescheduleEnded(**facts), version=version)


async def special_used(desk: Desk, version: int = 11) -> None:
    event = scheduling.AppointmentRescheduled(
        **desk.world.visit(),
        queue_number="A2",
        queue_code="signed",
        previous_session_id="session-0",
        previous_starts_at=desk.world.clock.now(),
        previous_office_id="office-1",
        cause="special",
    )
    await desk.world.hear(event, version=version)


@pytest.mark.acceptance("F63.special_reschedule", "F63.refund")
async def test_a_right_to_a_new_date_after_a_fault_of_the_state_gives_the_money_back_when_it_ends() -> None:
    desk = desk_of()
    await desk.paid_bill()
    await special(desk, "system_fault")
    assert desk.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await desk.world.rules_hold()
    await special_ended(desk)
    assert desk.world.bill().standing == BillOutcome.REFUND
    case = desk.world.refunds()[0]
    assert (case.reason, case.automatic) == ("service_not_delivered", True)
    await special_ended(desk)
    assert len(desk.world.refunds()) == 1
    await desk.world.rules_hold()


@pytest.mark.acceptance("F63.refund", "F63.closed")
async def test_a_right_to_a_new_date_for_illness_ends_closed_with_the_reason() -> None:
    desk = desk_of()
    await desk.paid_bill()
    await special(desk, "illness")
    await special(desk, "illness")
    await special_ended(desk)
    assert (desk.world.bill().standing, desk.world.bill().closed_reason) == (
        BillOutcome.CLOSED,
        "special_reschedule_not_used",
    )
    case = await desk.ask(desk.world.bill())
    assert desk.world.bill().standing == BillOutcome.REFUND
    await desk.recommended(case)
    await desk.step(case, OPERATOR, "refuse", rule="own_omission")
    assert (desk.world.bill().standing, desk.world.bill().closed_reason) == (BillOutcome.CLOSED, "refund_refused")
    await desk.world.rules_hold()


@pytest.mark.acceptance("F63.special_reschedule")
async def test_a_used_right_stands_on_the_visit_again_and_news_out_of_order_wait() -> None:
    desk = desk_of()
    await desk.paid_bill()
    facts = {name: desk.world.visit()[name] for name in KEYS}
    until = desk.world.clock.now() + timedelta(days=30)
    interrupted = scheduling.VisitInterrupted(**facts, session_id="session-1", until=until)
    await desk.world.hear(interrupted, version=10)
    assert desk.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await special_used(desk)
    assert desk.world.bill().standing == BillOutcome.APPOINTMENT
    await special_used(desk)
    assert (await special_ended(desk, 14)).value != "done"
    await special(desk, "system_fault", version=13)
    assert (await special_ended(desk, 14)).value == "done"
    assert desk.world.bill().standing == BillOutcome.REFUND
    await special_used(desk, 15)
    await special(desk, "system_fault", version=16)
    assert (await special_ended(desk, 17)).value == "done"
    assert desk.world.bill().standing == BillOutcome.REFUND
    assert len(desk.world.refunds()) == 1


async def test_news_of_rights_without_a_paid_bill_change_nothing() -> None:
    desk = desk_of()
    await desk.world.issued_bill()
    await special(desk, "illness")
    await special_used(desk)
    await special_ended(desk)
    assert desk.world.bill().state == BillState.ISSUED


async def test_an_approved_refund_asks_a_right_to_a_new_date_back_too() -> None:
    desk = desk_of()
    await desk.paid_bill()
    await special(desk, "force_majeure")
    case = await desk.ask(desk.world.bill())
    assert desk.world.bill().standing == BillOutcome.SPECIAL_RESCHEDULE
    await desk.approved(case)
    assert len(desk.world.heard("SeatReleaseRequested")) == 1
    await desk.released()
    assert desk.world.bill().standing == BillOutcome.REFUND
    await desk.world.rules_hold()


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
    desk = desk_of()
    bill = await desk.paid_bill()
    await desk.world.pay(bill)
    case = desk.world.refunds()[0]
    await desk.step(case, OPERATOR, "refuse", rule="not_proven")
    await desk.desk.object_to(OWNER, case.refund_id, "I paid twice", desk.command())
    proposed = await desk.step(case, SECOND, "grant_objection")
    assert (proposed.state, proposed.grant_proposed_by) == (RefundState.OBJECTED, SECOND.account_id)
    with pytest.raises(AnotherPairOfEyes):
        await desk.step(case, SECOND, "grant_objection")
    await desk.step(case, THIRD, "grant_objection")
    assert desk.case(case).state == RefundState.RELEASED
    assert desk.world.heard("RefundMoved")[-1].needs == "bank_account"
    await desk.world.work()
    await desk.account(case)
    await desk.world.pass_time(100)
    assert desk.case(case).state == RefundState.PAID
    await desk.world.rules_hold()


def test_the_end_of_a_right_that_nobody_knows_changes_nothing() -> None:
    bill = in_state(BillState.PAID)
    assert specials.ended(bill, "appointment-1", 9).state == bill


async def test_an_order_is_due_only_once_the_receipt_shows_the_release() -> None:
    """A worker that came before would do nothing, and the case would wait for the end of its lease."""
    desk = desk_of()
    case = await desk.approved(await desk.ask(await desk.paid_bill()))
    released = steps.release(case, steps.SYSTEM, at(1), POLICY).state
    assert (released.booked, "order" in released.due) == (False, False)
    assert "order" in steps.booked(released, None, at(2), POLICY).state.due


# -- no money before the visit is back ---------------------------------------------------------------------------------


async def late_case(desk: Desk) -> Refund:
    """A case that billing opened by itself: scheduling never answered for late money."""
    bill = await desk.world.expired_bill()
    await desk.world.pay(bill)
    await desk.world.pass_time(15_000, step=500)
    (case,) = desk.world.refunds()
    return await desk.approved(case)


async def test_a_refund_that_billing_opened_asks_for_the_visit_too() -> None:
    """Billing knows of no seat for this money, and yet there may be one."""
    desk = desk_of()
    case = await late_case(desk)
    await desk.world.pass_time(600, step=100)
    assert desk.case(case).state == RefundState.APPROVED
    assert desk.world.treasury.sent == []
    asked = desk.world.heard("SeatReleaseRequested")[0]
    assert (asked.bill_id, asked.receipt_id) == (case.bill_id, case.receipt_id)
    await desk.refuses_release(case, "already_released")
    await desk.world.pass_time(200)
    assert desk.case(case).state == RefundState.PAID
    await desk.world.rules_hold()


async def test_a_visit_that_took_place_refuses_a_refund_that_billing_opened() -> None:
    desk = desk_of()
    case = await late_case(desk)
    await desk.refuses_release(case, "already_used")
    await desk.world.pass_time(600, step=100)
    assert (desk.case(case).state, desk.case(case).rule) == (RefundState.REFUSED, "seat_already_used")
    assert desk.world.treasury.sent == []
    assert desk.world.receipt(case.receipt_id).state == ReceiptState.RETAINED
    await desk.world.rules_hold()


async def test_twin_without_the_question_the_money_goes_while_a_visit_may_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "seat_to_release", lambda _refund, _bill: None)
    desk = desk_of()
    case = await late_case(desk)
    await desk.world.pass_time(600, step=100)
    assert desk.world.heard("SeatReleaseRequested") == []
    assert desk.case(case).state == RefundState.PAID


async def test_the_end_of_another_seat_is_no_answer() -> None:
    """The holder's own cancellation of an earlier seat says nothing of one that the same money has won since."""
    desk = desk_of()
    case = await desk.approved(await desk.ask(await desk.paid_bill()))
    await desk.world.released("cancelled", version=8, was_confirmed=True)
    await desk.world.pass_time(30)
    assert desk.case(case).state == RefundState.APPROVED
    await desk.refuses_release(case, "already_released")
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID


async def test_a_release_names_the_refund_that_it_answers() -> None:
    desk = desk_of()
    case = await desk.approved(await desk.ask(await desk.paid_bill()))
    facts = {name: desk.world.visit("appointment-2")[name] for name in KEYS}
    told = {"session_id": "session-1", "reason": "refund_approved", "was_confirmed": True}
    for refund_id in ("nobody", case.refund_id):
        await desk.world.hear(scheduling.AppointmentReleased(**facts, **told, refund_id=refund_id))
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID


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
