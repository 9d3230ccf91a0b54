"""From a committed event to its effect in another service, at a steady rate."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from bench import stage
from bench.figures import Figure, Table
from bench.load import Tally
from local_suite.suite import Suite
from shared.bus.amqp import AmqpBus
from shared.bus.dispatch import Dispatcher
from shared.bus.relay import Relay
from shared.clock import SystemClock
from shared.events.application import ApplicationSubmitted
from shared.store.driver import connect, database, disconnect
from shared.store.kinds import Kind
from shared.store.mongo import MongoStore

RATE: Final = 200
SECONDS: Final = 15
KIND: Final = Kind(name="bench_application", state=ApplicationSubmitted)


async def measure(rate: int = RATE, seconds: int = SECONDS) -> Table:
    """Commit events as application would and watch scheduling's and billing's documents."""
    async with stage.suite(without=("application", "notification", "identity")) as running:
        tally = await _run(running, rate, seconds)
    return Table(
        title="Events",
        method=(
            f"{rate} applications/s are committed with their event in the outbox for {seconds} s; the relay publishes, "
            "scheduling and billing each store the effect. The time runs from before the commit until a change stream "
            "shows the stored effect."
        ),
        figures=(
            Figure("event.effect_p99", tally.share_ms(0.99) / 1000, "s", target=1.0, less_is_better=True),
            Figure("event.effect_p50", tally.share_ms(0.5) / 1000, "s"),
            Figure("event.effects", float(tally.outcomes["effect"]), "of " + str(2 * rate * seconds)),
        ),
    )


async def _run(running: Suite, rate: int, seconds: int) -> Tally:
    return await run_at_rate(running, stage.submitted(rate * seconds), rate, {})


async def run_at_rate(
    running: Suite,
    events: list[ApplicationSubmitted],
    rate: int,
    begun: dict[str, float],
    speaker: str = "identity",
) -> Tally:
    """Commit the events, so many a second, and return the times of their effects.

    ``begun`` takes when each was committed, by its application. ``speaker`` is a service that does not run.
    """
    client = connect(running.mongo_url)
    tally = Tally()
    watchers = [
        asyncio.create_task(_watch(client, f"paspor_{service}", begun, tally)) for service in ("scheduling", "billing")
    ]
    await asyncio.sleep(1.0)
    store = MongoStore(database(client, "paspor_bench"), "bench")
    await store.prepare([KIND])
    bus = AmqpBus(running.amqp_url, speaker, Dispatcher({}, {}))
    relay = Relay(store, [KIND], bus, SystemClock())
    store.on_written = lambda kind, envelopes, _due: relay.nudge(kind, envelopes)
    jobs = [asyncio.create_task(bus.run()), asyncio.create_task(relay.run())]
    while not bus.connected:  # noqa: ASYNC110 - the bus tells nobody
        await asyncio.sleep(0.05)
    await _commit_steadily(store, events, rate, begun)
    give_up_at = time.monotonic() + 30
    while tally.outcomes["effect"] < 2 * len(events) and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    for task in (*watchers, *jobs):
        task.cancel()
    await asyncio.gather(*watchers, *jobs, return_exceptions=True)
    await disconnect(client)
    return tally


async def _commit_steadily(
    store: MongoStore, events: list[ApplicationSubmitted], rate: int, begun: dict[str, float]
) -> None:
    clock, started = SystemClock(), time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number, event in enumerate(events):
            delay = started + number / rate - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            begun[event.application_id] = time.perf_counter()
            tasks.create_task(store.insert(KIND, event.application_id, event, now=clock.now(), events=[event]))


async def _watch(client: Any, name: str, begun: dict[str, float], tally: Tally) -> None:
    pipeline = [{"$match": {"operationType": {"$in": ["insert", "update"]}}}]
    async with client[name].watch(pipeline) as changes:
        async for change in changes:
            at = begun.get(str(change["documentKey"]["_id"]))
            if at is not None:
                tally.took(name, time.perf_counter() - at)
                tally.outcomes["effect"] += 1
