"""Money in every order and at every time: one written outcome for each rupiah."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from services.billing.bills.claims import NewClaim
from services.billing.bills.model import BillOutcome, ClaimState
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.receipts.refund_subject import RefundCause
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.states import RefundState
from shared.bus.dispatch import Outcome
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.faulty_stores import DyingStore, GuardlessStore
from tests.unit.billing.make import at
from tests.unit.billing.world import World, make_world

APPLICANT = Caller("account-1", Role.APPLICANT, "session-1")


async def test_a_push_pays_at_once() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert world.names()[-1] == "BillPaid"
    await world.rules_hold()


async def test_a_repeated_notice_has_no_further_effect() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    before = world.store._documents
    said = len(world.said)
    for _ in range(3):
        await world.push(payment)
    assert world.store._documents == before
    assert len(world.said) == said


@pytest.mark.acceptance("F56.poll", "F56.pushes_lost")
async def test_with_the_notice_lost_the_poll_learns_it_within_five_minutes() -> None:
    world = make_world()
    bill = await world.issued_bill()
    world.simponi.add(world.payment(bill))
    await world.pass_time(300)
    assert world.bill().state == BillState.PAID
    assert world.all(RECEIPTS)[0].learnt_by == "poll"
    await world.rules_hold()


@pytest.mark.acceptance("F56.every_5_minutes")
async def test_no_open_or_recently_ended_code_goes_five_minutes_without_a_look() -> None:
    world = make_world()
    await world.issued_bill()
    looks = [world.clock.now()]
    ask = world.simponi.status

    async def noted(code: str):
        looks.append(world.clock.now())
        return await ask(code)

    world.simponi.status = noted  # type: ignore[method-assign]
    await world.pass_time(8400 + 86_400 - 300)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(looks)]
    assert max(gaps) <= 320, "five minutes and the step of this test's clock"
    assert world.bill().state == BillState.EXPIRED


@pytest.mark.acceptance("X3.stored_as_excess", "X3.refund_case", "X3.no_second_booking")
async def test_a_second_payment_on_one_code_is_excess_and_opens_a_refund_case() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    second = await world.pay(bill)
    assert world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    refund = world.refunds()[0]
    assert (refund.reason, refund.amount, refund.state) == ("duplicate_payment", bill.amount, RefundState.OPENED)
    assert world.names().count("BillPaid") == 1
    opened = world.heard("RefundOpened")[0]
    assert (opened.application_id, opened.receipt_id) == ("application-1", second.ntpn)
    await world.push(second)
    assert len(world.refunds()) == 1
    await world.rules_hold()


@pytest.mark.acceptance("X3.refund_case")
async def test_a_second_payment_whose_notice_is_lost_is_found_by_the_last_look() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    world.simponi.add(world.payment(bill))
    await world.pass_time(8400, step=60)
    assert [refund.reason for refund in world.refunds()] == ["duplicate_payment"]
    await world.rules_hold()


async def test_a_last_look_without_an_answer_is_repeated() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    world.simponi.add(world.payment(bill))
    world.simponi.down = True
    await world.pass_time(8400, step=60)
    assert world.refunds() == []
    world.simponi.down = False
    await world.pass_time(300)
    assert [refund.reason for refund in world.refunds()] == ["duplicate_payment"]
    assert world.bill().due == {}


@pytest.mark.parametrize("difference", [-1, 1])
async def test_a_wrong_amount_goes_back_and_the_bill_is_not_paid(difference: int) -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill, amount=bill.amount + difference)
    assert await world.outcome(payment.ntpn) == ("in_refund", "issued", None)
    assert world.refunds()[0].reason == "wrong_amount"
    await world.pass_time(8400, step=60)
    assert world.bill().state == BillState.EXPIRED
    await world.rules_hold()


async def test_money_on_an_unknown_code_goes_back_after_a_while() -> None:
    world = make_world()
    bill = await world.issued_bill()
    stray = await world.pay(bill, billing_code="999999999999999")
    assert world.receipt(stray.ntpn).state == ReceiptState.AWAITS_OUTCOME
    await world.pass_time(3500)
    assert world.refunds() == []
    await world.pass_time(500)
    assert world.refunds()[0].reason == "unknown_code"
    assert world.heard("RefundOpened")[0].application_id is None
    await world.rules_hold()


async def test_an_unknown_code_is_looked_for_though_simponi_is_down() -> None:
    world = make_world()
    bill = await world.issued_bill()
    stray = await world.pay(bill, billing_code="999999999999999")
    world.simponi.down = True
    await world.pass_time(120)
    assert world.receipt(stray.ntpn).state == ReceiptState.AWAITS_OUTCOME


async def test_a_notice_before_the_code_was_stored_finds_its_bill() -> None:
    world = make_world()
    world.simponi.loses_answer = True
    await world.submitted()
    await world.seat_held()
    await world.work()
    code = next(iter(world.simponi.codes))
    payment = await world.pay(world.bill(), billing_code=code, amount=650_000)
    assert world.receipt(payment.ntpn).state == ReceiptState.AWAITS_OUTCOME
    await world.pass_time(10, step=1)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    await world.rules_hold()


async def test_money_for_a_bill_that_failed_though_its_code_lives_goes_the_late_way() -> None:
    world = make_world(bill_issue_limit_seconds=30)
    world.simponi.loses_answer = True
    await world.submitted()
    await world.seat_held()
    await world.work()
    world.simponi.down = True
    await world.pass_time(40, step=2)
    assert world.bill().state == BillState.FAILED
    world.simponi.down = False
    code = next(iter(world.simponi.codes))
    payment = await world.pay(world.bill(), billing_code=code, amount=650_000)
    await world.pass_time(20, step=5)
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "failed", BillOutcome.SEAT_SOUGHT)
    assert world.names()[-1] == "PaymentArrivedLate"


@pytest.mark.acceptance("X4.keeps_slot", "X4.paid_on_ntpn")
async def test_a_bank_number_alone_keeps_the_seat_until_the_treasurys_comes() -> None:
    world = make_world()
    bill = await world.issued_bill()
    unsettled = await world.pay(bill, ntpn=None)
    assert world.bill().state == BillState.PAID_UNSETTLED
    await world.push(unsettled)
    assert world.names().count("BillPaidUnsettled") == 1
    await world.pass_time(86_400, step=300)
    assert world.bill().state == BillState.PAID_UNSETTLED
    assert "case" not in world.bill().due, "the operators were told"
    settled = world.payment(bill, ntb=unsettled.ntb, paid_at=unsettled.paid_at)
    world.simponi.add(settled)
    await world.pass_time(300)
    assert await world.outcome(settled.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    await world.rules_hold()


@pytest.mark.acceptance("X4.keeps_slot")
async def test_the_last_question_sees_a_bank_number() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pass_time(8390, step=60)
    world.simponi.add(world.payment(bill, ntpn=None, paid_at=at(7000)))
    await world.pass_time(10)
    assert world.bill().state == BillState.PAID_UNSETTLED


async def test_a_treasury_number_with_a_pay_time_after_the_end_goes_the_late_way() -> None:
    world = make_world()
    bill = await world.issued_bill()
    unsettled = await world.pay(bill, ntpn=None)
    payment = await world.pay(bill, ntb=unsettled.ntb, paid_at=at(7300))
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "expired", BillOutcome.SEAT_SOUGHT)
    assert world.names()[-2:] == ["BillExpired", "PaymentArrivedLate"]


async def test_a_bank_number_without_a_bill_is_let_be() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.push(world.payment(bill, ntpn=None, billing_code="999999999999999"))
    assert world.all(RECEIPTS) == []


async def test_a_notice_that_contradicts_an_earlier_one_changes_nothing() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    await world.pay(bill, ntpn=payment.ntpn, amount=1)
    assert world.receipt(payment.ntpn).amount == bill.amount
    await world.rules_hold()


# -- late money ------------------------------------------------------------------------------------------------------


async def late_money(world: World) -> tuple[str, str]:
    """Money for an expired code: the bill's id and the receipt's."""
    bill = await world.expired_bill()
    payment = await world.pay(bill)
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "expired", BillOutcome.SEAT_SOUGHT)
    assert world.names()[-1] == "PaymentArrivedLate"
    return bill.bill_id, payment.ntpn or ""


@pytest.mark.parametrize("cause", ["late_same_seat", "late_offer"])
async def test_late_money_that_finds_a_seat_pays_the_bill(cause: str) -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    for _ in range(2):
        assert await world.confirmed(bill_id, cause, "appointment-9") == Outcome.DONE
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    seat = world.bill_by_id(bill_id).seat
    assert seat is not None
    assert seat.appointment_id == "appointment-9"
    assert world.names().count("BillPaid") == 1
    assert await world.no_seat(bill_id) == Outcome.DONE, "old news"
    assert await world.offer_ended(bill_id) == Outcome.DONE
    assert await world.released("bill_expired") == Outcome.DONE
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    await world.rules_hold()


@pytest.mark.parametrize("offer", [True, False])
async def test_late_money_without_a_seat_goes_back(offer: bool) -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    if offer:
        await world.offered(bill_id, 86_400)
        assert world.receipt(ntpn).offer_until is not None
        await world.offer_ended(bill_id)
    else:
        await world.no_seat(bill_id)
    assert await world.outcome(ntpn) == ("in_refund", "expired", BillOutcome.REFUND)
    assert world.refunds()[0].reason == "late_payment"
    await world.offered(bill_id, 60)
    assert world.receipt(ntpn).state == ReceiptState.IN_REFUND
    await world.rules_hold()


async def test_money_in_time_that_was_learnt_too_late_and_finds_no_seat_is_the_states_own_fault() -> None:
    world = make_world()
    bill = await world.expired_bill()
    payment = await world.pay(bill, paid_at=at(7200))
    await world.no_seat(bill.bill_id)
    assert world.refunds()[0].reason == "service_not_delivered"
    assert world.receipt(payment.ntpn).state == ReceiptState.IN_REFUND


async def test_an_open_offer_keeps_the_money_waiting() -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    await world.offered(bill_id, 20_000)
    questions = world.names().count("PaymentArrivedLate")
    await world.pass_time(20_000, step=300)
    assert world.receipt(ntpn).state == ReceiptState.AWAITS_SEAT
    assert world.names().count("PaymentArrivedLate") == questions


async def test_scheduling_is_asked_again_after_a_minute_and_given_up_in_the_end() -> None:
    world = make_world()
    _, ntpn = await late_money(world)
    assert world.names().count("PaymentArrivedLate") == 1
    await world.pass_time(60)
    assert world.names().count("PaymentArrivedLate") == 2
    assert world.receipt(ntpn).state == ReceiptState.AWAITS_SEAT
    await world.pass_time(14_400, step=60)
    assert world.receipt(ntpn).state == ReceiptState.IN_REFUND
    await world.rules_hold()


async def test_a_seat_that_comes_after_the_giving_up_withdraws_the_refund() -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    await world.no_seat(bill_id)
    await world.confirmed(bill_id, "late_same_seat")
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert world.refunds()[0].state == RefundState.WITHDRAWN
    await world.confirmed(bill_id, "late_same_seat", version=6)
    await world.rules_hold()


async def test_a_seat_that_comes_after_the_money_went_is_told_to_the_operators() -> None:
    from dataclasses import replace

    from services.billing.refunds.repository import REFUNDS
    from shared.store.decision import Decision

    world = make_world()
    bill_id, ntpn = await late_money(world)
    await world.no_seat(bill_id)
    case = world.refunds()[0]
    await world.billing.receipts._aggregates.change(
        REFUNDS, case.refund_id, lambda refund: Decision(replace(refund, state=RefundState.APPROVED))
    )
    await world.confirmed(bill_id, "late_same_seat")
    assert await world.outcome(ntpn) == ("in_refund", "expired", BillOutcome.REFUND)


async def test_late_money_settles_the_live_bill_of_the_application_first() -> None:
    world = make_world()
    old = await world.expired_bill()
    await world.seat_held("appointment-2", replaces_bill_id=old.bill_id)
    await world.work()
    payment = await world.pay(old)
    new = world.bill("appointment-2")
    assert (new.state, new.settled_by) == (BillState.PAID, payment.ntpn)
    before = world.bill_by_id(old.bill_id)
    assert (before.state, before.superseded_by) == (BillState.SUPERSEDED, new.bill_id)
    assert world.heard("BillSuperseded")[0].settled_by_bill_id == new.bill_id
    assert world.heard("BillPaid")[0].bill_id == new.bill_id
    again = await world.pay(new)
    assert world.receipt(again.ntpn).state == ReceiptState.IN_REFUND
    once_more = await world.pay(old)
    assert world.receipt(once_more.ntpn).state == ReceiptState.IN_REFUND
    await world.confirmed(old.bill_id, "late_same_seat")
    assert world.bill_by_id(old.bill_id).state == BillState.SUPERSEDED
    assert not (await world.parts.invariants["I11"]()).holds, "a visit on a bill whose money went elsewhere is told"
    assert (await world.parts.invariants["I4"]()).holds


async def test_without_a_seat_late_money_settles_a_bill_that_has_become_live_meanwhile() -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    await world.seat_held("appointment-2")
    await world.no_seat(bill_id)
    new = world.bill("appointment-2")
    assert (new.state, new.settled_by) == (BillState.PAID, ntpn)
    await world.no_seat(bill_id)
    assert world.receipt(ntpn).settles_bill_id == new.bill_id
    assert world.refunds() == []
    await world.rules_hold()


async def test_two_late_payments_on_one_code_seek_one_seat() -> None:
    world = make_world()
    bill_id, first = await late_money(world)
    second = await world.pay(world.bill_by_id(bill_id))
    assert world.receipt(first).state == ReceiptState.AWAITS_SEAT
    assert world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    assert world.names().count("PaymentArrivedLate") == 1
    await world.rules_hold()


async def test_late_money_for_a_withdrawn_application_goes_back() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.withdrawn()
    payment = await world.pay(bill)
    assert world.receipt(payment.ntpn).state == ReceiptState.IN_REFUND
    assert world.refunds()[0].reason == "paid_after_withdrawal"


async def test_a_cancelled_code_stays_late_payable() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.billing.bills.cancel(APPLICANT, bill.bill_id, "command-1")
    world.simponi.add(world.payment(bill))
    await world.pass_time(300)
    assert world.bill().standing == BillOutcome.SEAT_SOUGHT


# -- the seat goes at the same moment --------------------------------------------------------------------------------


async def test_money_in_time_whose_seat_went_at_the_same_moment_seeks_another() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    for _ in range(2):
        await world.released("cancelled", version=3)
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "paid", BillOutcome.SEAT_SOUGHT)
    assert world.names().count("PaymentArrivedLate") == 0, "scheduling asks by itself when it hears of the payment"
    await world.rules_hold()
    await world.confirmed(bill.bill_id, "late_same_seat", version=4)
    await world.released("cancelled", version=3)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert world.names().count("BillPaid") == 1
    await world.rules_hold()


async def test_the_answer_may_be_heard_before_the_loss() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    assert await world.no_seat(bill.bill_id) == Outcome.LATER
    assert await world.offered(bill.bill_id, 60) == Outcome.LATER
    assert await world.confirmed(bill.bill_id, "late_same_seat", "appointment-9", version=1) == Outcome.DONE
    await world.released("cancelled", version=3)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    await world.rules_hold()


async def test_a_lost_seat_is_asked_for_again_when_no_answer_comes() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.released("cancelled", version=3)
    await world.pass_time(60)
    assert world.names().count("PaymentArrivedLate") == 1


async def test_a_paid_bill_that_finds_no_seat_again_stands_on_its_refund() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    await world.released("hold_lapsed", version=3)
    await world.no_seat(bill.bill_id)
    assert await world.outcome(payment.ntpn) == ("in_refund", "paid", BillOutcome.REFUND)
    assert world.refunds()[0].reason == RefundCause.SERVICE_NOT_DELIVERED.value
    await world.rules_hold()


async def superseding(world: World) -> tuple[str, str, str]:
    """Late money has paid a later bill: the earlier bill's id, the later one's, the receipt's."""
    old = await world.expired_bill()
    await world.seat_held("appointment-2", replaces_bill_id=old.bill_id)
    await world.work()
    payment = await world.pay(old)
    return old.bill_id, world.bill("appointment-2").bill_id, payment.ntpn or ""


