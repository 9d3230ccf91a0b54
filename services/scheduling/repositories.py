"""The repositories of all rooms, made once from one store; the composition root hands each use case those it needs."""

from __future__ import annotations

from typing import Final

from services.scheduling.applications import APPLICATION_COPY, ApplicationRepository
from services.scheduling.booking.abuse.repository import ACTIVITY_DAY, FLAG, ActivityRepository
from services.scheduling.booking.appointments.repository import APPOINTMENT, AppointmentRepository
from services.scheduling.booking.assistance.repository import SHOWN_LETTER, LetterRepository
from services.scheduling.booking.parties.repository import PARTY, PartyRepository
from services.scheduling.booking.seats.repository import SEAT, SeatRepository
from services.scheduling.booking.waiting_list.repository import WAITING, WaitingListRepository
from services.scheduling.offices.repository import (
    OFFICE,
    OFFICE_FACTS,
    OFFICE_TEMPLATE,
    OFFLINE_QUOTA,
    SESSION,
    OfficeFactsRepository,
    OfficeRepository,
    OfflineQuotaRepository,
    SessionRepository,
)
from services.scheduling.openings.repository import (
    LATE_LINE,
    LIST_PAGE,
    OPENING,
    OPENING_ANNOUNCEMENT,
    OPENING_NOTICE,
    OPENING_TICKET,
    OpeningNoticeRepository,
    OpeningRepository,
)
from services.scheduling.quota.repository import QUOTA_CHANGE, QuotaChangeRepository
from services.scheduling.visit.bulk_jobs.repository import BULK_JOB, BulkJobRepository
from services.scheduling.visit.counter.repository import COUNTER_DAY, CounterDayRepository
from services.scheduling.visit.day_sheets.evening_repository import EVENING_SHEETS, EveningRepository
from services.scheduling.visit.offline.repository import OFFLINE_DAY, OfflineDayRepository
from shared.assistance import ASSISTANCE_COPY
from shared.store.port import Store

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
    OPENING,
    OPENING_TICKET,
    LIST_PAGE,
    LATE_LINE,
    WAITING,
    PARTY,
    ACTIVITY_DAY,
    FLAG,
    SHOWN_LETTER,
    ASSISTANCE_COPY,
    OFFICE_FACTS,
    OFFICE_TEMPLATE,
    QUOTA_CHANGE,
    OFFLINE_QUOTA,
    OPENING_ANNOUNCEMENT,
    OPENING_NOTICE,
)


class Repositories:
    """One repository of each kind, all on one store."""

    def __init__(self, store: Store) -> None:
        self.applications = ApplicationRepository(store)
        self.offices = OfficeRepository(store)
        self.office_facts = OfficeFactsRepository(store)
        self.offline_quotas = OfflineQuotaRepository(store)
        self.sessions = SessionRepository(store)
        self.openings = OpeningRepository(store)
        self.notices = OpeningNoticeRepository(store)
        self.seats = SeatRepository(store)
        self.appointments = AppointmentRepository(store)
        self.activity = ActivityRepository(store)
        self.letters = LetterRepository(store)
        self.parties = PartyRepository(store)
        self.waiting_list = WaitingListRepository(store)
        self.bulk_jobs = BulkJobRepository(store)
        self.counter_days = CounterDayRepository(store)
        self.offline_days = OfflineDayRepository(store)
        self.evenings = EveningRepository(store)
        self.quota_changes = QuotaChangeRepository(store)
