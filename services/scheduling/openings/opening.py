"""An opening: the instant from which some sessions' seats are given out, and the line in front of it.

Those who took a ticket while the doors were open are drawn; those who come later stand behind them in the order of
their coming.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduling.openings import admission
from services.scheduling.openings.admission import AdmissionRules, Line
from shared.store.transitions import Transitions

MOST_PRESENT: Final = 100_000
"""Tickets that are drawn; the largest office has 285 seats a day, an opening of a month below 10,000. Further tickets
stand in line behind them."""

FURTHEST_DAYS: Final = 92
"""How far ahead an opening is announced: about a quarter."""

TICKETS_KEPT_DAYS: Final = 30
"""How long tickets stay after the end of their opening, for questions about a place in line. The public record, with
which the draw can be repeated, stays for ever."""

FORGOTTEN_AT_ONCE: Final = 500
"""Tickets removed in one go: half a second of a quiet night; the rest follow."""

LONGEST_DOORS_SECONDS: Final = 24 * 3600
LONGEST_OPENING_SECONDS: Final = 7 * 24 * 3600


class OpeningStatus(StrEnum):
    """The states of an opening."""

    ANNOUNCED = "announced"
    DOORS_OPEN = "doors_open"
    """Tickets taken now are drawn."""
    CLOSED = "closed"
    """The list of those who are drawn is fixed and its root is public; the seed is not shown yet."""
    DRAWN = "drawn"
    ADMITTING = "admitting"
    OVER = "over"
    """The seats that are left need no ticket."""
    CALLED_OFF = "called_off"


class OpeningCommand(StrEnum):
    """The commands of an opening."""

    OPEN_DOORS = "open_doors"
    CLOSE = "close"
    DRAW = "draw"
    BEGIN = "begin"
    END = "end"
    CALL_OFF = "call_off"


OPENING_TRANSITIONS: Final = Transitions(
    {
        (OpeningStatus.ANNOUNCED, OpeningCommand.OPEN_DOORS): OpeningStatus.DOORS_OPEN,
        (OpeningStatus.ANNOUNCED, OpeningCommand.CALL_OFF): OpeningStatus.CALLED_OFF,
        (OpeningStatus.DOORS_OPEN, OpeningCommand.CLOSE): OpeningStatus.CLOSED,
        (OpeningStatus.CLOSED, OpeningCommand.DRAW): OpeningStatus.DRAWN,
        (OpeningStatus.DRAWN, OpeningCommand.BEGIN): OpeningStatus.ADMITTING,
        (OpeningStatus.ADMITTING, OpeningCommand.END): OpeningStatus.OVER,
    }
)

INITIAL: Final = frozenset({OpeningStatus.ANNOUNCED})

ENDED: Final = frozenset({OpeningStatus.OVER, OpeningStatus.CALLED_OFF})

TAKES_PRESENT: Final = frozenset({OpeningStatus.ANNOUNCED, OpeningStatus.DOORS_OPEN})
"""The doors open by the clock: a deadline that is a moment late refuses no ticket."""

IN_DRAW: Final = TAKES_PRESENT | {OpeningStatus.CLOSED}


@dataclass(frozen=True)
class OpeningRules:
    """Durations of openings; the values are settings of the process."""

    doors_shortest_seconds: int = 300
    """How long the doors are open at least, so that being there is no race."""
    settle_seconds: int = 3
    """From the end of the tickets to the fixing of the list: requests under way arrive, clocks differ by a second."""
    reveal_seconds: int = 10
    """From the root to the seed: the root can be copied before the order can be known."""
    opening_seconds: int = 4 * 3600
    """How long tickets are asked for after the instant, unless the line ends before."""
    admission: AdmissionRules = field(default_factory=AdmissionRules)


@dataclass(frozen=True)
class OpeningPlan:
    """The plan of an opening."""

    office_id: str
    session_ids: tuple[str, ...]
    doors_at: datetime
    tickets_close_at: datetime
    opens_at: datetime


@dataclass(frozen=True)
class Opening:
    """The state of one opening."""

    status: OpeningStatus
    live: bool
    office_id: str
    session_ids: tuple[str, ...]
    doors_at: datetime
    tickets_close_at: datetime
    opens_at: datetime
    ends_at: datetime
    announced_at: datetime
    announced_by: str
    seed_commitment: str
    sealed_seed: str
    seed: str | None = None
    """Shown from the draw on."""
    root: str | None = None
    present: int = 0
    """Tickets that were drawn; later ones have the numbers from there on."""
    seats: int = 0
    """Seats that were free when the line was let in."""
    fix_at: datetime | None = None
    """When the list is fixed: the end of the tickets and a moment."""
    draw_at: datetime | None = None
    tick_at: datetime | None = None
    line: Line = field(default_factory=Line)
    late_kept: bool = False
    """The list of late tickets is stored with the fixed list: the record needs no ticket any more."""
    forgotten_at: datetime | None = None
    """When the last ticket was removed."""


class OpeningProblem(StrEnum):
    """Why an opening cannot be announced so."""

    DOORS_IN_THE_PAST = "doors_in_the_past"
    DOORS_OPEN_TOO_SHORT = "doors_open_too_short"
    DOORS_OPEN_TOO_LONG = "doors_open_too_long"
    CLOSES_AFTER_IT_OPENS = "closes_after_it_opens"
    TOO_FAR_AHEAD = "too_far_ahead"


def plan_problem(plan: OpeningPlan, now: datetime, rules: OpeningRules) -> OpeningProblem | None:
    """Return why this cannot be announced now, or None."""
    doors = plan.tickets_close_at - plan.doors_at
    problems = {
        OpeningProblem.DOORS_IN_THE_PAST: plan.doors_at <= now,
        OpeningProblem.DOORS_OPEN_TOO_SHORT: doors < timedelta(seconds=rules.doors_shortest_seconds),
        OpeningProblem.DOORS_OPEN_TOO_LONG: doors > timedelta(seconds=LONGEST_DOORS_SECONDS),
        OpeningProblem.CLOSES_AFTER_IT_OPENS: plan.tickets_close_at > plan.opens_at,
        OpeningProblem.TOO_FAR_AHEAD: plan.opens_at > now + timedelta(days=FURTHEST_DAYS),
    }
    return next((problem for problem, found in problems.items() if found), None)


def announced(
    plan: OpeningPlan, *, by: str, seed_commitment: str, sealed_seed: str, now: datetime, rules: OpeningRules
) -> Opening:
    """Return the opening of a plan; its seed is chosen already, and sealed."""
    return Opening(
        status=OpeningStatus.ANNOUNCED,
        live=True,
        office_id=plan.office_id,
        session_ids=plan.session_ids,
        doors_at=plan.doors_at,
        tickets_close_at=plan.tickets_close_at,
        opens_at=plan.opens_at,
        ends_at=plan.opens_at + timedelta(seconds=rules.opening_seconds),
        announced_at=now,
        announced_by=by,
        seed_commitment=seed_commitment,
        sealed_seed=sealed_seed,
        fix_at=plan.tickets_close_at + timedelta(seconds=rules.settle_seconds),
    )


def doors_opened(opening: Opening) -> Opening:
    """Return the opening with its doors open: tickets are given out."""
    return replace(opening, status=OPENING_TRANSITIONS.after(opening.status, OpeningCommand.OPEN_DOORS))


def closed(opening: Opening, *, root: str, present: int, now: datetime, rules: OpeningRules) -> Opening:
    """Return the opening with its list fixed and its root public."""
    status = OPENING_TRANSITIONS.after(opening.status, OpeningCommand.CLOSE)
    draw_at = now + timedelta(seconds=rules.reveal_seconds)
    return replace(opening, status=status, root=root, present=present, draw_at=draw_at)


def drawn(opening: Opening, seed: str) -> Opening:
    """Return the opening with its seed shown; with the list it gives the order."""
    status = OPENING_TRANSITIONS.after(opening.status, OpeningCommand.DRAW)
    return replace(opening, status=status, seed=seed, line=replace(opening.line, total=opening.present))


def begun(opening: Opening, seats: int, now: datetime) -> Opening:
    """Return the opening at its instant: the line is admitted from now on."""
    return replace(
        opening, status=OPENING_TRANSITIONS.after(opening.status, OpeningCommand.BEGIN), seats=seats, tick_at=now
    )


def advanced(opening: Opening, line: Line, now: datetime, rules: OpeningRules) -> Opening:
    """Return the opening after a tick of its line; it is over at its end, or when its line is (`admission.is_over`)."""
    if now >= opening.ends_at or admission.is_over(line, now, rules.admission):
        status = OPENING_TRANSITIONS.after(opening.status, OpeningCommand.END)
        return replace(opening, status=status, live=False, line=line, tick_at=None)
    return replace(opening, line=line, tick_at=admission.next_tick(line, now, rules.admission))


def called_off(opening: Opening) -> Opening:
    """Return the opening called off; possible until the doors open."""
    return replace(opening, status=OPENING_TRANSITIONS.after(opening.status, OpeningCommand.CALL_OFF), live=False)


def opening_deadlines(opening: Opening) -> Mapping[str, datetime]:
    """Return the next deadline of the opening; it has one at a time."""
    of_status = {
        OpeningStatus.ANNOUNCED: ("doors", opening.doors_at),
        OpeningStatus.DOORS_OPEN: ("close", opening.fix_at),
        OpeningStatus.CLOSED: ("draw", opening.draw_at),
        OpeningStatus.DRAWN: ("begin", opening.opens_at),
        OpeningStatus.ADMITTING: ("admit", opening.tick_at),
    }
    if opening.status in ENDED and opening.forgotten_at is None:
        return {"forget": forget_at(opening)}
    name, at = of_status.get(opening.status, ("", None))
    return {} if at is None else {name: at}


def forget_at(opening: Opening) -> datetime:
    """Return when the tickets of an opening that ended may be removed."""
    return opening.ends_at + timedelta(days=TICKETS_KEPT_DAYS)


def late_list_kept(opening: Opening) -> Opening:
    """Return the opening once its public record needs no tickets."""
    return replace(opening, late_kept=True)


def forgotten(opening: Opening, now: datetime) -> Opening:
    """Return the opening once its last ticket is removed."""
    return replace(opening, forgotten_at=now)


def takes_present(opening: Opening, now: datetime) -> bool:
    """Return whether a ticket taken now is drawn."""
    return opening.status in TAKES_PRESENT and opening.doors_at <= now < opening.tickets_close_at


@dataclass(frozen=True)
class OpeningTicket:
    """One person's place in front of one opening."""

    opening_id: str
    person_id: str
    application_id: str
    account_id: str
    salt: str
    commitment: str
    taken_at: datetime
    late: bool = False
    """Came after the tickets closed, or came back after missing a turn."""
    late_number: int = 0
    served: bool = False
    served_number: int = 0
    appointment_id: str | None = None


