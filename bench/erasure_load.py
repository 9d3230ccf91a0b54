"""Journeys beside erasures: what the erasure of people costs those who apply at the same time, and how fast it is."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aio_pika

from bench import journeys, stage
from bench.figures import Figure, Table
from bench.leavers import PICTURES, Leaver, LeaverWriter, count_ended, count_left
from bench.opening_load import NORMAL_A_SECOND
from journeys.reporter import Reporter, StepResult, WayBroken
from journeys.ways import Ways
from local_suite.suite import Suite
from shared.bus import topology
from shared.bus.amqp import declare
from shared.events.subscriptions import SERVICES
from shared.store.driver import connect, disconnect

PEOPLE: Final = 10_000
ORDERS_A_SECOND: Final = NORMAL_A_SECOND
"""The normal pace: as many people leave as come on a normal day of the whole country."""

PAIRS: Final = 5
WINDOW_SECONDS: Final = 60.0
SHORTEST_WINDOW_SECONDS: Final = 10.0
WINDOWS_SHARE: Final = 0.5
"""Of the people who are erased in windows, at most: the others show how fast it goes."""

STUCK_SECONDS: Final = 120.0
"""Without one more erasure that ended: what is left then is left."""

LAST_STEP: Final = "see it finished"
SETTINGS: Final = {
    **journeys.SETTINGS,
    "*": {**stage.OPEN_LIMITS, "PASPOR_ERASURE_LOOK_AGAIN_SECONDS": "1"},
    "scheduling": {**journeys.SETTINGS["scheduling"], "PASPOR_HORIZON_DAYS": "30"},
}
"""The second look follows at once, so that all of an erasure falls into its window; seats for all journeys."""


@dataclass(frozen=True)
class Window:
    """One window: how many steps of journeys went well in it, and how many people were ordered to be erased."""

    seconds: float
    steps: int
    ordered: int = 0


@dataclass(frozen=True)
class Drain:
    """The erasure of everybody who was left after the windows, without journeys beside it."""

    people: int
    seconds: float

    @property
    def rate(self) -> float:
        """Return how many people a second; 0 where none was left."""
        return self.people / self.seconds if self.people else 0.0


class StepCounter(Reporter):
    """Counts steps instead of printing them."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.steps: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    def report(self, result: StepResult) -> None:
        if result.ok:
            self.steps[result.step] += 1
        else:
            self.failures[f"{result.step}: {result.note[:120]}"] += 1


class Orders:
    """Erasure orders to all services, told as identity tells them; ``told`` counts the people."""

    def __init__(self, leavers: Sequence[Leaver], send: Callable[[Leaver], Awaitable[None]]) -> None:
        self._left = list(reversed(leavers))
        self._send = send
        self.told = 0

    @property
    def left(self) -> int:
        """Return how many people were not ordered to be erased yet."""
        return len(self._left)

    async def tell(self, count: int) -> None:
        """Order the erasure of the next people, so many if there are; one that is broken off is told again."""
        for _ in range(min(count, self.left)):
            await self._send(self._left[-1])
            self._left.pop()
            self.told += 1

    async def tell_steadily(self, most: int, a_second: float) -> None:
        """Order the erasure of one after the other at this rate, so many at most, until cancelled."""
        begun = time.perf_counter()
        for number in range(most):
            await asyncio.sleep(begun + number / a_second - time.perf_counter())
            await self.tell(1)


async def measure(
    people: int = PEOPLE,
    users: int = journeys.USERS,
    pairs: int = PAIRS,
    window: float = WINDOW_SECONDS,
    scale: float = 1.0,
) -> Table:
    """Measure on a fresh suite; ``scale`` shrinks the people and the windows of ``window`` seconds."""
    people, window = max(2, round(people * scale)), max(min(window, SHORTEST_WINDOW_SECONDS), window * scale)
    counter = StepCounter()
    async with stage.suite(extra=SETTINGS) as running:
        client = connect(running.mongo_url)
        try:
            leavers = await LeaverWriter.on_suite(client, running.secrets).write(people)
            async with orders_to(running, leavers) as orders:
                async with citizens(running, users, counter):
                    await _until(lambda: _finished(counter), users)
                    windows: list[Window] = []
                    for pair in range(pairs):
                        windows += await _measure_pair(client, orders, counter, pair, pairs, window)
                drain = await _drain(client, orders)
            left = await count_left(client, leavers)
        finally:
            await disconnect(client)
    return make_table(people, users, windows, counter, drain, left)


@asynccontextmanager
async def orders_to(running: stage.Running, leavers: Sequence[Leaver]) -> AsyncIterator[Orders]:
    """Orders that go straight into the queue of each service, over one connection."""
    async with await aio_pika.connect(running.amqp_url) as connection:
        channel = await connection.channel()
        await declare(channel)

        async def send(leaver: Leaver) -> None:
            body = stage.envelope(leaver.order, leaver.erasure_id).to_bytes()
            for name in SERVICES:
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, topology.work_queue(name))

        yield Orders(leavers, send)


