"""Papers read beside the rush for seats: the cost of ten uploads for those who hold, and when all are judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from bench import journeys, stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.seats import CALLERS, DAYS_AHEAD, HOT, count_oversold, open_session, timed
from journeys.citizen import Citizen
from journeys.papers import draw_paper_for
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite.suite import Suite
from shared.store.driver import connect, database, disconnect

UPLOADS: Final = 10
PAIRS: Final = 3
OFFICE: Final = "jakarta-selatan"
PAPER: Final = "ktp"
MOST_LOST: Final = 0.15
LONGEST_SECONDS: Final = 90.0
SETTINGS: Final = {
    **journeys.SETTINGS,
    "application": {**journeys.SETTINGS["application"], "PASPOR_PAPERS_READING": "wanted"},
    "scheduling": {**journeys.SETTINGS["scheduling"], "PASPOR_HORIZON_DAYS": "30"},
}


@dataclass
class Seen:
    """Holds a second of each window, and how long the last of the uploads beside one took to its verdict."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    verdict_seconds: list[float] = field(default_factory=list)
    oversold: int = 0


async def measure(uploads: int = UPLOADS, pairs: int = PAIRS, seats: int = HOT.seats, scale: float = 1.0) -> Table:
    """Measure on a fresh suite whose papers are read; ``scale`` shrinks the seats of a window."""
    seats, seen = max(CALLERS, round(seats * scale)), Seen()
    async with stage.suite(extra=SETTINGS) as running:
        client = connect(running.mongo_url)
        ways = Ways(stage.addresses(running), Reporter(quiet=True))
        try:
            citizens = [await _applicant(ways, number) for number in range(uploads)]
            papers = [await asyncio.to_thread(draw_paper_for, PAPER, citizen.person) for citizen in citizens]
            for pair in range(pairs):
                seen.alone.append(await _rush(running, client, seen, 2 * pair, seats))
                sending = asyncio.create_task(_send_all(citizens, papers))
                seen.beside.append(await _rush(running, client, seen, 2 * pair + 1, seats))
                seen.verdict_seconds.append(await sending)
        finally:
            await ways.close()
            await disconnect(client)
    return make_table(uploads, seats, seen)


def make_table(uploads: int, seats: int, seen: Seen) -> Table:
    """The share of holds that is lost beside the uploads, and the longest wait for the last verdict."""
    alone, beside = sum(seen.alone) / len(seen.alone), sum(seen.beside) / len(seen.beside)
    return Table(
        title="Papers read beside the rush for seats",
        method=(
            f"{CALLERS} callers hold {seats} seats of one session, as in the table of one hot session, all services "
            f"running, {len(seen.alone)} times alone, and as often while {uploads} citizens upload a picture of 3 "
            "megapixels at the start and wait for the machine's verdict. The verdicts' time ends with the last of them."
        ),
        figures=(
            Figure("papers.hold_loss", 1.0 - beside / alone, "share", target=MOST_LOST, less_is_better=True),
            Figure("papers.all_judged", max(seen.verdict_seconds), "s", target=LONGEST_SECONDS, less_is_better=True),
            Figure("papers.hold_oversold", float(seen.oversold), "seats", target=0.5, less_is_better=True),
        ),
        columns=("windows", "holds/s"),
        rows=(("alone", f"{alone:.0f}"), ("beside uploads", f"{beside:.0f}")),
    )


async def _applicant(ways: Ways, number: int) -> Citizen:
    """Return a citizen whose application asks for papers."""
    citizen = await ways.newcomer(f"10.2.0.{number + 1}")
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer_questionnaire()
    return citizen


async def _send_all(citizens: Sequence[Citizen], papers: Sequence[bytes]) -> float:
    """Upload one paper each at once; return the seconds until the last has its verdict."""
    begun = time.perf_counter()
    await asyncio.gather(*(citizen.upload(PAPER, paper) for citizen, paper in zip(citizens, papers, strict=True)))
    return time.perf_counter() - begun


async def _rush(running: Suite, client: Any, seen: Seen, number: int, seats: int) -> float:
    """Hold all seats of a new session; return how many a second."""
    holders = await introduce(running, seats)
    session_id = await open_session(running, OFFICE, HOT, DAYS_AHEAD + number)
    url = f"{running.url('scheduling')}/v1/appointments"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS)) as session:
        await timed(CALLERS, seats, lambda person: holders.read_appointments(session, url, person))
        rate = await timed(CALLERS, seats, lambda person: holders.win(session, url, person, session_id))
    seen.oversold += await count_oversold(database(client, "paspor_scheduling"), [session_id], seats)
    return rate
