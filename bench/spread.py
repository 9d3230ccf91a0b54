"""Holds over a hundred sessions, and the hot session again, with one and with two processes of scheduling."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.load import Tally
from bench.seats import CALLERS, HOT, PLACES, Plan, open_session, timed
from local_suite.suite import Suite
from shared.store.driver import ReturnDocument, connect, database, disconnect

WON: Final = "201"
SESSIONS: Final = 100
SEATS_EACH: Final = 8
HOLDS: Final = SESSIONS * SEATS_EACH
SMALL: Final = tuple(Plan(f"{hour:02d}:00", f"{hour:02d}:30", SEATS_EACH, 30, SEATS_EACH) for hour in (4, 5, 18, 19))
OFFICES: Final = SESSIONS // len(SMALL)
RESTING: Final = ("application", "billing", "notification", "simulators", "mail")


@dataclass(frozen=True)
class _Run:
    """One measurement: what was wanted, from how many processes, and how it went."""

    name: str
    replicas: int
    tally: Tally

    @property
    def rate(self) -> float:
        return self.tally.outcomes[WON] / self.tally.seconds

    def row(self) -> tuple[str, ...]:
        refused = sum(self.tally.outcomes.values()) - self.tally.outcomes[WON]
        shares = (f"{self.tally.share_ms(share):.0f}" for share in (0.5, 0.9, 0.99))
        return (self.name, str(self.replicas), f"{self.rate:.0f}", *shares, str(refused))


async def measure() -> Table:
    """The floor and both wants at each number of processes, on the same machine one after the other."""
    runs: list[_Run] = []
    floor = 0.0
    for replicas in (1, 2):
        async with stage.suite(without=RESTING, replicas={"scheduling": replicas}) as running:
            client = connect(running.mongo_url)
            try:
                if not floor:
                    floor = await _bare(database(client, "paspor_bench"))
                hot = [await open_session(running, "jakarta-selatan", HOT)]
                runs.append(_Run("one session", replicas, await _through_http(running, hot, replicas)))
                spread = await _small_sessions(running)
                runs.append(_Run(f"{SESSIONS} sessions", replicas, await _through_http(running, spread, replicas)))
            finally:
                await disconnect(client)
    best = max((run for run in runs if run.name != "one session"), key=lambda run: run.rate)
    refused = sum(sum(run.tally.outcomes.values()) - run.tally.outcomes[WON] for run in runs)
    return Table(
        title="Seats of many sessions, and more processes",
        method=(
            f"{CALLERS} callers hold {HOLDS} seats, each for another person: all in one session of {HOT.seats}, "
            f"then spread over {SESSIONS} sessions of {OFFICES} offices that are full afterwards. Floor: the bare "
            "driver's two writes over as many sessions. Client, services, broker and database share the machine's "
            "cores, so a second process brings what it saves in waiting, not another core."
        ),
        figures=(
            Figure("seats.spread", best.rate, "1/s", floor=floor, target=0.6),
            Figure("seats.refused_while_free", float(refused), "holds", target=0.5, less_is_better=True),
        ),
        columns=("wanted", "processes", "holds/s", "p50 ms", "p90 ms", "p99 ms", "refused"),
        rows=(*(run.row() for run in runs), ("bare driver", "", f"{floor:.0f}", "", "", "", "")),
    )


async def _small_sessions(running: Suite) -> list[str]:
    offices = await _offices(running)
    return [await open_session(running, office, plan) for office in offices[:OFFICES] for plan in SMALL]


async def _offices(running: Suite) -> list[str]:
    url = f"{running.url('scheduling')}/v1/offices"
    async with aiohttp.ClientSession() as session, session.get(url, params={"limit": str(OFFICES)}) as answer:
        return [office["office_id"] for office in (await answer.json())["offices"]]


async def _bare(data: Any) -> float:
    """The two writes of a hold over as many sessions, by the bare driver."""
    await data.seat.create_index([("session", 1), ("place", 1)], partialFilterExpression={"status": "free"})
    await data.appointment.create_index([("person_id", 1)], unique=True)
    await data.seat.insert_many(
        [
            {
                "_id": str(uuid.uuid4()),
                "session": number % SESSIONS,
                "place": random.randrange(PLACES),
                "status": "free",
            }
            for number in range(HOLDS)
        ]
    )
    padding = stage.envelope(stage.submitted(1)[0], "a").to_fields()

    async def hold(number: int) -> None:
        update = {"$set": {"status": "claimed", "claimed_by": str(uuid.uuid4()), "until": datetime.now(UTC)}}
        taken = await data.seat.find_one_and_update(
            {"session": number % SESSIONS, "status": "free"}, update, return_document=ReturnDocument.AFTER
        )
        person = str(uuid.uuid4())
        await data.appointment.insert_one(
            {"_id": person, "person_id": person, "seat": taken["_id"], "outbox": [padding]}
        )

    return await timed(CALLERS, HOLDS, hold)


async def _through_http(running: Suite, sessions: Sequence[str], replicas: int) -> Tally:
    holders = await introduce(running, HOLDS)
    names = ["scheduling", *(f"scheduling-{number}" for number in range(2, replicas + 1))]
    urls = [running.ports.url(name) + "/v1/appointments" for name in names]
    tally = Tally()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS)) as session:

        async def hold(number: int) -> None:
            begun = time.perf_counter()
            status, _ = await holders.hold(session, urls[number % replicas], number, sessions[number % len(sessions)])
            tally.outcomes[str(status)] += 1
            tally.took("hold", time.perf_counter() - begun)

        await timed(CALLERS, HOLDS, lambda number: holders.read_appointments(session, urls[number % replicas], number))
        tally.seconds = HOLDS / await timed(CALLERS, HOLDS, hold)
    return tally
