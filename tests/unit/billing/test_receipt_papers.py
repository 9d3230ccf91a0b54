"""Receipts for payers over HTTP: as data, as PDF, and the check that anybody makes."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from services.billing.bills.model import Bill
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.receipt_papers.routes import CHECKS_PER_ADDRESS
from services.billing.receipt_papers.service import ReceiptPapers
from services.notification.deliveries.receipt_papers import payment_receipt_of, refund_receipt_of
from shared.errors import Unavailable
from shared.events.codes import BillPurpose
from shared.tokens import Role
from shared.typesetting.typesetter import Typesetter
from shared.workers.limits import JobAnswer
from shared.workers.port import JobFailed, WorkersBusy
from tests.unit.billing import make
from tests.unit.billing.conftest import Ask
from tests.unit.billing.refund_driver import OWNER, RefundDriver
from tests.unit.billing.world import World
from tests.unit.shared_receipts.reading import codes_of, words_of
from tests.unit.shared_workers.failing import Failing

STRANGER = "account-9"


async def a_bill(world: World, purpose: BillPurpose) -> Bill:
    """An issued bill of this purpose in the store, whose code SIMPONI knows."""
    if purpose == BillPurpose.FEE:
        return await world.issued_bill()
    billing = await world.simponi.issue("bill-7", 500_000, make.at(7200), "")
    bill = make.issued("bill-7", code=billing.billing_code, amount=500_000, purpose=purpose)
    await world.submitted()
    await world.store.insert(BILLS, bill.bill_id, bill, now=world.clock.now())
    return bill


@pytest.mark.acceptance("Y20.ntpn")
@pytest.mark.parametrize("purpose", list(BillPurpose))
async def test_after_each_kind_of_payment_the_payer_sees_its_ntpn_and_its_receipt(
    world: World, ask: Ask, purpose: BillPurpose
) -> None:
    bill = await a_bill(world, purpose)
    _, unpaid = await ask("GET", f"/v1/bills/{bill.bill_id}")
    assert (unpaid["ntpn"], unpaid["receipt"]) == (None, None)
    paid = await world.pay(bill)
    _, shown = await ask("GET", f"/v1/bills/{bill.bill_id}")
    assert (shown["ntpn"], shown["receipt"]) == (paid.ntpn, f"/v1/bills/{bill.bill_id}/receipt")
    status, receipt = await ask("GET", shown["receipt"])
    assert status == 200
    assert receipt == (await ask("GET", f"/v1/receipts/{paid.ntpn}"))[1]
    told = {name: receipt[name] for name in ("ntpn", "ntb", "billing_code", "amount", "purpose", "settles_bill")}
    assert told == {
        "ntpn": paid.ntpn,
        "ntb": paid.ntb,
        "billing_code": bill.billing_code,
        "amount": bill.amount,
        "purpose": purpose.value,
        "settles_bill": True,
    }
    assert receipt["paid_at_local"].endswith("+07:00")
    assert receipt["amount_in_words_in_indonesian"].endswith("rupiah")
    status, (headers, pdf) = await ask("GET", receipt["pdf"])
    assert (status, headers["Content-Type"]) == (200, "application/pdf")
    assert headers["Content-Disposition"] == f'attachment; filename="bukti-pembayaran-{paid.ntpn}.pdf"'
    printed = words_of(pdf)
    for text in (paid.ntpn, paid.ntb, receipt["amount_in_words"], receipt["amount_in_words_id"]):
        assert str(text) in printed
    assert codes_of(pdf) == [f"http://127.0.0.1:8100/v1/receipt-checks/{paid.ntpn}?amount={bill.amount}"]


@pytest.mark.acceptance("Y20.receipt_by_mail")
@pytest.mark.parametrize("late", [False, True])
async def test_what_billing_tells_makes_the_receipt_that_billing_serves(world: World, late: bool) -> None:
    """Notification typesets the mailed receipt from the event alone."""
    bill = await a_bill(world, BillPurpose.PENALTY)
    if late:
        await world.pass_time(7200 + 1200 + 60, step=300)
        assert world.bill_by_id(bill.bill_id).state == BillState.EXPIRED
    await world.pay(bill)
    await world.work()
    [told] = world.heard("BillPaid")
    served = (await world.billing.receipt_papers.of_bill(OWNER, bill.bill_id)).facts
    assert payment_receipt_of(told.model_dump(mode="json")) == served
    assert "" not in (served.ntb, served.billing_code, served.channel, served.legal_basis)


async def test_a_payout_is_told_with_its_order_once_it_is_paid(world: World) -> None:
    case = await paid_out(world)
    told = {event.state: (event.order_number, event.paid_at) for event in world.heard("RefundMoved")}
    assert told.pop("paid") == (case.order_number, case.ended_at)
    assert set(told.values()) == {(None, None)}
    served = await world.billing.receipt_papers.refund(OWNER, case.refund_id)
    paid = next(event for event in world.heard("RefundMoved") if event.state == "paid")
    mailed = refund_receipt_of(paid.model_dump(mode="json"))
    assert mailed == replace(served, bank_code="", account_masked=""), "a mail names no account"


async def test_the_paper_is_kept_by_its_owner_alone_and_not_typeset_for_who_has_it(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    path = f"/v1/receipts/{(await world.pay(bill)).ntpn}/pdf"
    _, (first, _pdf) = await ask("GET", path)
    assert (first["Cache-Control"], first["Vary"]) == ("private, no-cache", "Authorization")
    world.billing.receipt_papers._typesetter = Typesetter(Failing(WorkersBusy))
    status, (again, nothing) = await ask("GET", path, headers={"If-None-Match": first["ETag"]})
    assert (status, nothing, again["ETag"], again["Cache-Control"]) == (304, b"", first["ETag"], "private, no-cache")
    assert (await ask("GET", path, headers={"If-None-Match": '"other"'}))[1]["code"] == "unavailable"
    assert (await ask("GET", path, account=STRANGER, headers={"If-None-Match": first["ETag"]}))[0] == 404


async def test_a_receipt_of_another_account_or_of_nothing_is_unknown(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    ntpn = (await world.pay(bill)).ntpn
    for path in (f"/v1/receipts/{ntpn}", f"/v1/receipts/{ntpn}/pdf"):
        assert (await ask("GET", path, account=STRANGER))[1]["code"] == "receipt_unknown"
    assert (await ask("GET", f"/v1/bills/{bill.bill_id}/receipt", account=STRANGER))[1]["code"] == "bill_unknown"
    status, said = await ask("GET", "/v1/receipts/Z1Z2C3D4E5F60718/pdf")
    assert (status, said["code"], said["next_call"]["href"]) == (
        404,
        "receipt_unknown",
        "/v1/bills?application_id={application_id}",
    )
    _, said = await ask("GET", "/v1/receipts/Z1Z2C3D4E5F60718/pdf", headers={"Accept-Language": "id"})
    assert said["title"] == "Bukti pembayaran tidak ditemukan."
    await world.push(world.payment(bill, billing_code="826112399999999", ntpn="F1F2F3F4F5F6F7F8"))
    assert (await ask("GET", "/v1/receipts/F1F2F3F4F5F6F7F8"))[1]["code"] == "receipt_unknown", "money of no bill"
    assert (await ask("GET", f"/v1/receipts/{ntpn}", role=Role.FRONT_OFFICER))[0] == 403


async def test_an_unpaid_bill_has_no_receipt_and_says_what_to_do(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    status, said = await ask("GET", f"/v1/bills/{bill.bill_id}/receipt")
    assert (status, said["code"], said["state"]) == (409, "bill_not_paid", "issued")
    assert said["next_action"] and said["next_call"]
    await world.pay(bill, ntpn=None)
    status, said = await ask("GET", f"/v1/bills/{bill.bill_id}/receipt")
    assert (status, said["code"], said["state"]) == (409, "bill_not_paid", "paid_unsettled"), "the NTPN is awaited"


@pytest.mark.parametrize("path", ["/v1/receipts/{ntpn}/pdf?language=xx", "/v1/receipts/{ntpn}?language=jv"])
async def test_a_language_is_refused_because_both_are_on_the_paper(world: World, ask: Ask, path: str) -> None:
    ntpn = (await world.pay(await world.issued_bill())).ntpn
    status, said = await ask("GET", path.format(ntpn=ntpn))
    assert (status, said["errors"][0]["rule"]) == (422, "extra_forbidden")


async def test_money_that_pays_no_bill_has_a_receipt_that_says_so(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    await world.pay(bill)
    second = await world.pay(bill)
    _, receipt = await ask("GET", f"/v1/receipts/{second.ntpn}")
    assert (receipt["settles_bill"], receipt["state"]) == (False, "in_refund")
    _, (_, pdf) = await ask("GET", receipt["pdf"])
    assert "tidak melunasi tagihan" in words_of(pdf)
    _, listed = await ask("GET", f"/v1/refunds?application_id={bill.payer.application_id}")
    assert [refund["ntpn"] for refund in listed["refunds"]] == [second.ntpn], "where its payer finds the number"


async def paid_out(world: World) -> Any:
    """A refund that the treasury has paid, as a payer asks for it and officers decide."""
    driver = RefundDriver(world)
    case = await driver.approved(await driver.ask(await driver.paid_bill()))
    await driver.released()
    await world.pass_time(120)
    return driver.case(case)


async def test_a_payout_has_a_receipt_with_its_order_and_the_masked_account(world: World, ask: Ask) -> None:
    case = await paid_out(world)
    _, shown = await ask("GET", f"/v1/refunds/{case.refund_id}")
    status, receipt = await ask("GET", shown["receipt"])
    assert status == 200
    assert (receipt["order_number"], receipt["ntpn"], receipt["amount"]) == (
        case.order_number,
        case.receipt_id,
        case.amount,
    )
    assert (receipt["bank_code"], receipt["account_masked"]) == ("002", "*******890")
    status, (headers, pdf) = await ask("GET", receipt["pdf"])
    assert (status, headers["Cache-Control"]) == (200, "private, no-cache")
    printed = words_of(pdf)
    assert case.order_number in printed and "*******890" in printed
    assert "1234567890" not in printed and "Siti" not in printed
    assert (await ask("GET", receipt["pdf"], headers={"If-None-Match": headers["ETag"]}))[0] == 304
    _, payment = await ask("GET", f"/v1/receipts/{case.receipt_id}")
    assert (payment["settles_bill"], payment["state"]) == (False, "refunded")


async def test_a_payout_is_shown_to_its_payee_once_it_is_paid_and_to_nobody_else(world: World, ask: Ask) -> None:
    driver = RefundDriver(world)
    case = await driver.recommended(await driver.ask(await driver.paid_bill()))
    status, said = await ask("GET", f"/v1/refunds/{case.refund_id}/receipt")
    assert (status, said["code"], said["state"]) == (409, "refund_not_paid", "recommended")
    assert (await ask("GET", f"/v1/refunds/{case.refund_id}/receipt/pdf"))[1]["code"] == "refund_not_paid"
    assert (await ask("GET", f"/v1/refunds/{case.refund_id}"))[1]["receipt"] is None
    for path in (f"/v1/refunds/{case.refund_id}/receipt", "/v1/refunds/nothing/receipt/pdf"):
        assert (await ask("GET", path, account=STRANGER))[1]["code"] == "refund_unknown"
    assert (await ask("GET", f"/v1/refunds/{case.refund_id}/receipt", role=Role.OPERATOR))[0] == 403


async def test_the_receipt_of_an_erased_person_shows_no_account(world: World, ask: Ask) -> None:
    case = await paid_out(world)
    await world.parts.service.refunds._vault._person_keys.destroy(case.account_id)
    _, receipt = await ask("GET", f"/v1/refunds/{case.refund_id}/receipt")
    assert (receipt["bank_code"], receipt["account_masked"]) == ("002", None)


async def test_anybody_checks_a_receipt_by_what_is_printed_on_it(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    ntpn = (await world.pay(bill)).ntpn
    status, check = await ask("GET", f"/v1/receipt-checks/{ntpn}?amount={bill.amount}", role=None)
    assert status == 200
    assert set(check) - {"purpose_text", "purpose_text_id", "purpose_text_in_indonesian"} == {
        "ntpn_masked",
        "amount",
        "currency",
        "purpose",
        "paid_on",
        "state",
    }
    assert (check["ntpn_masked"], check["state"]) == ("*" * 12 + str(ntpn)[-4:], "settles_bill")
    wrong_amount = await ask("GET", f"/v1/receipt-checks/{ntpn}?amount={bill.amount + 1}", role=None)
    wrong_number = await ask("GET", f"/v1/receipt-checks/Z1Z2C3D4E5F60718?amount={bill.amount}", role=None)
    for status, said in (wrong_amount, wrong_number):
        assert (status, said["code"]) == (404, "receipt_not_confirmed")
    assert wrong_amount[1]["title"] == wrong_number[1]["title"]
    for amount in ("0", "-1", "1000000000001", "many"):
        assert (await ask("GET", f"/v1/receipt-checks/{ntpn}?amount={amount}", role=None))[0] == 422
    assert (await ask("GET", f"/v1/receipt-checks/{ntpn}", role=None))[0] == 422


async def test_numbers_are_not_looked_for_by_trying(world: World, ask: Ask) -> None:
    tried = [
        (await ask("GET", f"/v1/receipt-checks/A{number:015d}?amount=650000", role=None))[0]
        for number in range(CHECKS_PER_ADDRESS.count + 1)
    ]
    assert tried == [404] * CHECKS_PER_ADDRESS.count + [429]


async def test_a_typesetter_that_fails_or_makes_too_much_is_told_as_unavailable(world: World, ask: Ask) -> None:
    class Large(Failing):
        async def ask(self, head: Any, content: bytes = b"") -> JobAnswer:
            return JobAnswer(blobs=(b"x" * 200_001,))

    papers: ReceiptPapers = world.billing.receipt_papers
    for workers in (Large(Exception), _failing_job()):
        papers._typesetter = Typesetter(workers)
        with pytest.raises(Unavailable):
            await papers.typeset({})


def _failing_job() -> Failing:
    class Broken(Failing):
        async def ask(self, head: Any, content: bytes = b"") -> JobAnswer:
            raise JobFailed("TypstError")

    return Broken(Exception)


async def test_nothing_is_kept_of_a_receipt_that_was_fetched(world: World, ask: Ask) -> None:
    case = await paid_out(world)
    before = copy.deepcopy(dict(world.store._documents))
    await ask("GET", f"/v1/refunds/{case.refund_id}/receipt/pdf")
    await ask("GET", f"/v1/receipts/{case.receipt_id}/pdf")
    assert world.store._documents == before