async def test_a_bill_paid_by_another_code_may_lose_its_seat_too_and_find_one() -> None:
    world = make_world()
    _, new_id, ntpn = await superseding(world)
    await world.released("cancelled", "appointment-2")
    assert world.bill_by_id(new_id).standing == BillOutcome.SEAT_SOUGHT
    await world.pass_time(60)
    assert world.heard("PaymentArrivedLate")[0].bill_id == new_id
    await world.confirmed(new_id, "late_same_seat", "appointment-3")
    assert world.bill_by_id(new_id).standing == BillOutcome.APPOINTMENT
    assert world.receipt(ntpn).settles_bill_id == new_id
    await world.rules_hold()


async def test_a_bill_paid_by_another_code_may_lose_its_seat_too_and_find_none() -> None:
    world = make_world()
    _, new_id, ntpn = await superseding(world)
    await world.released("cancelled", "appointment-2")
    await world.no_seat(new_id)
    assert world.bill_by_id(new_id).standing == BillOutcome.REFUND
    assert world.receipt(ntpn).state == ReceiptState.IN_REFUND
    assert world.refunds()[0].bill_id == new_id
    await world.rules_hold()


async def test_of_the_same_notice_twice_at_once_one_is_kept() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    insert, again = world.billing.receipts._aggregates.insert, []

    async def slowly(kind, record_id, decision, **words):
        if kind is RECEIPTS and not again:
            again.append(True)
            await world.push(payment)
        return await insert(kind, record_id, decision, **words)

    world.billing.receipts._aggregates.insert = slowly
    await world.push(payment)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)
    assert world.names().count("BillPaid") == 1


