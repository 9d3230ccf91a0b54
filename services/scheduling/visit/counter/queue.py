"""The queue at the counter of one office on one day: lanes, calls, the next number, and waiting times.

Numbers only, no names. All of a day's queue is one document, so that two officers never call the same number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from shared.store.transitions import IllegalTransition, Transitions

MOST_VISITORS: Final = 2000
"""Of one office and day: seven times the largest published daily quota; one document holds them."""

CALLS_BEFORE_MISSED: Final = 2
"""A number must have been called this often before it may be marked as missed."""

COMMANDS_KEPT: Final = 64
"""Commands that are remembered: some minutes of a busy hall, far above any retry."""

SHOWN_CALLS: Final = 12
"""Numbers on the public display: what fits on a screen that is read from across a hall."""


class Lane(StrEnum):
    """Where a visitor queues."""

    __schema_name__ = "QueueLane"

    PRIORITY = "priority"
    """The elderly, people with disabilities, pregnant women, infants."""
    BOOKED = "booked"
    WALK_IN = "walk_in"


class VisitorState(StrEnum):
    """The states of a visitor."""

    WAITING = "waiting"
    CALLED = "called"
    PARKED = "parked"
    """Away for a while, for a photocopy or a payment; keeps the place."""
    MISSED = "missed"
    SERVED = "served"


class CounterCommand(StrEnum):
    """The commands of an officer for a number."""

    CALL = "call"
    RECALL = "recall"
    SERVE = "serve"
    PARK = "park"
    RESUME = "resume"
    MISS = "miss"


COUNTER_TRANSITIONS: Final = Transitions(
    {
        (VisitorState.WAITING, CounterCommand.CALL): VisitorState.CALLED,
        (VisitorState.WAITING, CounterCommand.PARK): VisitorState.PARKED,
        (VisitorState.CALLED, CounterCommand.RECALL): VisitorState.CALLED,
        (VisitorState.CALLED, CounterCommand.SERVE): VisitorState.SERVED,
        (VisitorState.CALLED, CounterCommand.PARK): VisitorState.PARKED,
        (VisitorState.CALLED, CounterCommand.MISS): VisitorState.MISSED,
        (VisitorState.PARKED, CounterCommand.RESUME): VisitorState.WAITING,
        (VisitorState.MISSED, CounterCommand.RESUME): VisitorState.WAITING,
    }
)

WHEEL: Final = (Lane.PRIORITY, Lane.BOOKED, Lane.BOOKED, Lane.PRIORITY, Lane.BOOKED, Lane.WALK_IN)
"""Lanes in the order of calls; an empty lane is passed over. Priority gets a third and is never more than two calls
away, bookings half, and a walk-in waits for five calls at most: no lane starves."""


class CounterFull(Exception):
    """The day's queue holds as many visitors as it may."""


@dataclass(frozen=True)
class Visitor:
    """One number in the queue."""

    visit_id: str
    """The appointment."""
    number: str
    lane: Lane
    place: VisitorState
    arrived_at: datetime
    order: datetime
    """The order within the lane: the start of the booked session for bookings, so that early visitors of a later
    session do not overtake; the arrival for others."""
    called_at: datetime | None = None
    booth: str | None = None
    calls: int = 0
    served_at: datetime | None = None


@dataclass(frozen=True)
class CounterDay:
    """The queue of one office on one day."""

    office_id: str
    day: date
    visitors: Mapping[str, Visitor] = field(default_factory=dict)
    turn: int = 0
    """Where the wheel stands."""
    commands: tuple[tuple[str, str], ...] = ()
    """The newest commands of officers and the visit each was about, so that a repeat calls no visitor twice."""


def joined(day: CounterDay, visitor: Visitor) -> CounterDay:
    """Return the queue with one more visitor; one who is in it already stays unchanged.

    Raises:
        CounterFull: it holds :data:`MOST_VISITORS`.
    """
    if visitor.visit_id in day.visitors:
        return day
    if len(day.visitors) >= MOST_VISITORS:
        raise CounterFull
    return replace(day, visitors={**day.visitors, visitor.visit_id: visitor})


def in_lane(day: CounterDay, visit_id: str, lane: Lane, order: datetime) -> CounterDay:
    """Return the queue with a visitor in another lane; one who was called already stays unchanged."""
    visitor = day.visitors[visit_id]
    if visitor.place not in (VisitorState.WAITING, VisitorState.PARKED, VisitorState.MISSED):
        return day
    return _with(day, replace(visitor, lane=lane, order=order))