def joined_late(ticket: OpeningTicket, late_number: int) -> OpeningTicket:
    """Return the ticket at the end of the line."""
    return replace(ticket, late=True, late_number=late_number, served=False, appointment_id=None)


def served(ticket: OpeningTicket, number: int, appointment_id: str) -> OpeningTicket:
    """Return the ticket, after its holder won a seat."""
    return replace(ticket, served=True, served_number=number, appointment_id=appointment_id)


class TicketStanding(StrEnum):
    """The states of a ticket."""

    IN_DRAW = "in_draw"
    OUTSIDE = "outside"
    """The list was fixed without this ticket, or the opening is over and no ticket is needed any more."""
    WAITING = "waiting"
    ADMITTED = "admitted"
    SERVED = "served"
    MISSED = "missed"
    """The time to hold a seat is over; the holder may take a place at the end of the line."""


def number_of(opening: Opening, ticket: OpeningTicket, place: int | None) -> int | None:
    """Return the number in line, from 0; ``place`` is the drawn one, None if the ticket was not in the draw."""
    if opening.status in IN_DRAW:
        return None
    return opening.present + ticket.late_number if ticket.late else place


def standing(opening: Opening, ticket: OpeningTicket, number: int | None) -> TicketStanding:
    """Return the state of the ticket with that number."""
    if opening.status in IN_DRAW:
        return TicketStanding.WAITING if ticket.late else TicketStanding.IN_DRAW
    if number is None:
        return TicketStanding.OUTSIDE
    if ticket.served and ticket.served_number == number:
        return TicketStanding.SERVED
    if opening.status in ENDED:
        return TicketStanding.OUTSIDE
    if number >= opening.line.admitted:
        return TicketStanding.WAITING
    return TicketStanding.MISSED if number < opening.line.lapsed else TicketStanding.ADMITTED


