"""Ten times the normal load at an opening, for ten minutes over HTTP, with fewer seats than citizens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bench import openings, stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.load import Tally
from bench.seats import HOT, count_oversold, open_session
from shared.store.driver import connect, database, disconnect

NORMAL_A_SECOND: Final = 0.5
"""Citizens of the whole country who come for a seat: 3.1 million applications of a year (2017), 250 days of 8 hours."""

TIMES: Final = 10
MINUTES: Final = 10.0
DOORS_SHARE: Final = 0.1
"""Of the run until the tickets close; most come after the instant and stand behind those who were drawn."""

SEATS_SHARE: Final = 0.3
"""Seats for each citizen: more want one than can have one, which is when seats are sold twice."""

SLICES: Final = 10
ENOUGH: Final = 0.99
"""Of the citizens who should come in a slice of the run: the rest may be late by a moment at its border."""

RESTING: Final = ("application", "notification", "mail")
"""Billing and SIMPONI work: each hold asks for its code."""


async def measure(scale: float = 1.0) -> Table:
    """One opening on a fresh suite; ``scale`` shrinks its minutes, citizens and seats, never the rate."""
    rate, seconds = NORMAL_A_SECOND * TIMES, MINUTES * 60 * scale
    citizens = round(rate * seconds)
    plan = replace(HOT, seats=min(HOT.seats, max(1, round(citizens * SEATS_SHARE))))
    tally = Tally()
    extra = {"scheduling": openings.SETTINGS | dict(stage.OPEN_LIMITS)}
    async with stage.suite(extra=extra, without=RESTING) as running:
        client = connect(running.mongo_url)
        try:
            holders = await introduce(running, citizens, ("scheduling", "billing"))
            session_id = await open_session(running, openings.OFFICE, plan)
            doors_seconds = max(6.0, seconds * DOORS_SHARE)
            hall = await openings.announce(running, [running.url("scheduling")], [session_id], doors_seconds)
            arrivals = [hall.doors_at + timedelta(seconds=(number + 0.5) / rate) for number in range(citizens)]
            visitors = openings.OpeningCallers(tally, hall, holders)
            stay_seconds = max(seconds, 2 * doors_seconds + openings.DRAW_SECONDS)
            await visitors.come(arrivals, hall.doors_at + timedelta(seconds=stay_seconds))
            oversold = await count_oversold(database(client, "paspor_scheduling"), [session_id], plan.seats)
        finally:
            await disconnect(client)
    return make_table(tally, minutes_under_load(visitors.came_at, hall.doors_at, rate, seconds), oversold, plan.seats)


def minutes_under_load(came_at: Sequence[datetime], begun: datetime, rate: float, seconds: float) -> float:
    """Return for how many minutes citizens came at this rate a second: the slices of the run in which they did."""
    came = Counter(int((at - begun).total_seconds() / seconds * SLICES) for at in came_at)
    full = sum(came[number] >= ENOUGH * rate * seconds / SLICES for number in range(SLICES))
    return full * seconds / (SLICES * 60)


def make_table(tally: Tally, minutes: float, oversold: int, seats: int) -> Table:
    calls = len(tally.all_durations)
    return Table(
        title="Ten times the normal load at an opening",
        method=(
            f"{NORMAL_A_SECOND * TIMES:g} citizens a second come for {seats} seats of one office, {TIMES} times the "
            f"{NORMAL_A_SECOND:g} of a normal day of the whole country, from the opening of the doors on. Each takes a "
            "ticket, looks when told to and holds a seat when let in; those without a seat stay until the end. "
            f"Minutes count where at least {ENOUGH:.0%} of the citizens of that tenth of the run came in time; a call "
            f"without an answer counts as 5xx. {tally.outcomes['seated']} were seated, {tally.outcomes['sold out']} "
            f"came to a sold-out session, {tally.outcomes['unlucky']} still waited. One process of scheduling, billing "
            "and SIMPONI at work, one machine for all."
        ),
        figures=(
            Figure("opening_load.minutes", minutes, "min", target=MINUTES),
            Figure("opening_load.oversold", float(oversold), "seats", target=0.0, less_is_better=True),
            Figure(
                "opening_load.share_of_5xx",
                openings.count_broken(tally) / calls,
                "share",
                target=0.001,
                less_is_better=True,
            ),
            Figure("opening_load.p95", tally.share_ms(0.95) / 1000, "s"),
            Figure("opening_load.calls", calls / tally.seconds, "1/s"),
        ),
        columns=("call", "calls", "p50 ms", "p95 ms", "longest ms"),
        rows=tuple(tally.row(name, 0.5, 0.95, 1.0) for name in tally.durations),
    )
