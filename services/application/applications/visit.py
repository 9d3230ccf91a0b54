"""Seats, bills and refunds as application knows them: projections of the facts that scheduling and billing publish.

Facts arrive late, twice and in any order. Each appointment and each bill keeps the version that was seen last: an older
fact may fill in what is still unknown and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from shared.events import billing, scheduling
from shared.events.codes import BillPurpose, PaymentCaseKind, RefundStep
from shared.events.message import Event


class SeatState(StrEnum):
    """Where an appointment stands, as far as its facts tell."""

    HELD = "held"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    MISSED = "missed"
    SPECIAL_OPEN = "special_open"
    """The seat is gone and the paid right is not: a new date may be chosen until a deadline."""
    SPECIAL_ENDED = "special_ended"
    OFFER_ENDED = "offer_ended"
    RELEASED = "released"
    VOIDED = "voided"
    """The visit was let in on a proof of payment that is not valid."""


class BillState(StrEnum):
    """Where a bill stands, as far as its facts tell."""

    __schema_name__ = "ApplicationBillState"

    REQUESTED = "requested"
    DELAYED = "delayed"
    ISSUED = "issued"
    PAID_UNSETTLED = "paid_unsettled"
    EXPIRY_UNCONFIRMED = "expiry_unconfirmed"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    PAID_LATE = "paid_late"
    WAIVED = "waived"
    PAID = "paid"


SEAT_FACTS: Final[Mapping[type[Event], SeatState]] = {
    scheduling.SeatHeld: SeatState.HELD,
    scheduling.SeatOffered: SeatState.OFFERED,
    scheduling.AppointmentConfirmed: SeatState.CONFIRMED,
    scheduling.AppointmentRescheduled: SeatState.CONFIRMED,
    scheduling.VisitorCheckedIn: SeatState.CHECKED_IN,
    scheduling.VisitorMissed: SeatState.MISSED,
    scheduling.SpecialRescheduleOpened: SeatState.SPECIAL_OPEN,
    scheduling.VisitInterrupted: SeatState.SPECIAL_OPEN,
    scheduling.SpecialRescheduleEnded: SeatState.SPECIAL_ENDED,
    scheduling.OfferEnded: SeatState.OFFER_ENDED,
    scheduling.AppointmentReleased: SeatState.RELEASED,
    scheduling.VisitVoided: SeatState.VOIDED,
}
BILL_FACTS: Final[Mapping[type[Event], BillState]] = {
    billing.BillRequested: BillState.REQUESTED,
    billing.BillDelayed: BillState.DELAYED,
    billing.BillIssued: BillState.ISSUED,
    billing.BillJoined: BillState.ISSUED,
    billing.BillPaidUnsettled: BillState.PAID_UNSETTLED,
    billing.BillExpiryUnconfirmed: BillState.EXPIRY_UNCONFIRMED,
    billing.BillFailed: BillState.FAILED,
    billing.BillExpired: BillState.EXPIRED,
    billing.BillCancelled: BillState.CANCELLED,
    billing.BillSuperseded: BillState.SUPERSEDED,
    billing.PaymentArrivedLate: BillState.PAID_LATE,
    billing.BillWaived: BillState.WAIVED,
    billing.BillPaid: BillState.PAID,
}
PAYERS_CASES: Final = frozenset({PaymentCaseKind.CLAIM_UNCONFIRMED, PaymentCaseKind.ARRIVED_ON_PROOF})
"""Kinds of payment cases that are told to the applicant; the others are between billing and the treasury."""

LIVE_SEAT_STATES: Final = frozenset(
    {
        SeatState.HELD,
        SeatState.OFFERED,
        SeatState.CONFIRMED,
        SeatState.CHECKED_IN,
        SeatState.SPECIAL_OPEN,
    }
)
CERTAIN_SEAT_STATES: Final = frozenset({SeatState.CONFIRMED, SeatState.CHECKED_IN})
ENDED_BILL_STATES: Final = frozenset({BillState.FAILED, BillState.EXPIRED, BillState.CANCELLED, BillState.SUPERSEDED})

_SEAT_RANKS: Final = {state: rank for rank, state in enumerate(SeatState)}
_BILL_RANKS: Final = {state: rank for rank, state in enumerate(BillState)}


@dataclass(frozen=True)
class Seat:
    """One appointment of this application."""

    appointment_id: str
    version: int
    at: datetime
    """When the fact was told that gave the state."""
    state: SeatState
    session_id: str | None = None
    pool: str | None = None
    office_id: str | None = None
    office_name: str | None = None
    office_timezone: str | None = None
    office_address: str | None = None
    office_telephone: str | None = None
    office_latitude: float | None = None
    office_longitude: float | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hold_until: datetime | None = None
    offer_until: datetime | None = None
    bill_id: str | None = None
    queue_number: str | None = None
    queue_code: str | None = None
    checked_in_at: datetime | None = None
    reason: str | None = None
    until: datetime | None = None
    """Until when a new date may be chosen without paying again."""
    ask_until: datetime | None = None
    """Until when a new date may be asked for after a missed visit."""
    special_refused: str | None = None
    """Why the office refused a special reschedule."""

    @property
    def live(self) -> bool:
        """Whether it is, or may still become, a visit."""
        return self.state in LIVE_SEAT_STATES

    @property
    def certain(self) -> bool:
        """Whether the visit is paid for and everything about it is known."""
        known = (self.office_id, self.office_timezone, self.starts_at, self.queue_code, self.queue_number)
        return self.state in CERTAIN_SEAT_STATES and None not in known

    @property
    def needs_file(self) -> bool:
        """Whether the issuance system gets its file: it is certain, or its visitor is at the office on a proof."""
        known = (self.office_id, self.office_timezone, self.starts_at)
        return self.certain or (self.state is SeatState.CHECKED_IN and None not in known)

    @property
    def visit_key(self) -> str:
        """Tells one certain visit from the next: a new time or place means a new letter and a new hand-over."""
        return f"{self.appointment_id}:{self.session_id}:{self.queue_number}"


@dataclass(frozen=True)
class Bill:
    """One bill of this application."""

    bill_id: str
    version: int
    at: datetime
    state: BillState
    purpose: str = BillPurpose.FEE
    appointment_id: str | None = None
    amount: int | None = None
    billing_code: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    paid_at: datetime | None = None
    next_check_at: datetime | None = None
    seat_unavailable: str | None = None
    """The :class:`~shared.events.codes.SeatQuestion` for which no seat could be found."""


@dataclass(frozen=True)
class Refund:
    """A refund case about money of this application."""

    refund_id: str
    amount: int
    reason: str
    at: datetime
    version: int = 0
    """The version of the case that was last heard of; older news is stale."""
    state: str = "opened"
    due_at: datetime | None = None
    needs: str | None = None
    rule: str | None = None


@dataclass(frozen=True)
class Visits:
    """Everything that is known of this application's seats, bills and refunds."""

    seats: tuple[Seat, ...] = ()
    bills: tuple[Bill, ...] = ()
    refunds: tuple[Refund, ...] = ()

    @property
    def seat(self) -> Seat | None:
        """The live appointment; of several, the one that was told of last. None where no seat is live."""
        return max((seat for seat in self.seats if seat.live), key=lambda seat: seat.at, default=None)

    @property
    def last_seat(self) -> Seat | None:
        """The live appointment, else the one that was told of last."""
        return self.seat or max(self.seats, key=lambda seat: seat.at, default=None)

    @property
    def unpaid(self) -> bool:
        """Whether a visit does not count, as its proof of payment was not valid, and no other one is paid for."""
        states = {seat.state for seat in self.seats}
        return SeatState.VOIDED in states and not states & CERTAIN_SEAT_STATES

    @property
    def bill(self) -> Bill | None:
        """The fee bill of the live appointment, else the fee bill that was told of last."""
        fees = [bill for bill in self.bills if bill.purpose == BillPurpose.FEE]
        seat = self.seat
        own = [fee for fee in fees if seat is not None and _belongs(fee, seat)]
        return max(own or fees, key=lambda bill: bill.at, default=None)


