"""Refunds: every step with its actor and deadline, the seat, the receipt that guards the money, bank and treasury."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.billing.bills.errors import BillUnknown
from services.billing.bills.model import Bill, Purpose, Standing
from services.billing.bills.states import BillState
from services.billing.data.reference import holidays, refund_reasons
from services.billing.errors import NotYourOffice
from services.billing.ledger.model import Account
from services.billing.rebooking import model as specials
from services.billing.receipts import model as receipts
from services.billing.receipts.going_back import RefundSubject
from services.billing.receipts.states import ReceiptState
from services.billing.refunds import model as refunds
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import (
    AccountIsMissing,
    AnotherPairOfEyes,
    NothingToRefund,
    ObjectionTooLate,
    OrderIsOut,
    PeriodTooLong,
    RefundIsOpen,
    RefundStepNotNow,
    RefundUnknown,
    RuleUnknown,
    StepOfAnotherRole,
)
from services.billing.refunds.model import AccountState, Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.service import Taken, Wish
from services.billing.refunds.states import OPEN_REFUNDS, RefundState
from services.billing.refunds.statistics import statistics_of
from services.billing.refunds.step_limits import step_due
from services.billing.refunds.treasury import NoTreasury, OrderState, Payee, RefundOrder
from services.billing.rules import CLAIM_DAYS, RefundPolicy
from services.billing.working_days import Calendar
from shared.errors import UpstreamDown
from shared.events import scheduling
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role
from tests.unit.billing.faulty import DyingStore, GuardlessStore
from tests.unit.billing.make import T0, a_receipt, at, in_state
from tests.unit.billing.world import ACCOUNT, APPLICATION, APPOINTMENT, World, make_world

OWNER = Caller(ACCOUNT, Role.APPLICANT, "s")
STRANGER = Caller("account-9", Role.APPLICANT, "s")
TREASURER = Caller("treasurer-1", Role.TREASURER, "s", "office-1")
HEAD = Caller("head-1", Role.OFFICE_ADMIN, "s", "office-1")
OPERATOR = Caller("operator-1", Role.OPERATOR, "s")
SECOND = Caller("operator-2", Role.OPERATOR, "s")
THIRD = Caller("operator-3", Role.OPERATOR, "s")
ELSEWHERE = Caller("treasurer-2", Role.TREASURER, "s", "office-2")
PAYEE = Payee("002", "1234567890", "Siti Contoh")
DAY = 86_400
POLICY = RefundPolicy(calendar=holidays())


class Desk:
    """A world with somebody at every desk."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.desk = world.billing.refunds
        self.commands = 0

    def command(self) -> str:
        self.commands += 1
        return f"command-{self.commands}"

    async def paid_bill(self) -> Bill:
        """A bill that is paid in time and has its visit."""
        bill = await self.world.issued_bill()
        await self.world.pay(bill)
        await self.world.confirmed(bill.bill_id, "paid")
        return self.world.bill()

    async def ask(self, bill: Bill, reason: str = "agent_error", caller: Caller = OWNER, **words: Any) -> Refund:
        case: Refund = await self.desk.request(
            caller, Wish(bill.bill_id, reason, "the bank took it twice", **words), self.command()
        )
        return case

    async def account(self, case: Refund, caller: Caller = OWNER) -> Refund:
        given: Refund = await self.desk.give_account(caller, case.refund_id, PAYEE)
        await self.world.work()
        return self.case(given)

    async def step(self, case: Refund, caller: Caller, name: str, **words: Any) -> Refund:
        await self.desk.step(caller, case.refund_id, name, Taken(**words), self.command())
        return await self.world.simponi_answers(case.refund_id)

    async def recommended(self, case: Refund) -> Refund:
        """With its account, looked into and recommended."""
        await self.account(case)
        await self.step(case, TREASURER, "find_complete")
        await self.step(case, TREASURER, "research")
        return await self.step(case, HEAD, "recommend")

    async def approved(self, case: Refund) -> Refund:
        await self.recommended(case)
        return await self.step(case, OPERATOR, "approve")

    def case(self, case: Refund) -> Refund:
        return next(each for each in self.world.refunds() if each.refund_id == case.refund_id)

    async def released(self) -> None:
        """Scheduling gives the seat back, as it was asked."""
        await self.world.released("refund_approved", version=9, was_confirmed=True)

    async def refuses_release(self, case: Refund, reason: str) -> None:
        facts = {name: self.world.visit()[name] for name in KEYS}
        await self.world.hear(scheduling.ReleaseRefused(**facts, refund_id=case.refund_id, reason=reason))

    def states(self) -> list[str]:
        return [event.state for event in self.world.heard("RefundMoved")]


