"""Sagas: each instance visible, what is stuck found by indexes, pushes and overrides with reason and second person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.billing.bills.model import BillOutcome, Special, SpecialState
from services.billing.bills.states import BillState
from services.billing.errors import SecondPersonNeeded
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.states import RefundState
from services.billing.rules import Policies
from services.billing.sagas import model as saga
from services.billing.sagas.errors import OverrideDecided, OverrideDoesNotFit, OverrideUnknown, SagaUnknown
from services.billing.sagas.model import Act, OverrideCommand, OverrideState, StepName
from services.billing.sagas.repository import OVERRIDES
from services.billing.sagas.service import OverrideProposal
from shared.audit import OverrideNeedsReason
from shared.tokens import ALL_OFFICES, Caller, Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.make import T0
from tests.unit.billing.world import APPLICATION, World, make_world

PAGE = Path(__file__).parents[3] / "docs" / "saga.md"
FIRST = Caller("treasurer-1", Role.TREASURER, "s1", offices=(ALL_OFFICES,))
OPERATOR = Caller("operator-1", Role.OPERATOR, "s3")
SECOND = Caller("treasurer-2", Role.TREASURER, "s2", offices=(ALL_OFFICES,))
POLICIES = Policies()


async def step_of(world: World) -> StepName:
    seen = await world.billing.sagas.saga(OPERATOR, APPLICATION)
    step: StepName = seen.instance.current.step
    return step


def test_the_page_is_the_table() -> None:
    assert "\n".join(saga.table_lines()) in PAGE.read_text(encoding="utf-8")


def test_every_step_says_what_happens_how_long_what_next_and_what_makes_good() -> None:
    assert set(saga.TABLE) == set(StepName)
    for row in saga.TABLE.values():
        assert all((row.happens, row.limit, row.next, row.compensation))


async def test_an_instance_shows_its_step_since_when_its_limit_and_what_comes_next() -> None:
    world = make_world()
    world.simponi.down = True
    await world.issued_bill()
    seen = await world.billing.sagas.saga(OPERATOR, APPLICATION)
    assert (seen.instance.current.step, seen.instance.current.limit) == (StepName.GET_CODE, world.bill().give_up_at)
    world.simponi.down = False
    await world.pass_time(60)
    assert await step_of(world) == StepName.AWAIT_PAYMENT
    await world.pay(world.bill())
    assert await step_of(world) == StepName.OVER
    with pytest.raises(SagaUnknown):
        await world.billing.sagas.saga(OPERATOR, "application-9")


async def test_late_money_is_followed_from_seat_to_refund() -> None:
    world = make_world()
    bill = await world.expired_bill()
    await world.pay(bill)
    assert await step_of(world) == StepName.FIND_SEAT
    await world.offered(bill.bill_id, 600)
    assert await step_of(world) == StepName.AWAIT_OFFER_ANSWER
    await world.offer_ended(bill.bill_id)
    assert await step_of(world) == StepName.DECIDE_REFUND
    seen = await world.billing.sagas.saga(OPERATOR, APPLICATION)
    assert {position.about for position in seen.instance.positions} == {"refund", "receipt", "bill"}


@pytest.mark.parametrize("state", list(RefundState))
async def test_each_state_of_a_refund_has_its_step(state: RefundState) -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.pay(bill)
    position = saga.refund_position(replace(world.refunds()[0], state=state))
    over = state in (RefundState.PAID, RefundState.CREDITED, RefundState.REFUSED, RefundState.WITHDRAWN)
    assert (position.step is StepName.OVER) == over
    untouched = replace(world.refunds()[0], steps=(), state=state)
    assert saga.refund_position(untouched).since == untouched.opened_at


async def test_each_state_of_bill_and_receipt_has_its_step() -> None:
    world = make_world()
    bill = await world.expired_bill()
    await world.pay(bill)
    receipt = next(iter(world.all(RECEIPTS)))
    live = {BillState.REQUESTED, BillState.ISSUED, BillState.EXPIRY_UNCONFIRMED, BillState.PAID_UNSETTLED}
    for state in BillState:
        for codeless in (False, True):
            changed = replace(bill, state=state, standing=None)
            if codeless:
                changed = replace(changed, expires_at=None, issued_at=None)
            assert (saga.bill_position(changed, POLICIES.bill).step is not StepName.OVER) == (state in live)
    for place in ReceiptState:
        position = saga.receipt_position(replace(receipt, state=place), POLICIES.receipt)
        undecided = place in (ReceiptState.AWAITS_OUTCOME, ReceiptState.AWAITS_SEAT)
        assert (position.step is not StepName.OVER) == undecided
    special = Special("appointment-1", 3, SpecialState.OPEN, "system_fault", T0)
    new_date = replace(bill, state=BillState.PAID, standing=BillOutcome.SPECIAL_RESCHEDULE, special=special)
    at = saga.bill_position(new_date, POLICIES.bill)
    assert (at.step, at.limit) == (StepName.AWAIT_NEW_DATE, T0)
    unknown = replace(receipt, state=ReceiptState.AWAITS_OUTCOME, bill_id=None)
    wait = saga.receipt_position(unknown, POLICIES.receipt).limit
    assert wait == receipt.learnt_at + timedelta(seconds=POLICIES.receipt.unknown_code_seconds)
    assert saga.instance("a", [], [], [], POLICIES).current is None


async def test_what_stands_still_is_reported_at_its_limit_and_the_margin_not_before() -> None:
    world = make_world()
    bill = await world.expired_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    await world.push(payment)
    assert await world.billing.sagas.stuck(OPERATOR) == []
    limit = POLICIES.receipt.late_answer_seconds + saga.STUCK_MARGIN_SECONDS
    world.clock.advance(limit)
    assert await world.billing.sagas.stuck(OPERATOR) == []
    world.clock.advance(1)
    [stuck] = await world.billing.sagas.stuck(OPERATOR)
    assert (stuck.application_id, stuck.position.step) == (APPLICATION, StepName.FIND_SEAT)


async def test_bills_and_refunds_that_stand_still_are_reported_too() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.pay(bill)
    world.clock.advance(86_400 * 400)  # no deadline is worked on
    assert [step.position.step for step in await world.billing.sagas.stuck(OPERATOR)] == [StepName.DECIDE_REFUND]
    other = make_world()
    await other.issued_bill()
    other.clock.advance(86_400)
    assert [step.position.step for step in await other.billing.sagas.stuck(OPERATOR)] == [StepName.AWAIT_PAYMENT]


async def test_a_retry_asks_now_and_is_audited_with_its_reason() -> None:
    world = make_world()
    world.simponi.down = True
    await world.issued_bill()
    await world.pass_time(600)
    world.simponi.down = False
    assert world.bill().due["ask"] > world.clock.now()
    await world.billing.sagas.retry(FIRST, APPLICATION, "simponi_is_back", "c-1")
    assert world.bill().due["ask"] == world.clock.now()
    await world.work()
    assert world.bill().state == BillState.ISSUED
    lines = await world.billing.audit.between(world.clock.now() - timedelta(1), world.clock.now() + timedelta(1))
    told = [(line.state.act, line.state.outcome, line.state.reason, line.state.actor_id) for line in lines]
    assert sorted(told) == [
        ("saga.retry", "begun", "simponi_is_back", "treasurer-1"),
        ("saga.retry", "done", "simponi_is_back", "treasurer-1"),
    ]


async def seeking(world: World) -> OverrideProposal:
    bill = await world.expired_bill()
    await world.pay(bill)
    return OverrideProposal(APPLICATION, Act.SEND_MONEY_BACK, bill.bill_id, "payer_asks")


@pytest.mark.acceptance("F21.reason_or_refused")
async def test_an_override_needs_a_reason_and_a_second_person() -> None:
    world = make_world()
    wish = await seeking(world)
    sagas = world.billing.sagas
    with pytest.raises(OverrideNeedsReason):
        await sagas.propose(FIRST, replace(wish, reason=""), "c-0")
    proposed = await sagas.propose(FIRST, wish, "c-1")
    assert await sagas.propose(FIRST, wish, "c-1") == proposed
    assert world.refunds() == []
    with pytest.raises(SecondPersonNeeded):
        await sagas.decide(FIRST, APPLICATION, proposed.override_id, approve=True, command_id="c-2")
    assert world.refunds() == []
    done = await sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=True, command_id="c-3")
    assert (done.state, done.decided_by) == (OverrideState.DONE, "treasurer-2")
    assert [refund.reason for refund in world.refunds()] == ["late_payment"]
    with pytest.raises(OverrideDecided):
        await sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=False, command_id="c-4")
    with pytest.raises(OverrideUnknown):
        await sagas.decide(SECOND, "application-9", proposed.override_id, approve=True, command_id="c-5")
    await world.rules_hold()


async def test_a_repeated_approval_gives_the_same_answer() -> None:
    world = make_world()
    sagas = world.billing.sagas
    proposed = await sagas.propose(FIRST, await seeking(world), "c-1")
    first = await sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=True, command_id="c-2")
    assert await sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=True, command_id="c-2") == first
    assert len(world.refunds()) == 1


async def test_who_proposed_may_take_it_back() -> None:
    world = make_world()
    sagas = world.billing.sagas
    proposed = await sagas.propose(FIRST, await seeking(world), "c-1")
    declined = await sagas.decide(FIRST, APPLICATION, proposed.override_id, approve=False, command_id="c-2")
    assert declined.state == OverrideState.DECLINED
    assert world.refunds() == []


async def test_an_approved_override_that_a_crash_left_is_done_by_its_deadline() -> None:
    world = make_world()
    wish = await seeking(world)
    proposed = await world.billing.sagas.propose(FIRST, wish, "c-1")
    record = await world.store.get(OVERRIDES, proposed.override_id)
    assert record is not None
    approved = saga.decided(record.state, OverrideCommand.APPROVE, "treasurer-2", world.clock.now())
    await world.store.save(OVERRIDES, record, approved, now=world.clock.now())
    await world.work()
    after = await world.store.get(OVERRIDES, proposed.override_id)
    assert after is not None and after.state.state == OverrideState.DONE
    assert len(world.refunds()) == 1
    assert saga.ended(after.state, "again", done=True) == after.state


async def test_where_the_money_went_on_by_itself_nothing_is_done() -> None:
    world = make_world()
    wish = await seeking(world)
    proposed = await world.billing.sagas.propose(FIRST, wish, "c-1")
    await world.confirmed(wish.target, "late_same_seat", "appointment-9")
    ended = await world.billing.sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=True, command_id="c-2")
    assert ended.state == OverrideState.IMPOSSIBLE
    assert world.refunds() == []
    await world.rules_hold()


async def test_a_live_bill_can_be_ended_and_a_paid_one_cannot() -> None:
    world = make_world()
    bill = await world.issued_bill()
    wish = OverrideProposal(APPLICATION, Act.END_BILL, bill.bill_id, "wrong_application")
    proposed = await world.billing.sagas.propose(FIRST, wish, "c-1")
    done = await world.billing.sagas.decide(SECOND, APPLICATION, proposed.override_id, approve=True, command_id="c-2")
    assert done.state == OverrideState.DONE
    assert (world.bill().state, world.bill().cause) == (BillState.CANCELLED, "wrong_application")
    for act in Act:
        with pytest.raises(OverrideDoesNotFit):
            await world.billing.sagas.propose(FIRST, replace(wish, act=act), f"c-{act.value}")
    with pytest.raises(SagaUnknown):
        await world.billing.sagas.propose(FIRST, replace(wish, application_id="application-9"), "c-9")


async def test_over_http(world: World, ask: Ask) -> None:
    wish = await seeking(world)
    status, seen = await ask("GET", f"/v1/sagas/{APPLICATION}", role=Role.TREASURER)
    assert (status, seen["current"]["step"]) == (200, "find_seat")
    assert seen["current"]["next"] and seen["current"]["if_late"]
    assert (await ask("GET", f"/v1/sagas/{APPLICATION}"))[0] == 403
    assert (await ask("GET", "/v1/sagas?stuck=true", role=Role.OPERATOR))[1] == {"stuck": [], "next": None}
    assert (await ask("GET", "/v1/sagas?stuck=false", role=Role.OPERATOR))[0] == 422
    path = f"/v1/sagas/{APPLICATION}"
    body = {"act": "send_money_back", "target": wish.target}
    status, problem = await ask("POST", f"{path}/override", body, role=Role.TREASURER, account="t-1", key="a")
    assert (status, problem["code"], problem["field"]) == (422, "override_needs_reason", "/reason")
    body["reason"] = "payer_asks"
    status, proposed = await ask("POST", f"{path}/override", body, role=Role.TREASURER, account="t-1", key="b")
    assert (status, proposed["state"]) == (201, "proposed")
    decision = f"{path}/overrides/{proposed['override_id']}/decision"
    status, problem = await ask("POST", decision, {"approve": True}, role=Role.TREASURER, account="t-1", key="c")
    assert (status, problem["code"]) == (403, "second_person_needed")
    status, done = await ask("POST", decision, {"approve": True}, role=Role.OPERATOR, account="t-2", key="d")
    assert (status, done["state"]) == (200, "done")
    status, _ = await ask("POST", f"{path}/retry", {"reason": "told_to"}, role=Role.TREASURER, account="t-1", key="e")
    assert status == 200
