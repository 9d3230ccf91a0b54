"""Half-sent requests: 560 heads of ``POST /v1/payment-notices`` with one byte of body, and others' honest calls."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from bench import gateway, stage
from bench.checkout import Checkout
from bench.figures import Figure, Table, percentile
from bench.target import Target, start_target
from simulators.signing import signed_headers

HEADS: Final = 560
SECONDS: Final = 20.0
"""Of attack in each run; the first answers of 503 come within the first second where there is no guard."""

AGAIN_SECONDS: Final = 0.25
"""The attacker's pause before a connection that was closed is opened again."""

DECLARED_BYTES: Final = 900
HONEST_PER_SECOND: Final = 20
NOTICES_PER_SECOND: Final = 2
HONEST_ADDRESSES: Final = tuple(f"127.0.3.{number}" for number in range(1, 21))
AGENCY: Final = "127.0.4.1"
"""Loopback has many addresses: each is an address of its own for the service."""

FEW: Final = 4
"""Addresses behind the gateway, which lets one address have 256 calls at once, less than a service can take."""

CALL_SECONDS: Final = 10.0
RESTING: Final = ("application", "notification", "mail")
SETTINGS: Final = {"*": {**stage.OPEN_LIMITS, "PASPOR_TRUSTED_PROXIES": "127.0.0.1/32"}}
"""Only the gateway's word on an address is taken; rates are raised, gates are as shipped."""


@dataclass
class Honest:
    """Results of honest calls: answers by status, durations in seconds."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    @property
    def turned_away(self) -> int:
        """Answers of 503 and calls without any answer."""
        return sum(count for said, count in self.answers.items() if said.endswith(("503", "no answer")))

    def p99_ms(self) -> float:
        """Of all calls, in milliseconds."""
        return percentile(sorted(self.seconds), 0.99) * 1000


@dataclass
class Attack:
    """Half-sent requests that are held open, from so many addresses."""

    base: str
    heads: int
    addresses: Sequence[str]
    path: str = "/v1/payment-notices"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of each head, as a signature that looks right."""

    again: bool = True
    """Whether what was answered or closed is opened again."""

    opened: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def unanswered(self) -> int:
        """Heads that were taken and have no answer."""
        return self.opened - self.answers.total()

    async def hold_open(self, seconds: float) -> None:
        """Keep all of them open for so long."""
        tasks = [asyncio.create_task(self._one(self.addresses[n % len(self.addresses)])) for n in range(self.heads)]
        try:
            await asyncio.sleep(seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, address: str) -> None:
        parts = urlsplit(self.base)
        lines = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(DECLARED_BYTES)}
        named = "".join(f"{name}: {value}\r\n" for name, value in {**lines, **self.headers}.items())
        head = f"POST {self.path} HTTP/1.1\r\n{named}\r\n{{".encode()
        while True:
            try:
                reading, writing = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(address, 0))
            except OSError:
                self.answers["not connected"] += 1
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self.opened += 1
            try:
                writing.write(head)
                answer = await reading.readline()
                self.answers[answer[9:12].decode("ascii", "replace") or "closed"] += 1
            except OSError:
                self.answers["closed"] += 1
            finally:
                writing.close()
            if not self.again:
                return
            await asyncio.sleep(AGAIN_SECONDS)


async def drive(checkout: Checkout, heads: int = HEADS, seconds: float = SECONDS) -> Table:
    """The attack directly at billing from one address, behind the gateway, and from many addresses."""
    addresses = tuple(f"127.0.2.{number}" for number in range(1, 57))
    one, few, many = addresses[:1], addresses[:FEW], addresses
    async with start_target(checkout, settings=SETTINGS, without=RESTING) as target:
        quiet, _ = await _run(target, target.url("billing"), 0, one, min(5.0, seconds))
        direct, first = await _run(target, target.url("billing"), heads, one, seconds)
        spread, third = await _run(target, target.url("billing"), heads, many, seconds)
        behind, second, why = await _behind_gateway(checkout, target, heads, few, seconds)
    runs = [
        ("nobody attacks", quiet, None),
        ("direct", direct, first),
        (f"direct, {len(many)} addresses", spread, third),
    ]
    if behind is not None:
        runs.append((f"behind the gateway, {len(few)} addresses", behind, second))
    figures = [
        Figure("half_sent.direct_503", float(direct.turned_away), "answers", target=0.0, less_is_better=True),
        Figure("half_sent.direct_p99", direct.p99_ms(), "ms", less_is_better=True),
    ]
    if behind is not None:
        figures += [
            Figure("half_sent.gateway_503", float(behind.turned_away), "answers", target=0.0, less_is_better=True),
            Figure("half_sent.gateway_p99", behind.p99_ms(), "ms", less_is_better=True),
        ]
    figures += [
        Figure("half_sent.spread_503", float(spread.turned_away), "answers", less_is_better=True),
        Figure("half_sent.honest_calls", float(sum(direct.answers.values())), "calls"),
    ]
    return Table(
        title="Half-sent requests",
        method=(
            f"{heads} heads of POST /v1/payment-notices with one byte of {DECLARED_BYTES} are held open for "
            f"{seconds:g} s, without a token, directly at billing from one loopback address and from {len(many)}, and "
            f"behind the gateway (its own file, in nginx) from {len(few)}; what is closed is opened again. "
            f"Meanwhile {HONEST_PER_SECOND} calls a second for the tariff come "
            f"from {len(HONEST_ADDRESSES)} other addresses and {NOTICES_PER_SECOND} signed notices from "
            f"the agency's. Counted: answers of 503 and calls without an answer within {CALL_SECONDS:g} s. {why}"
        ).strip(),
        figures=tuple(figures),
        columns=("run", "honest answers", "p50 ms", "p99 ms", "heads sent", "answers to them"),
        rows=tuple(_row(*run) for run in runs),
    )