KEYS = ("appointment_id", "application_id", "account_id", "person_id", "office_id")


def desk_of(store: MemoryStore | None = None, **settings: Any) -> Desk:
    return Desk(make_world(store, **settings))


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
    assert desk.world.bill().standing == Standing.APPOINTMENT
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
    assert desk.world.bill().standing == Standing.REFUND
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
    assert desk.world.bill().standing == Standing.APPOINTMENT
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
    assert [each.refund_id for each in await desk.desk.in_state(OPERATOR, None, overdue=True)] == []
    desk.world.clock.set(holidays().after(due, 1))
    await desk.world.work()
    assert desk.case(case).escalations == 2
    assert [each.refund_id for each in await desk.desk.in_state(OPERATOR, None, overdue=True)] == [case.refund_id]
    assert [each.refund_id for each in await desk.desk.in_state(HEAD, state, overdue=False)] == [case.refund_id]
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
    assert [each.refund_id for each in await desk.desk.refunds(OWNER, APPLICATION)] == [case.refund_id]


async def test_a_repeated_command_meets_the_same_case_and_takes_no_second_step() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    wish = Wish(bill.bill_id, "agent_error", "twice")
    first = await desk.desk.request(OWNER, wish, "the-same")
    second = await desk.desk.request(OWNER, wish, "the-same")
    assert first.refund_id == second.refund_id
    await desk.account(first)
    for _ in range(2):
        await desk.desk.step(TREASURER, first.refund_id, "find_complete", Taken(), "complete-once")
    assert desk.case(first).state == RefundState.COMPLETE
    assert len(desk.world.refunds()) == 1


# -- the seat ----------------------------------------------------------------------------------------------------------


async def test_a_seat_that_was_used_ends_the_approval_with_its_rule() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.approved(case)
    await desk.refuses_release(case, "already_used")
    refused = desk.case(case)
    assert (refused.state, refused.rule) == (RefundState.REFUSED, "seat_already_used")
    assert desk.world.receipt(case.receipt_id).remaining == case.amount
    assert desk.world.bill().standing == Standing.APPOINTMENT
    await desk.refuses_release(case, "already_used")
    assert desk.case(case) == refused
    await desk.world.rules_hold()


async def test_a_seat_that_is_gone_stands_against_nothing_and_an_unanswered_question_is_repeated() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.approved(case)
    await desk.world.pass_time(61)
    assert len(desk.world.heard("SeatReleaseRequested")) == 2
    await desk.refuses_release(case, "already_released")
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID
    await desk.refuses_release(case, "already_released")
    await desk.world.rules_hold()


async def test_news_of_seats_of_no_case_changes_nothing() -> None:
    desk = desk_of()
    facts = {name: desk.world.visit()[name] for name in KEYS}
    await desk.world.hear(scheduling.ReleaseRefused(**facts, refund_id="nothing", reason="already_used"))
    assert desk.world.refunds() == []


# -- the money ---------------------------------------------------------------------------------------------------------


async def two_recommended(desk: Desk) -> tuple[Refund, Refund]:
    """Two cases about the same money, as two desks at once could open them."""
    bill = await desk.paid_bill()
    first = await desk.ask(bill)
    desk.desk._refuse_second = _never_refuse  # what a race does
    second = await desk.ask(bill)
    await desk.recommended(first)
    await desk.recommended(second)
    return first, second


async def _never_refuse(_receipt: Any) -> None:
    return None


@pytest.mark.acceptance("F62.approve")
async def test_of_two_approvals_at_once_only_one_gets_the_money() -> None:
    desk = desk_of()
    first, second = await two_recommended(desk)
    await _approve_at_once(desk, first, second)
    ends = sorted(desk.case(each).state.value for each in (first, second))
    assert ends == ["approved", "refused"]
    loser = next(desk.case(each) for each in (first, second) if desk.case(each).state == RefundState.REFUSED)
    assert loser.rule == "nothing_left"
    assert desk.world.receipt(first.receipt_id).remaining == 0
    await desk.released()
    await desk.world.pass_time(180)
    assert desk.world.treasury.paid_out == first.amount
    await desk.world.rules_hold()


