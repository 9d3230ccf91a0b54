"""Free seats of an office: what the question costs with ten thousand and with a million seats stored."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table, percentile
from bench.spread import RESTING
from local_suite.suite import Suite
from shared.store.driver import connect, database, disconnect

FEW: Final = 10_000
MANY: Final = 1_000_000
LOOKS: Final = 300
OFFICE: Final = "jakarta-selatan"
BATCH: Final = 10_000
SEATS_OF_A_SESSION: Final = 200


async def measure(many: int = MANY) -> Table:
    """The same office's listing before and after everybody else's seats came in."""
    async with stage.suite(without=RESTING) as running:
        client = connect(running.mongo_url)
        try:
            data = database(client, "paspor_scheduling")
            few_stored = await _fill(data, FEW)
            await client.admin.command("fsync")
            few = await _looks(running)
            many_stored = await _fill(data, many)
            await client.admin.command("fsync")
            many_looks = await _looks(running)
        finally:
            await disconnect(client)
    rows = tuple(
        (f"{stored:,}", *(f"{percentile(looks, share) * 1000:.1f}" for share in (0.5, 0.95, 0.99)))
        for stored, looks in ((few_stored, few), (many_stored, many_looks))
    )
    growth = percentile(many_looks, 0.95) / percentile(few, 0.95)
    return Table(
        title="Listing of free seats",
        method=(
            f"{LOOKS} questions for the free seats of one office, one after the other, by HTTP; then the same with the "
            "seats of other sessions added, half of them free, in the same collections and indexes. Both times "
            "everything is on disk before, so that no writing of what was just added is measured."
        ),
        figures=(Figure("seats.listing_growth", growth, "x", target=1.2, less_is_better=True),),
        columns=("seats stored", "p50 ms", "p95 ms", "p99 ms"),
        rows=rows,
    )


async def _fill(data: Any, wanted: int) -> int:
    """Add seats of invented sessions, copies of a real one, until so many are stored."""
    stored = int(await data.seat.estimated_document_count())
    pattern = await data.seat.find_one({"state.office_id": {"$ne": OFFICE}})
    while stored < wanted:
        count = min(BATCH, wanted - stored)
        await data.seat.insert_many([_copy(pattern, stored + number) for number in range(count)], ordered=False)
        stored += count
    return stored


def _copy(pattern: dict[str, Any], number: int) -> dict[str, Any]:
    session, seat = divmod(number, SEATS_OF_A_SESSION)
    state = pattern["state"] | {
        "session_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"session-{session}")),
        "number": seat + 1,
        "starts_at": pattern["state"]["starts_at"] + timedelta(days=session % 300),
        "status": "free" if number % 2 else "taken",
    }
    return {**pattern, "_id": str(uuid.uuid4()), "state": state}


async def _looks(running: Suite) -> list[float]:
    url = f"{running.url('scheduling')}/v1/offices/{OFFICE}/sessions"
    seconds = []
    async with aiohttp.ClientSession() as session:
        for _ in range(LOOKS):
            begun = time.perf_counter()
            async with session.get(url) as answer:
                answer.raise_for_status()
                await answer.read()
            seconds.append(time.perf_counter() - begun)
    return sorted(seconds)
