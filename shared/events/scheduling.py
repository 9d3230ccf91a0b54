"""Facts that scheduling publishes: holds, appointments, offers and visits."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from shared.events.message import Event


class _AppointmentFact(Event):
    appointment_id: str
    application_id: str
    account_id: str
    person_id: str
    office_id: str


class _TimedAppointmentFact(_AppointmentFact):
    session_id: str
    pool: str
    starts_at: datetime
    ends_at: datetime
    office_name: str
    office_timezone: str
    """IANA name, such as ``Asia/Jakarta``."""


class SeatHeld(_TimedAppointmentFact):
    """A seat is held for an application; it lapses at ``hold_until`` unless a bill is requested before."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.held.v1"
    hold_until: datetime
    replaces_bill_id: str | None = None
    """The expired bill whose renewal won this seat back, if that is how the hold began."""


class AppointmentConfirmed(_TimedAppointmentFact):
    """The seat is paid for (or free of charge) and the visit is certain."""

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.confirmed.v1"
    bill_id: str
    queue_number: str
    queue_code: str
    """Signed text that the QR code carries."""
    cause: str
    """``paid``, ``waived``, ``late_same_seat`` or ``late_offer``."""


class AppointmentRescheduled(_TimedAppointmentFact):
    """The visit moved to another seat in one step; the old queue code is void."""

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.rescheduled.v1"
    queue_number: str
    queue_code: str
    previous_session_id: str
    previous_starts_at: datetime
    previous_office_id: str


class AppointmentReleased(_AppointmentFact):
    """The seat went back.

    ``reason``: ``hold_lapsed``, ``bill_expired``, ``bill_failed``, ``bill_cancelled``, ``cancelled`` or ``withdrawn``.
    """

    TYPE: ClassVar[str] = "paspor.scheduling.appointment.released.v1"
    session_id: str
    reason: str
    was_confirmed: bool = False


class SeatOffered(_TimedAppointmentFact):
    """Late money found its old seat gone and this one is kept for its payer until ``offer_until``."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.offered.v1"
    bill_id: str
    offer_until: datetime


class OfferEnded(_AppointmentFact):
    """The offered seat was declined or not taken in time (``declined``, ``lapsed``); the money must go back."""

    TYPE: ClassVar[str] = "paspor.scheduling.offer.ended.v1"
    bill_id: str
    reason: str


class SeatUnavailable(Event):
    """No seat could be found for late money or for a renewed bill."""

    TYPE: ClassVar[str] = "paspor.scheduling.seat.unavailable.v1"
    application_id: str
    account_id: str
    bill_id: str
    asked_for: str
    """``late_payment`` or ``renewal``."""
    reason: str


class VisitorCheckedIn(_AppointmentFact):
    """The applicant is at the office."""

    TYPE: ClassVar[str] = "paspor.scheduling.visitor.checked_in.v1"
    checked_in_at: datetime


class VisitorMissed(_AppointmentFact):
    """The session ended and the applicant did not come."""

    TYPE: ClassVar[str] = "paspor.scheduling.visitor.missed.v1"
    session_id: str
