"""Attack 5 against a real billing process: half-sent notices keep neither others nor SIMPONI out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from bench.attack_half_sent import Attack, call_during
from local_suite.parts import Wiring, any_free_ports, describe
from local_suite.secrets import load_secrets
from local_suite.suite import Suite

HEADS: Final = 560
SECONDS: Final = 3.0


@pytest.fixture
async def billing(tmp_path: Path, urls: tuple[str, list[str]], amqp_url: str) -> AsyncIterator[tuple[str, str]]:
    """Billing alone, as an operating-system process with its usual limits."""
    mongo_url, names = urls
    names.append("paspor_half_sent")
    ports, secrets = any_free_ports(), load_secrets(tmp_path / "secrets.json")
    wiring = Wiring(ports, secrets, mongo_url, amqp_url)
    own = {"billing": {"PASPOR_DATABASE": names[-1]}}
    part = next(each for each in describe(wiring, own) if each.name == "billing")
    async with Suite(tmp_path, ports, parts=[part]):
        yield ports.url("billing"), secrets["simponi_callback_secret"]


async def test_half_sent_notices_shut_nobody_out(billing: tuple[str, str]) -> None:
    base, secret = billing
    signed_late = {
        "X-Simponi-Timestamp": str(int(datetime.now(UTC).timestamp())),
        "X-Simponi-Signature": f"k1={'0' * 64}",
    }
    unsigned = Attack(base, HEADS, ["127.0.0.1"], again=False)
    looks_signed = Attack(base, HEADS, ["127.0.0.1"], headers=signed_late, again=False)
    for attack in (unsigned, looks_signed):
        honest = await call_during(attack, secret, SECONDS)
        assert set(honest.answers) == {"tariff 200", "notice 202"}, "citizens and SIMPONI get through"
    assert unsigned.answers == {"401": HEADS}, "refused from their heads"
    assert looks_signed.unanswered <= 16, "places of one address for late bodies; the others were told so"
