"""The treasury's client against the simulator, with every behaviour it knows, over loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.billing.clients.treasury import HttpTreasury
from services.billing.refunds.treasury import OrderState, Payee, RefundOrder
from shared.clock import SystemClock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, Patience
from shared.randomness import SystemRandomness
from simulators.config import Settings
from simulators.simponi.app import create_app

QUICK = Patience(try_seconds=0.3, tries=2, first_pause_seconds=0.01)
PAYEE = Payee("002", "1234567890", "Siti Contoh")
ORDER = RefundOrder("refund-1.1", "A1B2C3D4E5F60718", 350_000, PAYEE)


@dataclass
class Agency:
    """The simulator and the client under test."""

    control: TestClient[web.Request, web.Application]
    treasury: HttpTreasury

    async def behave(self, operation: str, mode: str, **more: Any) -> None:
        async with self.control.put("/control/behaviour", json={"operation": operation, "mode": mode, **more}) as said:
            assert said.status == 200

    async def figures(self) -> dict[str, int]:
        async with self.control.get("/control/calls") as said:
            refunds: dict[str, int] = (await said.json())["refunds"]
            return refunds


@pytest.fixture
async def agency(socket_enabled: None) -> AsyncIterator[Agency]:
    control: TestClient[web.Request, web.Application] = TestClient(TestServer(create_app(Settings(seed=1))))
    await control.start_server()
    clock = SystemClock()
    breaker = CircuitBreaker("treasury", clock, failures_to_open=40, open_seconds=60)
    treasury = HttpTreasury(
        str(control.make_url("/")),
        "paspor",
        "simulated-simponi",
        clock,
        SystemRandomness(),
        patience=QUICK,
        breaker=breaker,
    )
    yield Agency(control, treasury)
    await treasury.close()
    await control.close()


async def test_the_bank_is_asked_about_an_account(agency: Agency) -> None:
    assert await agency.treasury.matches(PAYEE)
    assert not await agency.treasury.matches(replace(PAYEE, account_number="1234560000"))
    await agency.behave("account_inquiry", "mismatch")
    assert not await agency.treasury.matches(PAYEE)


async def test_an_order_is_paid_once_though_its_answer_is_lost_or_it_is_called_a_duplicate(agency: Agency) -> None:
    await agency.behave("refund_order", "lose_answer", next_calls=1)
    with pytest.raises(UpstreamDown):
        await agency.treasury.order(ORDER)
    assert await agency.treasury.order(ORDER) == OrderState.PAID
    await agency.behave("refund_order", "duplicate")
    assert await agency.treasury.order(ORDER) == OrderState.PAID
    assert await agency.treasury.order_state(ORDER.order_number) == OrderState.PAID
    assert await agency.figures() == {"orders": 1, "rupiah": 350_000}


async def test_an_order_is_rejected_unknown_or_waits(agency: Agency) -> None:
    assert await agency.treasury.order_state("refund-9.1") == OrderState.UNKNOWN
    await agency.behave("refund_order", "reject")
    assert await agency.treasury.order(ORDER) == OrderState.REJECTED
    await agency.behave("refund_order", "reject_later")
    assert await agency.treasury.order(ORDER) == OrderState.REJECTED


@pytest.mark.parametrize("mode", ["down", "unavailable", "error", "malformed", "bad_request", "timeout"])
async def test_whatever_is_no_answer_leaves_everything_open(agency: Agency, mode: str) -> None:
    for operation in ("account_inquiry", "refund_order", "refund_status"):
        await agency.behave(operation, mode)
    for call in (
        agency.treasury.matches(PAYEE),
        agency.treasury.order(ORDER),
        agency.treasury.order_state(ORDER.order_number),
    ):
        with pytest.raises(UpstreamDown):
            await call