async def test_an_outcome_written_on_the_bill_only_is_finished_by_the_deadline() -> None:
    world = make_world()
    bill_id, ntpn = await late_money(world)
    change, died = world.billing.receipts._aggregates.change, []

    async def dies_before_the_receipt_settles(kind, *words, **named):
        if kind is RECEIPTS:
            died.append(True)
            if len(died) == 2:
                raise StoreUnavailable("died")
        return await change(kind, *words, **named)

    world.billing.receipts._aggregates.change = dies_before_the_receipt_settles
    assert await world.confirmed(bill_id, "late_same_seat") == Outcome.LATER
    assert world.receipt(ntpn).state == ReceiptState.AWAITS_SEAT
    await world.pass_time(60)
    assert await world.outcome(ntpn) == ("settles_bill", "paid", BillOutcome.APPOINTMENT)


async def test_a_release_that_overtakes_the_giving_up_of_a_paid_bill_seeks_a_seat() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    found = world.billing.seat_events._bills.bills_at

    async def found_before_the_money(appointment_id):
        records = await found(appointment_id)
        await world.push(payment)
        return records

    world.billing.seat_events._bills.bills_at = found_before_the_money
    await world.released("cancelled", version=3)
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "paid", BillOutcome.SEAT_SOUGHT)
    await world.rules_hold()


