"""Billing's endpoints: who may, what is refused, what is told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.billing.bills.claim_schemas import PaymentClaim
from services.billing.bills.claims import MOST_CLAIMS
from services.billing.bills.states import BillState
from services.billing.receipts.schemas import PaymentNotice
from shared.http.schema import unbounded_fields
from shared.http.signatures import Signer
from shared.tokens import Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.world import World

SIGNER = Signer("X-Simponi", {"k1": "callback-secret"})


def test_everything_that_comes_in_has_a_limit(world: World) -> None:
    for endpoint in world.parts.endpoints:
        for model in (endpoint.body, endpoint.query, endpoint.path_model):
            assert model is None or unbounded_fields(model) == [], endpoint.path


@pytest.mark.acceptance("F32.fees", "F76.fee_table", "X9.fee_of_the_day")
@pytest.mark.parametrize(
    ("on", "amount", "basis"), [("2024-12-16", 350_000, "PP 28/2019"), ("2024-12-17", 650_000, "PP 45/2024")]
)
async def test_the_tariff_of_a_day_is_public(ask: Ask, on: str, amount: int, basis: str) -> None:
    status, said = await ask("GET", f"/v1/tariffs?on={on}", role=None)
    assert status == 200
    ten_years = next(fee for fee in said["fees"] if (fee["passport_kind"], fee["validity_years"]) == ("ordinary", 10))
    assert (ten_years["amount"], said["legal_basis"], said["on"]) == (amount, basis, on)


async def test_the_tariff_of_today_and_of_no_day(ask: Ask) -> None:
    assert (await ask("GET", "/v1/tariffs", role=None))[1]["tariff_id"] == "pp-45-2024"
    status, said = await ask("GET", "/v1/tariffs?on=2019-05-02", role=None)
    assert (status, said["code"]) == (404, "no_tariff_that_day")
    assert (await ask("GET", "/v1/tariffs?on=yesterday", role=None))[0] == 422


@pytest.mark.acceptance("F36.expected_wait", "F36.next_check", "F53.shown")
@pytest.mark.acceptance("F55.local_zone", "F76.fee_table", "X8.office_zone")
async def test_a_bill_tells_its_step_its_end_in_the_offices_zone_and_the_next_check(world: World, ask: Ask) -> None:
    await world.submitted()
    await world.seat_held()
    bill_id = world.bill().bill_id
    _, waiting = await ask("GET", f"/v1/bills/{bill_id}")
    assert (waiting["state"], waiting["current_step"], waiting["expected_wait_seconds"]) == (
        "requested",
        "code_requested",
        900,
    )
    assert waiting["next_check_at"] is not None
    await world.work()
    _, said = await ask("GET", f"/v1/bills/{bill_id}")
    assert said["current_step"] == "pay"
    assert said["remaining_steps"] == ["confirmation"]
    assert said["deadline"] == said["expires_at"] == "2026-11-23T04:00:00Z"
    assert said["expires_at_local"] == "2026-11-23T12:00:00+08:00"
    assert (said["timezone"], said["next_check_at"]) == ("Asia/Makassar", "2026-11-23T02:04:30Z")
    assert said["next_action"].startswith("Pay")
    assert said["lines"][0]["legal_basis"] == "PP 45/2024"
    assert len(said["billing_code"]) == 15


async def test_a_bill_is_its_owners_the_treasurers_and_the_operators(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/bills/{bill.bill_id}"
    for role in (Role.TREASURER, Role.OPERATOR):
        assert (await ask("GET", path, role=role, account="staff-1"))[0] == 200
    status, said = await ask("GET", path, account="account-2")
    assert (status, said["code"]) == (404, "bill_unknown")
    assert (await ask("GET", path, role=Role.FRONT_OFFICER, account="staff-2"))[0] == 403
    assert (await ask("GET", path, role=None))[0] == 401
    assert (await ask("GET", "/v1/bills/unknown"))[0] == 404
    listing = f"/v1/bills?application_id={bill.payer.application_id}"
    assert len((await ask("GET", listing))[1]["bills"]) == 1
    assert (await ask("GET", listing, account="account-2"))[1]["bills"] == []
    assert (await ask("GET", "/v1/bills"))[0] == 422


@pytest.mark.acceptance("F55.no_retyping")
async def test_a_new_code_is_asked_for_over_http(world: World, ask: Ask) -> None:
    bill = await world.expired_bill()
    path = f"/v1/bills/{bill.bill_id}/renewal"
    for _ in range(2):
        status, said = await ask("POST", path)
        assert (status, said["renewal"]["state"]) == (202, "asked")
    assert world.names().count("BillRenewalRequested") == 1
    await world.seat_held("appointment-2", replaces_bill_id=bill.bill_id)
    await world.work()
    _, said = await ask("GET", f"/v1/bills/{bill.bill_id}")
    assert said["renewal"]["bill_id"] == world.bill("appointment-2").bill_id
    status, said = await ask("POST", path, key="key-2")
    assert (status, said["code"]) == (409, "bill_cannot_be_renewed")


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (BillState.ISSUED, "bill_still_payable"),
        (BillState.PAID_UNSETTLED, "money_is_on_its_way"),
        (BillState.PAID, "bill_is_paid"),
    ],
)
async def test_who_can_still_pay_or_has_paid_needs_no_new_code(
    world: World, ask: Ask, state: BillState, code: str
) -> None:
    bill = await world.issued_bill()
    if state != BillState.ISSUED:
        await world.pay(bill, **({"ntpn": None} if state == BillState.PAID_UNSETTLED else {}))
    status, said = await ask("POST", f"/v1/bills/{bill.bill_id}/renewal")
    assert (status, said["code"]) == (409, code)
    assert said["next_action"]


async def test_further_refusals_of_a_new_code(world: World, ask: Ask) -> None:
    bill = await world.expired_bill()
    path = f"/v1/bills/{bill.bill_id}/renewal"
    await world.seat_held("appointment-2")
    status, said = await ask("POST", path)
    assert (status, said["code"], said["bill_id"]) == (409, "another_bill_is_live", world.bill("appointment-2").bill_id)
    await world.released("hold_lapsed", "appointment-2")
    await world.no_seat(bill.bill_id, "renewal")
    assert (await ask("POST", path, key="key-2"))[1]["code"] == "seat_is_gone"
    await world.pay(bill)
    assert (await ask("POST", path, key="key-3"))[1]["code"] == "money_is_being_placed"
    assert (await ask("GET", f"/v1/bills/{bill.bill_id}"))[1]["current_step"] == "late_money"
    await world.no_seat(bill.bill_id)
    assert (await ask("GET", f"/v1/bills/{bill.bill_id}"))[1]["current_step"] == "refund"
    await world.withdrawn()
    assert (await ask("POST", path, key="key-4"))[1]["code"] == "bill_cannot_be_renewed"


async def test_an_unpaid_bill_can_be_given_up_once_and_again(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/bills/{bill.bill_id}/cancellation"
    for key in ("key-1", "key-1", "key-2"):
        status, said = await ask("POST", path, key=key)
        assert (status, said["state"], said["cause"]) == (200, "cancelled", "by_applicant")
    assert world.names().count("BillCancelled") == 1
    assert (await ask("POST", path, account="account-2"))[0] == 404
    assert (await ask("POST", path, role=Role.TREASURER))[0] == 403
    assert (await ask("POST", path, key=None))[0] == 422


@pytest.mark.parametrize(("ntb_only", "code"), [(True, "money_is_on_its_way"), (False, "bill_is_paid")])
async def test_a_bill_with_money_cannot_be_given_up(world: World, ask: Ask, ntb_only: bool, code: str) -> None:
    bill = await world.issued_bill()
    await world.pay(bill, **({"ntpn": None} if ntb_only else {}))
    status, said = await ask("POST", f"/v1/bills/{bill.bill_id}/cancellation")
    assert (status, said["code"]) == (409, code)


async def test_an_ended_bill_cannot_be_given_up(world: World, ask: Ask) -> None:
    bill = await world.expired_bill()
    status, said = await ask("POST", f"/v1/bills/{bill.bill_id}/cancellation")
    assert (status, said["code"]) == (409, "bill_has_ended")


@pytest.mark.acceptance("F57.proof_uploaded")
async def test_a_payment_is_claimed_with_its_number(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/bills/{bill.bill_id}/payment-claims"
    status, said = await ask("POST", path, {"ntb": "123456789012"})
    assert (status, said["state"], said["expected_wait_seconds"]) == (202, "looking", 900)
    assert (await ask("POST", path, {"ntb": "123456789012"}, key="key-2"))[1]["claim_id"] == said["claim_id"]
    status, said = await ask("POST", path, {}, key="key-3")
    assert (status, said["errors"][0]["rule"]) == (422, "number_needed")
    for number in range(1, MOST_CLAIMS):
        assert (await ask("POST", path, {"ntb": f"{number:012d}"}, key=f"more-{number}"))[0] == 202
    status, said = await ask("POST", path, {"ntb": "999999999999"}, key="key-9")
    assert (status, said["code"]) == (409, "too_many_claims")


async def test_nobody_can_have_paid_a_bill_without_a_code(world: World, ask: Ask) -> None:
    await world.submitted()
    await world.seat_held()
    path = f"/v1/bills/{world.bill().bill_id}/payment-claims"
    status, said = await ask("POST", path, {"ntpn": "A1B2C3D4E5F60718"})
    assert (status, said["code"]) == (409, "no_code_to_pay")


@pytest.mark.parametrize("ntpn", ["A1B2C3D4E5F6071", "A1B2C3D4E5F607180", "A1B2C3D4E5F6071 ", "A1B2C3D4E5F6071_"])
def test_an_ntpn_has_sixteen_letters_and_digits(ntpn: str) -> None:
    with pytest.raises(ValueError, match="ntpn"):
        PaymentClaim(ntpn=ntpn)


async def test_a_number_from_a_slip_may_be_grouped_and_in_small_letters(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/bills/{bill.bill_id}/payment-claims"
    status, said = await ask("POST", path, {"ntpn": "a1b2 c3d4 e5f6 0718", "ntb": "1234-5678-9012"})
    assert (status, said["ntpn"], said["ntb"]) == (202, "A1B2C3D4E5F60718", "123456789012")
    status, said = await ask("POST", path, {"ntpn": "a1b2c3"}, key="key-2")
    wrong = said["errors"][0]
    assert (status, wrong["pointer"], wrong["rule"], wrong["example"]) == (422, "/ntpn", "ntpn", "A1B2C3D4E5F60718")
    assert wrong["detail"] == "Tuliskan 16 huruf dan angka NTPN seperti pada bukti bayar."


# -- SIMPONI's notices -----------------------------------------------------------------------------------------------


def notice(world: World, **changes: object) -> dict[str, object]:
    bill = world.bill()
    said: dict[str, object] = {
        "notice_id": "notice-1",
        "billing_code": bill.billing_code,
        "ntpn": "A1B2C3D4E5F60718",
        "ntb": "123456789012",
        "amount": bill.amount,
        "paid_at": "2026-11-23T02:01:00Z",
        "channel": "teller",
    }
    return {**said, **changes}


async def tell(world: World, ask: Ask, body: bytes, signer: Signer = SIGNER) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": "application/json", **signer.headers(body, world.clock.now())}
    return await ask("POST", "/v1/payment-notices", body, role=None, headers=headers)


async def test_a_signed_notice_pays(world: World, ask: Ask) -> None:
    await world.issued_bill()
    body = json.dumps(notice(world)).encode()
    for _ in range(2):
        assert (await tell(world, ask, body))[0] == 202
    assert world.bill().state == BillState.PAID
    assert world.names().count("BillPaid") == 1
    _, said = await ask("GET", f"/v1/receipts?bill_id={world.bill().bill_id}", role=Role.TREASURER)
    receipt = said["receipts"][0]
    assert receipt["state"] == "settles_bill"
    assert receipt["postings"][-1]["entries"] == {"awaiting_outcome": 650_000, "revenue": -650_000}
    assert (await ask("GET", f"/v1/receipts?bill_id={world.bill().bill_id}"))[0] == 403


async def test_a_notice_of_anybody_else_changes_nothing(world: World, ask: Ask) -> None:
    await world.issued_bill()
    body = json.dumps(notice(world)).encode()
    status, said = await tell(world, ask, body, Signer("X-Simponi", {"k1": "guessed"}))
    assert (status, said["code"]) == (401, "signature_wrong")
    status, _ = await ask("POST", "/v1/payment-notices", body, role=None, headers={"Content-Type": "application/json"})
    assert status == 401
    assert world.bill().state == BillState.ISSUED


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"billing_code": "12345"}, "/billing_code"),
        ({"ntpn": "short"}, "/ntpn"),
        ({"amount": 0}, "/amount"),
        ({"amount": 10**12 + 1}, "/amount"),
        ({"amount": "650000"}, "/amount"),
        ({"paid_at": "yesterday"}, "/paid_at"),
        ({"ntb": ""}, "/ntb"),
        ({"added_later": True}, "/added_later"),
    ],
)
@pytest.mark.acceptance("X16.signed_strict")
async def test_a_malformed_notice_is_refused_by_its_field(
    world: World, ask: Ask, changes: dict[str, object], pointer: str
) -> None:
    await world.issued_bill()
    status, said = await tell(world, ask, json.dumps(notice(world, **changes)).encode())
    assert (status, said["errors"][0]["pointer"]) == (422, pointer)
    assert world.bill().state == BillState.ISSUED


def test_a_notice_becomes_a_payment_in_utc(world: World) -> None:
    raw = {
        "notice_id": "n",
        "billing_code": "1" * 15,
        "ntb": "123456",
        "amount": 1,
        "paid_at": "2026-11-23T09:01:00+07:00",
    }
    payment = PaymentNotice.model_validate_json(json.dumps(raw)).payment()
    assert payment.ntpn is None
    assert payment.paid_at.isoformat() == "2026-11-23T02:01:00+00:00"


# -- refunds ---------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F61.reason_table")
async def test_a_refund_case_shows_reason_rule_and_who_decides(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.pay(bill)
    _, listed = await ask("GET", f"/v1/refunds?application_id={bill.payer.application_id}")
    case = listed["refunds"][0]
    assert (case["reason"], case["decided_by"], case["amount"]) == ("duplicate_payment", "fee_officer", 650_000)
    path = f"/v1/refunds/{case['refund_id']}"
    assert (await ask("GET", path))[1] == case
    assert (await ask("GET", path, account="account-2"))[1]["code"] == "refund_unknown"
    assert (await ask("GET", "/v1/refunds/unknown"))[0] == 404
    other = await ask("GET", f"/v1/refunds?application_id={bill.payer.application_id}", account="account-2")
    assert other[1]["refunds"] == []
    assert (await ask("GET", path, role=Role.TREASURER, account="staff-1"))[0] == 200


@pytest.mark.acceptance("X7.warned")
async def test_a_code_cut_by_the_year_end_carries_the_warning(world: World, ask: Ask) -> None:
    from services.billing.bills.schemas import BillView

    bill = replace(await world.issued_bill(), shortened_by_year_end=True)
    view = BillView.from_bill(bill, 900)
    assert view.warning
    assert view.warning_id
    assert "31 Desember" in view.warning_id
    assert BillView.from_bill(replace(bill, seat=None), 900).timezone == "Asia/Jakarta"


async def test_the_running_rules_are_checked_over_http(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    await world.pay(bill)
    _, said = await ask("GET", "/health/invariants", role=None)
    assert said["holds"]
    named = {line["name"] for line in said["invariants"]}
    assert named == {"I3", "I4", "I5", "I11", "I12", "I13", "I14", "I10_ledger", "I10_billing_audit"}
