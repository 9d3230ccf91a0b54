"""Refunds of money under a visit: the rest after a part, another bill's money, stale reads, and what is no breach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills import model as bills
from services.billing.bills.model import VisitState
from services.billing.bills.states import BillState
from services.billing.data.reference import refund_reasons
from services.billing.receipts.refund_subject import RefundCause, RefundSubject
from services.billing.refunds import model as refunds
from services.billing.refunds import transitions as steps
from services.billing.refunds.model import Confirmation, Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundCommand, RefundState
from services.billing.rules import Policies
from shared.events import scheduling
from tests.unit.billing.make import T0
from tests.unit.billing.refund_driver import OPERATOR, OWNER, SECOND, RefundDriver, make_driver
from tests.unit.billing.test_config_and_checks import spoil
from tests.unit.billing.test_corrections import corrected
from tests.unit.billing.world import APPOINTMENT, World

DAY = 86_400


async def breaches(world: World) -> Mapping[str, Any]:
    """The rules across services that do not hold, with what breaks them."""
    reports = {name: await check() for name, check in world.billing.agreement.rules().items()}
    return {name: report.broken for name, report in reports.items() if not report.holds}


async def rest_after_a_part(driver: RefundDriver) -> Refund:
    """A correction gave a part of the fee back; the rest is asked for and approved."""
    await driver.paid_bill()
    await corrected(driver.world, passport_kind="ordinary", validity_years=5)
    (part,) = driver.world.refunds()
    await driver.approved(part)
    await driver.world.pass_time(2 * DAY, step=3600)
    assert driver.case(part).state == RefundState.PAID
    case = await driver.approved(await driver.ask(driver.world.bill()))
    await driver.world.pass_time(2 * DAY, step=3600)
    return driver.case(case)


async def test_the_rest_of_a_fee_waits_for_its_visit_too() -> None:
    driver = make_driver()
    case = await rest_after_a_part(driver)
    assert case.state == RefundState.APPROVED
    assert driver.world.heard("SeatReleaseRequested")
    await driver.refuses_release(case, "already_used")
    assert driver.case(case).state == RefundState.REFUSED
    assert await breaches(driver.world) == {}


async def test_twin_a_rest_that_does_not_count_as_all_goes_back_under_its_visit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "asks_for_all", lambda refund: False)
    case = await rest_after_a_part(make_driver())
    assert case.state == RefundState.PAID


async def superseded_and_its_heir(world: World) -> tuple[bills.Bill, bills.Bill]:
    """The old code was paid after the renewal: its money settles the new bill, whose visit is confirmed."""
    first = await world.expired_bill()
    await world.seat_held("appointment-2", replaces_bill_id=first.bill_id)
    await world.work()
    second = world.bill("appointment-2")
    await world.pay(first)
    await world.confirmed(second.bill_id, "paid", "appointment-2")
    return world.bill_by_id(first.bill_id), world.bill_by_id(second.bill_id)


@pytest.mark.parametrize("older", [False, True], ids=["asked now", "a case of an older build"])
async def test_a_refund_asked_through_a_superseded_bill_is_of_the_bill_that_its_money_pays(older: bool) -> None:
    driver = make_driver()
    first, second = await superseded_and_its_heir(driver.world)
    assert (first.state, second.state) == (BillState.SUPERSEDED, BillState.PAID)
    case = await driver.ask(first)
    assert case.bill_id == second.bill_id
    if older:
        await spoil(driver.world, REFUNDS, case.refund_id, bill_id=first.bill_id)
    case = await driver.approved(case)
    await driver.world.pass_time(2 * DAY, step=3600)
    assert driver.case(case).state == RefundState.APPROVED
    asked = driver.world.heard("SeatReleaseRequested")[0]
    assert (asked.appointment_id, asked.bill_id) == ("appointment-2", second.bill_id)
    assert await breaches(driver.world) == {}


@pytest.mark.parametrize("late_money", [False, True])
async def test_a_renewals_answer_says_nothing_of_the_bill_that_asked(late_money: bool) -> None:
    """A repeated answer of a build before this one: the seat is the new bill's."""
    world = make_driver().world
    first = await world.expired_bill()
    if late_money:
        await world.pay(first)
        await world.no_seat(first.bill_id)
    await world.seat_held("appointment-2", replaces_bill_id=first.bill_id)
    await world.work()
    second = world.bill("appointment-2")
    await world.pay(second)
    await world.confirmed(second.bill_id, "paid", "appointment-2", version=3)
    repeated = scheduling.SeatAnswerRepeated(
        **world.visits["appointment-2"], bill_id=first.bill_id, asked_for="renewal", outcome="confirmed"
    )
    await world.hear(repeated, version=4)
    await world.work()
    assert await breaches(world) == {}
    assert [case.state for case in world.refunds()] == ([RefundState.OPENED] if late_money else [])


