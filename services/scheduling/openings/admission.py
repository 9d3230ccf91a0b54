"""Admission of a line at the rate at which seats are served: numbers only, one step per tick.

Each ticket in line has a number. Numbers below ``admitted`` may hold a seat for a while; for numbers below ``lapsed``
that while is over. In between are the people inside. As many are admitted as the room inside has places; the room
grows by one for each person served and shrinks while no one is, so that the line follows what the service gets done.
The pace (admissions per second) rises slowly and is halved whenever a tick comes late: a busy service ticks late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

RATE_MEMORY_SECONDS: Final = 20.0
"""Time constant of the measured rate: about as long as a person near the front waits."""

BATCH_SECONDS: Final = 5
"""Admissions within this time share one batch, which keeps the list short."""


@dataclass(frozen=True)
class AdmissionRules:
    """Limits of admission; the values are settings of the process."""

    admission_seconds: int = 300
    """How long an admitted person may hold a seat."""
    room_smallest: int = 100
    """People inside at first, and at least."""
    room_largest: int = 5000
    """People inside at most: they look around for a minute or two each, at a few calls each."""
    a_second_most: int = 150
    """People let in per second at most; a little below what one hot session was measured to serve."""
    pace_first: float = 30.0
    """People let in per second at first; what is not known to be possible is not promised."""
    pace_smallest: float = 5.0
    pace_step: float = 10.0
    """The pace rises by so much with each tick that comes in time."""
    late_seconds: float = 0.5
    """A tick that comes so late halves the pace: the service has more to do than it can."""
    stall_seconds: int = 15
    """A full room in which no one is served for so long is halved."""
    tick_seconds: float = 1.0
    idle_tick_seconds: float = 5.0
    """Interval of ticks of a line that is empty or for which no seat is free."""


@dataclass(frozen=True)
class Batch:
    """People admitted at about the same moment: the numbers below ``below`` that no earlier batch has."""

    below: int
    at: datetime


@dataclass(frozen=True)
class Line:
    """How far the line has come."""

    admitted: int = 0
    lapsed: int = 0
    batches: tuple[Batch, ...] = ()
    served_before: int = 0
    """People below ``lapsed`` that got a seat; those above are counted from their tickets."""
    total: int = 0
    """Numbers that were given out, at the last tick."""
    room: int = 0
    pace: float = 0.0
    a_second: float = 0.0
    """People let in per second, lately."""
    ticked_at: datetime | None = None
    served: int = 0
    served_at: datetime | None = None
    """When a person was last served."""
    active_at: datetime | None = None
    """When a person was last inside or waiting."""


@dataclass(frozen=True)
class Census:
    """The counts of one tick."""

    total: int
    served_lapsing: int
    """Served among those whose time is over with this tick."""
    served_inside: int
    free: int
    """Free seats, for those inside too."""
    late_seconds: float = 0.0
    """How long after its time the tick came."""


def lapsing(line: Line, now: datetime, rules: AdmissionRules) -> int:
    """Return the number below which every admission is over by now."""
    over = now - timedelta(seconds=rules.admission_seconds)
    return max((batch.below for batch in line.batches if batch.at <= over), default=line.lapsed)


def admitted_until(line: Line, number: int, rules: AdmissionRules) -> datetime | None:
    """Return until when the holder of this number may hold a seat; None if not admitted yet, or not any more."""
    if not line.lapsed <= number < line.admitted:
        return None
    at = next(batch.at for batch in line.batches if number < batch.below)
    return at + timedelta(seconds=rules.admission_seconds)


def ticked(line: Line, census: Census, now: datetime, rules: AdmissionRules) -> Line:
    """Return the line after a tick: some admissions are over, others begin."""
    lapsed = lapsing(line, now, rules)
    served_before = line.served_before + census.served_lapsing
    served = served_before + census.served_inside
    inside = line.admitted - lapsed - census.served_inside
    anybody_served = served > line.served
    served_at = now if anybody_served or line.served_at is None or inside == 0 else line.served_at
    room, served_at = _room(line, served - line.served, inside, served_at, now, rules)
    elapsed = _elapsed_seconds(line, now, rules)
    pace = _pace(line, census.late_seconds, rules)
    let_in = max(0, min(room - inside, census.free - inside, census.total - line.admitted, int(pace * elapsed)))
    admitted = line.admitted + let_in
    busy = inside > 0 or admitted > line.admitted or census.total > admitted or _slept(line, now, rules)
    return replace(
        line,
        admitted=admitted,
        lapsed=lapsed,
        batches=_batches(line.batches, admitted, lapsed, let_in, now),
        served_before=served_before,
        total=census.total,
        room=room,
        pace=pace,
        a_second=_rate(line, let_in, elapsed),
        ticked_at=now,
        served=served,
        served_at=served_at,
        active_at=now if busy else line.active_at,
    )


def next_tick(line: Line, now: datetime, rules: AdmissionRules) -> datetime:
    """Return the time of the line's next tick."""
    waits = line.total > line.admitted and line.a_second > 0
    return now + timedelta(seconds=rules.tick_seconds if waits else rules.idle_tick_seconds)


def is_over(line: Line, now: datetime, rules: AdmissionRules) -> bool:
    """Return whether the line and the room have been empty for as long as an admission lasts."""
    return line.active_at is not None and now - line.active_at >= timedelta(seconds=rules.admission_seconds)


def _slept(line: Line, now: datetime, rules: AdmissionRules) -> bool:
    """Return whether ticks were missed for a while: that time does not count as quiet."""
    return line.ticked_at is None or now - line.ticked_at > timedelta(seconds=3 * rules.idle_tick_seconds)


def _room(
    line: Line, newly_served: int, inside: int, served_at: datetime, now: datetime, rules: AdmissionRules
) -> tuple[int, datetime]:
    """Return the room and since when it is watched for a stall; a halved room has as long again before the next."""
    room = max(line.room, rules.room_smallest)
    if newly_served > 0:
        return min(rules.room_largest, room + newly_served), served_at
    stalled = inside >= room and now - served_at >= timedelta(seconds=rules.stall_seconds)
    return (max(rules.room_smallest, room // 2), now) if stalled else (room, served_at)


def _elapsed_seconds(line: Line, now: datetime, rules: AdmissionRules) -> float:
    """Return the time since the last tick, at most an idle interval: a line that stood still does not rush then."""
    if line.ticked_at is None:
        return rules.tick_seconds
    return min(max((now - line.ticked_at).total_seconds(), 0.0), rules.idle_tick_seconds)


def _pace(line: Line, late_seconds: float, rules: AdmissionRules) -> float:
    if line.ticked_at is None:
        return min(rules.pace_first, float(rules.a_second_most))
    if late_seconds >= rules.late_seconds:
        return max(rules.pace_smallest, line.pace / 2)
    return min(float(rules.a_second_most), line.pace + rules.pace_step)


def _rate(line: Line, let_in: int, elapsed: float) -> float:
    if elapsed <= 0:
        return line.a_second
    weight = 1.0 if line.ticked_at is None else min(1.0, elapsed / RATE_MEMORY_SECONDS)
    return (1 - weight) * line.a_second + weight * let_in / elapsed


def _batches(batches: Sequence[Batch], admitted: int, lapsed: int, let_in: int, now: datetime) -> tuple[Batch, ...]:
    kept = [batch for batch in batches if batch.below > lapsed]
    if not let_in:
        return tuple(kept)
    if kept and now - kept[-1].at < timedelta(seconds=BATCH_SECONDS):
        kept[-1] = replace(kept[-1], below=admitted)
    else:
        kept.append(Batch(admitted, now))
    return tuple(kept)