async def _behind_gateway(
    checkout: Checkout, target: Target, heads: int, addresses: Sequence[str], seconds: float
) -> tuple[Honest | None, Attack | None, str]:
    ports = {name: urlsplit(url).port or 0 for name, url in target.urls.items()}
    try:
        async with gateway.gateway(checkout.folder, ports) as base:
            honest, attack = await _run(target, base, heads, addresses, seconds)
            return honest, attack, ""
    except gateway.NoGateway as missing:
        return None, None, str(missing)


async def _run(
    target: Target, base: str, heads: int, addresses: Sequence[str], seconds: float
) -> tuple[Honest, Attack]:
    attack = Attack(base, heads, addresses)
    return await call_during(attack, target.secrets["simponi_callback_secret"], seconds), attack


async def call_during(attack: Attack, secret: str, seconds: float) -> Honest:
    """Attack billing and call it honestly meanwhile, with notices signed by this secret; the answers to those calls."""
    honest = Honest()
    await asyncio.gather(attack.hold_open(seconds), _go_on(secret, attack.base, honest, seconds))
    return honest


async def _go_on(secret: str, base: str, honest: Honest, seconds: float) -> None:
    """Honest calls at their pace; each starts at its time, whether or not those before have ended."""
    async with asyncio.TaskGroup() as calls:
        begun = time.monotonic()
        for number in range(round(seconds * HONEST_PER_SECOND)):
            await asyncio.sleep(max(0.0, begun + number / HONEST_PER_SECOND - time.monotonic()))
            calls.create_task(_tariff(base, HONEST_ADDRESSES[number % len(HONEST_ADDRESSES)], honest))
            if number % (HONEST_PER_SECOND // NOTICES_PER_SECOND) == 0:
                calls.create_task(_notice(secret, base, honest))


async def _tariff(base: str, address: str, honest: Honest) -> None:
    await _timed(honest, "tariff", address, "GET", f"{base}/v1/tariffs", {}, b"")


async def _notice(secret: str, base: str, honest: Honest) -> None:
    """A signed notice on a code that no bill has: taken, and looked into later."""
    number = uuid.uuid4().int
    notice = {
        "notice_id": str(uuid.uuid4()),
        "billing_code": f"{number % 10**15:015d}",
        "ntpn": f"H{number % 10**15:015d}",
        "ntb": f"{number % 10**12:012d}",
        "amount": 350_000,
        "paid_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "channel": "teller",
    }
    body = json.dumps(notice).encode()
    headers = signed_headers("X-Simponi", "k1", secret, int(time.time()), body)
    headers = {**headers, "Content-Type": "application/json"}
    await _timed(honest, "notice", AGENCY, "POST", f"{base}/v1/payment-notices", headers, body)


async def _timed(
    honest: Honest, name: str, address: str, method: str, url: str, headers: dict[str, str], body: bytes
) -> None:
    begun, said = time.perf_counter(), "no answer"
    connector = aiohttp.TCPConnector(local_addr=(address, 0), force_close=True)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    with suppress(aiohttp.ClientError, TimeoutError, OSError):
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, url, data=body or None, headers=headers) as answer,
        ):
            await answer.read()
            said = str(answer.status)
    honest.answers[f"{name} {said}"] += 1
    honest.seconds.append(time.perf_counter() - begun)


def _row(name: str, honest: Honest, attack: Attack | None) -> tuple[str, ...]:
    answers = ", ".join(f"{count} x {said}" for said, count in sorted(honest.answers.items()))
    sent = str(attack.opened) if attack else ""
    back = ", ".join(f"{count} x {said}" for said, count in sorted(attack.answers.items())) if attack else ""
    p50 = percentile(sorted(honest.seconds), 0.5) * 1000
    return (name, answers, f"{p50:.0f}", f"{honest.p99_ms():.0f}", sent, back)