async def test_a_whole_fee_that_a_correction_gave_back_leaves_the_visit_as_it_was() -> None:
    driver = make_driver()
    await driver.paid_bill()
    await corrected(driver.world, passport_kind="ordinary", validity_years=5, zero_tariff="migrant_worker_first")
    assert await breaches(driver.world) == {}


async def test_money_that_waits_for_the_release_breaks_no_rule() -> None:
    driver = make_driver()
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    assert driver.case(case).state == RefundState.APPROVED
    assert await breaches(driver.world) == {}


async def test_a_move_that_overtakes_its_confirmation_is_a_certain_visit() -> None:
    world = make_driver().world
    bill = await world.issued_bill()
    await world.pay(bill)
    facts = world.visits[APPOINTMENT]
    moved = {name: facts[name] + timedelta(days=1) for name in ("starts_at", "ends_at")}
    event = scheduling.AppointmentRescheduled(
        **{**facts, **moved},
        queue_number="A1",
        queue_code="signed",
        previous_office_id="office-1",
        previous_session_id="session-1",
        previous_starts_at=facts["starts_at"],
    )
    await world.hear(event, version=7)
    await world.confirmed(bill.bill_id, "paid", version=5)
    seat = world.bill().seat
    assert seat is not None
    assert (seat.visit, seat.version) == (VisitState.CONFIRMED, 7)


async def test_a_confirmation_that_comes_again_while_the_money_goes_back_settles_nothing() -> None:
    """The drive that the confirmation begins records the refund: the bill that was read before it is stale."""
    world = make_driver().world
    bill = await world.expired_bill()
    payment = await world.pay(bill)
    await world.confirmed(bill.bill_id, "late_same_seat", version=5)
    money = world.billing.receipts
    record_refund = money._record_refund

    async def dies(_record: Any) -> None:
        raise RuntimeError("died")

    money._record_refund = dies
    with pytest.raises(RuntimeError):
        await money.give_back(bill.bill_id, RefundCause.SERVICE_NOT_DELIVERED)
    money._record_refund = record_refund
    await world.confirmed(bill.bill_id, "late_same_seat", version=5)
    await world.pass_time(600)
    assert (await world.outcome(payment.ntpn))[0] == "in_refund"
    await world.rules_hold()


async def objected(driver: RefundDriver) -> Refund:
    """A refused case whose objection waits for its answer; silence grants it."""
    case = await driver.recommended(await driver.ask(await driver.paid_bill()))
    await driver.step(case, OPERATOR, "refuse", rule="not_in_table")
    await driver.service.object_to(OWNER, case.refund_id, "no", driver.command())
    return driver.case(case)


async def test_a_no_of_simponi_just_before_silence_grants_is_asked_again() -> None:
    driver = make_driver()
    case, world = await objected(driver), driver.world
    world.clock.advance((case.due["step"] - world.clock.now()).total_seconds() - 60)
    codes = dict(world.simponi.codes)
    world.simponi.codes = {code: replace(billing, payments=()) for code, billing in codes.items()}
    await driver.step(case, SECOND, "grant_objection")
    world.simponi.codes = codes
    for _ in range(60):
        world.clock.advance(31)
        await world.worker.run_due()
    await world.pass_time(5 * DAY, step=3600)
    assert driver.case(case).state != RefundState.OBJECTED


async def test_silence_while_simponi_is_away_is_asked_about_by_one_deadline() -> None:
    driver = make_driver()
    case, world = await objected(driver), driver.world
    world.simponi.down = True
    world.clock.advance((case.due["step"] - world.clock.now()).total_seconds() + 1)
    for _ in range(3):
        await world.worker.run_due()
    waiting = driver.case(case)
    world.clock.advance(max(0.0, (waiting.due["step"] - world.clock.now()).total_seconds()) + 1)
    await world.worker.run_due()
    assert driver.case(case).due["step"] > world.clock.now(), "the step that waits falls due later, not at once again"


async def test_money_that_cases_hold_whole_opens_no_case_of_nothing() -> None:
    """Approved and on its way back, when the word comes very late that its seat was lost."""
    driver = make_driver()
    bill = await driver.world.issued_bill()
    await driver.world.pay(bill)
    await driver.approved(await driver.ask(driver.world.bill()))
    await driver.world.released("cancelled", version=3)
    await driver.world.no_seat(bill.bill_id)
    await driver.world.pass_time(20_000, step=500)
    assert len(driver.world.refunds()) == 1
    await driver.world.rules_hold()


def test_an_answer_to_a_question_that_is_not_open_any_more_changes_nothing() -> None:
    """The case has moved on, or another question was asked since."""
    now = T0
    question = Confirmation(RefundCommand.RESEARCH, "treasurer", "account-9", now)
    reason = refund_reasons().reason("late_payment", now.date())
    case = refunds.open_refund("refund-1", RefundSubject("A" * 16, 5), reason, now).state
    policy = Policies().refund
    assert steps.confirmed(case, question, now, policy).state == case
    assert steps.denied(case, question, now).state == case
    assert steps.unanswered(case, question, now).state == case
