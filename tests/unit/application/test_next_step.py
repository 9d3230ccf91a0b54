"""Where a person stands, for every turn the journey can take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.application.applications.application import Application, Interview, Status
from services.application.applications.hand_over import Approval
from services.application.applications.next_step import (
    FINISHED,
    ActionCode,
    Step,
    application_progress,
    done_steps,
    first_missing,
    local_time,
    rupiah,
)
from services.application.applications.visit import (
    BILL_FACTS,
    SEAT_FACTS,
    BillState,
    SeatState,
    Visits,
    with_bill_fact,
    with_refund,
    with_seat_fact,
    with_seat_unavailable,
)
from shared.events import billing, scheduling
from shared.events.subscriptions import events_for
from tests.unit.application import make
from tests.unit.application.make import ADULT, BILL, NOW, VISIT

SUBMITTED = make.draft(answers=ADULT, status=Status.SUBMITTED, submitted_at=NOW)


def stands(state: Application, *, complete: bool = True) -> tuple[str, str]:
    found = application_progress(state, documents_complete=complete)
    assert found.next_action.en
    assert found.next_action.id
    return found.current_step, found.next_action.en


@pytest.mark.acceptance("F31.current_step", "F31.remaining_steps")
def test_the_steps_come_one_after_the_other() -> None:
    walk: list[tuple[Application, bool, Step]] = [
        (make.draft(), False, Step.QUESTIONNAIRE),
        (make.draft(answers=ADULT), False, Step.DOCUMENTS),
        (make.draft(answers=ADULT), True, Step.SUBMIT),
        (SUBMITTED, True, Step.CHOOSE_SEAT),
        (make.with_seats(SUBMITTED, make.held()), True, Step.PAY),
        (make.with_seats(SUBMITTED, make.held(), make.confirmed()), True, Step.COME),
        (make.with_seats(SUBMITTED, make.held(), make.confirmed(), make.checked_in()), True, Step.INTERVIEW),
        (replace(SUBMITTED, status=Status.APPROVED, approval=Approval(NOW, NOW)), True, Step.PRINT),
        (replace(SUBMITTED, status=Status.PRINTED), True, Step.COLLECT),
    ]
    for state, complete, step in walk:
        found = application_progress(state, documents_complete=complete)
        assert found.current_step == step
        assert found.remaining[0] is step
        steps = [other for other in Step if other is not Step.IDENTITY]
        assert found.remaining == tuple(steps[steps.index(step) :])
        assert first_missing(state, Step.COLLECT, documents_complete=complete) == (
            None if step is Step.COLLECT else step
        )
    assert [step for *_, step in walk] == [step for step in Step if step is not Step.IDENTITY]


@pytest.mark.parametrize("status", [Status.COLLECTED, Status.REFUSED, Status.WITHDRAWN, Status.CLOSED])
def test_an_ended_application_has_no_step_left(status: Status) -> None:
    found = application_progress(replace(SUBMITTED, status=status), documents_complete=True)
    assert (found.current_step, found.remaining) == (FINISHED, ())
    assert found.next_action.en
    if status is Status.COLLECTED:
        assert done_steps(replace(SUBMITTED, status=status), documents_complete=True) == set(Step)


def test_a_document_refused_after_submission_is_asked_for_again() -> None:
    step, action = stands(SUBMITTED, complete=False)
    assert step == Step.CHOOSE_SEAT
    assert action.startswith("A document is missing or was refused: upload it again.")
    ready = replace(SUBMITTED, status=Status.PRINTED)
    assert "refused" not in stands(ready, complete=False)[1]


def test_a_held_seat_asks_for_payment_in_the_words_that_its_bill_gives() -> None:
    held = make.with_seats(SUBMITTED, make.held())
    found = application_progress(held, documents_complete=True)
    assert found.next_action.deadline == NOW + timedelta(minutes=10)
    requested = make.with_seats(SUBMITTED, make.held(), make.bill_requested())
    assert application_progress(requested, documents_complete=True).next_action.deadline is None
    issued = make.with_seats(SUBMITTED, make.held(), make.bill_requested(), make.bill_issued())
    found = application_progress(issued, documents_complete=True)
    assert found.next_action.en == (
        "Pay Rp950.000 with billing code 820261123000001 until Monday 23 November 2026, 11:00 WIB."
    )
    assert "sampai Senin 23 November 2026, 11.00 WIB" in found.next_action.id
    assert found.next_action.deadline == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (billing.BillDelayed(**make.bill_fields(next_check_at=NOW)), "ask again at Monday"),
        (billing.BillPaidUnsettled(**make.bill_fields()), "do not pay again"),
        (billing.BillExpiryUnconfirmed(**make.bill_fields()), "Your seat is kept"),
        (make.bill_paid(), "is being confirmed"),
        (billing.BillWaived(**make.bill_fields(legal_basis="x")), "is being confirmed"),
        (
            billing.PaymentArrivedLate(**make.bill_fields(receipt_id="r", amount=1, paid_at=NOW)),
            "is being confirmed",
        ),
    ],
)
def test_every_turn_of_a_bill_has_its_words(fact: billing._BillFact, says: str) -> None:
    step, action = stands(make.with_seats(SUBMITTED, make.held(), make.bill_requested(), fact))
    assert step == Step.PAY
    assert says in action


def test_a_late_code_without_a_next_time_says_so_all_the_same() -> None:
    state = make.with_seats(
        SUBMITTED, make.held(), make.bill_requested(), billing.BillDelayed(**make.bill_fields(next_check_at=NOW))
    )
    bills = tuple(replace(bill, next_check_at=None) for bill in state.visits.bills)
    state = replace(state, visits=replace(state.visits, bills=bills))
    assert stands(state)[1].endswith("you need do nothing.")
    codeless = make.with_seats(SUBMITTED, make.held(), make.bill_issued())
    bills = tuple(replace(bill, expires_at=None, amount=None) for bill in codeless.visits.bills)
    codeless = replace(codeless, visits=replace(codeless.visits, bills=bills))
    assert "until" not in stands(codeless)[1]


def test_without_a_seat_the_words_say_why() -> None:
    assert "Choose an office" in stands(SUBMITTED)[1]
    expired = make.with_seats(
        SUBMITTED, make.held(), make.bill_requested(), billing.BillExpired(**make.bill_fields()), make.released()
    )
    assert "ended unpaid" in stands(expired)[1]
    late = make.with_seats(
        expired, billing.PaymentArrivedLate(**make.bill_fields(receipt_id="r", amount=1, paid_at=NOW)), start=VISIT
    )
    late = replace(late, visits=with_bill_fact(late.visits, _late(), version=9, at=VISIT))
    assert "looking for a time" in stands(late)[1]
    refund = billing.RefundOpened(refund_id="r", receipt_id="x", amount=1, reason="no_seat")
    refunded = replace(late, visits=with_refund(late.visits, refund, VISIT))
    assert "Choose an office" in stands(refunded)[1]
    missed = make.with_seats(SUBMITTED, make.held(), make.confirmed(), make.missed())
    assert "did not come" in stands(missed)[1]
    step, action = stands(make.with_seats(SUBMITTED, make.held(), make.released(), make.offered()))
    assert step == Step.CHOOSE_SEAT
    assert "accept or decline" in action


def _late() -> billing.PaymentArrivedLate:
    return billing.PaymentArrivedLate(**make.bill_fields(receipt_id="r", amount=1, paid_at=NOW))


def test_a_certain_visit_says_where_and_when() -> None:
    found = application_progress(make.with_seats(SUBMITTED, make.held(), make.confirmed()), documents_complete=True)
    assert "Kantor Imigrasi Jakarta Selatan on Monday 30 November 2026, 08:00 WIB" in found.next_action.en
    assert found.next_action.deadline == VISIT
    timeless = make.with_seats(SUBMITTED, make.confirmed())
    seats = tuple(replace(seat, starts_at=None) for seat in timeless.visits.seats)
    assert "Come to the office" in stands(replace(timeless, visits=Visits(seats=seats)))[1]


def test_missing_papers_have_a_day() -> None:
    until = VISIT + timedelta(days=7)
    state = replace(
        make.with_seats(SUBMITTED, make.held(), make.confirmed(), make.checked_in()),
        status=Status.INCOMPLETE,
        interview=Interview("incomplete", VISIT, "i", complete_until=until),
    )
    found = application_progress(state, documents_complete=True)
    assert (found.current_step, found.next_action.deadline) == (Step.INTERVIEW, until)
    assert "Papers are missing" in found.next_action.en
    seatless = replace(state, visits=Visits())
    assert stands(seatless)[0] == Step.INTERVIEW
    unsaid = replace(state, interview=None)
    assert "Wait" in stands(unsaid)[1]


def test_a_printed_book_waits_until_a_day() -> None:
    state = replace(SUBMITTED, status=Status.PRINTED, collect_until=VISIT)
    assert "the office until Monday" in stands(state)[1]
    seated = make.with_seats(state, make.held(), make.confirmed())
    assert "Kantor Imigrasi Jakarta Selatan until" in stands(seated)[1]
    approved = application_progress(replace(SUBMITTED, status=Status.APPROVED), documents_complete=True)
    assert approved.next_action.deadline is None


def test_times_are_said_in_the_offices_zone() -> None:
    assert local_time(VISIT, "Asia/Makassar", indonesian=True) == "Senin 30 November 2026, 09.00 WITA"
    assert local_time(VISIT, "Asia/Jayapura", indonesian=False) == "Monday 30 November 2026, 10:00 WIT"
    assert local_time(VISIT, "UTC", indonesian=False).endswith("01:00 UTC+0")
    assert local_time(VISIT, None, indonesian=False).endswith("08:00 WIB")
    assert rupiah(1_950_000) == "Rp1.950.000"


def seen(*facts: tuple[Any, int], minutes: int = 0) -> Visits:
    """What is known after facts, each with its version, arriving in this order."""
    visits = Visits()
    for fact, version in facts:
        apply = with_bill_fact if isinstance(fact, billing._BillFact) else with_seat_fact
        visits = apply(visits, fact, version=version, at=NOW + timedelta(minutes=minutes + version))
    return visits


def test_facts_out_of_order_end_in_the_same_picture() -> None:
    facts = [(make.held(), 1), (make.confirmed(), 3), (make.rescheduled(), 4), (make.checked_in(), 6)]
    straight = seen(*facts)
    assert straight.seat is not None
    assert straight.seat.state is SeatState.CHECKED_IN
    assert straight.seat.session_id == "s2"
    assert seen(*reversed(facts)).seat == straight.seat
    assert seen(*facts, *facts).seat == straight.seat
    bills = [(make.bill_requested(), 1), (make.bill_issued(), 2), (make.bill_paid(), 3)]
    assert seen(*bills).bill == seen(*reversed(bills)).bill
    paid = seen(*bills).bill
    assert paid is not None
    assert (paid.state, paid.billing_code) == (BillState.PAID, "820261123000001")


def test_the_live_seat_and_its_bill_are_the_ones_shown() -> None:
    second, bill2 = "b0000000-0000-4000-8000-000000000002", "c0000000-0000-4000-8000-000000000002"
    visits = seen((make.held(), 1), (make.bill_requested(), 2), (make.released(), 3))
    assert visits.seat is None
    assert visits.last_seat is not None
    assert visits.bill is not None
    visits = with_seat_fact(visits, make.held(appointment_id=second), version=1, at=VISIT)
    assert visits.seat is not None
    assert visits.seat.appointment_id == second
    visits = with_bill_fact(visits, make.bill_requested(bill_id=bill2, appointment_id=second), version=1, at=NOW)
    assert visits.bill is not None
    assert visits.bill.bill_id == bill2
    penalty = make.bill_requested(bill_id="p", purpose="penalty", appointment_id=None)
    visits = with_bill_fact(visits, penalty, version=1, at=VISIT)
    assert visits.bill is not None
    assert visits.bill.bill_id == bill2
    confirmed = make.confirmed(appointment_id=second, bill_id=BILL)
    assert with_seat_fact(visits, confirmed, version=2, at=VISIT).bill.bill_id == BILL  # type: ignore[union-attr]
    assert Visits().bill is None


def test_no_seat_for_late_money_and_refunds_are_kept_once() -> None:
    visits = seen((make.held(), 1), (make.bill_requested(), 2))
    fact = scheduling.SeatUnavailable(
        application_id="a", account_id="acc", bill_id=BILL, asked_for="late_payment", reason="sold_out"
    )
    assert with_seat_unavailable(visits, fact).bills[0].seat_unavailable == "late_payment"
    assert with_seat_unavailable(visits, fact.model_copy(update={"bill_id": "other"})) == visits
    refund = billing.RefundOpened(refund_id="r", receipt_id="x", amount=1, reason="no_seat")
    once = with_refund(visits, refund, NOW)
    assert with_refund(once, refund, VISIT) == once


def test_every_fact_that_is_heard_has_a_place() -> None:
    others = {
        *(f"Applicant{news}" for news in ("Added", "Refused", "ShownBack", "Reopened", "Confirmed")),
        "SeatUnavailable",
        "BillingEvidenceNamed",
        "SchedulingEvidenceNamed",
        "SpecialRescheduleRefused",
        "CorrectionPriced",
        "RefundOpened",
        "RefundMoved",
        "PaymentCaseOpened",
        "PaymentCaseClosed",
        "DeliverySent",
        "DeliveryFailed",
        "ChildCameOfAge",
        "AssistanceBegun",
        "AssistanceEnded",
        "SessionEnded",
        *("LeavingAsked", "LeavingEnded", "DataExportAsked"),
        *("PassportPrinted", "PassportCollected", "ApplicationRefused"),
        *("AccountRegistered", "ConsentsChanged"),
        "ErasureOrdered",
        "LegalHoldPlaced",
        "LegalHoldLifted",
    }
    heard = {event.__name__ for event in events_for("application")}
    assert heard == {event.__name__ for event in (*SEAT_FACTS, *BILL_FACTS)} | others
    assert set(SEAT_FACTS.values()) == set(SeatState)
    assert set(BILL_FACTS.values()) == set(BillState)


def test_what_comes_first_has_its_own_code() -> None:
    refused = application_progress(SUBMITTED, documents_complete=False).next_action
    assert refused.code is ActionCode.UPLOAD_DOCUMENTS
    expired = make.with_seats(SUBMITTED, make.held(), make.bill_requested())
    bills = tuple(replace(bill, state=BillState.EXPIRED) for bill in expired.visits.bills)
    seats = tuple(replace(seat, state=SeatState.RELEASED) for seat in expired.visits.seats)
    ended = replace(expired, visits=replace(expired.visits, bills=bills, seats=seats))
    action = application_progress(ended, documents_complete=True).next_action
    assert (action.code, action.bill_id) == (ActionCode.RENEW_BILL, bills[0].bill_id)
    owed = tuple(replace(bill, purpose="penalty", bill_id="owed-bill") for bill in bills)
    action = application_progress(replace(ended, visits=replace(ended.visits, bills=owed)), documents_complete=True)
    assert (action.next_action.code, action.next_action.bill_id) == (ActionCode.RENEW_BILL, "owed-bill")
