"""An opening: many wait for many seats, through the waiting room, with one and with two processes of scheduling."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.load import Tally
from bench.seats import HOT
from bench.spread import RESTING
from local_suite.suite import Suite
from services.scheduling.applications import APPLICATION_COPY, ApplicationCopy
from services.scheduling.openings import draw
from shared.events.application import ApplicationSubmitted
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from shared.tokens import Role

CALLERS: Final = 10_000
SEATS: Final = 50_000
SCALE_VARIABLE: Final = "PASPOR_BENCH_OPENING_CALLERS"
"""Fewer callers, and seats in proportion, for a short run."""

OFFICE: Final = "jakarta-selatan"
LATE_SHARE: Final = 0.2
"""Callers who come after the tickets closed, all within a few seconds of the instant."""

ARRIVALS_A_SECOND: Final = 170
"""How fast callers come while the doors are open: ten thousand within a minute."""

RUSH_SECONDS: Final = 10.0
SECONDS_ALLOWED: Final = 2.0
CONNECTIONS: Final = 400
GIVE_UP_SECONDS: Final = 600.0
LARGEST_WAIT_SECONDS: Final = 60.0
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
    def answers(self) -> list[float]:
        return [each for several in self.tally.durations.values() for each in several]

    @property
    def in_time(self) -> float:
        answers = self.answers
        return sum(each <= SECONDS_ALLOWED for each in answers) / len(answers)

    @property
    def broken(self) -> int:
        return sum(count for word, count in self.tally.outcomes.items() if word.startswith("5"))

    def row(self) -> tuple[str, ...]:
        outcomes = self.tally.outcomes
        shares = (f"{self.tally.share_ms(share):.0f}" for share in (0.5, 0.9, 0.99, 1.0))
        return (
            str(self.replicas),
            f"{self.callers:,}",
            f"{len(self.answers):,}",
            f"{self.in_time:.2%}",
            *shares,
            str(outcomes["429"]),
            str(self.broken),
            f"{outcomes['seated']:,}",
            f"{outcomes['seated'] / self.admission_seconds:.0f}" if self.admission_seconds else "",
        )


async def measure(callers: int | None = None) -> Table:
    """The same opening with one and with two processes."""
    wanted = callers or int(os.environ.get(SCALE_VARIABLE, CALLERS))
    runs = [await _measure(replicas, wanted) for replicas in (1, 2)]
    worst = min(runs, key=lambda run: run.in_time)
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
            Figure(
                "seats.opening_5xx", float(sum(run.broken for run in runs)), "answers", target=0.5, less_is_better=True
            ),
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
    async with stage.suite(extra=extra, without=RESTING, replicas={"scheduling": replicas}) as running:
        client = connect(running.mongo_url)
        try:
            data = database(client, "paspor_scheduling")
            people = stage.submitted(callers)
            await _know(data, people)
            hall = await _announce(running, replicas, callers)
            crowd = _Crowd(run, hall, people, stage.tokens(running, (each.account_id for each in people)))
            await crowd.live()
            run.drawn = await _drawn(hall)
            run.oversold = await _oversold(data)
        finally:
            await disconnect(client)
    return run


async def _know(data: Any, people: Sequence[ApplicationSubmitted]) -> None:
    """Scheduling knows the applications, as if it had heard of them."""
    copies = [
        (each.application_id, ApplicationCopy(each.account_id, each.person_id, submitted=True)) for each in people
    ]
    await MongoStore(data, "bench").insert_missing(APPLICATION_COPY, copies, now=datetime.now(UTC))


@dataclass(frozen=True)
class _Hall:
    """An announced opening and where to ask for it."""

    urls: tuple[str, ...]
    opening_id: str
    session_ids: tuple[str, ...]
    doors_at: datetime
    closes_at: datetime
    opens_at: datetime


async def _announce(running: Suite, replicas: int, callers: int) -> _Hall:
    names = ["scheduling", *(f"scheduling-{number}" for number in range(2, replicas + 1))]
    urls = tuple(running.ports.url(name) for name in names)
    session_ids = tuple([await _open_session(running, days) for days in range(3, 3 + -(-_seats(callers) // HOT.seats))])
    doors_at = datetime.now(UTC) + timedelta(seconds=3)
    closes_at = doors_at + timedelta(seconds=max(6.0, callers * (1 - LATE_SHARE) / ARRIVALS_A_SECOND + 1))
    opens_at = closes_at + timedelta(seconds=8)
    body = {
        "session_ids": list(session_ids),
        "doors_at": doors_at.isoformat(),
        "tickets_close_at": closes_at.isoformat(),
        "opens_at": opens_at.isoformat(),
    }
    made = await _as_admin(running, f"{urls[0]}/v1/openings", body)
    return _Hall(urls, made["opening_id"], session_ids, doors_at, closes_at, opens_at)


async def _open_session(running: Suite, days: int) -> str:
    body = {
        "date": (date.today() + timedelta(days=days)).isoformat(),  # noqa: DTZ011 - any day ahead will do
        "start": HOT.start,
        "end": HOT.end,
        "booths": HOT.booths,
        "staff": HOT.booths,
        "service_minutes": HOT.service_minutes,
        "pools": {"regular": HOT.seats},
        "reason": "bench: long days, so that an opening has many seats",
    }
    opened = await _as_admin(running, f"{running.url('scheduling')}/v1/offices/{OFFICE}/sessions", body)
    return str(opened["session_id"])


async def _as_admin(running: Suite, url: str, body: Mapping[str, Any]) -> Any:
    token = stage.staff_token(running, Role.OFFICE_ADMIN, OFFICE)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        said = await answer.json()
        if answer.status >= 400:
            raise RuntimeError(f"{url}: {said}")
        return said


class _Crowd:
    """Everybody who wants a seat."""

    def __init__(self, run: _Run, hall: _Hall, people: Sequence[ApplicationSubmitted], tokens: Sequence[str]) -> None:
        self._run = run
        self._hall = hall
        self._people = people
        self._tokens = tokens
        self._last_seat_at = 0.0

    async def live(self) -> None:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        begun, in_seconds = time.monotonic(), (self._hall.opens_at - datetime.now(UTC)).total_seconds()
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.timeout(GIVE_UP_SECONDS):
            await asyncio.gather(*(self._caller(session, number) for number in range(len(self._people))))
        self._run.tally.seconds = time.monotonic() - begun
        self._run.admission_seconds = max(1.0, self._last_seat_at - begun - in_seconds)

    async def _caller(self, session: aiohttp.ClientSession, number: int) -> None:
        hall, late = self._hall, number >= len(self._people) * (1 - LATE_SHARE)
        comes = hall.opens_at if late else hall.doors_at
        spread = RUSH_SECONDS if late else (hall.closes_at - hall.doors_at).total_seconds() - 1
        await _until(comes + timedelta(seconds=random.random() * spread))
        tickets = f"/v1/openings/{hall.opening_id}/tickets"
        wish = {"application_id": self._people[number].application_id}
        status, place = await self._ask(session, number, "ticket", tickets, wish)
        while status == 201 or status == 200 or status in (429, 503):
            if place.get("standing") == "admitted" and await self._hold(session, number):
                return
            if place.get("standing") in ("outside", "missed"):
                break
            await _until(place.get("next_look_at"))
            path = f"{tickets}/{place['ticket_id']}" if "ticket_id" in place else tickets
            again = await self._ask(session, number, "look", path, None if "ticket_id" in place else wish)
            status, place = again[0], {**place, **again[1]}
        self._run.tally.outcomes["unlucky"] += 1

    async def _hold(self, session: aiohttp.ClientSession, number: int) -> bool:
        body = {
            "application_id": self._people[number].application_id,
            "session_id": random.choice(self._hall.session_ids),
        }
        status, _ = await self._ask(session, number, "hold", "/v1/appointments", body)
        if status != 201:
            return False
        self._run.tally.outcomes["seated"] += 1
        self._last_seat_at = time.monotonic()
        return True

    async def _ask(
        self, session: aiohttp.ClientSession, number: int, name: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        headers = {
            "Authorization": f"Bearer {self._tokens[number]}",
            "X-Forwarded-For": f"10.{5 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        method, url = ("GET" if body is None else "POST"), random.choice(self._hall.urls) + path
        begun = time.perf_counter()
        async with session.request(method, url, json=body, headers=headers) as answer:
            said = await answer.json()
        self._run.tally.took(name, time.perf_counter() - begun)
        self._run.tally.outcomes[str(answer.status)] += 1
        if answer.status in (429, 503):
            wait = min(LARGEST_WAIT_SECONDS, float(answer.headers.get("Retry-After", 1)))
            return answer.status, {"next_look_at": datetime.now(UTC) + timedelta(seconds=wait * (1 + random.random()))}
        return answer.status, said


async def _until(moment: datetime | str | None) -> None:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is not None:
        await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


async def _drawn(hall: _Hall) -> bool:
    """Whether a stranger finds the draw right."""
    url = f"{hall.urls[-1]}/v1/openings/{hall.opening_id}/record"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        record = await answer.read()
    stage.keep("draw.json", record)
    return draw.first_mistake(json.loads(record)) is None


async def _oversold(data: Any) -> int:
    """Seats that more than one live appointment names."""
    named = [row["state"]["slot"]["seat_id"] async for row in data.appointment.find({"state.live": True})]
    return len(named) - len(set(named))
