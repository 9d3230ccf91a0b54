"""Attack 5 against a real billing process: half-sent notices keep neither others nor SIMPONI out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from bench.attacks import half_sent_bodies
from local_suite.parts import Wiring, any_free_ports, describe
from local_suite.secrets import load_secrets
from local_suite.suite import Suite
from shared.http.signatures import Signer

PATH: Final = "/v1/payment-notices"
HEADS: Final = 560
NOTICE: Final = {
    "notice_id": "0190c2f4-7c1e-7000-8000-000000000001",
    "billing_code": "820269999999999",
    "ntpn": None,
    "ntb": "123456789012",
    "amount": 350000,
    "paid_at": "2026-11-23T02:01:00Z",
    "channel": "teller",
}


@pytest.fixture
async def billing(tmp_path: Path, urls: tuple[str, list[str]], amqp_url: str) -> AsyncIterator[tuple[str, int, Signer]]:
    """Billing alone, as an operating-system process with its usual limits."""
    mongo_url, names = urls
    names.append("paspor_half_sent")
    ports, secrets = any_free_ports(), load_secrets(tmp_path / "secrets.json")
    wiring = Wiring(ports, secrets, mongo_url, amqp_url)
    own = {"billing": {"PASPOR_DATABASE": names[-1]}}
    part = next(each for each in describe(wiring, own) if each.name == "billing")
    async with Suite(tmp_path, ports, parts=[part]):
        yield "127.0.0.1", ports["billing"], Signer("X-Simponi", {"k1": secrets["simponi_callback_secret"]})


async def notify(port: int, signer: Signer, body: bytes) -> int:
    headers = {"Content-Type": "application/json", **signer.headers(body, datetime.now(UTC))}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session,
        session.post(f"http://127.0.0.1:{port}{PATH}", data=body, headers=headers) as answer,
    ):
        return answer.status


async def test_half_sent_notices_shut_nobody_out(billing: tuple[str, int, Signer]) -> None:
    host, port, signer = billing
    assert await notify(port, signer, json.dumps(NOTICE).encode()) == 202
    unsigned = await half_sent_bodies(host, port, HEADS, PATH)
    assert unsigned.honest_shut_out == 0
    assert unsigned.attackers == {401: HEADS}, "refused from their heads"
    forged = {"X-Simponi-Timestamp": str(int(datetime.now(UTC).timestamp())), "X-Simponi-Signature": f"k1={'0' * 64}"}
    looks_signed = await half_sent_bodies(host, port, HEADS, PATH, headers=forged)
    assert looks_signed.honest_shut_out == 0
    assert looks_signed.unanswered <= 16, "places of one address for late bodies; the others were told so"
    assert await notify(port, signer, json.dumps({**NOTICE, "ntb": "123456789013"}).encode()) == 202