async def test_late_money_for_a_penalty_needs_no_seat() -> None:
    from services.billing.bills import model as bills
    from services.billing.bills.model import BillPurpose, Payer
    from tests.unit.billing.make import POLICY, a_price

    world = make_world()
    penalty = bills.request(
        "penalty-1",
        Payer("application-1", "account-1", "person-1"),
        BillPurpose.PENALTY,
        a_price(),
        None,
        at(0),
        POLICY,
    )
    await world.store.insert(BILLS, "penalty-1", penalty.state, now=at(0), events=penalty.events)
    await world.pass_time(8500, step=100)
    bill = world.bill_by_id("penalty-1")
    assert bill.state == BillState.EXPIRED
    payment = await world.pay(bill)
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", BillOutcome.CLOSED)
    await world.rules_hold()


async def test_money_that_meets_a_withdrawal_goes_back() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    for _ in range(2):
        await world.released("withdrawn", version=3)
    assert await world.outcome(payment.ntpn) == ("in_refund", "paid", BillOutcome.REFUND)
    await world.rules_hold()


async def test_a_seat_lost_while_the_bank_has_the_money_ends_in_the_late_way() -> None:
    world = make_world()
    bill = await world.issued_bill()
    unsettled = await world.pay(bill, ntpn=None)
    await world.released("cancelled", version=3)
    assert world.bill().state == BillState.CANCELLED
    payment = await world.pay(bill, ntb=unsettled.ntb, paid_at=unsettled.paid_at)
    assert await world.outcome(payment.ntpn) == ("awaits_seat", "cancelled", BillOutcome.SEAT_SOUGHT)


