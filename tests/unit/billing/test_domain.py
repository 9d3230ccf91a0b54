"""The life of a bill, of a receipt and of a refund case, without any store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.billing.bills import model as bills
from services.billing.bills.model import BillOutcome, Claim, ClaimState, Code, Evidence, RenewalState, VisitState
from services.billing.bills.simponi_poll_times import next_poll
from services.billing.bills.states import BILL_TRANSITIONS, ENDED_BILLS, BillState
from services.billing.data.reference import refund_reasons
from services.billing.ledger.model import Account, Entry, balances
from services.billing.receipts import model as receipts
from services.billing.receipts.model import Facts, Intent, IntentKind, judge, judge_without_seat
from services.billing.receipts.refund_subject import RefundCause, RefundSubject
from services.billing.receipts.states import FINAL_RECEIPTS, RECEIPT_TRANSITIONS, ReceiptCommand, ReceiptState
from services.billing.refunds import model as refunds
from services.billing.refunds.states import FINAL_REFUNDS, REFUND_TRANSITIONS, RefundState
from services.billing.rules import Policies, Validity, YearClosed, backoff, validity
from shared.calendar.working_days import JAKARTA
from shared.events import billing as events
from shared.events.codes import BillPurpose, RefundStep
from shared.store.transitions import IllegalTransition
from tests.unit.billing.make import (
    AMOUNT,
    CODE,
    NTPN,
    OTHER_NTPN,
    PAYER,
    POLICY,
    RECEIPT_POLICY,
    T0,
    a_payment,
    a_price,
    a_receipt,
    a_seat,
    at,
    in_state,
    issued,
    requested,
)


def names(decision: bills.Decision[object]) -> list[str]:
    return [type(event).__name__ for event in decision.events]


@pytest.mark.parametrize(
    ("table", "states", "final"),
    [
        (BILL_TRANSITIONS, BillState, {BillState.WAIVED, BillState.SUPERSEDED}),
        (RECEIPT_TRANSITIONS, ReceiptState, FINAL_RECEIPTS),
        (REFUND_TRANSITIONS, RefundState, FINAL_REFUNDS),
    ],
)
def test_every_state_is_final_or_can_be_left(table, states, final) -> None:
    for state in states:
        assert bool(table.commands(state)) != (state in final), state


# -- times -----------------------------------------------------------------------------------------------------------


def test_a_code_is_valid_for_two_hours_in_whole_seconds() -> None:
    assert validity(at(0.7), None, POLICY) == Validity(at(7200))


@pytest.mark.acceptance("X7.never_passed")
def test_no_code_outlives_the_year() -> None:
    cutoff = datetime(2026, 12, 31, 23, tzinfo=JAKARTA).astimezone(UTC)
    two_hours_before = datetime(2026, 12, 31, 21, tzinfo=JAKARTA).astimezone(UTC)
    assert validity(two_hours_before, None, POLICY) == Validity(cutoff, shortened_by_year_end=False)
    one_hour_before = datetime(2026, 12, 31, 22, tzinfo=JAKARTA).astimezone(UTC)
    assert validity(one_hour_before, None, POLICY) == Validity(cutoff, shortened_by_year_end=True)
    new_year = datetime(2027, 1, 1, tzinfo=JAKARTA).astimezone(UTC)
    assert validity(cutoff, None, POLICY) == YearClosed(new_year)
    assert validity(new_year, None, POLICY) == Validity(datetime(2027, 1, 1, 2, tzinfo=JAKARTA).astimezone(UTC))


@pytest.mark.acceptance("X7.setting")
def test_the_cut_off_is_a_setting() -> None:
    earlier = replace(POLICY, year_end_cutoff="12-31T20:00")
    now = datetime(2026, 12, 31, 19, 30, tzinfo=JAKARTA).astimezone(UTC)
    cutoff = datetime(2026, 12, 31, 20, tzinfo=JAKARTA).astimezone(UTC)
    assert validity(now, None, earlier) == Validity(cutoff, shortened_by_year_end=True)


def test_no_code_outlives_the_start_of_its_session() -> None:
    assert validity(T0, at(3600), POLICY) == Validity(at(3600))


@pytest.mark.acceptance("F56.every_5_minutes")
def test_polls_are_densest_near_the_end_and_never_rarer_than_five_minutes() -> None:
    ends = at(7200)
    assert next_poll(T0, ends, POLICY) == at(270)
    assert next_poll(at(7000), ends, POLICY) == at(7050)
    assert next_poll(at(7190), ends, POLICY) == at(7210)
    assert next_poll(at(7300), ends, POLICY) == at(7325)
    assert next_poll(at(9000), ends, POLICY) == at(9270)


def test_waits_double_up_to_their_limit() -> None:
    assert [backoff(n, 2, 60).total_seconds() for n in (1, 2, 3, 6, 500)] == [2, 4, 8, 60, 60]


def test_the_policies_have_real_defaults() -> None:
    assert Policies().bill.grace_seconds >= 1200
    assert Policies().receipt.late_answer_seconds <= 60


# -- from the request to the code ----------------------------------------------------------------------------------


def test_a_request_freezes_the_price_and_asks_for_the_code_at_once() -> None:
    decision = bills.request("bill-1", PAYER, BillPurpose.FEE, a_price(), a_seat(), T0, POLICY)
    assert names(decision) == ["BillRequested"]
    assert decision.state.due == {"ask": T0, "delay": at(120), "alert": at(900)}
    assert decision.state.give_up_at == at(21_600)
    assert decision.state.amount == AMOUNT
    assert decision.state.reference == "bill-1"


def test_the_search_for_a_code_ends_at_the_start_of_the_session() -> None:
    soon = a_seat(starts_at=at(3600))
    assert bills.request("bill-1", PAYER, BillPurpose.FEE, a_price(), soon, T0, POLICY).state.give_up_at == at(3600)


def test_a_bill_without_a_seat_says_so() -> None:
    decision = bills.request("bill-1", PAYER, BillPurpose.PENALTY, a_price(), None, T0, POLICY)
    assert decision.events[0].appointment_id is None
    assert decision.state.give_up_at == at(21_600)


def test_nothing_to_pay_is_waived() -> None:
    decision = bills.request("bill-1", PAYER, BillPurpose.FEE, a_price(0), a_seat(), T0, POLICY)
    assert decision.state.state == BillState.WAIVED
    assert names(decision) == ["BillRequested", "BillWaived"]
    assert decision.state.due == {}


@pytest.mark.acceptance("F53.validity_from_issue")
def test_validity_counts_from_the_issue_not_from_the_request() -> None:
    decision = bills.issue(requested(), Code(CODE, at(10_000)), True, at(2800), POLICY)
    bill = decision.state
    assert bill.state == BillState.ISSUED
    assert names(decision) == ["BillIssued"]
    assert decision.events[0].shortened_by_year_end
    assert bill.expires_at == at(10_000)
    assert bill.due == {"remind": at(6400), "poll": at(3070), "expire": at(11_200)}


def test_an_end_that_is_near_is_asked_for_at_its_end() -> None:
    tight = replace(POLICY, grace_seconds=0)
    assert bills.issue(requested(), Code(CODE, at(10)), False, T0, tight).state.due["poll"] == at(10)


def test_a_code_that_died_unseen_is_asked_for_under_a_fresh_reference() -> None:
    bill = bills.renew_reference(requested(), CODE, at(9000), POLICY).state
    assert (bill.rounds, bill.reference, bill.codes) == (2, "bill-1.2", (CODE,))
    assert bills.renew_reference(bill, CODE, at(9001), POLICY).state.codes == (CODE,)
    assert bill.in_time(at(60)), "money on the unseen code is in time while the next one is asked for"


def test_in_the_closed_days_of_the_year_the_code_waits_for_the_new_one() -> None:
    assert bills.wait_for_year(requested(), at(100), T0, POLICY).state.due["ask"] == at(100)
    failed = bills.wait_for_year(requested(), at(21_600), T0, POLICY)
    assert (failed.state.state, failed.state.cause) == (BillState.FAILED, "year_closed")


@pytest.mark.acceptance("F53.issued_or_failed")
def test_without_an_answer_the_code_is_asked_for_again_until_the_limit() -> None:
    bill = bills.no_answer(requested(), at(1), POLICY).state
    assert (bill.ask_attempts, bill.due["ask"]) == (1, at(3))
    near_limit = bills.no_answer(replace(bill, ask_attempts=30), at(21_590), POLICY).state
    assert near_limit.due["ask"] == at(21_600)
    decision = bills.no_answer(near_limit, at(21_600), POLICY)
    assert (decision.state.state, decision.state.cause) == (BillState.FAILED, "simponi_unreachable")
    assert names(decision) == ["BillFailed"]


def test_a_few_refusals_end_the_bill_with_the_cause() -> None:
    bill = requested()
    for number in range(POLICY.refusals_limit - 1):
        bill = bills.refused(bill, "http_400", at(number), POLICY).state
        assert bill.state == BillState.REQUESTED
    assert bills.refused(bill, "http_400", at(9), POLICY).state.cause == "refused_http_400"
    assert bills.refused(requested(), "http_400", at(21_600), POLICY).state.state == BillState.FAILED


def test_a_delay_is_told_once_with_the_next_check() -> None:
    decision = bills.tell_delay(requested())
    assert decision.events[0].next_check_at == T0
    assert "delay" not in decision.state.due
    assert "alert" not in bills.without_due(requested(), "alert").state.due


def test_the_reminder_is_said_once_and_only_while_the_code_can_be_paid() -> None:
    decision = bills.remind(issued())
    assert names(decision) == ["BillReminderDue"]
    assert "remind" not in decision.state.due
    assert names(bills.remind(in_state(BillState.PAID))) == []
    assert names(bills.remind(replace(issued(), billing_code=None))) == []
    assert names(bills.remind(replace(issued(), expires_at=None))) == []


# -- money and time ------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F58.pay_time_decides")
def test_the_last_second_is_in_time_and_the_next_one_is_late() -> None:
    bill = issued()
    assert bill.in_time(at(7200))
    assert bill.in_time(at(7200.999)), "the bank's whole seconds count"
    assert not bill.in_time(at(7201))
    assert not replace(in_state(BillState.FAILED), expires_at=None).in_time(at(1))


def test_a_paid_bill_never_expires() -> None:
    decision = bills.pay(issued(), NTPN, at(60.5), at(70), POLICY)
    paid = decision.state
    assert names(decision) == ["BillPaid"]
    assert (paid.settled_by, paid.paid_at, paid.standing) == (NTPN, at(60), BillOutcome.APPOINTMENT)
    assert paid.due == {"poll": at(8400)}, "one last look finds a second payment"
    with pytest.raises(IllegalTransition):
        bills.expire(paid, at(9000), POLICY)
    assert bills.polled(paid, at(8400), POLICY).state.due == {}


def test_money_of_an_earlier_code_pays_before_the_new_code_is_there() -> None:
    paid = bills.pay(requested(), NTPN, at(60), at(61), POLICY).state
    assert (paid.state, paid.due) == (BillState.PAID, {})


def test_what_waits_on_no_seat_is_closed_when_paid() -> None:
    paid = bills.pay(issued(purpose=BillPurpose.PENALTY), NTPN, at(60), at(61), POLICY).state
    assert (paid.standing, paid.closed_reason) == (BillOutcome.CLOSED, "settled")


def test_an_expired_bill_is_never_paid_silently() -> None:
    expired = in_state(BillState.EXPIRED)
    with pytest.raises(IllegalTransition):
        bills.pay(expired, NTPN, at(60), at(9000), POLICY)


@pytest.mark.acceptance("X4.keeps_slot", "X4.paid_on_ntpn")
def test_a_bank_receipt_in_time_keeps_the_seat() -> None:
    decision = bills.note_bank_receipt(issued(), Evidence("ntb", AMOUNT, at(60), at(61)), at(61), POLICY)
    bill = decision.state
    assert (bill.state, names(decision)) == (BillState.PAID_UNSETTLED, ["BillPaidUnsettled"])
    assert bill.due == {"poll": at(81), "case": at(3661)}
    assert "expire" not in bill.due
    again = bills.note_bank_receipt(bill, Evidence("ntb", AMOUNT, at(60), at(90)), at(90), POLICY)
    assert (again.state, again.events) == (bill, ())
    assert bills.pay(bill, NTPN, at(60), at(400), POLICY).state.state == BillState.PAID


@pytest.mark.parametrize(
    ("bill", "evidence"),
    [
        (issued(), Evidence("ntb", AMOUNT, at(7201), at(7300))),
        (issued(), Evidence("ntb", 1, at(60), at(61))),
        (in_state(BillState.EXPIRED), Evidence("ntb", AMOUNT, at(60), at(9000))),
    ],
)
def test_a_bank_receipt_too_late_or_over_another_amount_is_evidence_only(bill, evidence) -> None:
    decision = bills.note_bank_receipt(bill, evidence, at(9000), POLICY)
    assert (decision.state.state, decision.events) == (bill.state, ())
    assert decision.state.evidence == (evidence,)


def test_without_an_answer_the_seat_stays_a_day_at_most() -> None:
    first = bills.doubt(issued(), at(8400), POLICY)
    assert names(first) == ["BillExpiryUnconfirmed"]
    assert first.state.due == {"expire": at(8460)}
    assert first.state.unconfirmed_until == at(8400 + 86_400)
    second = bills.doubt(first.state, at(8460), POLICY)
    assert (names(second), second.state.due) == ([], {"expire": at(8520)})
    last = bills.doubt(second.state, at(8400 + 86_390), POLICY)
    assert last.state.due == {"expire": at(8400 + 86_400)}
    over = bills.doubt(last.state, at(8400 + 86_400), POLICY)
    assert (over.state.state, names(over)) == (BillState.EXPIRED, ["BillExpired"])


def test_doubt_ends_at_the_start_of_the_session() -> None:
    bill = replace(issued(), seat=a_seat(starts_at=at(9000)))
    assert bills.doubt(bill, at(8400), POLICY).state.unconfirmed_until == at(9000)
    assert bills.doubt(replace(bill, seat=None), at(8400), POLICY).state.unconfirmed_until == at(94_800)
    begun = bills.doubt(replace(bill, seat=a_seat(starts_at=at(8000))), at(8400), POLICY)
    assert begun.state.due == {"expire": at(8400)}


@pytest.mark.parametrize("state", sorted(ENDED_BILLS | {BillState.SUPERSEDED}))
def test_an_ended_code_is_watched_for_a_day(state: BillState) -> None:
    ended = in_state(state)
    if ended.billing_code is None:
        assert "poll" not in ended.due
        return
    start = ended.ended_at
    assert start is not None
    watched = bills.polled(ended, start, POLICY).state
    assert (watched.due["poll"] - start).total_seconds() == POLICY.poll_most_seconds <= 300
    nearly_over = start.replace() + (at(86_400 - 270) - T0)
    assert "poll" in bills.polled(ended, nearly_over, POLICY).state.due
    assert "poll" not in bills.polled(ended, nearly_over + (at(1) - T0), POLICY).state.due
    assert "poll" in bills.polled(replace(ended, ended_at=None), start, POLICY).state.due


def test_when_a_live_code_is_looked_at_again() -> None:
    assert bills.polled(issued(), at(300), POLICY).state.due["poll"] == at(570)
    assert bills.polled(in_state(BillState.PAID_UNSETTLED), at(300), POLICY).state.due["poll"] == at(570)
    assert "poll" not in bills.polled(requested(), at(300), POLICY).state.due


def test_a_cancelled_bill_says_so_and_its_code_stays_payable() -> None:
    decision = bills.cancel(issued(), "by_applicant", at(60), POLICY)
    assert names(decision) == ["BillCancelled"]
    assert decision.state.due == {"poll": at(330)}


def test_late_money_asks_for_a_seat_and_may_ask_again() -> None:
    asked = bills.ask_for_seat(in_state(BillState.EXPIRED), NTPN, AMOUNT, at(7300), at(9000), POLICY)
    assert names(asked) == ["PaymentArrivedLate"]
    assert (asked.state.late_receipt_id, asked.state.standing) == (NTPN, BillOutcome.SEAT_SOUGHT)
    assert names(bills.ask_for_seat(asked.state, NTPN, AMOUNT, at(7300), at(9060), POLICY)) == ["PaymentArrivedLate"]


def test_a_code_paid_after_its_end_but_before_the_last_question_expires_by_it() -> None:
    asked = bills.ask_for_seat(issued(), NTPN, AMOUNT, at(7300), at(7400), POLICY)
    assert names(asked) == ["BillExpired", "PaymentArrivedLate"]
    assert asked.state.state == BillState.EXPIRED
    over = bills.supersede(issued(), "bill-2", at(7400), POLICY)
    assert names(over) == ["BillExpired", "BillSuperseded"]
    paid = bills.pay_late(issued(purpose=BillPurpose.PENALTY), NTPN, at(7300), at(7400), POLICY)
    assert names(paid) == ["BillExpired", "BillPaid"]
    assert (paid.state.standing, paid.state.closed_reason) == (BillOutcome.CLOSED, "settled")


def test_late_money_with_a_seat_pays_the_ended_bill() -> None:
    expired = bills.ask_for_seat(in_state(BillState.EXPIRED), NTPN, AMOUNT, at(7300), at(9000), POLICY).state
    paid = bills.pay_late(expired, NTPN, at(7300.5), at(9030), POLICY)
    assert names(paid) == ["BillPaid"]
    assert (paid.state.state, paid.state.paid_at, paid.state.settled_by) == (BillState.PAID, at(7300), NTPN)
    assert (paid.state.standing, paid.state.due) == (BillOutcome.APPOINTMENT, {})


def test_a_paid_bill_that_lost_its_seat_stands_on_the_new_one_without_being_paid_twice() -> None:
    sought = bills.lose_seat(in_state(BillState.PAID), "appointment-1", 2)
    assert (sought.events, sought.state.state) == ((), BillState.PAID)
    assert (sought.state.late_receipt_id, sought.state.standing) == (NTPN, BillOutcome.SEAT_SOUGHT)
    found = bills.pay_late(sought.state, NTPN, at(60), at(130), POLICY)
    assert (found.events, found.state.standing) == ((), BillOutcome.APPOINTMENT)


def test_standing_on_a_refund_and_closed() -> None:
    paid = in_state(BillState.PAID)
    assert bills.stands_on_refund(paid).state.standing == BillOutcome.REFUND
    closed = bills.close(paid, "cancelled").state
    assert (closed.standing, closed.closed_reason) == (BillOutcome.CLOSED, "cancelled")


def test_older_news_of_the_appointment_changes_nothing() -> None:
    paid = in_state(BillState.PAID)
    assert paid.seat is not None
    assert bills.seat_confirmed(paid, replace(paid.seat, version=1)).state == paid
    newer = bills.seat_confirmed(paid, replace(paid.seat, version=2)).state
    assert newer.seat is not None
    assert (newer.seat.version, newer.seat.visit) == (2, VisitState.CONFIRMED)
    other = bills.seat_confirmed(newer, replace(paid.seat, appointment_id="appointment-2", version=1)).state
    assert other.seat is not None
    assert other.seat.appointment_id == "appointment-2"
    no_seat = replace(paid, seat=None)
    assert bills.seat_confirmed(no_seat, replace(paid.seat, version=9)).state == no_seat


def test_only_the_seat_that_a_paid_bill_stands_on_can_be_lost() -> None:
    paid = in_state(BillState.PAID)
    assert bills.lose_seat(paid, "appointment-2", 9).state == paid, "another appointment"
    assert bills.lose_seat(paid, "appointment-1", 1).state == paid, "older news"
    closed = bills.close(paid, "cancelled").state
    assert bills.lose_seat(closed, "appointment-1", 2).state == closed
    unpaid = issued()
    assert bills.lose_seat(unpaid, "appointment-1", 2).state == unpaid
    lost = bills.lose_seat(paid, "appointment-1", 2).state
    assert lost.seat is not None
    assert (lost.seat.version, lost.seat.visit) == (2, VisitState.RELEASED)


def test_a_released_visit_closes_only_the_bill_that_stands_on_it() -> None:
    paid = in_state(BillState.PAID)
    assert bills.visit_released(paid, "appointment-2", 9, "cancelled").state == paid
    assert bills.visit_released(paid, "appointment-1", 1, "cancelled").state == paid
    closed = bills.visit_released(paid, "appointment-1", 2, "cancelled").state
    assert (closed.standing, closed.closed_reason) == (BillOutcome.CLOSED, "cancelled")
    back = bills.stands_on_refund(paid).state
    assert bills.visit_released(back, "appointment-1", 2, "cancelled").state.standing == BillOutcome.REFUND
    no_seat = replace(paid, seat=None)
    assert bills.visit_released(no_seat, "appointment-1", 2, "cancelled").state == no_seat


def test_a_bill_is_given_up_with_its_own_seat_only() -> None:
    bill = issued()
    assert bills.give_up(bill, "appointment-2", "cancelled", at(60), POLICY).state == bill
    assert bills.give_up(bill, "appointment-1", "cancelled", at(60), POLICY).state.state == BillState.CANCELLED
    assert bills.give_up(bill, None, "withdrawn", at(60), POLICY).state.state == BillState.CANCELLED
    paid = in_state(BillState.PAID)
    assert bills.give_up(paid, None, "withdrawn", at(60), POLICY).state == paid


def test_a_confirmed_visit_of_a_bill_that_seeks_a_seat_is_an_answer() -> None:
    paid = in_state(BillState.PAID)
    assert paid.seat is not None
    visit = replace(paid.seat, version=2)
    assert bills.visit_confirmed(paid, visit).state.standing == BillOutcome.APPOINTMENT
    with pytest.raises(bills.SeatIsSought):
        bills.visit_confirmed(bills.lose_seat(paid, "appointment-1", 2).state, visit)


def test_a_refund_that_the_money_has_overcome_does_not_touch_the_bill() -> None:
    lost = bills.lose_seat(in_state(BillState.PAID), "appointment-1", 2).state
    seated = bills.pay_late(lost, NTPN, at(60), at(130), POLICY, refunds_overcome=1).state
    assert bills.stands_on_refund(seated, 1).state.standing == BillOutcome.APPOINTMENT
    assert bills.stands_on_refund(seated, 2).state.standing == BillOutcome.REFUND


def test_money_wins_a_seat_while_it_seeks_one_or_its_refund_was_withdrawn_for_it() -> None:
    settled = receipts.settle(a_receipt(), "bill-1", at(130)).state
    assert receipts.win_seat(settled, "appointment-2", None).state == settled
    seeking = receipts.await_seat(settled, at(130), RECEIPT_POLICY).state
    won = receipts.win_seat(seeking, "appointment-2", None).state
    assert won.seat_won == "appointment-2"
    with pytest.raises(IllegalTransition):
        receipts.enter_refund(won, refund_for(RefundCause.LATE_PAYMENT), "refund-1", at(140), RECEIPT_POLICY)
    assert receipts.settle(won, "bill-1", at(140)).state.seat_won is None
    going = receipts.enter_refund(seeking, refund_for(RefundCause.LATE_PAYMENT), "refund-1", at(140), RECEIPT_POLICY)
    assert (going.refund_entries, receipts.win_seat(going, "appointment-2", "refund-1").state) == (1, going)
    going = receipts.refund_recorded(going)
    assert receipts.win_seat(going, "appointment-2", None).state == going
    assert receipts.win_seat(going, "appointment-2", "refund-2").state == going
    assert receipts.win_seat(going, "appointment-2", "refund-1").state.seat_won == "appointment-2"


@pytest.mark.acceptance("F55.no_retyping")
def test_a_new_code_is_asked_for_once_and_again_after_a_while() -> None:
    expired = in_state(BillState.EXPIRED)
    asked = bills.ask_renewal(expired, at(9000), POLICY)
    assert names(asked) == ["BillRenewalRequested"]
    assert bills.ask_renewal(asked.state, at(9059), POLICY).events == ()
    assert names(bills.ask_renewal(asked.state, at(9060), POLICY)) == ["BillRenewalRequested"]
    granted = bills.renewal_granted(asked.state, "bill-2", at(9001)).state.renewal
    assert granted is not None
    assert (granted.state, granted.bill_id, granted.asked_at) == (RenewalState.GRANTED, "bill-2", at(9000))
    no = bills.renewal_refused(asked.state, "seat_taken", at(9001))
    assert no.state.renewal is not None
    assert (no.state.renewal.state, no.state.renewal.reason) == (RenewalState.REFUSED, "seat_taken")
    assert names(bills.ask_renewal(no.state, at(9002), POLICY)) == ["BillRenewalRequested"]
    unasked = bills.renewal_granted(expired, "bill-2", at(9001)).state.renewal
    assert unasked is not None
    assert unasked.asked_at == at(9001)
    refused = bills.renewal_refused(expired, "seat_taken", at(9001)).state.renewal
    assert refused is not None
    assert refused.asked_at == at(9001)


def test_a_claim_is_looked_into_at_once_and_becomes_a_case_in_time() -> None:
    first = bills.claim(issued(), Claim("claim-1", at(60), NTPN, None), at(60), POLICY).state
    assert (first.due["poll"], first.due["claim"]) == (at(60), at(3660))
    second = bills.claim(first, Claim("claim-2", at(90), None, "ntb"), at(90), POLICY).state
    assert second.due["claim"] == at(3660), "the first one's time counts"
    ended = bills.expire(second, at(8400), POLICY).state
    assert ended.due["claim"] == at(3660), "an end does not forget a claim"
    over = bills.claims_overdue(second).state
    assert [claim.state for claim in over.claims] == [ClaimState.CASE_OPEN, ClaimState.CASE_OPEN]
    assert "claim" not in over.due
    paid = bills.pay(second, NTPN, at(60), at(100), POLICY).state
    assert {claim.state for claim in paid.claims} == {ClaimState.CONFIRMED}
    assert bills.claims_overdue(paid).state.claims == paid.claims
    assert "poll" not in bills.claim(requested(), Claim("c", T0, NTPN, None), T0, POLICY).state.due


# -- receipts ----------------------------------------------------------------------------------------------------------


def test_a_receipt_is_money_that_awaits_its_outcome() -> None:
    receipt = a_receipt()
    assert (receipt.state, receipt.due) == (ReceiptState.AWAITS_OUTCOME, {"drive": at(125)})
    assert balances(receipt.postings) == {Account.TREASURY: AMOUNT, Account.AWAITING_OUTCOME: -AMOUNT}
    assert receipts.ledger_faults(receipt) == []
    assert not receipt.at_rest


def test_a_bank_number_alone_is_no_receipt() -> None:
    with pytest.raises(ValueError, match="evidence"):
        a_receipt(ntpn=None)


def test_a_repeated_notice_says_the_same() -> None:
    assert receipts.same_payment(a_receipt(), a_payment())
    assert not receipts.same_payment(a_receipt(), a_payment(amount=1))


def settle_on(bill_id: str) -> Intent:
    return Intent(IntentKind.SETTLE, bill_id)


def refund_for(cause: RefundCause, bill_id: str | None = "bill-1") -> Intent:
    return Intent(IntentKind.REFUND, bill_id, cause.value)


@pytest.mark.parametrize("state", [BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED, BillState.PAID_UNSETTLED])
def test_money_in_time_settles_a_live_bill(state: BillState) -> None:
    assert judge(a_receipt(paid=7200), Facts(in_state(state))) == settle_on("bill-1")


def test_a_code_without_a_bill_waits() -> None:
    assert judge(a_receipt(), Facts(None)) == receipts.WAIT


def test_another_amount_is_a_refund() -> None:
    assert judge(a_receipt(amount=1), Facts(issued())) == refund_for(RefundCause.WRONG_AMOUNT)


@pytest.mark.acceptance("X3.refund_case")
@pytest.mark.parametrize("state", [BillState.PAID, BillState.WAIVED, BillState.SUPERSEDED])
def test_a_second_payment_is_a_refund(state: BillState) -> None:
    bill = replace(in_state(state), price=a_price())
    assert judge(a_receipt(ntpn=OTHER_NTPN), Facts(bill)) == refund_for(RefundCause.DUPLICATE_PAYMENT)


def test_a_bill_that_has_this_money_keeps_it() -> None:
    assert judge(a_receipt(), Facts(in_state(BillState.PAID))) == settle_on("bill-1")
    other = replace(in_state(BillState.PAID, "bill-2"), settled_by=NTPN)
    assert judge(a_receipt(), Facts(in_state(BillState.EXPIRED), (other,))) == settle_on("bill-2")


@pytest.mark.parametrize("state", sorted(ENDED_BILLS))
def test_money_for_an_ended_bill_asks_for_a_seat(state: BillState) -> None:
    assert judge(a_receipt(), Facts(in_state(state))) == Intent(IntentKind.ASK_SEAT, "bill-1")


def test_money_after_the_end_asks_for_a_seat_even_before_the_last_question() -> None:
    assert judge(a_receipt(paid=7201), Facts(issued())) == Intent(IntentKind.ASK_SEAT, "bill-1")


def test_late_money_settles_the_live_bill_of_equal_amount_first() -> None:
    expired, live = in_state(BillState.EXPIRED), issued("bill-2", code="826112300000002")
    assert judge(a_receipt(paid=7300), Facts(expired, (live,))) == settle_on("bill-2")
    dearer = issued("bill-2", amount=AMOUNT + 1)
    assert judge(a_receipt(paid=7300), Facts(expired, (dearer,))) == Intent(IntentKind.ASK_SEAT, "bill-1")
    penalty = issued("bill-2", purpose=BillPurpose.PENALTY)
    assert judge(a_receipt(paid=7300), Facts(expired, (penalty,))) == Intent(IntentKind.ASK_SEAT, "bill-1")


@pytest.mark.parametrize("state", [BillState.PAID, BillState.PAID_UNSETTLED, BillState.WAIVED])
def test_late_money_for_an_application_that_has_its_money_is_a_refund(state: BillState) -> None:
    other = replace(in_state(state, "bill-2"), settled_by=OTHER_NTPN)
    facts = Facts(in_state(BillState.EXPIRED), (other,))
    assert judge(a_receipt(), facts) == refund_for(RefundCause.DUPLICATE_PAYMENT)


def test_a_closed_bill_of_the_application_does_not_stand_in_the_way() -> None:
    closed = replace(in_state(BillState.PAID, "bill-2"), settled_by=OTHER_NTPN, standing=BillOutcome.CLOSED)
    facts = Facts(in_state(BillState.EXPIRED), (closed,))
    assert judge(a_receipt(), facts) == Intent(IntentKind.ASK_SEAT, "bill-1")


def test_two_late_payments_never_ask_for_two_seats() -> None:
    sought = bills.ask_for_seat(in_state(BillState.EXPIRED), OTHER_NTPN, AMOUNT, at(7300), at(9000), POLICY).state
    assert judge(a_receipt(), Facts(sought)) == refund_for(RefundCause.DUPLICATE_PAYMENT)
    other = replace(sought, bill_id="bill-2")
    facts = Facts(in_state(BillState.EXPIRED), (other,))
    assert judge(a_receipt(), facts) == refund_for(RefundCause.DUPLICATE_PAYMENT)


def test_late_money_for_a_withdrawn_application_goes_back() -> None:
    facts = Facts(in_state(BillState.CANCELLED), withdrawn=True)
    assert judge(a_receipt(), facts) == refund_for(RefundCause.LATE_PAYMENT)


def test_late_money_that_waits_on_no_seat_pays_its_bill() -> None:
    bill = issued(purpose=BillPurpose.PENALTY)
    expired = bills.expire(bill, at(8400), POLICY).state
    assert judge(a_receipt(), Facts(expired)) == Intent(IntentKind.PAY_LATE, "bill-1")


def test_what_was_asked_stays_asked() -> None:
    sought = bills.ask_for_seat(in_state(BillState.EXPIRED), NTPN, AMOUNT, at(7300), at(9000), POLICY).state
    live = issued("bill-2")
    assert judge(a_receipt(paid=7300), Facts(sought, (live,))) == Intent(IntentKind.ASK_SEAT, "bill-1")
    lost = bills.ask_for_seat(in_state(BillState.PAID), NTPN, AMOUNT, at(60), at(100), POLICY).state
    assert judge(a_receipt(), Facts(lost)) == Intent(IntentKind.ASK_SEAT, "bill-1")


def meant(intent: Intent, **changes: object) -> receipts.Receipt:
    return receipts.record_intent(a_receipt(**changes), intent, "bill-1", at(130), RECEIPT_POLICY)


def test_what_was_meant_is_kept_to_while_it_can_be_done() -> None:
    asks = Intent(IntentKind.ASK_SEAT, "bill-1")
    facts = Facts(in_state(BillState.EXPIRED), (issued("bill-2"),))
    assert judge(meant(asks), facts) == asks
    assert judge(meant(asks, paid=7300), Facts(issued(), (issued("bill-2"),))) == asks
    other = settle_on("bill-3")
    facts = Facts(in_state(BillState.EXPIRED), (issued("bill-2"), issued("bill-3")))
    assert judge(meant(other), facts) == other
    assert judge(meant(settle_on("bill-1")), Facts(issued())) == settle_on("bill-1")


def test_what_was_meant_is_dropped_once_it_cannot_be_done() -> None:
    expired = in_state(BillState.EXPIRED)
    asks = Intent(IntentKind.ASK_SEAT, "bill-1")
    assert judge(meant(settle_on("bill-1")), Facts(expired)) == asks
    assert judge(meant(settle_on("bill-3")), Facts(expired)) == asks
    paid = replace(in_state(BillState.PAID, "bill-3"), settled_by=OTHER_NTPN, standing=BillOutcome.CLOSED)
    assert judge(meant(settle_on("bill-3")), Facts(expired, (paid,))) == asks
    back = refund_for(RefundCause.LATE_PAYMENT)
    assert judge(meant(back), Facts(expired)) == asks, "a refund is meant by its own write, never before"
    taken = bills.ask_for_seat(expired, OTHER_NTPN, AMOUNT, at(7300), at(9000), POLICY).state
    assert judge(meant(asks), Facts(taken)) == refund_for(RefundCause.DUPLICATE_PAYMENT)


def test_without_a_seat_late_money_settles_a_live_bill_or_goes_back() -> None:
    expired = in_state(BillState.EXPIRED)
    late, early = a_receipt(paid=7300), a_receipt(paid=60)
    assert judge_without_seat(late, Facts(expired)) == refund_for(RefundCause.LATE_PAYMENT)
    assert judge_without_seat(early, Facts(expired)) == refund_for(RefundCause.SERVICE_NOT_DELIVERED)
    assert judge_without_seat(late, Facts(expired, (issued("bill-2"),))) == settle_on("bill-2")
    assert judge_without_seat(late, Facts(None)) == refund_for(RefundCause.LATE_PAYMENT, None)


def test_money_that_pays_a_bill_is_never_used_twice() -> None:
    early = a_receipt(paid=60)
    lost = bills.lose_seat(in_state(BillState.PAID), "appointment-1", 2).state
    assert judge_without_seat(early, Facts(lost, (issued("bill-2"),))) == refund_for(RefundCause.SERVICE_NOT_DELIVERED)
    other = replace(lost, bill_id="bill-2")
    superseded = in_state(BillState.SUPERSEDED)
    back = refund_for(RefundCause.SERVICE_NOT_DELIVERED, "bill-2")
    assert judge_without_seat(early, Facts(superseded, (issued("bill-3"), other))) == back
    seated = replace(other, standing=BillOutcome.APPOINTMENT)
    assert judge_without_seat(early, Facts(superseded, (seated,))) == settle_on("bill-2")


def test_an_unknown_code_is_looked_for_ever_more_rarely_and_then_given_up() -> None:
    receipt = a_receipt()
    assert receipts.drive_later(receipt, at(130), RECEIPT_POLICY).due == {"drive": at(135)}
    often = replace(receipt, attempts=20)
    assert receipts.drive_later(often, at(130), RECEIPT_POLICY).due == {"drive": at(430)}
    assert not receipts.gives_up_on_code(receipt, at(3719), RECEIPT_POLICY)
    assert receipts.gives_up_on_code(receipt, at(3720), RECEIPT_POLICY)


def test_money_moves_on_the_ledger_with_its_state() -> None:
    settled = receipts.settle(a_receipt(), "bill-1", at(130)).state
    assert (settled.settles_bill_id, settled.due, settled.at_rest) == ("bill-1", {}, True)
    assert balances(settled.postings) == {Account.TREASURY: AMOUNT, Account.REVENUE: -AMOUNT}
    sought = receipts.await_seat(settled, at(140), RECEIPT_POLICY).state
    assert (sought.due, sought.settles_bill_id) == ({"outcome": at(200)}, None)
    intent = refund_for(RefundCause.SERVICE_NOT_DELIVERED)
    back = receipts.enter_refund(sought, intent, "refund-1", at(150), RECEIPT_POLICY)
    assert (back.state, back.at_rest, back.due) == (ReceiptState.IN_REFUND, False, {"drive": at(155)})
    recorded = receipts.refund_recorded(back)
    assert (recorded.at_rest, recorded.due) == (True, {})
    after_all = receipts.settle(recorded, "bill-1", at(160)).state
    assert after_all.refund_id is None
    assert len(after_all.postings) == 5
    for receipt in (settled, sought, back, recorded, after_all):
        assert receipts.ledger_faults(receipt) == []


def test_waiting_for_a_seat_moves_no_money() -> None:
    sought = receipts.await_seat(a_receipt(), at(130), RECEIPT_POLICY).state
    assert len(sought.postings) == 1
    assert receipts.ledger_faults(sought) == []
    with pytest.raises(IllegalTransition):
        receipts.await_seat(sought, at(131), RECEIPT_POLICY)


def test_scheduling_is_asked_again_and_given_up_in_the_end() -> None:
    sought = receipts.await_seat(a_receipt(), at(130), RECEIPT_POLICY).state
    again = receipts.asked_again(sought, at(190), RECEIPT_POLICY).state
    assert (again.seat_questions, again.due) == (2, {"outcome": at(310)})
    assert not receipts.gives_up_on_seat(sought, at(130 + 14_399), RECEIPT_POLICY)
    assert receipts.gives_up_on_seat(sought, at(130 + 14_400), RECEIPT_POLICY)
    offer = receipts.offered(sought, at(90_000), RECEIPT_POLICY).state
    assert offer.due == {"outcome": at(90_060)}
    assert not receipts.gives_up_on_seat(offer, at(90_060), RECEIPT_POLICY)
    assert receipts.gives_up_on_seat(a_receipt(), at(120 + 14_400), RECEIPT_POLICY)


@pytest.mark.parametrize(
    ("command", "account"),
    [
        (ReceiptCommand.PAY_BACK, Account.REFUNDED),
        (ReceiptCommand.CREDIT, Account.CREDITED),
        (ReceiptCommand.RETAIN, Account.RETAINED),
    ],
)
def test_every_end_of_a_refund_has_its_account(command: ReceiptCommand, account: Account) -> None:
    back = receipts.enter_refund(a_receipt(), receipts.WAIT, "refund-1", at(150), RECEIPT_POLICY)
    ended = receipts._moved(back, command, "ended", at(160))
    assert balances(ended.postings)[account] == -AMOUNT
    assert receipts.ledger_faults(ended) == []


def test_a_tampered_ledger_is_found() -> None:
    receipt = receipts.settle(a_receipt(), "bill-1", at(130)).state
    first, second = receipt.postings

    def faults(*postings: object) -> str:
        return " ".join(receipts.ledger_faults(replace(receipt, postings=postings)))

    richer = (Entry(Account.TREASURY, AMOUNT), Entry(Account.AWAITING_OUTCOME, -1))
    assert "does not balance" in faults(replace(first, entries=richer), second)
    assert "was changed" in faults(replace(first, memo="gift"), second)
    assert "does not follow" in faults(second)
    assert "not on the account" in faults(first)
    assert "does not follow" in " ".join(receipts.ledger_faults(replace(receipt, ntb="000000000000")))


# -- refunds -----------------------------------------------------------------------------------------------------------


def test_a_refund_case_names_its_reason_rule_and_who_decides() -> None:
    reason = refund_reasons().reason("duplicate_payment", T0.date())
    decision = refunds.open_refund("refund-1", RefundSubject(NTPN, AMOUNT, "application-1"), reason, T0)
    assert names(decision) == ["RefundOpened"]
    assert isinstance(decision.events[0], events.RefundOpened)
    assert decision.state.decided_by == "fee_officer"
    assert "UU 9/2018" in decision.state.legal_basis
    gone = refunds.withdraw(decision.state, at(60), "a seat was found").state
    assert (gone.state, len(gone.steps)) == (RefundState.WITHDRAWN, 2)
    with pytest.raises(IllegalTransition):
        refunds.withdraw(gone, at(61), "again")


def test_the_states_of_a_refund_case_are_the_published_steps() -> None:
    """`RefundMoved` carries the state as its code: a state that readers do not know may not appear unseen."""
    assert {state.value for state in RefundState} == {step.value for step in RefundStep}
