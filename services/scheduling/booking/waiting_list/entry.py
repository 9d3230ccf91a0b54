"""An entry of the waiting list: it waits for a freed seat and has one offer at a time.

An entry is the commit point of its offer, as an appointment is that of its seat: the seat that carries the offer's
token is kept for this person alone. A taken offer becomes an appointment like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.scheduling.booking.appointments.appointment import Leaving
from services.scheduling.booking.seats.seat import Seat, Slot
from services.scheduling.booking.waiting_list.rules import MOST_UNUSED_OFFERS
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from services.scheduling.terms import Applying
from shared.events.codes import OfferEnd
from shared.events.scheduling import WaitingOfferEnded, WaitingSeatOffered
from shared.store.decision import Decision
from shared.store.transitions import Transitions

_LAST_ZONE: Final = ZoneInfo("Asia/Jakarta")
"""Where a day ends last."""


class WaitingStatus(StrEnum):
    """The states of an entry."""

    WAITING = "waiting"
    OFFERED = "offered"
    """A freed seat is kept for this person until the offer ends."""
    TAKING = "taking"
    """The person said yes; the appointment may not be written yet."""
    TAKEN = "taken"
    LEFT = "left"
    ENDED = "ended"


class WaitingCommand(StrEnum):
    """The commands of an entry."""

    OFFER = "offer"
    TAKE = "take"
    FINISH = "finish"
    LOSE = "lose"
    REJOIN = "rejoin"
    SPEND = "spend"
    LEAVE = "leave"
    END = "end"


WAITING_TRANSITIONS: Final = Transitions(
    {
        (WaitingStatus.WAITING, WaitingCommand.OFFER): WaitingStatus.OFFERED,
        (WaitingStatus.WAITING, WaitingCommand.LEAVE): WaitingStatus.LEFT,
        (WaitingStatus.WAITING, WaitingCommand.END): WaitingStatus.ENDED,
        (WaitingStatus.OFFERED, WaitingCommand.TAKE): WaitingStatus.TAKING,
        (WaitingStatus.OFFERED, WaitingCommand.REJOIN): WaitingStatus.WAITING,
        (WaitingStatus.OFFERED, WaitingCommand.SPEND): WaitingStatus.ENDED,
        (WaitingStatus.OFFERED, WaitingCommand.LEAVE): WaitingStatus.LEFT,
        (WaitingStatus.TAKING, WaitingCommand.FINISH): WaitingStatus.TAKEN,
        (WaitingStatus.TAKING, WaitingCommand.LOSE): WaitingStatus.ENDED,
    }
)

LIVE_WAITING: Final = frozenset({WaitingStatus.WAITING, WaitingStatus.OFFERED, WaitingStatus.TAKING})
"""Of these a person has one at most."""

HAS_OFFER: Final = frozenset({WaitingStatus.OFFERED, WaitingStatus.TAKING})
"""In these a seat is kept for the entry."""


class WaitingEnd(StrEnum):
    """Why an entry ended by itself."""

    TIME_OVER = "time_over"
    OFFERS_UNUSED = "offers_unused"
    HAS_APPOINTMENT = "has_appointment"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class SeatOffer:
    """A seat that is kept for one entry, and the appointment that it becomes if it is taken."""

    slot: Slot
    appointment_id: str
    until: datetime
    take_until: datetime | None = None
    """Set once it was taken: from then on a deadline writes the appointment."""


@dataclass(frozen=True)
class Waiting:
    """The state of one entry."""

    status: WaitingStatus
    live: bool
    application_id: str
    account_id: str
    person_id: str
    office_ids: tuple[str, ...]
    first: date
    last: date
    """Days of the offices, both inclusive."""
    pool: str
    made_at: datetime
    queued_at: datetime
    """By this the line is ordered; an entry that does not use its offer goes to the end."""
    ends_at: datetime
    offer: SeatOffer | None = None
    leaving: tuple[Leaving, ...] = ()
    """Offered seats that went back and were not told so yet."""
    passed_seats: tuple[str, ...] = ()
    """Seats that this entry was offered and did not use."""
    looks: int = 0
    """Raised to make sure that an offer which was begun and never written cannot be written any more."""
    ended_for: WaitingEnd | None = None

    @property
    def kept(self) -> SeatOffer:
        """The offer of an entry that must have one."""
        if self.offer is None:
            raise LookupError("this entry has no offer")
        return self.offer


def waiting_deadlines(entry: Waiting) -> Mapping[str, datetime]:
    """Return the deadlines of the entry, by name."""
    due = {}
    if entry.status is WaitingStatus.WAITING:
        due["end"] = entry.ends_at
    elif entry.status is WaitingStatus.OFFERED:
        due["offer"] = entry.kept.until
    elif entry.status is WaitingStatus.TAKING and entry.kept.take_until is not None:
        due["take"] = entry.kept.take_until
    if entry.leaving:
        due["leave"] = min(seat.until for seat in entry.leaving)
    return due


def enter(
    applying: Applying, office_ids: tuple[str, ...], first: date, last: date, pool: str, *, now: datetime
) -> Waiting:
    """Return a new entry, at the end of the line of each of these offices."""
    return Waiting(
        status=WaitingStatus.WAITING,
        live=True,
        application_id=applying.application_id,
        account_id=applying.account_id,
        person_id=applying.person_id,
        office_ids=office_ids,
        first=first,
        last=last,
        pool=pool,
        made_at=now,
        queued_at=now,
        ends_at=datetime.combine(last + timedelta(days=1), time.min, _LAST_ZONE),
    )


def offer_until(seat: Seat, *, now: datetime, rules: Rules) -> datetime | None:
    """Return until when the seat could be kept for an entry, or None if that is too short to be answered."""
    closes = seat.starts_at - timedelta(seconds=rules.booking_closes_seconds)
    until = min(now + timedelta(seconds=rules.waiting_offer_seconds), closes)
    return until if until >= now + timedelta(seconds=rules.waiting_offer_min_seconds) else None


def fits(entry: Waiting, seat_id: str, seat: Seat) -> bool:
    """Return whether this seat is what the entry waits for, and was not offered to it before."""
    return (
        entry.status is WaitingStatus.WAITING
        and seat.office_id in entry.office_ids
        and seat.pool == entry.pool
        and entry.first <= seat.date <= entry.last
        and seat_id not in entry.passed_seats
    )


def kept_until(entry: Waiting, token: str | None) -> datetime | None:
    """Return until when the seat with this token is kept for the entry or is on its way back; None if it is neither."""
    if entry.offer is not None and entry.status in HAS_OFFER and entry.offer.slot.token == token:
        return entry.offer.take_until or entry.offer.until
    return next((seat.until for seat in entry.leaving if seat.token == token), None)


def touched(entry: Waiting) -> Decision[Waiting]:
    """Return the entry, changed in nothing but that an offer to the entry as read before cannot be written."""
    return Decision(replace(entry, looks=entry.looks + 1))


def offer_seat(waiting_id: str, entry: Waiting, offer: SeatOffer, *, office: Office) -> Decision[Waiting]:
    """Offer the claimed seat to this person: this write is the offer."""
    slot = offer.slot
    event = WaitingSeatOffered(
        waiting_id=waiting_id,
        application_id=entry.application_id,
        account_id=entry.account_id,
        person_id=entry.person_id,
        office_id=slot.office_id,
        office_name=office.name,
        office_timezone=office.timezone,
        session_id=slot.session_id,
        starts_at=slot.starts_at,
        offer_until=offer.until,
    )
    return Decision(_now(entry, WaitingCommand.OFFER, offer=offer), (event,))


def take(entry: Waiting, *, now: datetime, rules: Rules) -> Decision[Waiting]:
    """Take the offer: from here on it can neither lapse nor be declined."""
    until = now + timedelta(seconds=rules.move_seconds)
    return Decision(_now(entry, WaitingCommand.TAKE, offer=replace(entry.kept, take_until=until)))


def finish(waiting_id: str, entry: Waiting) -> Decision[Waiting]:
    """Note that the appointment of a taken offer is written."""
    state = _now(entry, WaitingCommand.FINISH)
    return Decision(state, (_ended(waiting_id, entry, OfferEnd.TAKEN),))


def lose(waiting_id: str, entry: Waiting, *, now: datetime, rules: Rules) -> Decision[Waiting]:
    """End the entry of a person who has another appointment: the seat of the taken offer goes back."""
    state = _now(
        entry,
        WaitingCommand.LOSE,
        offer=None,
        leaving=_leaving(entry, now, rules),
        ended_for=WaitingEnd.HAS_APPOINTMENT,
    )
    return Decision(state, (_ended(waiting_id, entry, OfferEnd.DECLINED),))


def not_used(waiting_id: str, entry: Waiting, how: OfferEnd, *, now: datetime, rules: Rules) -> Decision[Waiting]:
    """End an offer that was not used: the seat goes to the next entry, this one to the end of the line."""
    passed = (*entry.passed_seats, entry.kept.slot.seat_id)
    spent = len(passed) >= MOST_UNUSED_OFFERS
    state = _now(
        entry,
        WaitingCommand.SPEND if spent else WaitingCommand.REJOIN,
        offer=None,
        leaving=_leaving(entry, now, rules),
        passed_seats=passed,
        queued_at=now,
        ended_for=WaitingEnd.OFFERS_UNUSED if spent else None,
    )
    return Decision(state, (_ended(waiting_id, entry, how),))


def leave(
    waiting_id: str, entry: Waiting, *, now: datetime, rules: Rules, why: WaitingEnd | None = None
) -> Decision[Waiting]:
    """Leave the line; a seat that was kept for the entry goes back."""
    if entry.offer is None:
        return Decision(_now(entry, WaitingCommand.LEAVE, ended_for=why))
    state = _now(entry, WaitingCommand.LEAVE, offer=None, leaving=_leaving(entry, now, rules), ended_for=why)
    return Decision(state, (_ended(waiting_id, entry, OfferEnd.DECLINED),))


def end(entry: Waiting, why: WaitingEnd) -> Decision[Waiting]:
    """End an entry that has nothing to wait for any more."""
    return Decision(_now(entry, WaitingCommand.END, ended_for=why))


def leaving_told(entry: Waiting, known: tuple[Leaving, ...]) -> Decision[Waiting]:
    """Forget these seats, which were given back."""
    return Decision(replace(entry, leaving=tuple(seat for seat in entry.leaving if seat not in known)))


def _now(entry: Waiting, command: WaitingCommand, **changes: Any) -> Waiting:
    status = WAITING_TRANSITIONS.after(entry.status, command)
    return replace(entry, status=status, live=status in LIVE_WAITING, **changes)


def _leaving(entry: Waiting, now: datetime, rules: Rules) -> tuple[Leaving, ...]:
    slot = entry.kept.slot
    return (*entry.leaving, Leaving(slot.seat_id, slot.token, now + timedelta(seconds=rules.leave_seconds)))


def _ended(waiting_id: str, entry: Waiting, how: OfferEnd) -> WaitingOfferEnded:
    return WaitingOfferEnded(
        waiting_id=waiting_id, application_id=entry.application_id, account_id=entry.account_id, reason=how.value
    )
