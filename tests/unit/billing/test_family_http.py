"""Joint bills and credits over HTTP: own ones only, with a next call, and refusals as problems."""

from __future__ import annotations

from typing import Any

from shared.tokens import Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.refund_driver import RefundDriver
from tests.unit.billing.test_credits import another_bill, credited, to_released
from tests.unit.billing.test_joint_bills import family, now_of, pay
from tests.unit.billing.world import World


async def test_a_family_opens_sees_and_cancels_a_joint_bill(world: World, ask: Ask) -> None:
    bills = await family(world)
    body = {"bill_ids": [bill.bill_id for bill in bills]}
    status, opened = await ask("POST", "/v1/joint-bills", body)
    assert (status, opened["state"], opened["billing_code"]) == (202, "requested", None)
    path = f"/v1/joint-bills/{opened['joint_bill_id']}"
    await world.work()
    status, shown = await ask("GET", path)
    assert (status, shown["state"], shown["amount"]) == (200, "issued", sum(bill.amount for bill in bills))
    assert [member["bill_id"] for member in shown["members"]] == body["bill_ids"]
    assert len(shown["billing_code"]) == 15
    _, bill = await ask("GET", f"/v1/bills/{bills[0].bill_id}")
    assert (bill["joint_bill_id"], bill["billing_code"]) == (opened["joint_bill_id"], None)
    assert (bill["current_step"], bill["next_call"]) == ("pay_together", {"method": "GET", "href": path})
    status, again = await ask("POST", "/v1/joint-bills", body)
    assert (status, again["joint_bill_id"]) == (202, opened["joint_bill_id"])
    status, ending = await ask("POST", f"{path}/cancellation", key="cancel")
    assert (status, ending["state"], ending["billing_code"]) == (202, "ending", None)
    _, bill = await ask("GET", f"/v1/bills/{bills[0].bill_id}")
    assert bill["billing_code"] is None
    await world.work()
    _, bill = await ask("GET", f"/v1/bills/{bills[0].bill_id}")
    assert (bill["current_step"], bill["joint_bill_id"]) == ("pay", None)
    assert bill["billing_code"] not in (None, bills[0].billing_code)


async def test_a_bill_between_two_codes_says_that_its_code_is_asked_for(world: World, ask: Ask) -> None:
    bills = await family(world)
    _, opened = await ask("POST", "/v1/joint-bills", {"bill_ids": [bill.bill_id for bill in bills]})
    await world.work()
    await ask("POST", f"/v1/joint-bills/{opened['joint_bill_id']}/cancellation", key="cancel")
    world.simponi.refusal = "closed"
    await world.work()
    _, bill = await ask("GET", f"/v1/bills/{bills[0].bill_id}")
    assert (bill["current_step"], bill["billing_code"]) == ("code_requested", None)


async def test_the_treasurer_sees_each_part_with_the_treasurys_number(world: World, ask: Ask) -> None:
    bills = await family(world)
    _, opened = await ask("POST", "/v1/joint-bills", {"bill_ids": [bill.bill_id for bill in bills]})
    await world.work()
    payment = await pay(world, now_of(world, opened["joint_bill_id"]))
    _, seen = await ask("GET", f"/v1/receipts?bill_id={bills[1].bill_id}", role=Role.TREASURER)
    assert [(part["receipt_id"], part["ntpn"], part["amount"]) for part in seen["receipts"]] == [
        (f"{payment.ntpn}.2", payment.ntpn, bills[1].amount)
    ]
    _, shown = await ask("GET", f"/v1/joint-bills/{opened['joint_bill_id']}")
    assert (shown["state"], shown["ntpn"]) == ("paid", payment.ntpn)