# -- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F57.proof_uploaded")
async def test_a_claim_is_looked_into_at_once() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    await world.billing.claims.claim(APPLICANT, bill.bill_id, NewClaim(payment.ntpn), "command-1")
    await world.work()
    assert world.bill().state == BillState.PAID
    assert world.bill().claims[0].state == ClaimState.CONFIRMED


@pytest.mark.acceptance("F57.proof_uploaded")
async def test_a_claim_on_money_that_went_another_way_is_confirmed_too() -> None:
    world = make_world()
    bill = await world.expired_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    await world.billing.claims.claim(APPLICANT, bill.bill_id, NewClaim(None, payment.ntb), "command-1")
    await world.work()
    assert world.bill().claims[0].state == ClaimState.CONFIRMED
    assert world.receipt(payment.ntpn).state == ReceiptState.AWAITS_SEAT


# -- races and crashes -----------------------------------------------------------------------------------------------


async def payment_meets_expiry(world: World) -> None:
    """The last question is answered "unpaid", and the notice comes before the answer is written."""
    bill = await world.issued_bill()
    await world.pass_time(8399, step=60)
    payment = world.payment(bill, paid_at=at(7200))
    ask = world.simponi.status

    async def answered_before_the_notice(code: str):
        answer = await ask(code)
        await world.push(payment)
        return answer

    world.simponi.status = answered_before_the_notice  # type: ignore[method-assign]
    await world.pass_time(1)


