"""The kind of an application through all five services over HTTP: found before the bill, corrected at the counter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.application.applications.earlier_books import BookState
from services.application.earlier_books.answer import EarlierBook
from services.billing.payment import Payment
from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import Citizen, Officer, Reply

HOUR_SECONDS = 3600
FEE, PENALTY = 950_000, 1_000_000
SECOND_NTPN = "A000000000000009"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        yield citizen
        assert await suite.broken_rules() == {}
        assert suite.troubles == []


def book(citizen: Citizen, state: BookState) -> EarlierBook:
    """A book of five years that was issued a year ago."""
    issued = citizen.suite.clock.now().date() - timedelta(days=365)
    return EarlierBook("ordinary", state, issued, issued + timedelta(days=5 * 365), "*****678")


async def bills(citizen: Citizen) -> list[Any]:
    """The bills of the application, the newest last."""
    return list((await citizen.done("billing", "GET", f"/v1/bills?application_id={citizen.application_id}"))["bills"])


async def pay(citizen: Citizen, bill: Any, ntpn: str) -> None:
    """Pay a bill at the bank; billing learns it by asking."""
    now = citizen.suite.clock.now()
    paid = Payment(bill["billing_code"], ntpn, ntpn[-12:], bill["amount"], now, "teller")
    citizen.suite.agencies.simponi.add(paid)
    await citizen.suite.later(600)


def mails(citizen: Citizen) -> str:
    return "\n".join(f"{mail.subject}\n{mail.body}" for mail in citizen.suite.agencies.mailer.taken)


async def correct(citizen: Citizen, **changes: Any) -> Reply:
    """An officer corrects the kind at the counter."""
    kind = {"passport_kind": "electronic", "validity_years": 10, "reason": "expired", "reason_code": "held_before"}
    async with Officer(citizen.suite, Role.FRONT_OFFICER) as front:
        key = changes.pop("key", "")
        path = f"{citizen.application}/kind-correction"
        reply = await front.call("application", "POST", path, kind | changes, key=key)
        await citizen.suite.settle()
        return reply


async def interview(citizen: Citizen) -> Reply:
    """The visitor comes, shows the originals and is interviewed."""
    suite = citizen.suite
    seat = await citizen.appointment()
    suite.clock.set(suite.clock.now().fromisoformat(seat["starts_at"]) + timedelta(minutes=1))
    await suite.settle()
    async with Officer(suite, Role.FRONT_OFFICER) as front, Officer(suite, Role.INTERVIEWER) as interviewer:
        if seat["state"] == "confirmed":
            await front.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
        view = (await interviewer.done("application", "GET", citizen.application)).body
        items = {item["code"] for item in view["requirements"] if item["compulsory"]}
        body = {"requirements": sorted(items)}
        await interviewer.done("application", "POST", f"{citizen.application}/originals", body)
        path = f"{citizen.application}/interview"
        return await interviewer.call("application", "POST", path, {"outcome": "approved"})


@pytest.mark.acceptance("X2.corrected_at_equal_fee")
async def test_at_an_equal_fee_the_kind_is_corrected_without_a_new_bill(citizen: Citizen) -> None:
    await citizen.until_paid()
    before = await bills(citizen)
    for _ in range(2):
        assert (await correct(citizen, key="correction-of-the-kind-1")).status == 200
    again = await correct(citizen)
    assert (again.status, again["code"]) == (409, "nothing_corrected")
    view = await citizen.view()
    assert (view["answers"]["reason"], view["owed"], view["refunds"]) == ("expired", [], [])
    assert [(bill["bill_id"], bill["amount"]) for bill in await bills(citizen)] == [
        (bill["bill_id"], bill["amount"]) for bill in before
    ]
    assert view["appointment"]["state"] == "confirmed"
    assert mails(citizen).count("Petugas memperbaiki jenis permohonan Anda\n") == 1


@pytest.mark.acceptance("X2.different_fee")
async def test_a_higher_fee_is_told_billed_and_paid_before_the_approval(citizen: Citizen) -> None:
    await citizen.until_paid()
    assert (await correct(citizen, reason="lost")).status == 200
    await citizen.suite.later(60)
    view = await citizen.view()
    (owed,) = view["owed"]
    assert (owed["amount"], owed["state"], view["next_action_code"]) == (PENALTY, "issued", "pay")
    assert view["next_action"].startswith("Pay Rp1.000.000 with billing code")
    assert view["appointment"]["state"] == "confirmed"
    assert owed["billing_code"] in mails(citizen)
    await pay(citizen, owed, SECOND_NTPN)
    await citizen.upload_everything()
    view = await citizen.view()
    assert (view["owed"], view["next_action_code"]) == ([], "come")
    assert [bill["amount"] for bill in await bills(citizen) if bill["state"] == "paid"] == [FEE, PENALTY]


@pytest.mark.acceptance("X2.different_fee")
async def test_what_is_owed_keeps_the_approval_back_and_names_the_bill(citizen: Citizen) -> None:
    await citizen.until_paid()
    await correct(citizen, reason="damaged")
    await citizen.upload_everything()
    refused = await interview(citizen)
    assert (refused.status, refused["code"]) == (409, "payment_owed")
    assert [bill["amount"] for bill in refused["bills"]] == [500_000]
    (owed,) = (await citizen.view())["owed"]
    await pay(citizen, owed, SECOND_NTPN)
    async with Officer(citizen.suite, Role.INTERVIEWER) as interviewer:
        path = f"{citizen.application}/interview"
        assert (await interviewer.call("application", "POST", path, {"outcome": "approved"})).status == 200


@pytest.mark.acceptance("X2.different_fee")
async def test_a_lower_fee_goes_back_and_keeps_nothing_back(citizen: Citizen) -> None:
    await citizen.until_paid()
    assert (await correct(citizen, passport_kind="ordinary", validity_years=5, reason="new")).status == 200
    view = await citizen.view()
    (refund,) = view["refunds"]
    assert (refund["amount"], refund["reason"]) == (600_000, "wrong_amount")
    assert (view["owed"], view["next_action_code"], view["refund_guide"] is not None) == ([], "come", True)
    assert "Rp600.000" in mails(citizen)
    assert (await interview(citizen)).status == 200


@pytest.mark.acceptance("X2.asked_before_billing", "X2.different_fee")
async def test_a_record_that_is_followed_before_the_bill_is_in_its_price(citizen: Citizen) -> None:
    citizen.suite.agencies.books.books = (book(citizen, BookState.REPORTED_LOST),)
    await citizen.until_submitted()
    view = await citizen.view()
    assert (view["next_action_code"], view["earlier_books"]["suggested_reason"]) == ("check_earlier_book", "lost")
    assert "Paspor sebelumnya tercatat, tetapi permohonan ini untuk paspor pertama." in mails(citizen)
    await citizen.done("application", "POST", f"{citizen.application}/earlier-books/decision", {"decision": "change"})
    await citizen.hold()
    (bill,) = await bills(citizen)
    assert bill["amount"] == FEE + PENALTY
    assert "Petugas memperbaiki" not in mails(citizen), "it was the applicant"


@pytest.mark.acceptance("X2.asked_before_billing", "X2.different_fee")
async def test_a_record_that_is_followed_while_the_code_is_out_is_billed_after_the_payment(citizen: Citizen) -> None:
    citizen.suite.agencies.books.down(1)
    citizen.suite.agencies.books.books = (book(citizen, BookState.REPORTED_LOST),)
    await citizen.until_submitted()
    await citizen.hold()
    (bill,) = await bills(citizen)
    await citizen.suite.later(60)
    await citizen.done("application", "POST", f"{citizen.application}/earlier-books/decision", {"decision": "change"})
    (same,) = await bills(citizen)
    assert (same["billing_code"], same["amount"]) == (bill["billing_code"], FEE)
    await citizen.pay()
    await citizen.suite.later(60)
    view = await citizen.view()
    assert [owed["amount"] for owed in view["owed"]] == [PENALTY]
    assert (view["next_action_code"], view["appointment"]["state"]) == ("pay", "confirmed")


@pytest.mark.acceptance("X2.asked_before_billing", "X2.corrected_at_equal_fee")
async def test_a_record_that_is_found_after_the_payment_is_told_and_left_to_an_officer(citizen: Citizen) -> None:
    citizen.suite.agencies.books.down(3)
    citizen.suite.agencies.books.books = (book(citizen, BookState.VALID),)
    await citizen.until_paid()
    before = (await citizen.view())["answers"]
    for _ in range(3):
        await citizen.suite.later(HOUR_SECONDS)
    view = await citizen.view()
    assert (view["earlier_books"]["finding"], view["answers"]) == ("new_but_held", before)
    assert "Biaya sudah dibayar, jadi tidak ada yang berubah dengan sendirinya" in mails(citizen)
    path = f"{citizen.application}/earlier-books/decision"
    refused = await citizen.call("application", "POST", path, {"decision": "change", "reason": "expired"})
    assert (refused.status, refused["code"]) == (409, "answers_bind")
    assert (await correct(citizen)).status == 200
    view = await citizen.view()
    assert (view["earlier_books"]["finding"], view["owed"], len(await bills(citizen))) == (None, [], 1)
