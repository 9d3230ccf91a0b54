"""Money goes back through all five services over HTTP: from the case or the wish to the treasury's payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import DAY_SECONDS, Citizen, Officer

ACCOUNT: Final = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Budi Contoh"}
UNKNOWN_ACCOUNT: Final = {**ACCOUNT, "account_number": "1234560000"}


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        yield citizen


async def step(citizen: Citizen, role: Role, case: Any, name: str, *, account_id: str = "", **more: Any) -> Any:
    """A step of the role's officer, whatever is answered; everything that follows has happened on return."""
    async with Officer(citizen.suite, role) as officer:
        officer.token = citizen.suite.token(role, account_id)
        path = f"/v1/refunds/{case['refund_id']}/steps"
        reply = await officer.call("billing", "POST", path, {"step": name, **more})
    await citizen.suite.settle()
    return reply.body


async def cases(citizen: Citizen) -> list[Any]:
    found = await citizen.done("billing", "GET", f"/v1/refunds?application_id={citizen.application_id}")
    return list(found["refunds"])


async def recommended(citizen: Citizen, case: Any) -> None:
    """The office has done its part."""
    for role, name in (
        (Role.TREASURER, "find_complete"),
        (Role.TREASURER, "research"),
        (Role.OFFICE_ADMIN, "recommend"),
    ):
        assert "code" not in await step(citizen, role, case, name)


async def report(citizen: Citizen) -> Any:
    today = citizen.suite.clock.now().date().isoformat()
    async with Officer(citizen.suite, Role.OPERATOR) as operator:
        path = f"/v1/refund-statistics?since={today[:8]}01&until={today[:8]}28"
        return (await operator.done("billing", "GET", path)).body


def mails(citizen: Citizen) -> list[str]:
    return [mail.body for mail in citizen.suite.agencies.mailer.taken]


@pytest.mark.acceptance("F62.workflow", "F62.actor_and_deadline", "F62.approve")
@pytest.mark.acceptance("F63.refund", "F64.requests", "F64.paid")
async def test_money_that_came_after_the_withdrawal_goes_back_all_the_way(citizen: Citizen) -> None:
    suite = citizen.suite
    await citizen.until_submitted()
    await citizen.hold()
    amount = (await citizen.bill())["amount"]
    await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
    suite.clock.advance(2)
    await citizen.pay()
    (case,) = await cases(citizen)
    assert (case["reason"], case["state"], case["automatic"]) == ("paid_after_withdrawal", "opened", True)
    assert (case["amount"], case["next_actor"], case["deadline"] is not None) == (amount, "treasurer", True)
    assert (await step(citizen, Role.TREASURER, case, "find_complete"))["code"] == "bank_account_missing"

    account = f"/v1/refunds/{case['refund_id']}/bank-account"
    await citizen.done("billing", "PUT", account, UNKNOWN_ACCOUNT)
    assert (await cases(citizen))[0]["bank_account"]["state"] == "differs"
    await citizen.done("billing", "PUT", account, ACCOUNT)
    (case,) = await cases(citizen)
    assert case["bank_account"] == {"bank_code": "002", "number_masked": "*******890", "state": "verified"}

    await recommended(citizen, case)
    assert suite.agencies.treasury.books.totals() == {"orders": 0, "rupiah": 0}, "nobody has decided yet"
    await step(citizen, Role.OPERATOR, case, "approve")
    await suite.later(120)
    (case,) = await cases(citizen)
    assert (case["state"], case["next_actor"], case["deadline"]) == ("paid", "nobody", None)
    assert suite.agencies.treasury.books.totals() == {"orders": 1, "rupiah": amount}
    states = [line["state"] for line in case["steps"]]
    assert states == ["opened", "complete", "researched", "recommended", "approved", "released", "ordered", "paid"]
    assert any("refund-guide" in body for body in mails(citizen)), "the guide is linked"
    figures = await report(citizen)
    assert (figures["requests"], figures["paid"], figures["open"], figures["paid_rupiah"]) == (1, 1, 0, amount)
    assert await suite.broken_rules() == {}
    assert suite.troubles == []


