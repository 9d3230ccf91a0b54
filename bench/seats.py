"""One hot session, wanted by everybody: through HTTP, beside the bare driver doing the same two writes."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.load import Tally
from local_suite.suite import Suite
from shared.chain.verify import verify
from shared.clock import SystemClock
from shared.events.application import ApplicationSubmitted
from shared.events.scheduling import SeatHeld
from shared.store.driver import ReturnDocument, connect, database, disconnect
from shared.store.kinds import Index, Kind, Range
from shared.store.mongo import MongoStore
from shared.tokens import Role

CALLERS: Final = 32
BOOTHS, HOURS, SERVICE_MINUTES = 20, 8, 10
SEATS: Final = BOOTHS * HOURS * 60 // SERVICE_MINUTES
"""960 seats: 20 booths in one long session, just below the most that a session may have."""

PLACES: Final = 10_000
DAYS_AHEAD: Final = 3
CHAIN_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Plan:
    """A session to open: its local times and what it can serve."""

    start: str
    end: str
    booths: int
    service_minutes: int
    seats: int


HOT: Final = Plan("06:00", f"{6 + HOURS:02d}:00", BOOTHS, SERVICE_MINUTES, SEATS)


async def measure(callers: int = CALLERS, seats: int = SEATS) -> Table:
    """Floor, store layer and HTTP, on the same servers in the same run."""
    resting = ("application", "billing", "notification", "simulators", "mail")  # identity publishes the token keys
    async with stage.suite(without=resting) as running:
        client = connect(running.mongo_url)
        try:
            floor = await _bare(database(client, "paspor_bench"), callers, seats)
            layer = await _store_layer(database(client, "paspor_bench_store"), callers, seats)
            http, oversold = await _through_http(running, client, callers, seats)
            links = await _chained(running, seats)
        finally:
            await disconnect(client)
    rates = {"bare driver": floor, "store layer": layer, "HTTP, all guards": seats / http.seconds}
    return Table(
        title="One hot session",
        method=(
            f"{callers} callers hold {seats} seats of one session, each for another person, until all are gone. Floor: "
            "claim a seat from a random start and insert an appointment of the same size, by the bare driver with the "
            "same durability. Each citizen has looked at their appointments before, so tokens are known, as at a real "
            f"opening. The day's chain of seats had {links} links afterwards and holds; it is kept in `.paspor/bench`. "
            f"Of {http.outcomes['asked']} asked {http.outcomes['won']} won; oversold: {oversold}; "
            f"p50 {http.share_ms(0.5):.0f} ms, p90 {http.share_ms(0.9):.0f} ms, p99 {http.share_ms(0.99):.0f} ms."
        ),
        figures=(
            Figure(
                "seats.hot",
                seats / http.seconds,
                "1/s",
                floor=floor,
                target=0.6,
                why="client, service, broker and database share the machine's cores; the floor needs only two of them",
            ),
            Figure("seats.oversold", float(oversold), "seats", target=0.5, less_is_better=True),
        ),
        columns=("layer", "holds/s", "ms per hold", "ms above the floor"),
        rows=tuple(
            (name, f"{rate:.0f}", f"{1000 / rate:.2f}", f"{1000 / rate - 1000 / floor:.2f}")
            for name, rate in rates.items()
        ),
    )


@dataclass(frozen=True)
class _Place:
    session: str
    place: int
    status: str
    claimed_by: str | None = None


def _held() -> SeatHeld:
    now = SystemClock().now()
    return SeatHeld(
        appointment_id=str(uuid.uuid4()),
        application_id=str(uuid.uuid4()),
        account_id=str(uuid.uuid4()),
        person_id=str(uuid.uuid4()),
        office_id="jakarta-selatan",
        session_id=str(uuid.uuid4()),
        pool="regular",
        starts_at=now,
        ends_at=now,
        office_name="Jakarta Selatan",
        office_timezone="Asia/Jakarta",
        hold_until=now,
    )


async def timed(callers: int, count: int, hold: Callable[[int], Awaitable[None]]) -> float:
    """How many a second: so many callers, each doing one after the other until all are done."""
    left = iter(range(count))

    async def caller() -> None:
        for number in left:
            await hold(number)

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return count / (time.perf_counter() - begun)


async def _bare(data: Any, callers: int, seats: int) -> float:
    """Holds/s of the bare driver: the two writes and their indexes, nothing else."""
    await data.seat.create_index([("session", 1), ("place", 1)], partialFilterExpression={"status": "free"})
    await data.appointment.create_index([("person_id", 1)], unique=True)
    rows = [
        {"_id": str(uuid.uuid4()), "session": "s", "place": random.randrange(PLACES), "status": "free"}
        for _ in range(seats)
    ]
    await data.seat.insert_many(rows)
    padding = stage.envelope(_held(), "a").to_fields()

    async def hold(_: int) -> None:
        taken, start = None, random.randrange(PLACES)
        update = {"$set": {"status": "claimed", "claimed_by": str(uuid.uuid4()), "until": datetime.now(UTC)}}
        for span in ({"$gte": start}, {"$lt": start}):
            wanted = {"session": "s", "status": "free", "place": span}
            taken = await data.seat.find_one_and_update(
                wanted, update, sort=[("place", 1)], return_document=ReturnDocument.AFTER
            )
            if taken is not None:
                break
        if taken is None:
            raise RuntimeError("the floor ran out of seats")
        appointment = {
            "_id": str(uuid.uuid4()),
            "person_id": str(uuid.uuid4()),
            "seat": taken["_id"],
            "outbox": [padding],
        }
        await data.appointment.insert_one(appointment)

    return await timed(callers, seats, hold)


async def _store_layer(data: Any, callers: int, seats: int) -> float:
    """Holds/s through the store port: the same two writes with codec, versions and outbox."""
    place = Kind(
        name="seat",
        state=_Place,
        bare=True,
        indexes=(Index("free", ("state.session", "state.place"), where={"state.status": "free"}),),
    )
    visit = Kind(
        name="appointment", state=ApplicationSubmitted, indexes=(Index("one", ("state.person_id",), unique=True),)
    )
    store, clock = MongoStore(data, "bench"), SystemClock()
    await store.prepare([place, visit])
    rows = [(str(uuid.uuid4()), _Place("s", random.randrange(PLACES), "free")) for _ in range(seats)]
    await store.insert_missing(place, rows, now=clock.now())
    applications = stage.submitted(seats)

    async def hold(number: int) -> None:
        now, start = clock.now(), random.randrange(PLACES)
        change = {"state.status": "claimed", "state.claimed_by": str(uuid.uuid4())}
        for span in (Range(low=start), Range(high=start)):
            within = {"state.place": span}
            if await store.claim_one(place, "free", {"state.session": "s"}, change, within=within, now=now):
                break
        await store.insert(visit, str(uuid.uuid4()), applications[number], now=now, events=[_held()])

    return await timed(callers, seats, hold)


async def _through_http(running: Suite, client: Any, callers: int, seats: int) -> tuple[Tally, int]:
    holders = await introduce(running, seats)
    session_id = await open_session(running, "jakarta-selatan", HOT)
    tally = Tally()
    url = f"{running.url('scheduling')}/v1/appointments"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=callers)) as session:

        async def hold(number: int) -> None:
            tally.outcomes["asked"] += 1
            begun = time.perf_counter()
            await holders.win(session, url, number, session_id)
            tally.outcomes["won"] += 1
            tally.took("hold", time.perf_counter() - begun)

        await timed(callers, seats, lambda number: holders.read_appointments(session, url, number))
        rate = await timed(callers, seats, hold)
    tally.seconds = seats / rate
    return tally, await count_oversold(database(client, "paspor_scheduling"), [session_id], seats)


async def count_oversold(data: Any, session_ids: Sequence[str], seats: int) -> int:
    """Live appointments of these sessions beyond their seats, and those on a seat that another one names too."""
    live = {"state.live": True, "state.slot.session_id": {"$in": list(session_ids)}}
    held = [row["state"]["slot"]["seat_id"] async for row in data.appointment.find(live, {"state.slot": 1})]
    return max(0, len(held) - seats) + len(held) - len(set(held))


async def _chained(running: Suite, seats: int) -> int:
    """The public chain of that office and day, kept once every hold is on it; how many links it has, all verified."""
    url = f"{running.url('scheduling')}/v1/offices/jakarta-selatan/seat-chains/{day_ahead()}"
    give_up_at = time.monotonic() + CHAIN_PATIENCE_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(url) as answer:
                export = await answer.read()
            links = verify(export.splitlines(keepends=True)).links
            if links >= seats:
                stage.keep("seat-chain.jsonl", export)
                return links
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"only {links} links on the chain of seats after {seats} holds")
            await asyncio.sleep(1)


def day_ahead(days: int = DAYS_AHEAD) -> str:
    """The day that sessions are opened on."""
    return (date.today() + timedelta(days=days)).isoformat()  # noqa: DTZ011 - any day ahead will do


async def open_session(running: stage.Running, office_id: str, plan: Plan, days: int = DAYS_AHEAD) -> str:
    """Open a session some days ahead as the office's admin, and give its id."""
    body = {
        "date": day_ahead(days),
        "start": plan.start,
        "end": plan.end,
        "booths": plan.booths,
        "staff": plan.booths,
        "service_minutes": plan.service_minutes,
        "pools": {"regular": plan.seats},
        "reason": "measured out of hours",
        "override": True,
    }
    url = f"{running.url('scheduling')}/v1/offices/{office_id}/sessions"
    opened = await stage.post(url, stage.staff_token(running, Role.OFFICE_ADMIN, office_id), body)
    return str(opened["session_id"])