def _belongs(bill: Bill, seat: Seat) -> bool:
    return bill.bill_id == seat.bill_id or (seat.bill_id is None and bill.appointment_id == seat.appointment_id)


def with_seat_fact(visits: Visits, fact: Event, *, version: int, at: datetime) -> Visits:
    """Return the projection after a fact about an appointment."""
    state = SEAT_FACTS[type(fact)]
    seen = _values(fact, Seat)
    known = next((seat for seat in visits.seats if seat.appointment_id == seen["appointment_id"]), None)
    seat = Seat(version=version, at=at, state=state, **seen)
    if known is not None:
        newer = (version, _SEAT_RANKS[state]) >= (known.version, _SEAT_RANKS[known.state])
        seat = _later_over_earlier(seat, known) if newer else _later_over_earlier(known, seat)
    others = tuple(other for other in visits.seats if other.appointment_id != seat.appointment_id)
    return replace(visits, seats=(*others, seat))


def with_bill_fact(visits: Visits, fact: Event, *, version: int, at: datetime) -> Visits:
    """Return the projection after a fact about a bill."""
    state = BILL_FACTS[type(fact)]
    seen = _values(fact, Bill)
    known = next((bill for bill in visits.bills if bill.bill_id == seen["bill_id"]), None)
    bill = Bill(version=version, at=at, state=state, **seen)
    if known is not None:
        newer = (version, _BILL_RANKS[state]) >= (known.version, _BILL_RANKS[known.state])
        bill = _later_over_earlier(bill, known) if newer else _later_over_earlier(known, bill)
    others = tuple(other for other in visits.bills if other.bill_id != bill.bill_id)
    return replace(visits, bills=(*others, bill))


