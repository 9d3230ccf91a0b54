"""Refunds: working days, reasons, the whole way, who may do what, crashes on the way, and the report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import BillOutcome
from services.billing.data.reference import holidays, refund_reasons
from services.billing.errors import NotYourOffice
from services.billing.ledger.model import Account
from services.billing.receipts import model as receipts
from services.billing.refunds import model as refunds
from services.billing.refunds.errors import (
    AccountIsMissing,
    AnotherPairOfEyes,
    NothingToRefund,
    ObjectionTooLate,
    PeriodTooLong,
    RefundIsOpen,
    RefundStepNotNow,
    RefundUnknown,
    RuleUnknown,
    StepOfAnotherRole,
)
from services.billing.refunds.model import Refund
from services.billing.refunds.service import NewRefund, StepDetails
from services.billing.refunds.states import OPEN_REFUNDS, RefundState
from services.billing.refunds.statistics import statistics_of
from services.billing.refunds.step_limits import step_due
from services.billing.rules import CLAIM_DAYS
from services.billing.working_days import Calendar
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.faulty import DyingStore
from tests.unit.billing.make import T0
from tests.unit.billing.refund_desk import (
    DAY,
    HEAD,
    OPERATOR,
    OWNER,
    POLICY,
    SECOND,
    STRANGER,
    TREASURER,
    Desk,
    desk_of,
)
from tests.unit.billing.world import APPLICATION, APPOINTMENT

ELSEWHERE = Caller("treasurer-2", Role.TREASURER, "s", "office-2")


# -- working days ------------------------------------------------------------------------------------------------------


def test_working_days_leave_out_weekends_and_holidays_and_end_at_midnight_in_jakarta() -> None:
    christmas_eve = datetime(2026, 12, 24, 2, 0, tzinfo=UTC)  # a Thursday; Friday is Christmas
    assert holidays().after(christmas_eve, 1) == datetime(2026, 12, 28, 17, 0, tzinfo=UTC)
    assert Calendar().after(christmas_eve, 1) == datetime(2026, 12, 25, 17, 0, tzinfo=UTC)
    late = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # already Tuesday in Jakarta
    assert Calendar().after(late, 1) == datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
    assert Calendar().after(late, 0) == datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


def test_only_states_in_which_somebody_owes_a_step_have_a_deadline() -> None:
    owed = {state for state in RefundState if step_due(POLICY, state, T0) is not None}
    assert owed == set(OPEN_REFUNDS)
    assert step_due(POLICY, RefundState.OBJECTED, T0) == T0 + timedelta(days=182)


# -- reasons are data --------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F61.reason_table")
def test_reasons_are_rows_with_legal_basis_and_decider() -> None:
    table = refund_reasons()
    codes = {reason.code for reason in table.reasons_on(T0.date())}
    assert codes >= {
        "duplicate_payment",
        "wrong_amount",
        "late_payment",
        "agent_error",
        "service_not_delivered",
        "zero_tariff_entitled",
        "force_majeure",
        "court_or_audit",
    }
    assert all(reason.legal_basis and reason.decided_by for reason in table.reasons)
    assert "zero_tariff_entitled" not in {reason.code for reason in table.reasons_on(date(2024, 12, 16))}
    with pytest.raises(refunds.RefundRuleUnknown):
        table.rule("because")


@pytest.mark.acceptance("F61.written_refusal")
async def test_a_reason_outside_the_table_is_refused_in_writing_with_the_rule() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill(), "changed_my_mind")
    assert (case.state, case.rule, case.reason) == (RefundState.REFUSED, "not_in_table", "outside_table")
    assert desk.world.names()[-2:] == ["RefundOpened", "RefundMoved"]
    assert desk.world.heard("RefundMoved")[-1].rule == "not_in_table"
    assert case.object_until == T0 + timedelta(days=91)
    assert desk.world.bill().standing == BillOutcome.APPOINTMENT
    await desk.world.rules_hold()


@pytest.mark.acceptance("F61.reasons_are_data")
async def test_a_new_reason_is_a_new_row() -> None:
    desk = desk_of()
    data = {
        "reason": [
            {
                "code": "flood",
                "legal_basis": "an invented rule",
                "decided_by": "office_head",
                "automatic": False,
                "effective_from": date(2026, 1, 1),
                "title": "Flood",
                "title_id": "Banjir",
            }
        ]
    }
    desk.desk._reasons = refunds.reasons_of(data)
    case = await desk.ask(await desk.paid_bill(), "flood")
    assert (case.state, case.legal_basis, case.decided_by) == (RefundState.REQUESTED, "an invented rule", "office_head")


async def test_a_claim_lapses_after_five_years() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    desk.world.clock.advance(CLAIM_DAYS * DAY)
    assert (await desk.ask(bill)).state == RefundState.REQUESTED
    other = desk_of()
    bill = await other.paid_bill()
    other.world.clock.advance(CLAIM_DAYS * DAY + 1)
    assert (await other.ask(bill)).rule == "claim_lapsed"


# -- the whole way -----------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F62.workflow", "F62.actor_and_deadline", "F62.approve")
async def test_a_request_goes_all_the_way_with_actor_deadline_and_notice_at_each_step() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    assert case.state == RefundState.REQUESTED
    await desk.approved(case)
    waiting = desk.case(case)
    assert (waiting.state, waiting.appointment_id) == (RefundState.APPROVED, APPOINTMENT)
    asked = desk.world.heard("SeatReleaseRequested")
    assert [(event.refund_id, event.appointment_id) for event in asked] == [(case.refund_id, APPOINTMENT)]
    assert desk.world.treasury.sent == []
    await desk.released()
    await desk.world.pass_time(120)
    over = desk.case(case)
    assert over.state == RefundState.PAID
    assert desk.states() == [
        "complete",
        "researched",
        "recommended",
        "approved",
        "released",
        "ordered",
        "paid",
    ]
    assert all(event.due_at for event in desk.world.heard("RefundMoved")[:-1])
    assert [step.by for step in over.steps] == [
        "applicant",
        "treasurer",
        "treasurer",
        "office_admin",
        "operator",
        "billing",
        "billing",
        "billing",
    ]
    receipt = desk.world.receipt(over.receipt_id)
    assert receipt.share(case.refund_id) == receipts.Share(case.refund_id, over.amount, Account.REFUNDED)
    assert receipts.ledger_faults(receipt) == []
    assert desk.world.bill().standing == BillOutcome.REFUND
    assert desk.world.treasury.paid_out == over.amount
    await desk.world.rules_hold()


@pytest.mark.acceptance("F62.refuse")
async def test_missing_papers_are_asked_for_and_end_the_request_after_seven_working_days() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    asked = await desk.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    assert (asked.state, asked.papers_asked) == (RefundState.INCOMPLETE, ("bank_statement",))
    assert desk.world.heard("RefundMoved")[-1].needs == "papers"
    answered = await desk.desk.answer(OWNER, case.refund_id, "here it is", desk.command())
    assert answered.state == RefundState.REQUESTED
    assert desk.desk.statements(answered) == ("the bank took it twice", "here it is")
    asked = await desk.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    assert asked.step_due_at == holidays().after(desk.world.clock.now(), 7)
    desk.world.clock.set(asked.step_due_at - timedelta(seconds=1))
    await desk.world.work()
    assert desk.case(case).state == RefundState.INCOMPLETE
    desk.world.clock.advance(1)
    await desk.world.work()
    assert (desk.case(case).state, desk.case(case).rule) == (RefundState.REFUSED, "papers_not_given")
    await desk.world.rules_hold()


@pytest.mark.acceptance("F62.refuse", "F62.resubmit")
async def test_a_refusal_names_its_rule_and_can_be_asked_again_with_new_proof() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.recommended(case)
    with pytest.raises(RuleUnknown):
        await desk.step(case, OPERATOR, "refuse", rule="because")
    refused = await desk.step(case, OPERATOR, "refuse", rule="not_proven")
    assert (refused.state, refused.rule) == (RefundState.REFUSED, "not_proven")
    assert desk.world.bill().standing == BillOutcome.APPOINTMENT
    again = await desk.desk.resubmit(OWNER, case.refund_id, "a letter of the bank", desk.command())
    assert (again.state, again.rule, again.recommended_by) == (RefundState.REQUESTED, None, None)
    await desk.approved(case)
    await desk.released()
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID
    await desk.world.rules_hold()


@pytest.mark.acceptance("F62.refuse")
async def test_an_objection_is_judged_by_another_and_granted_by_silence() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.recommended(case)
    await desk.step(case, OPERATOR, "refuse", rule="not_proven")
    objected = await desk.desk.object_to(OWNER, case.refund_id, "it is proven", desk.command())
    assert objected.state == RefundState.OBJECTED
    with pytest.raises(AnotherPairOfEyes):
        await desk.step(case, OPERATOR, "uphold_refusal", rule="not_proven")
    upheld = await desk.step(case, SECOND, "uphold_refusal", rule="own_omission")
    assert (upheld.state, upheld.rule, upheld.refused_by) == (RefundState.REFUSED, "own_omission", "operator-2")
    await desk.desk.object_to(OWNER, case.refund_id, "still", desk.command())
    granted = await desk.step(case, OPERATOR, "grant_objection")
    assert granted.state == RefundState.APPROVED

    silent = desk_of()
    case = await silent.ask(await silent.paid_bill())
    await silent.recommended(case)
    await silent.step(case, OPERATOR, "refuse", rule="not_proven")
    await silent.desk.object_to(OWNER, case.refund_id, "it is proven", silent.command())
    silent.world.clock.advance(182 * DAY)
    await silent.world.work()
    assert silent.case(case).state == RefundState.APPROVED
    assert silent.case(case).steps[-1].note == "silence_grants"


async def test_an_objection_is_in_time_up_to_its_last_moment() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill(), "nothing_of_the_kind")
    assert case.object_until is not None
    desk.world.clock.set(case.object_until + timedelta(seconds=1))
    with pytest.raises(ObjectionTooLate):
        await desk.desk.object_to(OWNER, case.refund_id, "late", desk.command())
    desk.world.clock.set(case.object_until)
    assert (await desk.desk.object_to(OWNER, case.refund_id, "now", desk.command())).state == RefundState.OBJECTED


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (RefundState.REQUESTED, ()),
        (RefundState.COMPLETE, ("find_complete",)),
        (RefundState.RESEARCHED, ("find_complete", "research")),
    ],
)
@pytest.mark.acceptance("F62.actor_and_deadline")
async def test_a_step_that_nobody_takes_is_escalated_again_and_again(state: RefundState, move: tuple[str, ...]) -> None:
    desk = desk_of()
    case = await desk.account(await desk.ask(await desk.paid_bill()))
    for name in move:
        await desk.step(case, TREASURER, name)
    due = desk.case(case).step_due_at
    assert due is not None
    desk.world.clock.set(due)
    await desk.world.work()
    assert (desk.case(case).state, desk.case(case).escalations) == (state, 1)
    assert [refund.refund_id for refund in await desk.desk.in_state(OPERATOR, None, overdue=True)] == []
    desk.world.clock.set(holidays().after(due, 1))
    await desk.world.work()
    assert desk.case(case).escalations == 2
    assert [refund.refund_id for refund in await desk.desk.in_state(OPERATOR, None, overdue=True)] == [case.refund_id]
    assert [refund.refund_id for refund in await desk.desk.in_state(HEAD, state, overdue=False)] == [case.refund_id]
    assert await desk.desk.in_state(ELSEWHERE, state, overdue=False) == []


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F62.approve")
async def test_a_treasurer_cannot_approve_what_they_requested() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill(), caller=TREASURER)
    await desk.account(case)
    await desk.step(case, TREASURER, "find_complete")
    await desk.step(case, TREASURER, "research")
    await desk.step(case, HEAD, "recommend")
    with pytest.raises(AnotherPairOfEyes):
        await desk.step(case, TREASURER, "approve")
    other = Caller("treasurer-9", Role.TREASURER, "s", "office-1")
    assert (await desk.step(case, other, "approve")).state == RefundState.APPROVED


async def test_who_recommended_cannot_approve_where_the_office_head_decides() -> None:
    desk = desk_of()
    case = await desk.account(await desk.ask(await desk.paid_bill(), "force_majeure"))
    assert case.decided_by == "office_head"
    await desk.step(case, TREASURER, "find_complete")
    await desk.step(case, TREASURER, "research")
    with pytest.raises(StepOfAnotherRole):
        await desk.step(case, HEAD, "recommend")
    await desk.step(case, TREASURER, "recommend")
    with pytest.raises(StepOfAnotherRole):
        await desk.step(case, OPERATOR, "approve")
    assert (await desk.step(case, HEAD, "approve")).state == RefundState.APPROVED


async def test_every_refusal_of_the_desk() -> None:
    desk = desk_of()
    bill = await desk.world.issued_bill()
    with pytest.raises(BillUnknown):
        await desk.ask(bill, caller=STRANGER)
    with pytest.raises(NothingToRefund):
        await desk.ask(bill)
    paid = await desk.world.pay(bill)
    await desk.world.confirmed(bill.bill_id, "paid")
    with pytest.raises(NothingToRefund):
        await desk.ask(bill, receipt_id="Z000000000000000")
    case = await desk.ask(bill, receipt_id=paid.ntpn)
    with pytest.raises(RefundIsOpen):
        await desk.ask(bill)
    with pytest.raises(RefundUnknown):
        await desk.desk.refund(STRANGER, case.refund_id)
    with pytest.raises(RefundUnknown):
        await desk.desk.refund(OWNER, "nothing")
    with pytest.raises(NotYourOffice):
        await desk.step(case, ELSEWHERE, "find_complete")
    with pytest.raises(AccountIsMissing):
        await desk.step(case, TREASURER, "find_complete")
    with pytest.raises(RefundStepNotNow):
        await desk.step(case, TREASURER, "research")
    with pytest.raises(RefundStepNotNow):
        await desk.desk.answer(OWNER, case.refund_id, "unasked", desk.command())
    assert await desk.desk.refunds(STRANGER, APPLICATION) == []
    assert [refund.refund_id for refund in await desk.desk.refunds(OWNER, APPLICATION)] == [case.refund_id]


async def test_a_repeated_command_meets_the_same_case_and_takes_no_second_step() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    wish = NewRefund(bill.bill_id, "agent_error", "twice")
    first = await desk.desk.request(OWNER, wish, "the-same")
    second = await desk.desk.request(OWNER, wish, "the-same")
    assert first.refund_id == second.refund_id
    await desk.account(first)
    for _ in range(2):
        await desk.desk.step(TREASURER, first.refund_id, "find_complete", StepDetails(), "complete-once")
    assert desk.case(first).state == RefundState.COMPLETE
    assert len(desk.world.refunds()) == 1


# -- crashes -----------------------------------------------------------------------------------------------------------


async def _to_payment(desk: Desk) -> Refund:
    """From a recommended case to its payment, as a caller who repeats what failed does it."""
    case = desk.world.refunds()[0]
    for _ in range(4):
        try:
            await desk.desk.step(OPERATOR, case.refund_id, "approve", StepDetails(), "approve-once")
            break
        except StoreUnavailable:
            continue
    for _ in range(3):
        try:
            await desk.world.pass_time(40)
            await desk.released()
        except StoreUnavailable:
            continue
    for _ in range(3):
        try:
            await desk.world.pass_time(200)
        except StoreUnavailable:
            continue
    return desk.case(case)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.acceptance("F62.workflow")
async def test_a_crash_around_any_write_from_approval_to_payment_changes_nothing(after: bool) -> None:
    for number in range(1, 16):
        store = DyingStore()
        desk = desk_of(store)
        desk.world.deliveries = 3
        await desk.recommended(await desk.ask(await desk.paid_bill()))
        store.dies_at, store.after = store.writes + number, after
        over = await _to_payment(desk)
        assert over.state == RefundState.PAID, (number, after, over.state)
        assert desk.world.treasury.paid_out == over.amount
        assert desk.world.bill().standing == BillOutcome.REFUND
        await desk.world.rules_hold()


# -- the report --------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F64.requests", "F64.approved", "F64.refused")
@pytest.mark.acceptance("F64.paid", "F64.median_days", "F64.open_over_30_days")
async def test_the_report_is_what_the_cases_say() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    for _ in range(3):
        await desk.world.pay(bill)
    paid, refused, waiting = desk.world.refunds()
    await desk.approved(paid)
    await desk.world.pass_time(120)
    await desk.recommended(refused)
    await desk.step(refused, OPERATOR, "refuse", rule="not_proven")
    desk.world.clock.advance(30 * DAY)
    today = desk.desk.today()
    figures = await desk.desk.statistics(OPERATOR, today - timedelta(days=40), today)
    assert (figures.requests, figures.approved, figures.refused, figures.paid) == (3, 1, 1, 1)
    assert (figures.open, figures.open_over_30_days, figures.paid_rupiah) == (1, 1, bill.amount)
    assert figures.median_days == 0.0
    assert figures.by_reason == {"duplicate_payment": 3}
    assert figures == statistics_of(desk.world.refunds(), desk.world.clock.now())
    nothing = await desk.desk.statistics(OPERATOR, today, today)
    assert (nothing.requests, nothing.median_days) == (0, None)
    with pytest.raises(PeriodTooLong):
        await desk.desk.statistics(OPERATOR, today - timedelta(days=366), today)
    with pytest.raises(PeriodTooLong):
        await desk.desk.statistics(OPERATOR, today, today - timedelta(days=1))
    assert waiting.state == RefundState.OPENED


async def test_a_report_reads_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.billing.refunds.repository.PAGE", 2)
    desk = desk_of()
    bill = await desk.paid_bill()
    for number in range(7):
        await desk.world.pay(bill)
        desk.world.clock.advance(number % 3)
    today = desk.desk.today()
    assert (await desk.desk.statistics(OPERATOR, today, today)).requests == 7