async def test_bad_joint_bills_are_problems_and_change_nothing(world: World, ask: Ask) -> None:
    bills = await family(world)
    first, second, third = (bill.bill_id for bill in bills)

    async def refusal(bill_ids: list[str], **caller: Any) -> tuple[int, str]:
        status, problem = await ask("POST", "/v1/joint-bills", {"bill_ids": bill_ids}, key="bad", **caller)
        return status, problem["code"]

    assert await refusal([first]) == (422, "malformed")
    assert await refusal([f"bill-{number}" for number in range(11)]) == (422, "malformed")
    assert await refusal([first, first]) == (422, "bill_named_twice")
    assert await refusal([first, second], account="account-2") == (404, "bill_unknown")
    await world.pay(bills[2])
    assert await refusal([first, third]) == (409, "bill_cannot_be_joined")
    status, opened = await ask("POST", "/v1/joint-bills", {"bill_ids": [first, second]})
    assert status == 202
    assert await refusal([first, second]) == (409, "bill_cannot_be_joined")
    path = f"/v1/joint-bills/{opened['joint_bill_id']}"
    assert (await ask("GET", path, account="account-2"))[0] == 404
    assert (await ask("POST", f"{path}/cancellation", account="account-2", key="k"))[0] == 404
    assert (await ask("GET", path, role=Role.TREASURER))[0] == 403
    await world.work()
    await pay(world, now_of(world, opened["joint_bill_id"]))
    status, problem = await ask("POST", f"{path}/cancellation", key="late")
    assert (status, problem["code"]) == (409, "joint_bill_is_over")


async def test_a_payer_keeps_a_refund_as_credit_and_pays_with_it(world: World, ask: Ask) -> None:
    driver = RefundDriver(world)
    bill = await world.issued_bill()
    twice = [await world.pay(bill), await world.pay(bill)]
    case = next(case for case in world.refunds() if case.receipt_id == twice[1].ntpn)
    path = f"/v1/refunds/{case.refund_id}/credit"
    status, problem = await ask("POST", path)
    assert (status, problem["code"]) == (409, "refund_step_not_now")
    await to_released(driver, case)
    assert (await ask("POST", path, account="account-2", key="k"))[0] == 404
    status, kept = await ask("POST", path, key="keep")
    assert (status, kept["state"], kept["next_call"]) == (200, "credited", {"method": "GET", "href": "/v1/credits"})
    _, listed = await ask("GET", "/v1/credits")
    (credit,) = listed["credits"]
    assert (credit["state"], credit["rest"], credit["amount"]) == ("open", case.amount, case.amount)
    credit_path = f"/v1/credits/{credit['credit_id']}"
    later = await another_bill(driver)
    assert (await ask("POST", f"{credit_path}/bills", {"bill_id": later.bill_id}, account="account-2", key="x"))[
        0
    ] == 404
    status, used = await ask("POST", f"{credit_path}/bills", {"bill_id": later.bill_id}, key="use")
    assert (status, used["state"], used["rest"]) == (200, "spent", 0)
    assert [draw["bill_id"] for draw in used["draws"]] == [later.bill_id]
    _, paid = await ask("GET", f"/v1/bills/{later.bill_id}")
    assert paid["state"] == "paid"
    status, problem = await ask("POST", f"{credit_path}/payout", key="out")
    assert (status, problem["code"]) == (409, "credit_is_used_up")
    assert (await ask("GET", "/v1/credits", account="account-2"))[1]["credits"] == []


async def test_a_payer_has_a_credit_paid_out(world: World, ask: Ask) -> None:
    driver = RefundDriver(world)
    credit = await credited(driver)
    path = f"/v1/credits/{credit.credit_id}"
    assert (await ask("POST", f"{path}/payout", account="account-2", key="k"))[0] == 404
    status, gone = await ask("POST", f"{path}/payout", key="out")
    refund_id = gone["payout_refund_id"]
    assert (status, gone["state"], gone["rest"]) == (200, "paid_out", 0)
    assert gone["next_call"] == {"method": "PUT", "href": f"/v1/refunds/{refund_id}/bank-account"}
    _, case = await ask("GET", f"/v1/refunds/{refund_id}")
    assert (case["state"], case["reason"]) == ("released", "credit_paid_out")
    _, shown = await ask("GET", path)
    assert shown == gone