async def test_without_the_guard_two_approvals_at_once_get_the_same_money() -> None:
    """The twin: a store that forgets versions lets both through, and I5 finds it."""
    desk = desk_of(GuardlessStore("billing"))
    first, second = await two_recommended(desk)
    await _approve_at_once(desk, first, second)
    assert {desk.case(each).state for each in (first, second)} == {RefundState.APPROVED}
    report = await desk.world.parts.invariants["I5"]()
    assert not report.holds


async def _approve_at_once(desk: Desk, first: Refund, second: Refund) -> None:
    """Both approvals are decided before either of them reaches the receipt, which both have then read."""
    store, aggregates = desk.world.store, desk.world.billing.refund_processing._aggregates
    from services.billing.receipts.repository import RECEIPTS
    from services.billing.refunds import transitions as steps

    actor = steps.StepActor("operator", "operator-1")
    for case in (first, second):
        await aggregates.change(
            REFUNDS, case.refund_id, lambda each: steps.approve(each, actor, desk.world.clock.now(), POLICY)
        )
    read = await store.get(RECEIPTS, first.receipt_id)
    held: list[Any] = [read, read]
    usual = store.get

    async def both_read_before(kind: Any, record_id: str) -> Any:
        return held.pop() if kind is RECEIPTS and held else await usual(kind, record_id)

    store.get = both_read_before  # type: ignore[method-assign]
    await desk.world.billing.refund_processing.drive(first.refund_id)
    await desk.world.billing.refund_processing.drive(second.refund_id)


def test_a_receipt_gives_no_more_than_it_holds() -> None:
    settled = receipts.settle(a_receipt(), "bill-1", at(130)).state
    part = receipts.book(settled, "refund-1", settled.amount - 1, Account.REFUND_DUE, "m", at(140))
    assert part.remaining == 1
    assert receipts.book(part, "refund-1", settled.amount - 1, Account.REFUND_DUE, "m", at(141)) == part
    with pytest.raises(receipts.NothingLeft):
        receipts.book(part, "refund-2", 2, Account.REFUND_DUE, "m", at(142))
    rest = receipts.book(part, "refund-2", 1, Account.REFUND_DUE, "m", at(142))
    assert (rest.remaining, receipts.ledger_faults(rest)) == (0, [])
    back = receipts.book(rest, "refund-1", settled.amount - 1, None, "m", at(143))
    assert (back.remaining, receipts.ledger_faults(back)) == (settled.amount - 1, [])
    moved = receipts.await_seat(receipts.settle(a_receipt(), "b", at(1)).state, at(2), receipts_policy()).state
    with pytest.raises(receipts.NothingLeft):
        receipts.book(moved, "refund-1", 1, Account.REFUND_DUE, "m", at(3))
    over = receipts.replace(rest, shares=(*rest.shares, rest.shares[0]))
    assert "more is held" in " ".join(receipts.ledger_faults(over))
    all_out = receipts.enter_refund(rest, receipts.WAIT, "refund-3", at(150), receipts_policy())
    assert len(all_out.postings) == len(rest.postings)


def receipts_policy() -> receipts.ReceiptPolicy:
    return receipts.ReceiptPolicy()


async def test_a_part_goes_back_and_the_visit_stays() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    money = desk.world.billing.receipts
    refund_id = await money.give_back_part(bill.bill_id, 300_000, "correction-1")
    assert await money.give_back_part(bill.bill_id, 300_000, "correction-1") == refund_id
    case = desk.world.refunds()[0]
    assert (case.state, case.amount, case.whole) == (RefundState.OPENED, 300_000, False)
    assert desk.world.receipt(case.receipt_id).remaining == bill.amount - 300_000
    assert await money.give_back_part(bill.bill_id, bill.amount, "correction-2") is None
    await desk.approved(case)
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID
    assert (desk.world.bill().standing, desk.world.heard("SeatReleaseRequested")) == (Standing.APPOINTMENT, [])
    await desk.world.rules_hold()


@pytest.mark.acceptance("X3.refund_case", "X3.no_second_booking")
async def test_a_second_payment_goes_back_by_itself_and_the_booking_stays() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    second = await desk.world.pay(bill)
    case = desk.world.refunds()[0]
    assert (case.state, case.reason, case.automatic) == (RefundState.OPENED, "duplicate_payment", True)
    await desk.approved(case)
    await desk.world.pass_time(120)
    assert desk.world.receipt(second.ntpn).state == ReceiptState.REFUNDED
    assert desk.world.bill().standing == Standing.APPOINTMENT
    assert desk.world.treasury.paid_out == bill.amount
    await desk.world.rules_hold()


