"""An opening: many wait for many seats, through the waiting room, with one and with two processes of scheduling."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import Holders, introduce
from bench.load import Tally
from bench.seats import DAYS_AHEAD, HOT, count_oversold, open_session
from bench.spread import RESTING
from services.scheduling.openings import draw
from shared.store.driver import connect, database, disconnect
from shared.tokens import Role

CALLERS: Final = 10_000
SEATS: Final = 50_000
OFFICE: Final = "jakarta-selatan"
LATE_SHARE: Final = 0.2
"""Callers who come after the tickets closed, all within a few seconds of the instant."""

ARRIVALS_A_SECOND: Final = 170
"""How fast callers come while the doors are open: ten thousand within a minute."""

RUSH_SECONDS: Final = 10.0
DRAW_SECONDS: Final = 8.0
"""From the closing of the tickets to the instant: the list settles and the seed is shown."""

SECONDS_ALLOWED: Final = 2.0
CONNECTIONS: Final = 400
GIVE_UP: Final = timedelta(seconds=600)
LARGEST_WAIT_SECONDS: Final = 60.0
NO_ANSWER: Final = "no answer"
SETTINGS: Final = {
    "PASPOR_OPENING_DOORS_SHORTEST_SECONDS": "5",
    "PASPOR_OPENING_SETTLE_SECONDS": "2",
    "PASPOR_OPENING_REVEAL_SECONDS": "2",
    "PASPOR_HOLD_SECONDS": "3600",
}


@dataclass
class _Run:
    """One opening: from how many processes, and how it went."""

    replicas: int
    callers: int
    tally: Tally = field(default_factory=Tally)
    oversold: int = 0
    drawn: bool = False
    admission_seconds: float = 0.0

    @property
    def in_time(self) -> float:
        answers = self.tally.all_durations
        return sum(seconds <= SECONDS_ALLOWED for seconds in answers) / len(answers)

    def row(self) -> tuple[str, ...]:
        outcomes = self.tally.outcomes
        shares = (f"{self.tally.share_ms(share):.0f}" for share in (0.5, 0.9, 0.99, 1.0))
        return (
            str(self.replicas),
            f"{self.callers:,}",
            f"{len(self.tally.all_durations):,}",
            f"{self.in_time:.2%}",
            *shares,
            str(outcomes["429"]),
            str(count_broken(self.tally)),
            f"{outcomes['seated']:,}",
            f"{outcomes['seated'] / self.admission_seconds:.0f}" if self.admission_seconds else "",
        )


def count_broken(tally: Tally) -> int:
    """Calls that were answered with a 5xx, or not at all."""
    return sum(count for word, count in tally.outcomes.items() if word.startswith("5") or word == NO_ANSWER)


async def measure(scale: float = 1.0) -> Table:
    """The same opening with one and with two processes; ``scale`` shrinks callers and seats."""
    wanted = max(20, round(CALLERS * scale))
    runs = [await _measure(replicas, wanted) for replicas in (1, 2)]
    worst = min(runs, key=lambda run: run.in_time)
    broken = sum(count_broken(run.tally) for run in runs)
    return Table(
        title="An opening",
        method=(
            f"{wanted:,} callers for {_seats(wanted):,} seats. Most take a ticket while the doors are open, "
            f"{LATE_SHARE:.0%} come within {RUSH_SECONDS:g} s after the instant; each looks when it is told to, holds "
            "a seat of a session by chance when let in, and measures every answer from its own side. Clients, "
            f"services, broker and database share {os.cpu_count()} cores. Draws that a stranger could do again: "
            f"{sum(run.drawn for run in runs)} of {len(runs)}."
        ),
        figures=(
            Figure(
                "seats.opening", worst.in_time, "share", target=1.0, why="answers within two seconds, the worse run"
            ),
            Figure("seats.opening_5xx", float(broken), "answers", target=0.5, less_is_better=True),
            Figure(
                "seats.opening_oversold",
                float(sum(run.oversold for run in runs)),
                "seats",
                target=0.5,
                less_is_better=True,
            ),
        ),
        columns=(
            *("processes", "callers", "answers", "within 2 s", "p50 ms", "p90 ms", "p99 ms", "longest ms"),
            *("429", "5xx", "seated", "seated/s"),
        ),
        rows=tuple(run.row() for run in runs),
    )


def _seats(callers: int) -> int:
    return max(HOT.seats, callers * SEATS // CALLERS)


async def _measure(replicas: int, callers: int) -> _Run:
    run = _Run(replicas, callers)
    extra = {"scheduling": SETTINGS | dict(stage.OPEN_LIMITS)}
    sessions = -(-_seats(callers) // HOT.seats)
    async with stage.suite(extra=extra, without=RESTING, replicas={"scheduling": replicas}) as running:
        client = connect(running.mongo_url)
        try:
            data = database(client, "paspor_scheduling")
            holders = await introduce(running, callers)
            session_ids = [await open_session(running, OFFICE, HOT, DAYS_AHEAD + n) for n in range(sessions)]
            names = ["scheduling", *(f"scheduling-{number}" for number in range(2, replicas + 1))]
            urls = [running.ports.url(name) for name in names]
            doors_seconds = max(6.0, callers * (1 - LATE_SHARE) / ARRIVALS_A_SECOND + 1)
            hall = await announce(running, urls, session_ids, doors_seconds)
            visitors = OpeningCallers(run.tally, hall, holders)
            await visitors.come(_arrivals(hall, callers), hall.doors_at + GIVE_UP)
            run.admission_seconds = visitors.admission_seconds
            run.drawn = await _drawn(hall)
            run.oversold = await count_oversold(data, session_ids, len(session_ids) * HOT.seats)
        finally:
            await disconnect(client)
    return run


def _arrivals(hall: Hall, callers: int) -> list[datetime]:
    """Most come at any time while the doors are open, the last within some seconds of the instant."""
    late, doors_seconds = round(callers * LATE_SHARE), (hall.closes_at - hall.doors_at).total_seconds() - 1
    early = [hall.doors_at + timedelta(seconds=random.random() * doors_seconds) for _ in range(callers - late)]
    return early + [hall.opens_at + timedelta(seconds=random.random() * RUSH_SECONDS) for _ in range(late)]


@dataclass(frozen=True)
class Hall:
    """An announced opening and where to ask for it."""

    urls: Sequence[str]
    opening_id: str
    session_ids: Sequence[str]
    doors_at: datetime
    closes_at: datetime
    opens_at: datetime


async def announce(
    running: stage.Running, urls: Sequence[str], session_ids: Sequence[str], doors_seconds: float
) -> Hall:
    """Announce an opening of these sessions whose doors open in three seconds and are open for so long."""
    doors_at = datetime.now(UTC) + timedelta(seconds=3)
    closes_at = doors_at + timedelta(seconds=doors_seconds)
    opens_at = closes_at + timedelta(seconds=DRAW_SECONDS)
    body = {
        "session_ids": list(session_ids),
        "doors_at": doors_at.isoformat(),
        "tickets_close_at": closes_at.isoformat(),
        "opens_at": opens_at.isoformat(),
    }
    made = await stage.post(f"{urls[0]}/v1/openings", stage.staff_token(running, Role.OFFICE_ADMIN, OFFICE), body)
    return Hall(urls, made["opening_id"], session_ids, doors_at, closes_at, opens_at)


class OpeningCallers:
    """Callers who each want a seat of an opening: a ticket, looks when they are told to, a hold when let in."""

    def __init__(self, tally: Tally, hall: Hall, holders: Holders) -> None:
        self._tally = tally
        self._hall = hall
        self._holders = holders
        self._last_seat_at = hall.opens_at
        self.came_at: list[datetime] = []
        """When each sent the first call."""

    @property
    def admission_seconds(self) -> float:
        """From the instant to the last hold; at least one."""
        return max(1.0, (self._last_seat_at - self._hall.opens_at).total_seconds())

    async def come(self, arrivals: Sequence[datetime], leave_at: datetime) -> None:
        """Each comes at their time and stays until they have a seat, can have none, or it is time to leave."""
        connector, begun = aiohttp.TCPConnector(limit=CONNECTIONS), time.monotonic()
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(self._caller(session, number, at, leave_at) for number, at in enumerate(arrivals)))
        self._tally.seconds = time.monotonic() - begun

    async def _caller(
        self, session: aiohttp.ClientSession, number: int, arrives_at: datetime, leave_at: datetime
    ) -> None:
        await _until(arrives_at)
        self.came_at.append(datetime.now(UTC))
        tickets = f"/v1/openings/{self._hall.opening_id}/tickets"
        wish = {"application_id": self._holders.people[number].application_id}
        status, place = await self._ask(session, number, "ticket", tickets, wish)
        while status in (200, 201, 429, 503) and datetime.now(UTC) < leave_at:
            if place.get("standing") in ("outside", "missed"):
                break
            if place.get("standing") == "admitted" and (end := await self._hold(session, number)):
                self._tally.outcomes[end] += 1
                return
            await _until(place.get("next_look_at"))
            path = f"{tickets}/{place['ticket_id']}" if "ticket_id" in place else tickets
            status, told = await self._ask(session, number, "look", path, None if "ticket_id" in place else wish)
            place = {**place, **told}
        self._tally.outcomes["unlucky"] += 1

    async def _hold(self, session: aiohttp.ClientSession, number: int) -> str:
        """Hold a seat of a session by chance; how it ended, empty if it is worth another try."""
        body = {
            "application_id": self._holders.people[number].application_id,
            "session_id": random.choice(self._hall.session_ids),
        }
        status, told = await self._ask(session, number, "hold", "/v1/appointments", body)
        if status == 201:
            self._last_seat_at = datetime.now(UTC)
            return "seated"
        return "sold out" if told.get("code") == "session_sold_out" and len(self._hall.session_ids) == 1 else ""

    async def _ask(
        self, session: aiohttp.ClientSession, number: int, name: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        """One call and its answer; where it is put off or lost, the time to ask again stands in the answer."""
        method, url = ("GET" if body is None else "POST"), random.choice(self._hall.urls) + path
        begun, status, told, wait = time.perf_counter(), 503, {}, 1.0
        try:
            async with session.request(method, url, json=body, headers=self._holders.headers(number)) as answer:
                told, status = await answer.json(), answer.status
                wait = float(answer.headers.get("Retry-After", wait))
            self._tally.outcomes[str(status)] += 1
        except (aiohttp.ClientError, TimeoutError, OSError):
            self._tally.outcomes[NO_ANSWER] += 1
        self._tally.took(name, time.perf_counter() - begun)
        if status in (429, 503):
            again = min(LARGEST_WAIT_SECONDS, wait) * (1 + random.random())
            return status, {"next_look_at": datetime.now(UTC) + timedelta(seconds=again)}
        return status, told


async def _until(moment: datetime | str | None) -> None:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is not None:
        await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


async def _drawn(hall: Hall) -> bool:
    """Whether a stranger finds the draw right."""
    url = f"{hall.urls[-1]}/v1/openings/{hall.opening_id}/record"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        record = await answer.read()
    stage.keep("draw.json", record)
    return draw.first_mistake(json.loads(record)) is None