@asynccontextmanager
async def citizens(running: Suite, users: int, counter: StepCounter) -> AsyncIterator[None]:
    """So many citizens who walk one journey after the other for as long as the block lasts."""
    ways = Ways(stage.addresses(running), counter)

    async def walk(number: int) -> None:
        while True:
            try:
                await ways.journey(address=f"10.1.{number // 250}.{number % 250 + 1}")
            except WayBroken:
                await asyncio.sleep(1.0)

    walking = [asyncio.create_task(walk(number)) for number in range(users)]
    try:
        yield
    finally:
        for task in walking:
            task.cancel()
        await asyncio.gather(*walking, return_exceptions=True)
        await ways.close()


async def _measure_pair(
    client: Any, orders: Orders, counter: StepCounter, pair: int, pairs: int, seconds: float
) -> tuple[Window, Window]:
    """Return a window without erasures and one with them; which comes first changes with each pair."""
    most = int(WINDOWS_SHARE * (orders.told + orders.left) / pairs)
    if pair % 2:
        beside = await _measure_beside(client, orders, counter, most, seconds)
        return await _measure_window(counter, seconds), beside
    alone = await _measure_window(counter, seconds)
    return alone, await _measure_beside(client, orders, counter, most, seconds)


async def _measure_window(counter: StepCounter, seconds: float) -> Window:
    begun, before = time.perf_counter(), counter.steps.total()
    await asyncio.sleep(seconds)
    return Window(time.perf_counter() - begun, counter.steps.total() - before)


async def _measure_beside(client: Any, orders: Orders, counter: StepCounter, most: int, seconds: float) -> Window:
    before = orders.told
    telling = asyncio.create_task(orders.tell_steadily(most, ORDERS_A_SECOND))
    measured = await _measure_window(counter, seconds)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    await _until(lambda: count_ended(client), orders.told)
    return Window(measured.seconds, measured.steps, orders.told - before)


async def _drain(client: Any, orders: Orders) -> Drain:
    begun, people = time.perf_counter(), orders.left
    await orders.tell(people)
    await _until(lambda: count_ended(client), orders.told)
    return Drain(people, time.perf_counter() - begun)


async def _finished(counter: StepCounter) -> int:
    return counter.steps[LAST_STEP]


async def _until(look: Callable[[], Awaitable[int]], count: int) -> None:
    """Return once there are so many, or none has come for a long time: the figures show it then."""
    seen, since = -1, time.monotonic()
    while (now_seen := await look()) < count and time.monotonic() - since < STUCK_SECONDS:
        if now_seen > seen:
            seen, since = now_seen, time.monotonic()
        await asyncio.sleep(0.5)


def make_table(
    people: int, users: int, windows: Sequence[Window], counter: StepCounter, drain: Drain, left: int
) -> Table:
    """Return the figures of all windows, of which every second one had erasures beside it, and of the rest."""
    alone, beside = windows[::2], windows[1::2]
    steps_each = len(counter.steps) or 1
    failures = [f"{count} x {what}" for what, count in counter.failures.items()]
    kept = _rate(beside) / _rate(alone) if _rate(alone) else 0.0
    return Table(
        title="Journeys beside erasures",
        method=(
            f"{people} people have an account, an applicant with a card and {PICTURES} pictures, a visit with "
            f"evidence, a refund and messages in the five services. {users} citizens walk whole journeys without a "
            f"pause. In {len(beside)} of {len(windows)} windows people are ordered to be erased at "
            f"{ORDERS_A_SECOND:g} a second, as many as come on a normal day of the whole country. A window's rate "
            f"counts steps that went well, {steps_each} to a journey. Then the citizens stop and the other "
            f"{drain.people} people are ordered at once: their rate runs until the last service has ended. A person "
            "is left if a service has not ended or has a key of theirs. The second look follows after a second. "
            + ("Failures: " + "; ".join(failures) if failures else "No step failed.")
        ),
        figures=(
            Figure("erasure.journeys_kept", kept, "share", target=0.9),
            Figure("erasure.people_per_second", drain.rate, "1/s"),
            Figure("erasure.left", float(left), "people", target=0.0, less_is_better=True),
        ),
        columns=("windows", "seconds", "journeys/s", "people ordered"),
        rows=(
            _row("without erasures", alone, steps_each),
            _row("with erasures", beside, steps_each),
        ),
    )


def _rate(windows: Sequence[Window]) -> float:
    """Return steps a second over all windows."""
    seconds = sum(item.seconds for item in windows)
    return sum(item.steps for item in windows) / seconds if seconds else 0.0


def _row(name: str, windows: Sequence[Window], steps_each: int) -> tuple[str, ...]:
    seconds, ordered = sum(item.seconds for item in windows), sum(item.ordered for item in windows)
    return (name, f"{seconds:.0f}", f"{_rate(windows) / steps_each:.3g}", str(ordered))
