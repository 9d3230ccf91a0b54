"""Whole journeys by 50 citizens at once: from registration to the confirmed seat with its letter, then the visit."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.load import Tally
from journeys.reporter import Reporter, StepResult, WayBroken
from journeys.ways import Ways
from local_suite import demo

USERS: Final = 50
JOURNEYS: Final = 150
SETTINGS: Final = {
    **demo.SETTINGS,
    "*": stage.OPEN_LIMITS,
    "billing": {**demo.SETTINGS["billing"], "PASPOR_BILL_VALIDITY_SECONDS": "600"},
}
"""The demo's, so that any day is the right one at the counter and books are printed soon; codes live long enough."""


class _Measuring(Reporter):
    """Writes durations down instead of printing them."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(quiet=True)
        self._tally = tally

    def report(self, result: StepResult) -> None:
        self._tally.took(result.step, result.ms / 1000)
        self._tally.outcomes["ok" if result.ok else f"failed: {result.step}: {result.note[:120]}"] += 1


async def measure(users: int = USERS, journeys: int = JOURNEYS) -> Table:
    """Walk the journeys on a fresh suite."""
    async with stage.suite(extra=SETTINGS) as running:
        tally = await walk(running, users, journeys)
    finished = len(tally.durations["see it finished"])
    failures = [f"{count} x {what}" for what, count in tally.outcomes.items() if what != "ok"]
    return Table(
        title="Journeys",
        method=(
            f"{users} citizens at once walk {journeys} whole journeys (registration with codes by mail and SMS, NIK "
            "check, three pictures, hold, billing code, payment, letter, mail, check-in, interview, issuance, "
            "collection) on all services, MongoDB, RabbitMQ and simulators. "
            f"A step lasts until its effect is seen. {finished} finished. "
            + ("Failures: " + "; ".join(failures) if failures else "Nothing failed.")
        ),
        figures=(
            Figure("journey.rate", finished / tally.seconds, "1/s", target=5.0),
            Figure("journey.step_p90", tally.share_ms(0.9) / 1000, "s", target=0.4, less_is_better=True),
            Figure("journey.step_p50", tally.share_ms(0.5) / 1000, "s"),
            Figure("journey.step_p99", tally.share_ms(0.99) / 1000, "s"),
        ),
        columns=("step", "times", "p50 ms", "p90 ms", "p99 ms"),
        rows=tuple(tally.row(step, 0.5, 0.9, 0.99) for step in tally.durations),
    )


async def walk(
    running: stage.Running, users: int, journeys: int, session: aiohttp.ClientSession | None = None
) -> Tally:
    """Walk so many journeys, so many at once, over these connections; the tally has the durations of their steps."""
    tally = Tally()
    ways = Ways(stage.addresses(running), _Measuring(tally), session)
    left = iter(range(journeys))

    async def citizen(number: int) -> None:
        for _ in left:
            try:
                await ways.journey(address=f"10.1.{number // 250}.{number % 250 + 1}")
            except WayBroken:
                continue

    begun = time.perf_counter()
    await asyncio.gather(*(citizen(number) for number in range(users)))
    tally.seconds = time.perf_counter() - begun
    await ways.close()
    return tally
