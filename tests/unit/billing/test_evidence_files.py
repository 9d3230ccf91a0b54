"""Refund cases and payment claims name pictures of evidence: ids alone, told once, shown to who decides."""

from __future__ import annotations

from typing import Any

import pytest

from shared.events.billing import BillingEvidenceNamed
from shared.evidence_files import MOST_EVIDENCE_FILES
from shared.tokens import Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.test_refunds_http import ACCOUNT, paid_bill, step
from tests.unit.billing.world import World

REASON = {"reason": "agent_error", "note": "the bank took it twice"}


def shown(*names: str) -> list[dict[str, str]]:
    return [{"evidence_id": name, "url": f"/v1/evidence/{name}/content"} for name in names]


def told(world: World) -> list[BillingEvidenceNamed]:
    return list(world.heard("BillingEvidenceNamed"))


async def asked(world: World, ask: Ask, *names: str, **words: Any) -> dict[str, Any]:
    bill = await paid_bill(world)
    body = {"bill_id": bill.bill_id, **REASON, "evidence_ids": list(names)}
    status, case = await ask("POST", "/v1/refunds", body, **words)
    assert status == 201, case
    return dict(case)


@pytest.mark.acceptance("Y21.refund_files", "Y21.seen_by_decider")
async def test_a_refund_case_shows_its_pictures_to_the_payer_and_to_who_decides(world: World, ask: Ask) -> None:
    case = await asked(world, ask, "e-1", "e-2", "e-1")
    assert case["evidence_files"] == shown("e-1", "e-2")
    (event,) = told(world)
    assert (event.purpose, event.case_id, event.evidence_ids) == ("refund", case["refund_id"], ("e-1", "e-2"))
    assert (event.account_ids, event.office_id) == (("account-1",), "office-1")
    path = f"/v1/refunds/{case['refund_id']}"
    for role in (Role.TREASURER, Role.OFFICE_ADMIN, Role.OPERATOR):
        _, seen = await ask("GET", f"{path}?reason=payment_question", role=role, account=f"{role}-1")
        assert seen["evidence_files"] == shown("e-1", "e-2")


async def test_an_answer_adds_pictures_and_tells_of_the_new_ones_alone(world: World, ask: Ask) -> None:
    case = await asked(world, ask, "e-1")
    path = f"/v1/refunds/{case['refund_id']}"
    await step(ask, case["refund_id"], "ask_papers", Role.TREASURER, papers=["bank_letter"])
    answer = {"note": "here it is", "evidence_ids": ["e-1", "e-2"]}
    status, case = await ask("POST", f"{path}/papers", answer, key="answer-1")
    assert (status, case["evidence_files"]) == (200, shown("e-1", "e-2"))
    assert [event.evidence_ids for event in told(world)] == [("e-1",), ("e-2",)]
    assert (await ask("POST", f"{path}/papers", answer, key="answer-1"))[0] == 200
    assert len(told(world)) == 2


async def test_a_refused_case_takes_new_pictures_with_a_new_try_and_with_an_objection(world: World, ask: Ask) -> None:
    case = await asked(world, ask)
    assert (case["evidence_files"], told(world)) == ([], [])
    path = f"/v1/refunds/{case['refund_id']}"
    assert (await ask("PUT", f"{path}/bank-account", ACCOUNT))[0] == 200
    await world.work()
    for number, act in enumerate(("resubmission", "objection")):
        for name, role in (("find_complete", Role.TREASURER), ("research", Role.TREASURER)):
            status, found = await ask(
                "POST", f"{path}/steps", {"step": name}, role=role, account=f"{role}-1", key=f"{name}-{number}"
            )
            assert status == 200, found
            await world.simponi_answers(case["refund_id"])
        recommend = {"role": Role.OFFICE_ADMIN, "account": "head-1", "key": f"recommend-{number}"}
        assert (await ask("POST", f"{path}/steps", {"step": "recommend"}, **recommend))[0] == 200
        refuse = {"role": Role.OPERATOR, "account": "operator-1", "key": f"refuse-{number}"}
        status, found = await ask("POST", f"{path}/steps", {"step": "refuse", "rule": "not_proven"}, **refuse)
        assert status == 200, found
        proof = {"note": "new proof", "evidence_ids": [f"e-{number}"]}
        status, found = await ask("POST", f"{path}/{act}", proof, key=f"{act}-1")
        assert status == 200, found
    assert found["evidence_files"] == shown("e-0", "e-1")
    assert [event.evidence_ids for event in told(world)] == [("e-0",), ("e-1",)]


async def test_staff_who_ask_name_pictures_of_the_payers_account(world: World, ask: Ask) -> None:
    await asked(world, ask, "e-1", role=Role.OFFICE_ADMIN, account="head-1")
    assert [event.account_ids for event in told(world)] == [("account-1",)]


@pytest.mark.acceptance("Y21.claim_files", "Y21.seen_by_decider")
async def test_a_claim_shows_its_pictures_in_the_case_that_it_becomes(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/bills/{bill.bill_id}/payment-claims"
    status, claim = await ask("POST", path, {"ntb": "123456789012", "evidence_ids": ["e-1"]})
    assert (status, claim["evidence_files"]) == (202, shown("e-1"))
    (event,) = told(world)
    assert (event.purpose, event.case_id, event.evidence_ids) == ("payment_claim", bill.bill_id, ("e-1",))
    assert (event.account_ids, event.office_id) == (("account-1",), "office-1")
    await world.pass_time(3700, step=100)
    _, listed = await ask("GET", "/v1/cases", role=Role.OPERATOR, account="operator-1")
    (case,) = listed["cases"]
    assert (case["kind"], case["evidence_files"]) == ("claim_unconfirmed", shown("e-1"))
    more = {"ntb": "123456789012", "evidence_ids": ["e-1", "e-2"]}
    status, again = await ask("POST", path, more, key="key-2")
    assert (again["claim_id"], again["evidence_files"]) == (claim["claim_id"], shown("e-1", "e-2"))
    assert [event.evidence_ids for event in told(world)] == [("e-1",), ("e-2",)]
    note = {"text": "the bank was asked"}
    for method, address, body in (
        ("GET", f"/v1/cases/{case['case_id']}", None),
        ("POST", f"/v1/cases/{case['case_id']}/notes", note),
    ):
        _, seen = await ask(method, address, body, role=Role.TREASURER, account="treasurer-1")
        assert seen["evidence_files"] == shown("e-1", "e-2")


@pytest.mark.parametrize("names", [[f"e-{number}" for number in range(MOST_EVIDENCE_FILES + 1)], ["e 1"], ["x" * 65]])
async def test_too_many_pictures_or_what_is_no_id_is_refused_with_its_field(
    world: World, ask: Ask, names: list[str]
) -> None:
    bill = await paid_bill(world)
    status, problem = await ask("POST", "/v1/refunds", {"bill_id": bill.bill_id, **REASON, "evidence_ids": names})
    assert (status, problem["code"]) == (422, "malformed")
    assert problem["errors"][0]["pointer"].startswith("/evidence_ids")
    most = {"bill_id": bill.bill_id, **REASON, "evidence_ids": ["e"] * MOST_EVIDENCE_FILES}
    assert (await ask("POST", "/v1/refunds", most, key="key-2"))[0] == 201