@pytest.mark.acceptance("F58.pay_time_decides")
async def test_money_that_meets_the_expiry_wins_by_the_bills_version() -> None:
    world = make_world()
    await payment_meets_expiry(world)
    assert world.bill().state == BillState.PAID
    assert "BillExpired" not in world.names()
    await world.rules_hold()


async def test_twin_without_the_guard_on_versions_a_bill_is_paid_and_expired() -> None:
    world = make_world(GuardlessStore("billing"))
    await payment_meets_expiry(world)
    assert {"BillPaid", "BillExpired"} <= set(world.names())
    assert world.bill().state == BillState.EXPIRED
    report = await world.parts.invariants["I3"]()
    assert not report.holds, "the receipt says that it settles a bill which has expired"


async def two_payments_at_once(world: World) -> None:
    """Two notices of two payments on one code, each judged before the other is written."""
    bill = await world.issued_bill()
    first, second = world.payment(bill), world.payment(bill)
    money = world.billing.receipts
    insert = money._aggregates.insert
    entered = False

    async def slowly(kind, record_id, decision, **words):
        nonlocal entered
        if kind is RECEIPTS and not entered:
            entered = True
            await world.push(second)
        return await insert(kind, record_id, decision, **words)

    money._aggregates.insert = slowly  # type: ignore[method-assign]
    await world.push(first)


@pytest.mark.acceptance("X3.refund_case", "X3.no_second_booking")
async def test_of_two_payments_at_once_one_settles_and_one_goes_back() -> None:
    world = make_world()
    await two_payments_at_once(world)
    assert sorted(receipt.state.value for receipt in world.all(RECEIPTS)) == ["in_refund", "settles_bill"]
    assert world.names().count("BillPaid") == 1
    await world.rules_hold()


async def test_twin_without_the_guard_two_payments_settle_one_bill() -> None:
    world = make_world(GuardlessStore("billing"))
    await two_payments_at_once(world)
    assert world.names().count("BillPaid") == 2
    assert [receipt.state.value for receipt in world.all(RECEIPTS)] == ["settles_bill", "settles_bill"]
    assert not (await world.parts.invariants["I3"]()).holds


