"""Refunds over HTTP: what applicants, officers and anybody may ask, and what they are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.billing.bills.model import Bill
from services.billing.refunds.states import RefundState
from services.billing.refunds.texts import STAGES
from shared.tokens import Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.world import World

ACCOUNT = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Siti Contoh"}


async def paid_bill(world: World) -> Bill:
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.confirmed(bill.bill_id, "paid")
    return world.bill()


async def step(ask: Ask, refund_id: str, name: str, role: Role, **more: Any) -> tuple[int, Any]:
    path = f"/v1/refunds/{refund_id}/steps"
    return await ask("POST", path, {"step": name, **more}, role=role, account=f"{role}-1", key=f"{name}-12345")


@pytest.mark.acceptance("F62.workflow", "F62.actor_and_deadline", "F62.approve", "Y14.roles")
@pytest.mark.parametrize("head", [Role.OFFICE_ADMIN, Role.ADMINISTRATION_SECTION_HEAD])
async def test_a_refund_from_the_wish_to_the_money_over_http(world: World, ask: Ask, head: Role) -> None:
    bill = await paid_bill(world)
    body = {"bill_id": bill.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    status, case = await ask("POST", "/v1/refunds", body)
    assert (status, case["state"], case["next_actor"]) == (201, "requested", "treasurer")
    assert case["deadline"] is not None
    assert case["guide"] == "/v1/refund-guide"
    refund_id = case["refund_id"]
    status, case = await ask("PUT", f"/v1/refunds/{refund_id}/bank-account", ACCOUNT)
    assert (status, case["bank_account"]) == (
        200,
        {"bank_code": "002", "number_masked": "*******890", "state": "given"},
    )
    await world.work()
    for name, role in (
        ("find_complete", Role.TREASURER),
        ("research", Role.TREASURER),
        ("recommend", head),
        ("approve", Role.OPERATOR),
    ):
        status, case = await step(ask, refund_id, name, role)
        assert status == 200, case
        if name in ("research", "approve"):
            waiting = case["confirmation"]
            assert (waiting["step"], waiting["state"]) == (name, "asked")
            assert waiting["says"] and waiting["says_id"] and waiting["next_question_at"] is not None
        await world.simponi_answers(refund_id)
    _, case = await ask("GET", f"/v1/refunds/{refund_id}")
    assert case["confirmation"] is None and case["confirmed_at"] is not None
    assert case["state"] == "approved"
    await world.released("refund_approved", version=9, was_confirmed=True)
    await world.pass_time(120)
    status, case = await ask("GET", f"/v1/refunds/{refund_id}")
    assert (case["state"], case["next_actor"], case["deadline"]) == ("paid", "nobody", None)
    status, listed = await ask("GET", "/v1/refunds?application_id=application-1")
    assert [refund["refund_id"] for refund in listed["refunds"]] == [refund_id]
    audited = [line["act"] for line in await _audit(world)]
    assert audited.count("refund.approve") == 2, "a line before the act and one after it"


@pytest.mark.parametrize(
    ("asked_on", "deadline", "provisional"),
    [
        (datetime(2027, 12, 27, 3, tzinfo=UTC), "2027-12-30T17:00:00Z", False),
        (datetime(2027, 12, 29, 3, tzinfo=UTC), "2028-01-03T17:00:00Z", True),
    ],
)
async def test_a_deadline_in_a_year_without_a_decree_is_marked_provisional(
    world: World, ask: Ask, asked_on: datetime, deadline: str, provisional: bool
) -> None:
    """1 January 2028 is a Saturday; which other days are holidays that year is predicted."""
    bill = await paid_bill(world)
    world.clock.set(asked_on)
    body = {"bill_id": bill.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    status, case = await ask("POST", "/v1/refunds", body)
    assert (status, case["deadline"], case["deadline_provisional"]) == (201, deadline, provisional)


async def test_an_account_is_taken_as_the_bank_prints_it_and_its_holder_must_be_written(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    body = {"bill_id": bill.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    _, case = await ask("POST", "/v1/refunds", body)
    path = f"/v1/refunds/{case['refund_id']}/bank-account"
    for holder, rule in (("   ", "account_holder_letters"), ("Siti\u0007", "account_holder_sign")):
        status, said = await ask("PUT", path, {**ACCOUNT, "holder_name": holder})
        assert (status, said["errors"][0]["pointer"], said["errors"][0]["rule"]) == (422, "/holder_name", rule)
        assert "huruf Latin" in said["errors"][0]["detail"]
    printed = {"bank_code": "0 0 2", "account_number": "1234-01-012345-50-3", "holder_name": "SITI CONTOH & ANAK"}
    status, said = await ask("PUT", path, printed)
    account = said["bank_account"]
    assert (status, account["bank_code"], account["number_masked"]) == (200, "002", "*" * 12 + "503")


async def _audit(world: World) -> list[dict[str, Any]]:
    documents = world.store._documents["audit"].values()
    return [document["state"] for document in documents]


@pytest.mark.acceptance("F61.written_refusal", "F62.refuse", "F62.resubmit")
async def test_a_refusal_over_http_names_the_rule_and_the_ways_on(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    body = {"bill_id": bill.bill_id, "reason": "changed_my_mind", "note": "I travel later"}
    status, case = await ask("POST", "/v1/refunds", body)
    assert (status, case["state"]) == (201, "refused")
    assert case["refused_by_rule"]["code"] == "not_in_table"
    assert "UU 9/2018" in case["refused_by_rule"]["legal_basis"]
    assert case["refused_by_rule"]["text_id"]
    assert case["object_until"] is not None
    refund_id = case["refund_id"]
    status, case = await ask("POST", f"/v1/refunds/{refund_id}/objection", {"note": "I object"})
    assert (status, case["state"], case["next_actor"]) == (200, "objected", "headquarters")
    status, case = await step(ask, refund_id, "uphold_refusal", Role.OPERATOR, rule="own_omission")
    assert (status, case["refused_by_rule"]["code"]) == (200, "own_omission")
    status, case = await ask("POST", f"/v1/refunds/{refund_id}/resubmission", {"note": "a letter"})
    assert (status, case["state"]) == (200, "requested")
    status, case = await step(ask, refund_id, "ask_papers", Role.TREASURER, papers=["bank_statement"], note="please")
    assert (status, case["papers_asked"]) == (200, ["bank_statement"])
    status, case = await ask("POST", f"/v1/refunds/{refund_id}/papers", {"note": "attached in words"})
    assert case["statements"] == ["I travel later", "I object", "a letter", "attached in words"]


async def test_whose_case_it_is_and_whose_step(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    _, case = await ask("POST", "/v1/refunds", {"bill_id": bill.bill_id, "reason": "agent_error", "note": "twice"})
    refund_id = case["refund_id"]
    assert (await ask("GET", f"/v1/refunds/{refund_id}", account="account-9"))[0] == 404
    assert (await step(ask, refund_id, "find_complete", Role.OPERATOR))[1]["code"] == "step_of_another_role"
    assert (await step(ask, refund_id, "find_complete", Role.APPLICANT))[0] == 403
    assert (await step(ask, refund_id, "refuse", Role.OPERATOR))[1]["code"] == "rule_unknown"
    assert (await step(ask, refund_id, "anything", Role.OPERATOR))[0] == 422
    assert (await ask("GET", "/v1/refunds"))[1]["code"] == "application_missing"
    _, listed = await ask("GET", "/v1/refunds?state=requested&overdue=false", role=Role.OPERATOR)
    assert [refund["refund_id"] for refund in listed["refunds"]] == [refund_id]
    _, listed = await ask("GET", "/v1/refunds?overdue=true", role=Role.TREASURER)
    assert listed["refunds"] == []


@pytest.mark.acceptance("F42.refund_page")
async def test_the_guide_is_public_and_complete_in_both_languages(ask: Ask) -> None:
    status, guide = await ask("GET", "/v1/refund-guide", role=None)
    assert status == 200
    assert len(guide["how"]) == len(guide["how_id"]) > 3
    assert {stage["state"] for stage in guide["stages"]} == {state.value for state in RefundState} == set(STAGES)
    assert all(stage["title"] and stage["title_id"] and stage["actor"] for stage in guide["stages"])
    assert all(reason["title_id"] and reason["legal_basis"] for reason in guide["reasons"])
    assert {rule["code"] for rule in guide["rules"]} >= {"not_in_table", "papers_not_given", "nothing_left"}
    assert (guide["papers_working_days"], guide["object_within_days"]) == (7, 91)


@pytest.mark.acceptance("F64.requests")
async def test_the_report_over_http(world: World, ask: Ask) -> None:
    bill = await paid_bill(world)
    await world.pay(bill)
    path = "/v1/refund-statistics?since=2026-11-01&until=2026-11-30"
    status, report = await ask("GET", path, role=Role.TREASURER)
    assert (status, report["requests"], report["automatic"], report["open"]) == (200, 1, 1, 1)
    assert (report["paid"], report["median_days"], report["open_over_30_days"]) == (0, None, 0)
    assert (await ask("GET", path))[0] == 403
    late = "/v1/refund-statistics?since=2026-11-30&until=2026-11-01"
    assert (await ask("GET", late, role=Role.OPERATOR))[1]["code"] == "period_too_long"
