"""Before a refund frees money SIMPONI is asked once more whether it knows the payment with its amount."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog

from services.billing.cases.repository import CASES
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import (
    AnotherPairOfEyes,
    PaymentUnknownToSimponi,
    RefundStepNotNow,
    StepOfAnotherRole,
)
from services.billing.refunds.model import ConfirmationState, Refund
from services.billing.refunds.service import StepDetails
from services.billing.refunds.states import RefundState
from services.billing.simponi import SimponiBilling
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.tokens import Caller, Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.refund_driver import HEAD, OPERATOR, OWNER, SECOND, TREASURER, RefundDriver, make_driver
from tests.unit.billing.test_settlement import booked, brought
from tests.unit.billing.world import World


class Doubter(RefundDriver):
    """A driver at which SIMPONI's answers are awaited one by one."""

    async def take(self, case: Refund, caller: Caller, name: str) -> Refund:
        """Take a step; SIMPONI is not asked yet."""
        await self.service.step(caller, case.refund_id, name, StepDetails(), self.command())
        return self.case(case)

    async def complete(self) -> Refund:
        """A requested case that is complete."""
        case = await self.ask(await self.paid_bill())
        await self.account(case)
        return await self.step(case, TREASURER, "find_complete")

    def forget_payment(self) -> SimponiBilling:
        """SIMPONI does not know any payment on the bill's code."""
        code = self.world.bill().billing_code or ""
        known = self.world.simponi.codes[code]
        self.world.simponi.codes[code] = replace(known, payments=())
        return known


@pytest.fixture
def driver() -> Doubter:
    return Doubter(make_driver().world)


@pytest.mark.parametrize(("name", "before", "after"), [("research", "complete", "researched")])
async def test_a_step_counts_with_simponis_yes(driver: Doubter, name: str, before: str, after: str) -> None:
    case = await driver.complete()
    asked = await driver.take(case, TREASURER, name)
    assert asked.confirmation is not None
    assert (asked.state.value, asked.confirmation.state) == (before, ConfirmationState.ASKED)
    assert await driver.take(case, TREASURER, name) == asked, "the same step again asks no second question"
    with pytest.raises(RefundStepNotNow):
        await driver.take(case, HEAD, "recommend")
    done = await driver.world.simponi_answers(case.refund_id)
    assert (done.state.value, done.confirmation, done.confirmed_at) == (after, None, driver.world.clock.now())
    assert (done.steps[-1].by, done.steps[-1].actor_id) == ("treasurer", TREASURER.account_id)


async def test_while_simponi_is_away_the_step_waits_and_is_asked_about_again(driver: Doubter) -> None:
    case = await driver.complete()
    await driver.take(case, TREASURER, "research")
    driver.world.simponi.down = True
    for tries, pause in ((1, 20), (2, 40), (3, 80)):
        waits = await driver.world.simponi_answers(case.refund_id)
        assert waits.confirmation is not None
        assert (waits.confirmation.state, waits.confirmation.tries) == (ConfirmationState.UNANSWERED, tries)
        assert (waits.due["confirm"] - driver.world.clock.now()).total_seconds() == pause
    assert waits.state == RefundState.COMPLETE
    driver.world.simponi.down = False
    await driver.world.pass_time(100)
    assert driver.case(case).state == RefundState.RESEARCHED


@pytest.mark.parametrize("name", ["research", "approve"])
async def test_what_simponi_does_not_know_is_held_and_becomes_a_case(driver: Doubter, name: str) -> None:
    case = await driver.complete()
    caller = TREASURER
    if name == "approve":
        await driver.step(case, TREASURER, "research")
        await driver.step(case, HEAD, "recommend")
        caller = OPERATOR
    before = driver.case(case).state
    known = driver.forget_payment()
    await driver.take(case, caller, name)
    with structlog.testing.capture_logs() as logs:
        held = await driver.world.simponi_answers(case.refund_id)
    assert [entry["event"] for entry in logs].count("billing.refund_payment_unknown") == 1
    assert held.confirmation is not None
    assert (held.state, held.confirmation.state, "confirm" in held.due) == (before, ConfirmationState.DENIED, False)
    with pytest.raises(PaymentUnknownToSimponi):
        await driver.take(case, caller, name)
    (doubt,) = driver.world.all(CASES)
    assert (doubt.kind, doubt.subject.ntpn) == (PaymentCaseKind.RECEIPT_UNCONFIRMED, case.receipt_id)
    assert driver.world.treasury.orders == {}
    driver.world.clock.advance(steps.DENIAL_HOLDS_SECONDS - 1)
    with pytest.raises(PaymentUnknownToSimponi):
        await driver.take(case, caller, name)
    driver.world.clock.advance(1)
    driver.world.simponi.codes[known.billing_code] = known
    await driver.take(case, caller, name)
    assert (await driver.world.simponi_answers(case.refund_id)).state != before
    await driver.world.pass_time(600, step=100)
    (doubt,) = driver.world.all(CASES)
    assert doubt.outcome == PaymentCaseOutcome.CONFIRMED, "SIMPONI knows it by now, so the question is answered"


