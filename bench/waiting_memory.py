"""Memory of callers who wait: 5,000 on one service for a change of a thing, then 5,000 on another by their streams."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.machine import resident_mib
from bench.raw_waiting import Awaited, Callers, in_flight
from bench.seats import HOT, open_session
from local_suite.suite import Suite
from shared.http.options import FOLLOWED_STREAMS_EACH, WAITING_EACH

CALLERS: Final = 5_000
TARGET_MIB: Final = 60.0
ARRIVAL_SECONDS: Final = 120.0
SETTLE_SECONDS: Final = 5.0
OFFICE: Final = "jakarta-selatan"
RESTING: Final = ("application", "billing", "simulators", "mail")


async def measure(scale: float = 1.0) -> Table:
    """Both groups on a fresh suite, one after the other; ``scale`` shrinks them, and their target with them."""
    callers = max(1, round(CALLERS * scale))
    async with stage.suite(without=RESTING) as running:
        waits = await _grown(running, "scheduling", "waiting", await _waits(running, callers), callers)
        streams = await _grown(running, "notification", "followed_stream", _streams(running, callers), callers)
    return make_table(callers, waits, streams, TARGET_MIB * callers / CALLERS)


def make_table(callers: int, waits: float, streams: float, target: float) -> Table:
    """The figures of both groups, in MiB more than the idle service."""
    return Table(
        title="Memory of waiting callers",
        method=(
            f"{callers} calls wait for a change of an appointment (`Prefer: wait`), {WAITING_EACH} of one account, "
            "each on a connection of its own; then as many streams of account events are open. Measured is what the "
            "service's process has more (proportional set size) than before they came, once all of them wait."
        ),
        figures=(
            Figure("waiting.memory", waits, "MiB", target=target, less_is_better=True),
            Figure("waiting.stream_memory", streams, "MiB", target=target, less_is_better=True),
        ),
    )


async def _waits(running: Suite, callers: int) -> list[Awaited]:
    holders = await introduce(running, math.ceil(callers / WAITING_EACH))
    session_id = await open_session(running, OFFICE, HOT)
    url, wishes = f"{running.url('scheduling')}/v1/appointments", []
    async with aiohttp.ClientSession() as session:
        for number, token in enumerate(holders.tokens):
            await holders.win(session, url, number, session_id)
            params = {"application_id": holders.people[number].application_id}
            async with session.get(url, params=params, headers=holders.headers(number)) as answer:
                (appointment,) = (await answer.json())["appointments"]
            wishes += [Awaited(f"{url}/{appointment['appointment_id']}", token)] * WAITING_EACH
    return wishes[:callers]


def _streams(running: Suite, callers: int) -> list[Awaited]:
    accounts = [f"bench-account-{number}" for number in range(math.ceil(callers / FOLLOWED_STREAMS_EACH))]
    url = f"{running.url('notification')}/v1/account-events"
    return [Awaited(url, token) for token in stage.tokens(running, accounts) for _ in range(FOLLOWED_STREAMS_EACH)][
        :callers
    ]


async def _grown(running: Suite, service: str, kind: str, wishes: list[Awaited], callers: int) -> float:
    """Return by how many MiB a service grew while all of these wait.

    Raises:
        RuntimeError: they do not all wait.
    """
    pid = next(part.pid for part in running.status() if part.name == service)
    assert pid is not None, "the service runs"  # noqa: S101 - narrows the type
    await asyncio.sleep(SETTLE_SECONDS)
    idle, waiting = resident_mib(pid), Callers()
    for wish in wishes:
        (waiting.wait if kind == "waiting" else waiting.follow)(wish)
    try:
        await _all_wait(f"{running.url(service)}/metrics", kind, callers, waiting)
        return resident_mib(pid) - idle
    finally:
        await waiting.go_home()


async def _all_wait(metrics_url: str, kind: str, callers: int, waiting: Callers) -> None:
    give_up_at = time.monotonic() + ARRIVAL_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(metrics_url) as answer:
                inside = in_flight(await answer.text(), kind)
            if inside >= callers:
                return
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"only {inside} of {callers} wait as {kind}; answers: {dict(waiting.answers)}")
            await asyncio.sleep(0.2)
