"""A refund request is taken back by whoever asked, while it is not decided; the payment stays as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from services.billing.bills.model import BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.refunds import transitions as steps
from services.billing.refunds.errors import RefundIsDecided, RefundOpenedByUs, RefundUnknown, RequestOfSomebodyElse
from services.billing.refunds.model import Refund
from services.billing.refunds.states import RefundState
from services.billing.refunds.transitions import StepActor
from shared.tokens import Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.make import at
from tests.unit.billing.refund_driver import (
    HEAD,
    OPERATOR,
    OWNER,
    POLICY,
    STRANGER,
    TREASURER,
    RefundDriver,
    make_driver,
)
from tests.unit.billing.test_refunds_http import ACCOUNT, paid_bill, step
from tests.unit.billing.world import World


async def take_back(driver: RefundDriver, case: Refund, caller: object = OWNER) -> Refund:
    done: Refund = await driver.service.take_back(caller, case.refund_id, driver.command())
    return done


async def at_state(driver: RefundDriver, state: str) -> Refund:
    """A request that has come so far."""
    case = await driver.ask(await driver.paid_bill())
    if state == "requested":
        return case
    if state == "incomplete":
        return await driver.step(case, TREASURER, "ask_papers", papers=("slip",))
    await driver.account(case)
    for name, who in (("find_complete", TREASURER), ("research", TREASURER), ("recommend", HEAD)):
        case = await driver.step(case, who, name)
        if case.state.value == state:
            break
    return case


@pytest.mark.parametrize("state", ["requested", "incomplete", "complete", "researched", "recommended"])
async def test_a_request_is_taken_back_until_it_is_decided(state: str) -> None:
    driver = make_driver()
    case = await at_state(driver, state)
    assert case.state.value == state
    back = await take_back(driver, case)
    assert (back.state, back.due, back.step_due_at, back.account) == (RefundState.WITHDRAWN, {}, None, None)
    assert (back.steps[-1].by, back.steps[-1].note) == ("applicant", "request_taken_back")
    assert driver.states()[-1] == "withdrawn", "everybody who follows the case is told"
    assert (await take_back(driver, case)).steps == back.steps, "again is no error, and no second step"
    bill = driver.world.bill()
    assert (bill.state, bill.standing) == ("paid", BillOutcome.APPOINTMENT)
    await driver.world.rules_hold()
    again = await driver.ask(bill)
    assert (again.state, again.refund_id != case.refund_id) == (RefundState.REQUESTED, True)


async def test_after_a_refusal_new_proof_can_be_taken_back_too() -> None:
    driver = make_driver()
    case = await driver.ask(await driver.paid_bill(), "changed_my_mind")
    with pytest.raises(RefundIsDecided):
        await take_back(driver, case)
    await driver.service.resubmit(OWNER, case.refund_id, "a letter", driver.command())
    assert (await take_back(driver, case)).state == RefundState.WITHDRAWN


async def test_what_is_decided_stays_decided() -> None:
    driver = make_driver()
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    with pytest.raises(RefundIsDecided):
        await take_back(driver, case)
    assert driver.case(case).state == RefundState.APPROVED


async def test_of_an_approval_and_a_taking_back_at_once_one_wins() -> None:
    driver = make_driver()
    case = await driver.recommended(await driver.ask(await driver.paid_bill()))
    said = await asyncio.gather(take_back(driver, case), driver.step(case, OPERATOR, "approve"), return_exceptions=True)
    assert sum(isinstance(answer, Exception) for answer in said) == 1
    assert driver.case(case).state in (RefundState.WITHDRAWN, RefundState.APPROVED)
    await driver.world.rules_hold()


async def test_an_officer_takes_back_only_what_they_asked_for() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    case = await driver.ask(bill, caller=TREASURER)
    with pytest.raises(RequestOfSomebodyElse):
        await take_back(driver, case, OPERATOR)
    with pytest.raises(RefundUnknown):
        await take_back(driver, case, STRANGER)
    assert (await take_back(driver, case, TREASURER)).steps[-1].actor_id == TREASURER.account_id
    audited = [document["state"]["act"] for document in driver.world.store._documents["audit"].values()]
    assert audited.count("refund.take_back") == 1
    case = await driver.ask(bill, caller=TREASURER)
    assert (await take_back(driver, case)).state == RefundState.WITHDRAWN, "whose money it is may, too"


async def test_money_that_has_no_other_use_is_not_taken_back() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    await driver.world.pay(bill)
    twice = driver.world.refunds()[0]
    with pytest.raises(RefundOpenedByUs):
        await take_back(driver, twice)
    assert driver.case(twice).state == RefundState.OPENED


async def test_a_bill_that_was_closed_before_the_request_is_closed_as_before() -> None:
    driver = make_driver()
    bill = await driver.paid_bill()
    await driver.world.released("no_show", version=9, was_confirmed=True)
    case = await driver.ask(bill)
    assert driver.world.bill().standing == BillOutcome.REFUND
    await take_back(driver, case)
    assert (driver.world.bill().standing, driver.world.bill().closed_reason) == (BillOutcome.CLOSED, "no_show")
    await driver.world.rules_hold()


async def test_a_bill_of_an_earlier_version_without_its_reason_gets_one() -> None:
    driver = make_driver()
    await driver.paid_bill()
    record = await driver.world.store.get(BILLS, driver.world.bill().bill_id)
    assert record is not None
    case = await driver.ask(record.state)
    standing = replace(record.state, standing=BillOutcome.REFUND, closed_reason=None)
    withdrawn = steps.take_back(case, StepActor("applicant", OWNER.account_id), at(1), POLICY).state
    assert steps.standing_of(withdrawn, standing).state.closed_reason == "refund_refused"


# -- over HTTP ---------------------------------------------------------------------------------------------------------


async def test_taking_back_over_http(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    body = {"bill_id": bill.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    _, case = await ask("POST", "/v1/refunds", body)
    path = f"/v1/refunds/{case['refund_id']}/withdrawal"
    await ask("PUT", f"/v1/refunds/{case['refund_id']}/bank-account", ACCOUNT)
    assert (await ask("POST", path, account="account-9"))[0] == 404
    assert (await ask("POST", path, key=None))[0] == 422
    assert (await ask("POST", path, role=Role.INTERVIEWER))[0] == 403
    assert (await ask("POST", path, role=Role.OPERATOR, account="op", key="op-12345"))[1]["code"] == (
        "request_of_somebody_else"
    )
    for key in ("key-1", "key-1", "key-2"):
        status, back = await ask("POST", path, key=key)
        assert (status, back["state"], back["next_actor"], back["deadline"]) == (200, "withdrawn", "nobody", None)
        assert back["bank_account"] is None
        assert back["next_action_id"] == "Ikuti permohonan Anda; Anda dapat mengajukan lagi."
    status, refusal = await step(ask, case["refund_id"], "ask_papers", Role.TREASURER, papers=["slip"])
    assert (status, refusal["code"]) == (409, "refund_step_not_now")


async def test_the_refusals_over_http(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    await world.pay(bill)
    twice = world.refunds()[0]
    status, said = await ask("POST", f"/v1/refunds/{twice.refund_id}/withdrawal")
    assert (status, said["code"]) == (409, "refund_opened_by_us")
    _, case = await ask("POST", "/v1/refunds", {"bill_id": bill.bill_id, "reason": "no_reason", "note": "so"}, key="k")
    status, said = await ask("POST", f"/v1/refunds/{case['refund_id']}/withdrawal", key="key-2")
    assert (status, said["code"], said["state"]) == (409, "refund_is_decided", "refused")
    assert said["next_action"]
