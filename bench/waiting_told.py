"""From a commit to the client that waits for it, beside the effect of the same commits in other services."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import events, stage
from bench.figures import Figure, Table, percentile
from bench.holders import introduce
from bench.raw_waiting import Awaited, Callers
from bench.seats import HOT, open_session
from local_suite.suite import Suite
from shared.store.driver import connect, database, disconnect

RATE: Final = 200
SECONDS: Final = 15
ACCOUNTS: Final = 200
"""Waiting clients; each is told of one change a second."""

SETTLE_SECONDS: Final = 3.0
LATE_SECONDS: Final = 10.0
TIMES_EFFECT: Final = 2.0
OFFICE: Final = "jakarta-selatan"


async def measure(rate: int = RATE, seconds: int = SECONDS, accounts: int = ACCOUNTS) -> Table:
    """Tell waiting clients of changes at a steady rate: by streams while effects are measured, then by waits."""
    async with stage.suite(without=("application",)) as running:
        effects, streamed = await _effects_and_streams(running, rate, seconds, accounts)
    async with stage.suite(without=("application", "billing", "notification", "simulators", "mail")) as running:
        waited = await _waits(running, rate, seconds, accounts)
    return make_table(effects, waited, streamed, rate * seconds)


def make_table(effects: list[float], waited: list[float], streamed: list[float], changes: int) -> Table:
    """The figures of durations in seconds."""
    effect, told, by_stream = (percentile(sorted(values), 0.99) for values in (effects, waited, streamed))
    return Table(
        title="Telling waiting clients",
        method=(
            f"{RATE} changes/s. Events are committed as in the table of events, for accounts whose streams are open: "
            "until the effect is stored, and until the client has the event. Then appointments are changed in the "
            "database, each by one write, while their holders wait with `Prefer: wait`: until the client has the new "
            f"answer. Told: {len(waited)} by waits and {len(streamed)} by streams, of {changes} changes each. "
            "Floor: the effect of an event in another service, of this run."
        ),
        figures=(
            Figure("waiting.effect_p99", effect, "s"),
            Figure("waiting.told_p99", told, "s", floor=effect, target=TIMES_EFFECT, less_is_better=True),
            Figure("waiting.stream_told_p99", by_stream, "s", floor=effect, target=TIMES_EFFECT, less_is_better=True),
        ),
    )


async def _effects_and_streams(
    running: Suite, rate: int, seconds: int, accounts: int
) -> tuple[list[float], list[float]]:
    account_ids = [f"bench-account-{number}" for number in range(accounts)]
    submitted = [
        event.model_copy(update={"account_id": account_ids[number % accounts]})
        for number, event in enumerate(stage.submitted(rate * seconds))
    ]
    streamed, begun, waiting = list[float](), dict[str, float](), Callers()

    def told(data: bytes) -> None:
        at = begun.get(json.loads(data).get("id", ""))
        if at is not None:
            streamed.append(time.perf_counter() - at)

    for token in stage.tokens(running, account_ids):
        waiting.follow(Awaited(f"{running.url('notification')}/v1/account-events", token), told)
    await _begun(waiting, accounts)
    try:
        tally = await events.run_at_rate(running, submitted, rate, begun, speaker="application")
        await _all_told(streamed, len(submitted))
    finally:
        await waiting.go_home()
    return tally.all_durations, streamed


async def _waits(running: Suite, rate: int, seconds: int, accounts: int) -> list[float]:
    appointment_ids, tokens = await _held(running, accounts)
    waited, begun, waiting = list[float](), dict[str, float](), Callers()

    def told(body: bytes) -> None:
        at = begun.pop(json.loads(body)["appointment_id"], None)
        if at is not None:
            waited.append(time.perf_counter() - at)

    url = f"{running.url('scheduling')}/v1/appointments"
    for appointment_id, token in zip(appointment_ids, tokens, strict=True):
        waiting.wait(Awaited(f"{url}/{appointment_id}", token), told)
    await _begun(waiting, accounts)
    client = connect(running.mongo_url)
    try:
        appointments = database(client, "paspor_scheduling").appointment
        started, until = time.perf_counter(), datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        async with asyncio.TaskGroup() as tasks:
            for number in range(rate * seconds):
                await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
                appointment_id = appointment_ids[number % accounts]
                begun[appointment_id] = time.perf_counter()
                change = {"$set": {"state.hold_until": until + timedelta(seconds=number)}, "$inc": {"version": 1}}
                tasks.create_task(_write(appointments, appointment_id, change))
        await _all_told(waited, rate * seconds)
    finally:
        await waiting.go_home()
        await disconnect(client)
    return waited


async def _write(collection: Any, record_id: str, change: dict[str, Any]) -> None:
    await collection.update_one({"_id": record_id}, change)


async def _held(running: Suite, accounts: int) -> tuple[list[str], list[str]]:
    """Return the ids of as many held appointments, and the tokens of their holders."""
    holders = await introduce(running, accounts)
    session_id = await open_session(running, OFFICE, HOT)
    url, appointment_ids = f"{running.url('scheduling')}/v1/appointments", []
    async with aiohttp.ClientSession() as session:
        for number in range(accounts):
            status, answer = await holders.hold(session, url, number, session_id)
            if status >= 400:
                raise RuntimeError(f"hold {number}: {status} {answer.decode()}")
            appointment_ids.append(str(json.loads(answer)["appointment_id"]))
    return appointment_ids, list(holders.tokens)


async def _begun(waiting: Callers, callers: int) -> None:
    """Wait until every caller has its first answer, and a moment for the stream of changes."""
    give_up_at = time.monotonic() + 60
    while waiting.answers["200"] < callers:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"{callers} callers were answered {dict(waiting.answers)}")
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLE_SECONDS)


async def _all_told(durations: list[float], changes: int) -> None:
    """Wait until all are told, or long after the last change: who is told of two at once is told once."""
    give_up_at = time.monotonic() + LATE_SECONDS
    while len(durations) < changes and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
