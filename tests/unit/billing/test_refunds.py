"""Refunds: working days, reasons, the whole way, who may do what, crashes on the way, and the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import BillOutcome
from services.billing.data.reference import refund_reasons
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
from services.billing.refunds.schemas import RefundView
from services.billing.refunds.service import NewRefund, StepDetails
from services.billing.refunds.states import OPEN_REFUNDS, RefundState
from services.billing.refunds.statistics import statistics_of
from services.billing.refunds.step_limits import step_due
from services.billing.rules import CLAIM_DAYS
from shared.calendar.national import NATIONAL_CALENDAR
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.faulty_stores import DyingStore
from tests.unit.billing.make import T0
from tests.unit.billing.refund_driver import (
    DAY,
    HEAD,
    OPERATOR,
    OWNER,
    POLICY,
    SECOND,
    STRANGER,
    TREASURER,
    RefundDriver,
    make_driver,
)
from tests.unit.billing.world import APPLICATION, APPOINTMENT

ELSEWHERE = Caller("treasurer-2", Role.TREASURER, "s", "office-2")


# -- working days ------------------------------------------------------------------------------------------------------


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
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill(), "changed_my_mind")
    assert (case.state, case.rule, case.reason) == (RefundState.REFUSED, "not_in_table", "outside_table")
    assert driver.world.names()[-2:] == ["RefundOpened", "RefundMoved"]
    assert driver.world.heard("RefundMoved")[-1].rule == "not_in_table"
    assert case.object_until == T0 + timedelta(days=91)
    assert driver.world.bill().standing == BillOutcome.APPOINTMENT
    await driver.world.rules_hold()


@pytest.mark.acceptance("F61.reasons_are_data")
async def test_a_new_reason_is_a_new_row() -> None:
    driver = make_driver()
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
    driver.service._reasons = refunds.reasons_of(data)
    case = await driver.ask(await driver.paid_bill(), "flood")
    assert (case.state, case.legal_basis, case.decided_by) == (RefundState.REQUESTED, "an invented rule", "office_head")


async def test_a_claim_lapses_after_five_years() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    driver.world.clock.advance(CLAIM_DAYS * DAY)
    assert (await driver.ask(bill)).state == RefundState.REQUESTED
    other = make_driver()
    bill = await other.paid_bill()
    other.world.clock.advance(CLAIM_DAYS * DAY + 1)
    assert (await other.ask(bill)).rule == "claim_lapsed"


# -- the whole way -----------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F62.workflow", "F62.actor_and_deadline", "F62.approve")
async def test_a_request_goes_all_the_way_with_actor_deadline_and_notice_at_each_step() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    assert case.state == RefundState.REQUESTED
    await driver.approved(case)
    waiting = driver.case(case)
    assert (waiting.state, waiting.appointment_id) == (RefundState.APPROVED, APPOINTMENT)
    asked = driver.world.heard("SeatReleaseRequested")
    assert [(event.refund_id, event.appointment_id) for event in asked] == [(case.refund_id, APPOINTMENT)]
    assert driver.world.treasury.sent == []
    await driver.released()
    await driver.world.pass_time(120)
    over = driver.case(case)
    assert over.state == RefundState.PAID
    assert driver.states() == [
        "complete",
        "researched",
        "recommended",
        "approved",
        "released",
        "ordered",
        "paid",
    ]
    assert all(event.due_at for event in driver.world.heard("RefundMoved")[:-1])
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
    receipt = driver.world.receipt(over.receipt_id)
    assert receipt.share(case.refund_id) == receipts.Share(case.refund_id, over.amount, Account.REFUNDED)
    assert receipts.ledger_faults(receipt) == []
    assert driver.world.bill().standing == BillOutcome.REFUND
    assert driver.world.treasury.paid_out == over.amount
    await driver.world.rules_hold()


@pytest.mark.acceptance("F62.refuse")
async def test_missing_papers_are_asked_for_and_end_the_request_after_seven_working_days() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    asked = await driver.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    assert (asked.state, asked.papers_asked) == (RefundState.INCOMPLETE, ("bank_statement",))
    assert driver.world.heard("RefundMoved")[-1].needs == "papers"
    answered = await driver.service.answer(OWNER, case.refund_id, "here it is", driver.command())
    assert answered.state == RefundState.REQUESTED
    assert await driver.service.statements(answered) == ("the bank took it twice", "here it is")
    asked = await driver.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    assert asked.step_due_at == NATIONAL_CALENDAR.after(driver.world.clock.now(), 7)
    driver.world.clock.set(asked.step_due_at - timedelta(seconds=1))
    await driver.world.work()
    assert driver.case(case).state == RefundState.INCOMPLETE
    driver.world.clock.advance(1)
    await driver.world.work()
    assert (driver.case(case).state, driver.case(case).rule) == (RefundState.REFUSED, "papers_not_given")
    await driver.world.rules_hold()


async def test_the_seven_days_for_papers_leave_out_nyepi_idul_fitri_and_joint_leave() -> None:
    """Asked on 4 March 2027: working days are 5, 16 to 19, 22 and 23 March."""
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    driver.world.clock.set(datetime(2027, 3, 4, 2, 0, tzinfo=UTC))
    asked = await driver.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    assert asked.step_due_at == datetime(2027, 3, 23, 17, 0, tzinfo=UTC)
    driver.world.clock.set(datetime(2027, 3, 23, 16, 59, 59, tzinfo=UTC))
    await driver.world.work()
    assert driver.case(case).state == RefundState.INCOMPLETE


async def test_only_a_deadline_in_working_days_is_provisional() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    due = datetime(2028, 3, 1, tzinfo=UTC)

    def shown(state: RefundState, at: datetime | None) -> bool:
        refund = replace(case, state=state, step_due_at=at)
        return RefundView.from_refund(refund, refund_reasons(), None, ()).deadline_provisional

    assert shown(RefundState.REQUESTED, due)
    assert not shown(RefundState.OBJECTED, due)
    assert not shown(RefundState.REQUESTED, None)


@pytest.mark.acceptance("F62.refuse", "F62.resubmit")
async def test_a_refusal_names_its_rule_and_can_be_asked_again_with_new_proof() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.recommended(case)
    with pytest.raises(RuleUnknown):
        await driver.step(case, OPERATOR, "refuse", rule="because")
    refused = await driver.step(case, OPERATOR, "refuse", rule="not_proven")
    assert (refused.state, refused.rule) == (RefundState.REFUSED, "not_proven")
    assert driver.world.bill().standing == BillOutcome.APPOINTMENT
    again = await driver.service.resubmit(OWNER, case.refund_id, "a letter of the bank", driver.command())
    assert (again.state, again.rule, again.recommended_by) == (RefundState.REQUESTED, None, None)
    await driver.approved(case)
    await driver.released()
    await driver.world.pass_time(120)
    assert driver.case(case).state == RefundState.PAID
    await driver.world.rules_hold()


@pytest.mark.acceptance("F62.refuse")
async def test_an_objection_is_judged_by_another_and_granted_by_silence() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill())
    await driver.recommended(case)
    await driver.step(case, OPERATOR, "refuse", rule="not_proven")
    objected = await driver.service.object_to(OWNER, case.refund_id, "it is proven", driver.command())
    assert objected.state == RefundState.OBJECTED
    with pytest.raises(AnotherPairOfEyes):
        await driver.step(case, OPERATOR, "uphold_refusal", rule="not_proven")
    upheld = await driver.step(case, SECOND, "uphold_refusal", rule="own_omission")
    assert (upheld.state, upheld.rule, upheld.refused_by) == (RefundState.REFUSED, "own_omission", "operator-2")
    await driver.service.object_to(OWNER, case.refund_id, "still", driver.command())
    granted = await driver.step(case, OPERATOR, "grant_objection")
    assert granted.state == RefundState.APPROVED

    silent = make_driver()
    case = await silent.ask(await silent.paid_bill())
    await silent.recommended(case)
    await silent.step(case, OPERATOR, "refuse", rule="not_proven")
    await silent.service.object_to(OWNER, case.refund_id, "it is proven", silent.command())
    silent.world.clock.advance(182 * DAY)
    await silent.world.work()
    assert silent.case(case).state == RefundState.APPROVED
    assert silent.case(case).steps[-1].note == "silence_grants"


async def test_an_objection_is_in_time_up_to_its_last_moment() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill(), "nothing_of_the_kind")
    assert case.object_until is not None
    driver.world.clock.set(case.object_until + timedelta(seconds=1))
    with pytest.raises(ObjectionTooLate):
        await driver.service.object_to(OWNER, case.refund_id, "late", driver.command())
    driver.world.clock.set(case.object_until)
    assert (
        await driver.service.object_to(OWNER, case.refund_id, "now", driver.command())
    ).state == RefundState.OBJECTED


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
    driver = make_driver()
    case = await driver.account(await driver.ask(await driver.paid_bill()))
    for name in move:
        await driver.step(case, TREASURER, name)
    due = driver.case(case).step_due_at
    assert due is not None
    driver.world.clock.set(due)
    await driver.world.work()
    assert (driver.case(case).state, driver.case(case).escalations) == (state, 1)
    assert [refund.refund_id for refund in await driver.service.in_state(OPERATOR, None, overdue=True)] == []
    driver.world.clock.set(NATIONAL_CALENDAR.after(due, 1))
    await driver.world.work()
    assert driver.case(case).escalations == 2
    assert [refund.refund_id for refund in await driver.service.in_state(OPERATOR, None, overdue=True)] == [
        case.refund_id
    ]
    assert [refund.refund_id for refund in await driver.service.in_state(HEAD, state, overdue=False)] == [
        case.refund_id
    ]
    assert await driver.service.in_state(ELSEWHERE, state, overdue=False) == []


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F62.approve")
async def test_a_treasurer_cannot_approve_what_they_requested() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill(), caller=TREASURER)
    await driver.account(case)
    await driver.step(case, TREASURER, "find_complete")
    await driver.step(case, TREASURER, "research")
    await driver.step(case, HEAD, "recommend")
    with pytest.raises(AnotherPairOfEyes):
        await driver.step(case, TREASURER, "approve")
    other = Caller("treasurer-9", Role.TREASURER, "s", "office-1")
    assert (await driver.step(case, other, "approve")).state == RefundState.APPROVED


async def test_who_recommended_cannot_approve_where_the_office_head_decides() -> None:
    driver = make_driver()
    case = await driver.account(await driver.ask(await driver.paid_bill(), "force_majeure"))
    assert case.decided_by == "office_head"
    await driver.step(case, TREASURER, "find_complete")
    await driver.step(case, TREASURER, "research")
    with pytest.raises(StepOfAnotherRole):
        await driver.step(case, HEAD, "recommend")
    await driver.step(case, TREASURER, "recommend")
    with pytest.raises(StepOfAnotherRole):
        await driver.step(case, OPERATOR, "approve")
    assert (await driver.step(case, HEAD, "approve")).state == RefundState.APPROVED


async def test_every_refusal_of_the_desk() -> None:
    driver = make_driver()
    bill = await driver.world.issued_bill()
    with pytest.raises(BillUnknown):
        await driver.ask(bill, caller=STRANGER)
    with pytest.raises(NothingToRefund):
        await driver.ask(bill)
    paid = await driver.world.pay(bill)
    await driver.world.confirmed(bill.bill_id, "paid")
    with pytest.raises(NothingToRefund):
        await driver.ask(bill, receipt_id="Z000000000000000")
    case = await driver.ask(bill, receipt_id=paid.ntpn)
    with pytest.raises(RefundIsOpen):
        await driver.ask(bill)
    with pytest.raises(RefundUnknown):
        await driver.service.refund(STRANGER, case.refund_id)
    with pytest.raises(RefundUnknown):
        await driver.service.refund(OWNER, "nothing")
    with pytest.raises(NotYourOffice):
        await driver.step(case, ELSEWHERE, "find_complete")
    with pytest.raises(AccountIsMissing):
        await driver.step(case, TREASURER, "find_complete")
    with pytest.raises(RefundStepNotNow):
        await driver.step(case, TREASURER, "research")
    with pytest.raises(RefundStepNotNow):
        await driver.service.answer(OWNER, case.refund_id, "unasked", driver.command())
    assert await driver.service.refunds(STRANGER, APPLICATION) == []
    assert [refund.refund_id for refund in await driver.service.refunds(OWNER, APPLICATION)] == [case.refund_id]


async def test_a_repeated_command_meets_the_same_case_and_takes_no_second_step() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    wish = NewRefund(bill.bill_id, "agent_error", "twice")
    first = await driver.service.request(OWNER, wish, "the-same")
    second = await driver.service.request(OWNER, wish, "the-same")
    assert first.refund_id == second.refund_id
    await driver.account(first)
    for _ in range(2):
        await driver.service.step(TREASURER, first.refund_id, "find_complete", StepDetails(), "complete-once")
    assert driver.case(first).state == RefundState.COMPLETE
    assert len(driver.world.refunds()) == 1


# -- crashes -----------------------------------------------------------------------------------------------------------


async def _to_payment(driver: RefundDriver) -> Refund:
    """From a recommended case to its payment, as a caller who repeats what failed does it."""
    case = driver.world.refunds()[0]
    for _ in range(4):
        try:
            await driver.service.step(OPERATOR, case.refund_id, "approve", StepDetails(), "approve-once")
            break
        except StoreUnavailable:
            continue
    for _ in range(3):
        try:
            await driver.world.pass_time(40)
            await driver.released()
        except StoreUnavailable:
            continue
    for _ in range(3):
        try:
            await driver.world.pass_time(200)
        except StoreUnavailable:
            continue
    return driver.case(case)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.acceptance("F62.workflow")
async def test_a_crash_around_any_write_from_approval_to_payment_changes_nothing(after: bool) -> None:
    for number in range(1, 16):
        store = DyingStore()
        driver = make_driver(store)
        driver.world.deliveries = 3
        await driver.recommended(await driver.ask(await driver.paid_bill()))
        store.dies_at, store.after = store.writes + number, after
        over = await _to_payment(driver)
        assert over.state == RefundState.PAID, (number, after, over.state)
        assert driver.world.treasury.paid_out == over.amount
        assert driver.world.bill().standing == BillOutcome.REFUND
        await driver.world.rules_hold()


# -- the report --------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F64.requests", "F64.approved", "F64.refused")
@pytest.mark.acceptance("F64.paid", "F64.median_days", "F64.open_over_30_days")
async def test_the_report_is_what_the_cases_say() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    for _ in range(3):
        await driver.world.pay(bill)
    paid, refused, waiting = driver.world.refunds()
    await driver.approved(paid)
    await driver.world.pass_time(120)
    await driver.recommended(refused)
    await driver.step(refused, OPERATOR, "refuse", rule="not_proven")
    driver.world.clock.advance(30 * DAY)
    today = driver.service.today()
    figures = await driver.service.statistics(OPERATOR, today - timedelta(days=40), today)
    assert (figures.requests, figures.approved, figures.refused, figures.paid) == (3, 1, 1, 1)
    assert (figures.open, figures.open_over_30_days, figures.paid_rupiah) == (1, 1, bill.amount)
    assert figures.median_days == 0.0
    assert figures.by_reason == {"duplicate_payment": 3}
    assert figures == statistics_of(driver.world.refunds(), driver.world.clock.now())
    nothing = await driver.service.statistics(OPERATOR, today, today)
    assert (nothing.requests, nothing.median_days) == (0, None)
    with pytest.raises(PeriodTooLong):
        await driver.service.statistics(OPERATOR, today - timedelta(days=366), today)
    with pytest.raises(PeriodTooLong):
        await driver.service.statistics(OPERATOR, today, today - timedelta(days=1))
    assert waiting.state == RefundState.OPENED


async def test_a_report_reads_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.billing.refunds.repository.PAGE", 2)
    driver = make_driver()
    bill = await driver.paid_bill()
    for number in range(7):
        await driver.world.pay(bill)
        driver.world.clock.advance(number % 3)
    today = driver.service.today()
    assert (await driver.service.statistics(OPERATOR, today, today)).requests == 7
