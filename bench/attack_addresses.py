"""Guessing from very many network addresses: how much memory identity takes to count each of them apart."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import aiohttp

from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.process_memory import watch_memory
from bench.target import start_target

ADDRESSES: Final = 100_000
CHALLENGES: Final = 1_000
CALLERS: Final = 32
SETTLE_SECONDS: Final = 5.0
WRONG_CODE: Final = "000000"
RESTING: Final = ("application", "scheduling", "billing", "notification", "simulators", "mail")
SETTINGS: Final = {"*": {"PASPOR_TRUSTED_PROXIES": "127.0.0.0/8", "PASPOR_LOG_LEVEL": "warning"}}
"""Every limit as it is in production: what is measured is what they keep."""

Call = tuple[str, dict[str, str], str]
"""Path, body and the network address that it comes from."""


async def drive(checkout: Checkout, addresses: int = ADDRESSES) -> Table:
    """So many addresses try one wrong code each, at the codes of a thousand people in turn."""
    async with start_target(checkout, settings=SETTINGS, without=RESTING) as target:
        asked: Counter[str] = Counter()
        challenges = await _call_all(target.url("identity"), _askings(), asked)
        ids = [answer["challenge_id"] for answer in challenges if "challenge_id" in answer]
        tried: Counter[str] = Counter()
        async with watch_memory(target.pid("identity"), SETTLE_SECONDS) as watched:
            await _call_all(target.url("identity"), _tries(ids, addresses), tried)
        restarts = (await target.read_state())["identity"]["restarts"]
    return Table(
        title="Guessing from many addresses",
        method=(
            f"{len(ids)} people ask for a code, then {addresses} network addresses try one wrong code each, "
            f"{CALLERS} at a time. All limits are those of production. Memory of identity, in proportional set size."
        ),
        figures=(
            Figure("addresses.peak", watched.peak, "MiB", less_is_better=True),
            Figure("addresses.growth", watched.growth, "MiB", less_is_better=True),
            Figure("addresses.restarts", float(restarts), "restarts", target=0.0, less_is_better=True),
        ),
        columns=("calls", "answers"),
        rows=(("ask for a code", _said(asked)), ("try a code", _said(tried))),
    )


def _askings() -> Iterator[Call]:
    for number in range(CHALLENGES):
        yield "/v1/registrations", {"email": f"{uuid.uuid4().hex}@contoh.example"}, _address(11, number)


def _tries(challenge_ids: list[str], addresses: int) -> Iterator[Call]:
    for number in range(addresses):
        path = f"/v1/challenges/{challenge_ids[number % len(challenge_ids)]}/verification"
        yield path, {"code": WRONG_CODE}, _address(12, number)


def _address(network: int, number: int) -> str:
    """Return an address of a private network, another one for each number below 2**24."""
    return f"10.{network + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


async def _call_all(base: str, calls: Iterator[Call], answers: Counter[str]) -> list[dict[str, Any]]:
    """Post every call, count the answers by status and code, and return the bodies of those that were accepted."""
    accepted: list[dict[str, Any]] = []
    async with aiohttp.ClientSession(base, connector=aiohttp.TCPConnector(limit=CALLERS)) as session:

        async def caller() -> None:
            for path, body, address in calls:
                headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Forwarded-For": address}
                async with session.post(path, json=body, headers=headers) as answer:
                    said = await answer.json()
                if answer.status < 300:
                    accepted.append(said)
                answers[f"{answer.status} {said.get('code', '')}".strip()] += 1

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return accepted


def _said(answers: Counter[str]) -> str:
    return ", ".join(f"{count} x {answer}" for answer, count in sorted(answers.items()))
