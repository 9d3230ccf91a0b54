"""The bank's account inquiries and the treasury's refund orders over HTTP, good and bad."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from simulators.config import Settings
from simulators.errors import SimulatorFull
from simulators.simponi import treasury
from simulators.simponi.app import create_app

from .conftest import START, Client, Clock, Serve, behave

AUTH = {"Authorization": aiohttp.encode_basic_auth("paspor", "simulated-simponi")}
PAYEE = {"bank_code": "002", "account_number": "1234567890", "holder_name": "Siti Contoh"}
ORDER = {**PAYEE, "order_number": "refund-1.1", "ntpn": "A1B2C3D4E5F60718", "amount": 350_000}


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock) -> Client:
    return await serve(create_app(settings, clock))


async def send(client: Client, body: dict[str, Any] = ORDER) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/refund-orders", json=body, headers=AUTH)
    return answer.status, await answer.json(content_type=None)


async def test_an_account_matches_differs_or_is_unknown(client: Client) -> None:
    async def inquire(**changes: str) -> tuple[int, Any]:
        answer = await client.post("/bank/account-inquiries", json={**PAYEE, **changes}, headers=AUTH)
        return answer.status, await answer.json(content_type=None)

    assert await inquire() == (200, {"matches": True})
    assert (await inquire(account_number="1234560000"))[0] == 404
    await behave(client, "account_inquiry", "mismatch")
    assert await inquire() == (200, {"matches": False})


async def test_an_order_is_paid_once_however_often_it_is_sent(client: Client, clock: Clock) -> None:
    await client.put("/control/settings", json={"refund_pay_seconds": 60})
    assert (await send(client))[0] == 201
    assert await send(client) == (200, {"order_number": "refund-1.1", "amount": 350_000, "state": "received"})
    clock.forward(60)
    answer = await client.get("/refund-orders/refund-1.1", headers=AUTH)
    assert (await answer.json())["state"] == "paid"
    assert (await send(client, {**ORDER, "amount": 1}))[1]["code"] == "order_differs"
    await behave(client, "refund_order", "duplicate")
    assert (await send(client))[1]["code"] == "order_known"
    figures = await (await client.get("/control/calls")).json()
    assert figures["refunds"] == {"orders": 1, "rupiah": 350_000}


async def test_an_order_is_rejected_at_once_or_later(client: Client) -> None:
    await behave(client, "refund_order", "reject")
    assert (await send(client))[0] == 422
    assert (await client.get("/refund-orders/refund-1.1", headers=AUTH)).status == 404
    await behave(client, "refund_order", "reject_later")
    assert (await send(client))[1]["state"] == "rejected"
    assert (await (await client.get("/control/calls")).json())["refunds"] == {"orders": 0, "rupiah": 0}


async def test_strangers_are_refused(client: Client) -> None:
    assert (await client.post("/refund-orders", json=ORDER)).status == 401
    assert (await client.post("/bank/account-inquiries", json=PAYEE)).status == 401
    assert (await client.get("/refund-orders/x")).status == 401


def test_the_treasury_holds_so_many_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treasury, "MAX_ORDERS", 1)
    books = treasury.Treasury()
    order = treasury.Order("1", "A1B2C3D4E5F60718", 1, "002", "1234567890", "Siti", START)
    books.take(order)
    with pytest.raises(SimulatorFull):
        books.take(treasury.replace(order, number="2"))
