"""What scheduling keeps: offices, sessions, seats, appointments and a copy of what it knows of applications."""

from __future__ import annotations

from typing import Final

from services.scheduling.applications import APPLICATION_COPY, ApplicationCopy, Applications, fresher
from services.scheduling.booking.abuse.repository import CONDUCT, FLAG, Conducts
from services.scheduling.booking.appointments.repository import APPOINTMENT, Appointments
from services.scheduling.booking.assistance.repository import SHOWN_LETTER, ShownLetters
from services.scheduling.booking.parties.repository import PARTY, Parties
from services.scheduling.booking.seats.repository import SEAT, Claim, Seats
from services.scheduling.booking.waiting_list.repository import WAITING, WaitingLine
from services.scheduling.offices.office_repository import OFFICE, Offices
from services.scheduling.offices.repository import SESSION, Sessions, session_id_of
from services.scheduling.openings.repository import OPENING_KINDS, OpeningsKept
from services.scheduling.quota.repository import QUOTA_KINDS, Quota
from services.scheduling.visit.bulk_jobs.repository import BULK_JOB, BulkJobs
from services.scheduling.visit.counter.repository import COUNTER_DAY, CounterDays
from services.scheduling.visit.day_sheets.evening_repository import EVENING_SHEETS, Evenings
from services.scheduling.visit.offline.repository import OFFLINE_DAY, OfflineDays
from shared.assistance import ASSISTANCE_COPY

__all__ = [
    "APPLICATION_COPY",
    "APPOINTMENT",
    "BULK_JOB",
    "COUNTER_DAY",
    "KINDS",
    "OFFICE",
    "OFFLINE_DAY",
    "SEAT",
    "SESSION",
    "ApplicationCopy",
    "Claim",
    "Repository",
    "fresher",
    "session_id_of",
]

KINDS: Final = (
    OFFICE,
    SESSION,
    SEAT,
    APPOINTMENT,
    APPLICATION_COPY,
    BULK_JOB,
    COUNTER_DAY,
    OFFLINE_DAY,
    EVENING_SHEETS,
    *OPENING_KINDS,
    WAITING,
    PARTY,
    CONDUCT,
    FLAG,
    SHOWN_LETTER,
    ASSISTANCE_COPY,
    *QUOTA_KINDS,
)


class Repository(
    Offices,
    Sessions,
    Seats,
    Appointments,
    Applications,
    BulkJobs,
    CounterDays,
    OfflineDays,
    Evenings,
    OpeningsKept,
    WaitingLine,
    Parties,
    Conducts,
    ShownLetters,
    Quota,
):
    """The only place that names collections, indexes and queries; a part per topic."""