Story = Callable[[World], Awaitable[None]]


async def repeated(step: Callable[[], Awaitable[object]]) -> None:
    """Send again until it is taken, as a sender does."""
    for _ in range(3):
        try:
            if await step() in (None, Outcome.DONE):
                return
        except StoreUnavailable:
            continue


async def paid_in_time(world: World) -> None:
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    await repeated(lambda: world.push(payment))


async def paid_twice(world: World) -> None:
    await paid_in_time(world)
    second = world.payment(world.bill())
    await repeated(lambda: world.push(second))


async def late_with_seat(world: World) -> None:
    bill = await world.expired_bill()
    payment = world.payment(bill)
    await repeated(lambda: world.push(payment))
    await world.pass_time(10, step=1)
    await repeated(lambda: world.confirmed(bill.bill_id, "late_same_seat"))


async def late_without_seat(world: World) -> None:
    bill = await world.expired_bill()
    payment = world.payment(bill)
    await repeated(lambda: world.push(payment))
    await world.pass_time(10, step=1)
    await repeated(lambda: world.no_seat(bill.bill_id))


async def late_then_after_all(world: World) -> None:
    await late_without_seat(world)
    await repeated(lambda: world.confirmed(world.bill().bill_id, "late_same_seat"))


async def late_onto_live_bill(world: World) -> None:
    old = await world.expired_bill()
    await repeated(lambda: world.seat_held("appointment-2", replaces_bill_id=old.bill_id, message_id="held-2"))
    await world.work()
    payment = world.payment(old)
    await repeated(lambda: world.push(payment))


async def seat_lost_while_paid(world: World) -> None:
    await paid_in_time(world)
    await repeated(lambda: world.released("cancelled", version=3))
    await repeated(lambda: world.confirmed(world.bill().bill_id, "late_same_seat", version=4))


STORIES: dict[str, tuple[Story, list[str]]] = {
    "paid_in_time": (paid_in_time, ["settles_bill"]),
    "paid_twice": (paid_twice, ["in_refund", "settles_bill"]),
    "late_with_seat": (late_with_seat, ["settles_bill"]),
    "late_without_seat": (late_without_seat, ["in_refund"]),
    "late_then_after_all": (late_then_after_all, ["settles_bill"]),
    "late_onto_live_bill": (late_onto_live_bill, ["settles_bill"]),
    "seat_lost_while_paid": (seat_lost_while_paid, ["settles_bill"]),
}


async def run_story(story: Story, store: DyingStore) -> World:
    world = make_world(store)
    world.deliveries = 3
    world.worker = CarefulWorker(world.worker)  # type: ignore[assignment]
    await story(world)
    await world.pass_time(120, step=10)
    return world


class CarefulWorker:
    """A deadline worker whose process comes back when its store died."""

    def __init__(self, worker) -> None:
        self._worker = worker

    async def run_due(self) -> int:
        try:
            return int(await self._worker.run_due())
        except StoreUnavailable:
            return 1


@pytest.mark.parametrize("name", STORIES)
async def test_a_crash_around_any_write_changes_no_outcome(name: str) -> None:
    story, expected = STORIES[name]
    calm = DyingStore()
    world = await run_story(story, calm)
    assert sorted(receipt.state.value for receipt in world.all(RECEIPTS)) == expected
    said = sorted(set(world.names()) - {"BillDelayed", "BillReminderDue"})
    for dies_at in range(1, calm.writes + 1):
        for after in (False, True):
            store = DyingStore()
            store.dies_at, store.after = dies_at, after
            try:
                world = await run_story(story, store)
            except StoreUnavailable:
                pytest.fail(f"write {dies_at}: the work was not taken up")
            where = f"{name}, write {dies_at}, {'after' if after else 'before'}"
            assert sorted(receipt.state.value for receipt in world.all(RECEIPTS)) == expected, where
            assert sorted(set(world.names()) - {"BillDelayed", "BillReminderDue"}) == said, where
            assert world.names().count("BillPaid") <= 1, where
            assert all(
                bill.state in (BillState.PAID, BillState.EXPIRED, BillState.SUPERSEDED) for bill in world.all(BILLS)
            )
            await world.rules_hold()