def has_had_turn(opening: Opening, stands: TicketStanding, number: int | None) -> bool:
    """Return whether the turn in which the ticket was served is over: its holder may have lost the seat since."""
    return stands is TicketStanding.SERVED and (number or 0) < opening.line.lapsed


def to_the_end(opening: Opening, ticket: OpeningTicket, drawn_place: int | None, late_number: int) -> OpeningTicket:
    """Return the ticket with a place at the end if its turn is over or the list was fixed without it; else as it is."""
    number = number_of(opening, ticket, drawn_place)
    stands = standing(opening, ticket, number)
    over = stands in (TicketStanding.MISSED, TicketStanding.OUTSIDE) or has_had_turn(opening, stands, number)
    return joined_late(ticket, late_number) if over else ticket


LOOKS_A_SECOND: Final = 100
"""Requests per second from all waiting holders of one opening: a small part of what one replica answers, because holds
of admitted people come first."""

SOONEST_LOOK_SECONDS: Final = 4.0
USUAL_LOOK_SECONDS: Final = 15.0
LONGEST_LOOK_SECONDS: Final = 120.0
SLOWEST_RATE: Final = 0.05
"""People per second below which nothing can be foretold."""


def expected_at(opening: Opening, number: int, now: datetime, rules: AdmissionRules) -> datetime | None:
    """Return when a number is admitted at the present rate, or None; before the opening: the earliest time."""
    line, begins = opening.line, max(now, opening.opens_at)
    ahead = number - line.admitted
    if opening.status is not OpeningStatus.ADMITTING or line.ticked_at is None:
        return begins + timedelta(seconds=max(0, ahead - rules.room_smallest) / rules.a_second_most)
    if line.a_second < SLOWEST_RATE:
        return None
    return begins + timedelta(seconds=ahead / line.a_second)


def next_look_at(opening: Opening, expected: datetime | None, now: datetime, fraction: float) -> datetime:
    """Return when the holder should ask again: after the draw, or well before the turn; spread at random."""
    waiting = max(1, opening.present, opening.line.total) - opening.line.admitted
    longest = min(LONGEST_LOOK_SECONDS, max(USUAL_LOOK_SECONDS, waiting / LOOKS_A_SECOND))
    drawn_at = opening.draw_at or opening.fix_at
    if opening.status in IN_DRAW and drawn_at is not None:
        left = max(0.0, (drawn_at - now).total_seconds())
        return now + timedelta(seconds=min(left, LONGEST_LOOK_SECONDS) + max(SOONEST_LOOK_SECONDS, fraction * longest))
    distance = longest if expected is None else (expected - now).total_seconds() / 2
    seconds = min(longest, max(SOONEST_LOOK_SECONDS, distance))
    return now + timedelta(seconds=seconds * (0.5 + fraction))
