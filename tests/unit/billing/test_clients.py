"""SIMPONI's client against the simulator, with every behaviour it knows, over loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.billing.clients.simponi import HttpSimponi
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.schemas import PaymentNotice
from services.billing.settlement.model import FileTampered, FileTruncated, Verifier
from services.billing.simponi import ALREADY_PAID, SimponiLine, SimponiRefused
from shared.clock import SystemClock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, Patience
from shared.http.signatures import SignatureWrong
from shared.http.validation import read_json
from shared.randomness import SystemRandomness
from simulators.config import Settings
from simulators.signing import signed_headers
from simulators.simponi.app import create_app, notice_of
from simulators.simponi.books import Payment as SimulatedPayment
from tests.unit.billing.world import make_world

SECRET = "simulated-simponi"
QUICK = Patience(try_seconds=0.4, tries=2, first_pause_seconds=0.01)


@dataclass
class Agency:
    """The simulator and the client under test."""

    control: TestClient[web.Request, web.Application]
    simponi: HttpSimponi
    url: str

    async def behave(self, operation: str, mode: str, **more: Any) -> None:
        """Tell the simulator how to answer."""
        async with self.control.put("/control/behaviour", json={"operation": operation, "mode": mode, **more}) as said:
            assert said.status == 200

    async def pay(self, code: str, amount: int, **more: Any) -> dict[str, Any]:
        """Pay at the bank."""
        async with self.control.post("/bank/payments", json={"billing_code": code, "amount": amount, **more}) as said:
            return await said.json()


def client_of(url: str, secret: str = SECRET) -> HttpSimponi:
    clock = SystemClock()
    breaker = CircuitBreaker("simponi", clock, failures_to_open=4, open_seconds=60)
    return HttpSimponi(url, "paspor", secret, clock, SystemRandomness(), patience=QUICK, breaker=breaker)


@pytest.fixture
async def agency(socket_enabled: None) -> AsyncIterator[Agency]:
    control: TestClient[web.Request, web.Application] = TestClient(TestServer(create_app(Settings(seed=1))))
    await control.start_server()
    url = str(control.make_url("/"))
    simponi = client_of(url)
    yield Agency(control, simponi, url)
    await simponi.close()
    await control.close()


def soon() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)


@pytest.mark.acceptance("F59.issue")
async def test_a_code_is_issued_once_per_reference(agency: Agency) -> None:
    expires_at = soon()
    first = await agency.simponi.issue("bill-1", 650_000, expires_at, "Paspor")
    again = await agency.simponi.issue("bill-1", 650_000, expires_at + timedelta(hours=1), "Paspor")
    assert first == again
    assert (len(first.billing_code), first.expires_at, first.reference) == (15, expires_at, "bill-1")


@pytest.mark.acceptance("F59.pay", "F59.double_pay")
async def test_payments_are_seen_with_their_pay_time(agency: Agency) -> None:
    billing = await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    await agency.behave("pay", "ntb_only", next_calls=1)
    paid = await agency.pay(billing.billing_code, 650_000)
    seen = await agency.simponi.status(billing.billing_code)
    assert seen is not None
    assert (seen.payments[0].ntpn, seen.payments[0].ntb) == (None, paid["ntb"])
    second = await agency.pay(billing.billing_code, 650_000, force=["allow_double"])
    seen = await agency.simponi.status(billing.billing_code)
    assert seen is not None
    assert [payment.ntpn for payment in seen.payments] == [None, second["ntpn"]]
    assert seen.payments[1].paid_at.tzinfo == UTC


async def test_a_code_for_several_bills_shows_a_line_for_each(agency: Agency) -> None:
    lines = [SimponiLine("bill-1", 650_000, "Paspor"), SimponiLine("bill-2", 350_000, "Paspor")]
    billing = await agency.simponi.issue("joint-1", 1_000_000, soon(), "Paspor", lines)
    headers = {"Authorization": aiohttp.encode_basic_auth("paspor", SECRET)}
    async with agency.control.get(f"/simponi/billings/{billing.billing_code}", headers=headers) as said:
        shown = (await said.json())["lines"]
    assert [(line["reference"], line["amount"]) for line in shown] == [("bill-1", 650_000), ("bill-2", 350_000)]
    with pytest.raises(SimponiRefused, match="lines_differ"):
        await agency.simponi.issue("joint-2", 1_000_001, soon(), "Paspor", lines)


async def test_a_cancelled_code_takes_no_money_and_one_with_money_cannot_be_cancelled(agency: Agency) -> None:
    billing = await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    for _ in range(2):
        await agency.simponi.cancel(billing.billing_code)
    assert (await agency.pay(billing.billing_code, 650_000))["code"] == "code_cancelled"
    paid = await agency.simponi.issue("bill-2", 650_000, soon(), "Paspor")
    await agency.pay(paid.billing_code, 650_000)
    with pytest.raises(SimponiRefused, match=ALREADY_PAID):
        await agency.simponi.cancel(paid.billing_code)
    with pytest.raises(SimponiRefused, match="code_unknown"):
        await agency.simponi.cancel("999999999999999")


async def test_an_unknown_code_is_none(agency: Agency) -> None:
    assert await agency.simponi.status("999999999999999") is None


@pytest.mark.acceptance("F59.timeout", "F59.down")
@pytest.mark.parametrize("mode", ["down", "unavailable", "error", "malformed", "timeout", "lose_answer"])
@pytest.mark.parametrize("operation", ["issue", "status"])
async def test_silence_and_faults_are_one_thing(agency: Agency, operation: str, mode: str) -> None:
    billing = await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    await agency.behave(operation, mode, delay_seconds=1.0)
    with pytest.raises(UpstreamDown):
        if operation == "issue":
            await agency.simponi.issue("bill-2", 650_000, soon(), "Paspor")
        else:
            await agency.simponi.status(billing.billing_code)


async def test_a_lost_answer_gets_the_same_code_when_asked_again(agency: Agency) -> None:
    await agency.behave("issue", "lose_answer", next_calls=1)
    with pytest.raises(UpstreamDown):
        await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    async with agency.control.get(
        "/simponi/billings",
        params={"reference": "bill-1"},
        headers={"Authorization": "Basic cGFzcG9yOnNpbXVsYXRlZC1zaW1wb25p"},
    ) as said:
        assert len((await said.json())["billings"]) == 1


@pytest.mark.acceptance("F59.issue")
async def test_a_refusal_carries_simponis_word(agency: Agency) -> None:
    with pytest.raises(SimponiRefused, match="expiry_passed"):
        await agency.simponi.issue("bill-1", 650_000, soon() - timedelta(hours=3), "Paspor")
    await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    with pytest.raises(SimponiRefused, match="reference_used_for_another_amount"):
        await agency.simponi.issue("bill-1", 1, soon(), "Paspor")
    await agency.behave("issue", "bad_request", next_calls=1)
    with pytest.raises(SimponiRefused):
        await agency.simponi.issue("bill-2", 650_000, soon(), "Paspor")
    await agency.behave("status", "bad_request", next_calls=1)
    with pytest.raises(UpstreamDown):
        await agency.simponi.status("826112300000001")


async def test_wrong_credentials_are_refused(agency: Agency) -> None:
    stranger = client_of(agency.url, "guessed")
    with pytest.raises(SimponiRefused, match="caller_unknown"):
        await stranger.issue("bill-1", 650_000, soon(), "Paspor")
    await stranger.close()


@pytest.mark.acceptance("F59.retry", "F59.breaker")
async def test_after_failures_in_a_row_simponi_is_left_alone_for_a_while(agency: Agency) -> None:
    await agency.behave("issue", "unavailable")
    for _ in range(2):
        with pytest.raises(UpstreamDown):
            await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    with pytest.raises(UpstreamDown) as left_alone:
        await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    assert left_alone.value.reason == "circuit_open"
    async with agency.control.get("/control/calls") as said:
        assert (await said.json())["calls"]["issue"]["total"] == 4


@pytest.mark.acceptance("F59.late_pay", "F59.wrong_amount")
@pytest.mark.parametrize(
    ("force", "changes"),
    [
        ("allow_expired", {"paid_at": "2099-01-01T00:00:00Z"}),
        ("allow_wrong_amount", {"amount": 1}),
    ],
    ids=["late", "wrong_amount"],
)
async def test_late_and_wrong_money_is_seen_as_it_came(agency: Agency, force: str, changes: dict[str, Any]) -> None:
    billing = await agency.simponi.issue("bill-1", 650_000, soon(), "Paspor")
    order = {"amount": 650_000, "force": [force], **changes}
    amount = order.pop("amount")
    paid = await agency.pay(billing.billing_code, amount, **order)
    seen = await agency.simponi.status(billing.billing_code)
    assert seen is not None
    (payment,) = seen.payments
    assert (payment.ntpn, payment.amount) == (paid["ntpn"], amount)
    assert (payment.paid_at > seen.expires_at) == (force == "allow_expired")


@pytest.mark.acceptance("F59.duplicate_push")
async def test_a_notice_of_the_simulator_is_one_that_billing_takes_once_or_twice_or_never(socket_enabled: None) -> None:
    """Push lost, repeated and in order: what comes is what the callback's schema and signature say."""
    world = make_world()
    payment = SimulatedPayment("826112300000001", 650_000, "teller", world.clock.now(), "123456789012", "A" * 16)
    body = json.dumps(notice_of(payment, "notice-1")).encode()
    now = world.clock.now()
    headers = signed_headers("X-Simponi", "k1", "callback-secret", int(now.timestamp()), body)
    for _ in range(2):
        world.billing.notices.verify(headers, body, now)
        await world.billing.payments.take(read_json(PaymentNotice, body).payment(), "push")
    assert [receipt.ntpn for receipt in world.all(RECEIPTS)] == ["A" * 16]
    wrong = signed_headers("X-Simponi", "k1", "guessed", int(now.timestamp()), body)
    with pytest.raises(SignatureWrong):
        world.billing.notices.verify(wrong, body, now)


async def fetched(agency: Agency, day: str = "2026-11-21") -> bytes:
    return b"".join([piece async for piece in agency.simponi.settlement(date.fromisoformat(day))])


@pytest.mark.acceptance("F57.daily_reconciliation")
async def test_a_settlement_file_is_fetched_as_it_is_written(agency: Agency) -> None:
    async with agency.control.put("/control/settlements/2026-11-21", json={"extra_lines": 2_000}) as said:
        assert said.status == 200
    verifier = Verifier()
    verifier.feed(await fetched(agency))
    assert verifier.finish(date(2026, 11, 21)).lines == 2_000
    for mode, refused in (("truncate", FileTruncated), ("tamper", FileTampered)):
        await agency.behave("settlement", mode, next_calls=1)
        spoilt = Verifier()
        with pytest.raises(refused):
            spoilt.feed(await fetched(agency))
            spoilt.finish()


@pytest.mark.acceptance("F59.down")
@pytest.mark.parametrize("mode", ["down", "unavailable", "error"])
async def test_no_settlement_file_is_no_answer(agency: Agency, mode: str) -> None:
    await agency.behave("settlement", mode)
    with pytest.raises(UpstreamDown):
        await fetched(agency)