def without(day: CounterDay, visit_id: str) -> CounterDay:
    """Return the queue without a visitor whose visit does not count; one who was called or served stays in it."""
    visitor = day.visitors.get(visit_id)
    if visitor is None or visitor.place not in (VisitorState.WAITING, VisitorState.PARKED, VisitorState.MISSED):
        return day
    return replace(day, visitors={key: visitor for key, visitor in day.visitors.items() if key != visit_id})


def waiting(day: CounterDay, lane: Lane | None = None) -> list[Visitor]:
    """Return the waiting visitors of a lane in order."""
    found = [
        visitor
        for visitor in day.visitors.values()
        if visitor.place is VisitorState.WAITING and (lane is None or visitor.lane is lane)
    ]
    return sorted(found, key=lambda visitor: (visitor.order, visitor.arrived_at, visitor.number))


def next_of(day: CounterDay) -> tuple[Visitor, int] | None:
    """Return the visitor to call next and the wheel's new position; None if the queue is empty."""
    first = {lane: next(iter(waiting(day, lane)), None) for lane in Lane}
    for step in range(len(WHEEL)):
        turn = (day.turn + step) % len(WHEEL)
        visitor = first[WHEEL[turn]]
        if visitor is not None:
            return visitor, (turn + 1) % len(WHEEL)
    return None


def line(day: CounterDay) -> list[Visitor]:
    """Return the waiting visitors in the order in which they are called if no other comes."""
    queues = {lane: waiting(day, lane) for lane in Lane}
    ordered: list[Visitor] = []
    turn = day.turn
    while any(queues.values()):
        lane = WHEEL[turn % len(WHEEL)]
        turn += 1
        if queues[lane]:
            ordered.append(queues[lane].pop(0))
    return ordered


def called_next(day: CounterDay, booth: str, now: datetime) -> tuple[CounterDay, Visitor] | None:
    """Return the queue and the visitor after the next number is called to a booth; None if no visitor waits."""
    found = next_of(day)
    if found is None:
        return None
    visitor, turn = found
    called = replace(
        visitor,
        place=COUNTER_TRANSITIONS.after(visitor.place, CounterCommand.CALL),
        called_at=now,
        booth=booth,
        calls=visitor.calls + 1,
    )
    return replace(_with(day, called), turn=turn), called


def changed(day: CounterDay, visit_id: str, command: CounterCommand, now: datetime) -> CounterDay:
    """Return the queue after an officer's command for a number.

    Raises:
        KeyError: no visitor has this id.
        IllegalTransition: the command is not allowed, or the number was not called often enough to be missed.
    """
    visitor = day.visitors[visit_id]
    place = COUNTER_TRANSITIONS.after(visitor.place, command)
    if command is CounterCommand.MISS and visitor.calls < CALLS_BEFORE_MISSED:
        raise IllegalTransition(visitor.place, command)
    if command is CounterCommand.RECALL:
        return _with(day, replace(visitor, called_at=now, calls=visitor.calls + 1))
    if command is CounterCommand.SERVE:
        return _with(day, replace(visitor, place=place, served_at=now))
    return _with(day, replace(visitor, place=place, booth=None))


@dataclass(frozen=True)
class Wait:
    """Estimated wait: how many visitors are called before, and about how many minutes that takes."""

    ahead: int
    minutes: int


def waits(day: CounterDay, *, booths: int, service_minutes: int) -> Mapping[str, Wait]:
    """Return the estimated waiting time of each visitor in the queue: whole rounds of the booths, rounded down."""
    abreast = max(1, booths)
    return {
        visitor.visit_id: Wait(ahead, ahead // abreast * service_minutes) for ahead, visitor in enumerate(line(day))
    }


def wait_of_office(day: CounterDay, *, booths: int, service_minutes: int) -> Wait:
    """Return the estimated wait of a visitor who arrives now."""
    ahead = len(waiting(day))
    return Wait(ahead, ahead // max(1, booths) * service_minutes)


def on_display(day: CounterDay) -> Sequence[Visitor]:
    """Return the called numbers for the public display, newest call first."""
    called = [visitor for visitor in day.visitors.values() if visitor.place is VisitorState.CALLED]
    return sorted(called, key=lambda visitor: (visitor.called_at or visitor.arrived_at, visitor.number), reverse=True)[
        :SHOWN_CALLS
    ]


def remembered(day: CounterDay, command_id: str, visit_id: str) -> CounterDay:
    """Return the queue that remembers the command."""
    return replace(day, commands=(*day.commands, (command_id, visit_id))[-COMMANDS_KEPT:])


def visit_of(day: CounterDay, command_id: str) -> str | None:
    """Return the visit that the command was about if it took effect before, or None."""
    return next((visit_id for known, visit_id in day.commands if known == command_id), None)


def _with(day: CounterDay, visitor: Visitor) -> CounterDay:
    return replace(day, visitors={**day.visitors, visitor.visit_id: visitor})