async def test_money_of_a_case_that_billing_opened_is_kept_when_refused_and_held_again_with_new_proof() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    second = await desk.world.pay(bill)
    case = desk.world.refunds()[0]
    with pytest.raises(RefundIsOpen):
        await desk.ask(bill, receipt_id=second.ntpn)
    await desk.recommended(case)
    await desk.step(case, OPERATOR, "refuse", rule="not_proven")
    assert desk.world.receipt(second.ntpn).state == ReceiptState.RETAINED
    with pytest.raises(RefundIsOpen):
        await desk.ask(bill, receipt_id=second.ntpn)
    await desk.world.rules_hold()
    await desk.desk.resubmit(OWNER, case.refund_id, "look again", desk.command())
    assert desk.world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    await desk.step(case, TREASURER, "ask_papers", papers=("bank_statement",))
    desk.world.clock.advance(60 * DAY)
    await desk.world.work()
    assert desk.case(case).state == RefundState.INCOMPLETE, "money that is not ours is never kept for want of papers"
    await desk.desk.answer(OWNER, case.refund_id, "there", desk.command())
    await desk.step(case, TREASURER, "find_complete")
    await desk.step(case, TREASURER, "research")
    await desk.step(case, HEAD, "recommend")
    await desk.step(case, OPERATOR, "approve")
    credited = desk.case(case)
    assert credited.state == RefundState.RELEASED
    with pytest.raises(AnotherPairOfEyes):
        await desk.step(case, OPERATOR, "credit")
    await desk.step(case, SECOND, "credit")
    assert desk.world.receipt(second.ntpn).state == ReceiptState.CREDITED
    await desk.world.rules_hold()


# -- bank and treasury -------------------------------------------------------------------------------------------------


async def test_the_account_is_sealed_masked_and_nowhere_else() -> None:
    desk = desk_of()
    case = await desk.account(await desk.ask(await desk.paid_bill()))
    assert desk.desk.masked_account(case) == "*******890"
    assert desk.desk.masked_account(refunds.replace(case, account=None)) is None
    told = " ".join(str(envelope.to_fields()) for envelope in desk.world.said)
    stored = str(desk.world.store._documents["refund"])
    for secret in (PAYEE.account_number, PAYEE.holder_name):
        assert secret not in told
        assert secret not in stored
        assert secret not in repr(PAYEE)


async def test_the_bank_is_asked_until_it_answers_and_about_the_newest_account_only() -> None:
    desk = desk_of()
    desk.world.treasury.down = True
    case = await desk.account(await desk.ask(await desk.paid_bill()))
    assert case.account is not None
    assert (case.account.state, case.account.attempts) == (AccountState.GIVEN, 1)
    desk.world.treasury.down, desk.world.treasury.match = False, False
    await desk.world.pass_time(31)
    assert _account_state(desk.case(case)) == AccountState.DIFFERS
    assert desk.world.heard("RefundMoved")[-1].needs == "another_bank_account"
    desk.world.treasury.match = True
    desk.world.clock.advance(1)
    assert _account_state(await desk.account(case)) == AccountState.VERIFIED


def _account_state(case: Refund) -> AccountState:
    assert case.account is not None
    return case.account.state


async def test_an_order_whose_answer_is_lost_is_sent_again_under_its_number_and_paid_once() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.approved(case)
    desk.world.treasury.loses_answer = True
    await desk.released()
    await desk.world.work()
    assert desk.case(case).state == RefundState.RELEASED
    with pytest.raises(RefundStepNotNow):
        await desk.step(case, OPERATOR, "approve")
    await desk.world.pass_time(40)
    assert desk.case(case).state == RefundState.ORDERED
    with pytest.raises(OrderIsOut):
        await desk.account(case)
    assert len(desk.world.treasury.sent) == 2
    assert desk.world.treasury.paid_out == case.amount
    desk.world.treasury.pays = False
    await desk.world.pass_time(100)
    assert desk.case(case).state == RefundState.ORDERED
    desk.world.treasury.down = True
    await desk.world.pass_time(200)
    desk.world.treasury.down, desk.world.treasury.pays = False, True
    await desk.world.pass_time(3700, step=300)
    assert desk.case(case).state == RefundState.PAID
    assert len(desk.world.treasury.orders) == 1