def with_seat_unavailable(visits: Visits, fact: scheduling.SeatUnavailable) -> Visits:
    """Return the projection after scheduling found no seat for a bill; an unknown bill is told of later."""
    return replace(
        visits,
        bills=tuple(
            replace(bill, seat_unavailable=fact.asked_for) if bill.bill_id == fact.bill_id else bill
            for bill in visits.bills
        ),
    )


def with_special_refused(visits: Visits, fact: scheduling.SpecialRescheduleRefused) -> Visits:
    """Return the projection after the office refused a special reschedule; the visit itself does not change."""
    return replace(
        visits,
        seats=tuple(
            replace(seat, special_refused=fact.reason) if seat.appointment_id == fact.appointment_id else seat
            for seat in visits.seats
        ),
    )


def with_refund(visits: Visits, fact: billing.RefundOpened, at: datetime) -> Visits:
    """Return the projection after a refund case was opened; the same case again changes nothing."""
    if any(refund.refund_id == fact.refund_id for refund in visits.refunds):
        return visits
    return replace(visits, refunds=(*visits.refunds, Refund(fact.refund_id, fact.amount, fact.reason, at)))


_TOLD_WITH_THE_NEXT: Final = RefundStep.APPROVED
"""Where no seat has to go back, an approval and the step after it are told by one write, in either order."""


def with_refund_moved(visits: Visits, fact: billing.RefundMoved, *, version: int, at: datetime) -> Visits:
    """Return the projection after a refund case took a step; an unknown case is known from now on."""
    known = next((refund for refund in visits.refunds if refund.refund_id == fact.refund_id), None)
    first_of_two = fact.state == _TOLD_WITH_THE_NEXT
    if known is not None and (version < known.version or (version == known.version and first_of_two)):
        return visits
    opened_at = known.at if known else at
    moved = Refund(
        fact.refund_id, fact.amount, fact.reason, opened_at, version, fact.state, fact.due_at, fact.needs, fact.rule
    )
    if known is None:
        return replace(visits, refunds=(*visits.refunds, moved))
    return replace(visits, refunds=tuple(moved if refund is known else refund for refund in visits.refunds))


_OWN: Final = frozenset({"version", "at", "state"})
_OF_OFFICE: Final = frozenset({"office_address", "office_telephone", "office_latitude", "office_longitude"})
"""Facts of one office: a visit that moved to another one does not take them along."""
T = TypeVar("T", Seat, Bill)


def _values(fact: Event, shape: type[Any]) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in _names(shape) if hasattr(fact, name)}


def _names(shape: type[Any]) -> Iterable[str]:
    return [member.name for member in fields(shape) if member.name not in _OWN]


def _later_over_earlier(later: T, earlier: T) -> T:
    """The later one, with what it does not tell taken from the earlier one."""
    moved = isinstance(later, Seat) and None is not later.office_id != getattr(earlier, "office_id", None)
    names = [name for name in _names(type(later)) if not (moved and name in _OF_OFFICE)]
    gaps = {name: getattr(earlier, name) for name in names if getattr(later, name) is None}
    return replace(later, **gaps)