@pytest.mark.acceptance("F62.workflow", "F62.approve", "F63.refund")
async def test_a_fee_is_asked_back_and_the_seat_goes_back_before_the_money(citizen: Citizen) -> None:
    suite = citizen.suite
    await citizen.until_paid()
    body = {"bill_id": citizen.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    case = (await citizen.done("billing", "POST", "/v1/refunds", body)).body
    await citizen.done("billing", "PUT", f"/v1/refunds/{case['refund_id']}/bank-account", ACCOUNT)
    await recommended(citizen, case)
    assert (await citizen.appointment())["state"] == "confirmed", "the visit stands until the decision"
    head = await step(citizen, Role.OFFICE_ADMIN, case, "approve")
    assert head["code"] == "step_of_another_role"
    suite.agencies.treasury.pay_seconds = 3600
    await step(citizen, Role.OPERATOR, case, "approve")
    assert (await citizen.appointment())["state"] == "released"
    assert (await cases(citizen))[0]["state"] == "ordered"
    for _ in range(4):
        await suite.later(3600)
    assert (await cases(citizen))[0]["state"] == "paid"
    told = [line["what"] for line in (await citizen.view())["timeline"]]
    assert any("refund" in line.lower() for line in told)
    assert await suite.broken_rules() == {}


@pytest.mark.acceptance("F62.workflow", "F62.approve")
async def test_an_order_that_the_bank_rejects_asks_for_another_account(citizen: Citizen) -> None:
    suite = citizen.suite
    await citizen.until_paid()
    body = {"bill_id": citizen.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    case = (await citizen.done("billing", "POST", "/v1/refunds", body)).body
    account = f"/v1/refunds/{case['refund_id']}/bank-account"
    await citizen.done("billing", "PUT", account, ACCOUNT)
    await recommended(citizen, case)
    suite.agencies.treasury.pay_seconds = DAY_SECONDS
    await step(citizen, Role.OPERATOR, case, "approve")
    suite.agencies.treasury.books.reject(f"{case['refund_id']}.1")
    await suite.later(3600)
    (case,) = await cases(citizen)
    assert (case["state"], case["bank_account"]["state"]) == ("released", "rejected")
    suite.agencies.treasury.pay_seconds = 0
    await citizen.done("billing", "PUT", account, {**ACCOUNT, "account_number": "9876543210"})
    await suite.later(3600)
    (case,) = await cases(citizen)
    assert (case["state"], case["steps"][-1]["note"]) == ("paid", f"{case['refund_id']}.2")
    assert suite.agencies.treasury.books.totals()["orders"] == 1, "the rejected one does not stand"
    assert await suite.broken_rules() == {}


@pytest.mark.acceptance("F61.written_refusal", "F62.refuse")
async def test_a_wish_outside_the_table_is_refused_with_its_rule_and_a_request_is_taken_back(citizen: Citizen) -> None:
    suite = citizen.suite
    await citizen.until_paid()
    body = {"bill_id": citizen.bill_id, "reason": "changed_my_mind", "note": "I travel later"}
    refused = (await citizen.done("billing", "POST", "/v1/refunds", body)).body
    assert (refused["state"], refused["refused_by_rule"]["code"]) == ("refused", "not_in_table")
    again = (await citizen.done("billing", "POST", "/v1/refunds", {**body, "reason": "agent_error"})).body
    back = (await citizen.done("billing", "POST", f"/v1/refunds/{again['refund_id']}/withdrawal")).body
    assert (back["state"], (await citizen.appointment())["state"]) == ("withdrawn", "confirmed")
    assert [case["state"] for case in await cases(citizen)] == ["refused", "withdrawn"]
    assert (await citizen.view())["current_step"] == "come", "the visit is as certain as before"
    assert await suite.broken_rules() == {}
