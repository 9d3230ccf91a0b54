"""What scheduling keeps: offices, sessions, seats, appointments and a copy of what it knows of applications."""

from __future__ import annotations

from typing import Final

from services.scheduling.repository.applications import APPLICATION_COPY, ApplicationCopy, Applications, fresher
from services.scheduling.repository.appointments import APPOINTMENT, Appointments
from services.scheduling.repository.bulk import BULK_JOB, BulkJobs
from services.scheduling.repository.conduct import CONDUCT, FLAG, Conducts
from services.scheduling.repository.counter import COUNTER_DAY, CounterDays
from services.scheduling.repository.evening import EVENING_SHEETS, Evenings
from services.scheduling.repository.letters import SHOWN_LETTER, ShownLetters
from services.scheduling.repository.offices import OFFICE, Offices
from services.scheduling.repository.offline import OFFLINE_DAY, OfflineDays
from services.scheduling.repository.openings import OPENING_KINDS, OpeningsKept
from services.scheduling.repository.parties import PARTY, Parties
from services.scheduling.repository.quota import QUOTA_KINDS, Quota
from services.scheduling.repository.seats import SEAT, Claim, Seats
from services.scheduling.repository.sessions import SESSION, Sessions, session_id_of
from services.scheduling.repository.waiting import WAITING, WaitingLine
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