async def test_twin_without_the_question_money_goes_out_that_simponi_does_not_know(
    driver: Doubter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def knows(_receipt: object) -> bool:
        return True

    monkeypatch.setattr(driver.world.billing.confirming, "simponi_knows", knows)
    case = await driver.complete()
    driver.forget_payment()
    for caller, name in ((TREASURER, "research"), (HEAD, "recommend"), (OPERATOR, "approve")):
        await driver.step(case, caller, name)
    await driver.released()
    await driver.world.pass_time(200)
    assert driver.world.treasury.paid_out == case.amount


async def test_another_amount_is_not_this_payment(driver: Doubter) -> None:
    case = await driver.complete()
    known = driver.forget_payment()
    other = tuple(replace(payment, amount=payment.amount + 1) for payment in known.payments)
    driver.world.simponi.codes[known.billing_code] = replace(known, payments=other)
    await driver.take(case, TREASURER, "research")
    held = await driver.world.simponi_answers(case.refund_id)
    assert held.confirmation is not None and held.confirmation.state == ConfirmationState.DENIED


async def test_money_on_a_code_of_nobody_is_known_by_simponis_own_file(driver: Doubter) -> None:
    """SIMPONI issued no such code, so it has no answer about it: its settlement file is its word."""
    world = driver.world
    await world.push(stray := world.payment(await world.issued_bill(), billing_code="829999999999999"))
    await world.pass_time(2 * 3600, step=300)
    (case,) = world.refunds()
    receipt = world.receipt(stray.ntpn)
    assert not await world.billing.confirming.simponi_knows(receipt)
    await brought(world, booked([stray]))
    assert await world.billing.confirming.simponi_knows(receipt)
    assert case.reason == "unknown_code"


async def test_a_step_that_is_overtaken_by_a_refusal_is_not_taken(driver: Doubter) -> None:
    case = await driver.complete()
    await driver.take(case, TREASURER, "research")
    await driver.step(case, OPERATOR, "refuse", rule="not_proven")
    assert driver.case(case).confirmation is None
    asked = (await driver.world.simponi_answers(case.refund_id)).state
    assert asked == RefundState.REFUSED


async def test_who_may_not_take_the_step_is_refused_before_simponi_is_asked(driver: Doubter) -> None:
    case = await driver.complete()
    with pytest.raises(StepOfAnotherRole):
        await driver.take(case, HEAD, "research")
    assert driver.case(case).confirmation is None


# -- two people say yes before an objection frees money --------------------------------------------------------------


async def objected(driver: Doubter) -> Refund:
    """Refused by billing itself, as no rule knows the reason; the applicant objects."""
    case = await driver.ask(await driver.paid_bill(), reason="changed_my_mind")
    return await driver.service.object_to(OWNER, case.refund_id, "still", driver.command())


async def test_one_operator_alone_grants_no_objection_that_billing_had_refused(driver: Doubter) -> None:
    case = await objected(driver)
    proposed = await driver.step(case, OPERATOR, "grant_objection")
    assert (proposed.state, proposed.grant_proposed_by) == (RefundState.OBJECTED, OPERATOR.account_id)
    with pytest.raises(AnotherPairOfEyes):
        await driver.step(case, OPERATOR, "grant_objection")
    granted = await driver.step(case, SECOND, "grant_objection")
    assert (granted.state, granted.grant_proposed_by) == (RefundState.APPROVED, None)


async def test_twin_without_the_second_yes_one_operator_frees_the_money(
    driver: Doubter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "needs_second_grant", lambda _case, _actor: False)
    case = await objected(driver)
    assert (await driver.step(case, OPERATOR, "grant_objection")).state == RefundState.APPROVED


async def test_silence_grants_once_simponi_knows_the_payment(driver: Doubter) -> None:
    case = await objected(driver)
    known = driver.forget_payment()
    driver.world.clock.advance(190 * 86_400)
    await driver.world.work()
    held = driver.case(case)
    assert held.confirmation is not None
    assert (held.state, held.confirmation.state) == (RefundState.OBJECTED, ConfirmationState.DENIED)
    driver.world.simponi.codes[known.billing_code] = known
    await driver.world.pass_time(10 * 86_400, step=86_400)
    assert driver.case(case).state == RefundState.APPROVED


# -- over HTTP -------------------------------------------------------------------------------------------------------


async def test_the_no_is_told_over_http(world: World, ask: Ask) -> None:
    driver = Doubter(world)
    case = await driver.complete()
    driver.forget_payment()
    path = f"/v1/refunds/{case.refund_id}/steps"
    tuti = {"role": Role.TREASURER, "account": "tuti"}
    status, said = await ask("POST", path, {"step": "research"}, key="r1", **tuti)
    assert (status, said["state"], said["confirmation"]["state"]) == (200, "complete", "asked")
    await world.simponi_answers(case.refund_id)
    _, said = await ask("GET", f"/v1/refunds/{case.refund_id}")
    assert said["confirmation"]["state"] == "denied" and "SIMPONI" in said["confirmation"]["says"]
    status, said = await ask("POST", path, {"step": "research"}, key="r2", **tuti)
    assert (status, said["code"], said["receipt_id"]) == (409, "payment_unknown_to_simponi", case.receipt_id)
