"""The SMS gateway: signed and idempotent messages, receipts that come, fail, get lost or repeat."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from simulators.config import Settings
from simulators.signing import signature_holds, signed_headers
from simulators.sms import messages as messages_module
from simulators.sms.app import MAX_TEXT_CHARACTERS, create_app

from .conftest import START, Client, Clock, Listener, Serve, behave

CLIENT_SECRET = "simulated-sms"
RECEIPT_SECRET = "receipt-secret"
MESSAGE = {"to": "+6281200000001", "text": "Kode antrean Anda A-001", "reference": "n-1"}


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock, listener: Listener) -> Client:
    settings.sms_receipt_url = listener.url
    settings.sms_receipt_secret = SecretStr(RECEIPT_SECRET)
    settings.sms_receipt_seconds = 0
    return await serve(create_app(settings, clock))


async def send(
    client: Client, key: str | None = "key-1", secret: str = CLIENT_SECRET, **change: str
) -> aiohttp.ClientResponse:
    body = json.dumps({**MESSAGE, **change}).encode()
    headers = signed_headers("X-Sms", "k1", secret, int(START.timestamp()), body)
    if key is not None:
        headers["Idempotency-Key"] = key
    return await client.post("/sms/messages", data=body, headers=headers)


async def listed(client: Client, **query: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = (await (await client.get("/control/messages", params=query)).json())["messages"]
    return messages


async def test_a_message_is_accepted_and_its_receipt_follows_signed(client: Client, listener: Listener) -> None:
    answer = await send(client)
    assert answer.status == 202
    message_id = (await answer.json())["message_id"]
    (receipt,) = await listener.wait_for(1)
    assert receipt.pop("receipt_id")
    assert receipt == {
        "message_id": message_id,
        "reference": "n-1",
        "status": "delivered",
        "at": "2026-11-21T03:00:00Z",
    }
    headers, body = listener.calls[0]
    assert signature_holds("X-Sms", headers, RECEIPT_SECRET, int(START.timestamp()), body)


async def test_the_same_key_sends_once(client: Client) -> None:
    first, again = await (await send(client)).json(), await (await send(client)).json()
    assert first == again
    assert len(await listed(client)) == 1
    assert (await send(client, text="Another")).status == 409


async def test_messages_are_listed_by_number(client: Client) -> None:
    await send(client)
    await send(client, key="key-2", to="+6281200000002")
    (message,) = await listed(client, to="+6281200000002")
    assert (message["text"], message["status"]) == (MESSAGE["text"], "delivered")
    assert len(await listed(client)) == 2


async def test_a_wrong_signature_is_refused(client: Client) -> None:
    assert (await send(client, secret="guess")).status == 401
    assert (await client.post("/sms/messages", json=MESSAGE)).status == 401
    assert await listed(client) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"text": "x" * MAX_TEXT_CHARACTERS}, 202),
        ({"text": "x" * (MAX_TEXT_CHARACTERS + 1)}, 400),
        ({"text": ""}, 400),
        ({"to": "081200000001"}, 400),
        ({"to": "+123456789012345"}, 202),
        ({"to": "+1234567890123456"}, 400),
        ({"reference": ""}, 400),
    ],
)
async def test_a_malformed_message_is_refused(client: Client, change: dict[str, str], status: int) -> None:
    assert (await send(client, **change)).status == status


async def test_an_idempotency_key_is_required(client: Client) -> None:
    assert (await send(client, key=None)).status == 400
    assert (await send(client, key="x" * 200)).status == 202
    assert (await send(client, key="x" * 201)).status == 400


async def test_a_rejected_number_is_not_accepted(client: Client) -> None:
    await behave(client, "send", "reject", next_calls=1)
    answer = await send(client)
    assert (answer.status, (await answer.json())["code"]) == (422, "number_rejected")
    assert await listed(client) == []


async def test_a_message_can_fail_later(client: Client, listener: Listener, clock: Clock) -> None:
    await client.put("/control/settings", json={"receipt_seconds": 30})
    await behave(client, "receipt", "fail", next_calls=1)
    await send(client)
    assert (await listed(client))[0]["status"] == "accepted"
    clock.forward(30)
    assert (await listener.wait_for(1))[0]["status"] == "failed"
    assert (await listed(client))[0]["status"] == "failed"


async def test_receipts_get_lost(client: Client, listener: Listener) -> None:
    await behave(client, "receipt", "lose", next_calls=1)
    await send(client)
    await send(client, key="key-2", reference="n-2")
    assert [receipt["reference"] for receipt in await listener.wait_for(1)] == ["n-2"]
    counted = await (await client.get("/control/calls")).json()
    assert counted["receipts"]["lost"] == 1


async def test_receipts_repeat(client: Client, listener: Listener) -> None:
    await behave(client, "receipt", "repeat", times=3)
    await send(client)
    assert len({str(receipt) for receipt in await listener.wait_for(3)}) == 1


async def test_a_gateway_that_is_down_can_be_told_to_recover(client: Client) -> None:
    await behave(client, "send", "down", next_calls=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await send(client)
    assert (await send(client)).status == 202


async def test_without_an_address_receipts_are_dropped(client: Client, listener: Listener) -> None:
    await client.put("/control/settings", json={"receipt_url": None})
    await send(client)
    await client.put("/control/settings", json={"receipt_url": listener.url})
    await send(client, key="key-2", reference="n-2")
    assert [receipt["reference"] for receipt in await listener.wait_for(1)][-1] == "n-2"


async def test_the_oldest_message_is_forgotten_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "MAX_MESSAGES", 2)
    for number in range(3):
        await send(client, key=f"key-{number}", reference=f"n-{number}")
    assert [message["reference"] for message in await listed(client)] == ["n-1", "n-2"]