@pytest.mark.parametrize("when", ["at_once", "later"])
async def test_a_rejected_order_asks_for_another_account_and_gets_a_new_number(when: str) -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.approved(case)
    desk.world.treasury.rejects = when == "at_once"
    await desk.released()
    await desk.world.work()
    desk.world.treasury.rejects = True
    await desk.world.pass_time(70)
    rejected = desk.case(case)
    assert (rejected.state, rejected.orders) == (RefundState.RELEASED, 1)
    assert _account_state(rejected) == AccountState.REJECTED
    desk.world.treasury.rejects = False
    desk.world.treasury.orders.clear()
    await desk.account(case)
    await desk.world.pass_time(120)
    assert desk.case(case).state == RefundState.PAID
    assert list(desk.world.treasury.orders) == [f"{case.refund_id}.2"]
    await desk.world.rules_hold()


async def test_an_order_that_never_arrived_is_sent_again() -> None:
    desk = desk_of()
    case = await desk.ask(await desk.paid_bill())
    await desk.approved(case)
    await desk.released()
    await desk.world.work()
    desk.world.treasury.orders.clear()
    await desk.world.pass_time(600)
    assert desk.case(case).state == RefundState.PAID
    assert len(desk.world.treasury.orders) == 1


async def test_approved_without_an_account_waits_for_one() -> None:
    desk = desk_of()
    bill = await desk.paid_bill()
    await desk.world.pay(bill)
    case = desk.world.refunds()[0]
    desk.world.treasury.match = False
    await desk.approved(case)
    assert desk.case(case).state == RefundState.RELEASED
    assert desk.world.heard("RefundMoved")[-1].needs == "another_bank_account"
    desk.world.treasury.match = True
    desk.world.clock.advance(1)
    await desk.account(case)
    await desk.world.pass_time(100)
    assert desk.case(case).state == RefundState.PAID


async def test_a_treasury_that_nobody_wired_never_answers() -> None:
    nobody = NoTreasury()
    order = RefundOrder("1", "N", 1, PAYEE)
    for call in (nobody.matches(PAYEE), nobody.order(order), nobody.order_state("1")):
        with pytest.raises(UpstreamDown):
            await call
    await nobody.close()
    assert OrderState("paid") is OrderState.PAID


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
    assert desk.world.bill().standing == Standing.SPECIAL_RESCHEDULE
    await desk.world.rules_hold()
    await special_ended(desk)
    assert desk.world.bill().standing == Standing.REFUND
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
        Standing.CLOSED,
        "special_reschedule_not_used",
    )
    case = await desk.ask(desk.world.bill())
    assert desk.world.bill().standing == Standing.REFUND
    await desk.recommended(case)
    await desk.step(case, OPERATOR, "refuse", rule="own_omission")
    assert (desk.world.bill().standing, desk.world.bill().closed_reason) == (Standing.CLOSED, "refund_refused")
    await desk.world.rules_hold()


@pytest.mark.acceptance("F63.special_reschedule")
async def test_a_used_right_stands_on_the_visit_again_and_news_out_of_order_wait() -> None:
    desk = desk_of()
    await desk.paid_bill()
    facts = {name: desk.world.visit()[name] for name in KEYS}
    until = desk.world.clock.now() + timedelta(days=30)
    interrupted = scheduling.VisitInterrupted(**facts, session_id="session-1", until=until)
    await desk.world.hear(interrupted, version=10)
    assert desk.world.bill().standing == Standing.SPECIAL_RESCHEDULE
    await special_used(desk)
    assert desk.world.bill().standing == Standing.APPOINTMENT
    await special_used(desk)
    assert (await special_ended(desk, 14)).value != "done"
    await special(desk, "system_fault", version=13)
    assert (await special_ended(desk, 14)).value == "done"
    assert desk.world.bill().standing == Standing.REFUND
    await special_used(desk, 15)
    await special(desk, "system_fault", version=16)
    assert (await special_ended(desk, 17)).value == "done"
    assert desk.world.bill().standing == Standing.REFUND
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
    assert desk.world.bill().standing == Standing.SPECIAL_RESCHEDULE
    await desk.approved(case)
    assert len(desk.world.heard("SeatReleaseRequested")) == 1
    await desk.released()
    assert desk.world.bill().standing == Standing.REFUND
    await desk.world.rules_hold()


# -- crashes -----------------------------------------------------------------------------------------------------------


async def _to_payment(desk: Desk) -> Refund:
    """From a recommended case to its payment, as a caller who repeats what failed does it."""
    case = desk.world.refunds()[0]
    for _ in range(4):
        try:
            await desk.desk.step(OPERATOR, case.refund_id, "approve", Taken(), "approve-once")
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
        assert desk.world.bill().standing == Standing.REFUND
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


# -- no money before the visit is back --------------------------------------------------------------------------------


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
        ({"purpose": Purpose.PENALTY}, False),
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
