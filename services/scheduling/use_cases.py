"""All use cases of scheduling, made once; each is handed the repositories and use cases that it needs."""

from __future__ import annotations

from datetime import time
from typing import Any, TypeVar

from services.scheduling.booking.abuse.activity_counters import ActivityCounters
from services.scheduling.booking.abuse.flags import Flags
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.appointments.booking_path import BookingPath
from services.scheduling.booking.appointments.entitlement_check import PaidVisits
from services.scheduling.booking.appointments.holds import Holds
from services.scheduling.booking.appointments.move import Mover, Relocation
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.booking.appointments.priority_check import PriorityGrounds
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.refund_release import Releases
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.appointments.reschedule import Moves
from services.scheduling.booking.assistance.service import Assisting
from services.scheduling.booking.parties.service import Parties
from services.scheduling.booking.same_day.booking import SameDay
from services.scheduling.booking.same_day.downgrade import SameDayDowngrade
from services.scheduling.booking.same_day.upgrade import SameDayUpgrades
from services.scheduling.booking.seats.audit_log import SeatChains
from services.scheduling.booking.seats.invariants import Checks
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.waiting_list.service import WaitingList
from services.scheduling.context import OfficeDirectory, UseCaseContext
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.facts import FactsTable
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.product_availability import ProductAvailability
from services.scheduling.offices.session import WeeklyTemplates
from services.scheduling.openings.announcing import Openings
from services.scheduling.openings.cache import OpeningCache
from services.scheduling.openings.notices import OpeningNotices
from services.scheduling.openings.opening import OpeningRules
from services.scheduling.openings.release_check import ReleaseCheck
from services.scheduling.openings.waiting_room import WaitingRoom
from services.scheduling.own_data.part import SchedulingParts
from services.scheduling.quota.change import FourEyes
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.office_edits import OfficeEdits
from services.scheduling.quota.public_board import QuotaBoard
from services.scheduling.quota.session_edits import NearestLater, SessionEdits
from services.scheduling.repositories import Repositories
from services.scheduling.rules import Rules
from services.scheduling.visit.bulk_jobs.service import BulkMoves
from services.scheduling.visit.counter.check_in import Visits
from services.scheduling.visit.counter.payment_proofs import Proofs
from services.scheduling.visit.counter.priority_denial import PriorityDenials
from services.scheduling.visit.counter.queue_service import CounterQueue
from services.scheduling.visit.day_sheets.day_sheet import DaySheets
from services.scheduling.visit.day_sheets.evening_sheets import SheetsOfEvenings, SheetWriters
from services.scheduling.visit.day_sheets.revocation_list import RevocationLists
from services.scheduling.visit.day_sheets.same_day_list import SameDayLists
from services.scheduling.visit.evidence import EvidenceVault, is_appointment_current, is_offline_day_current
from services.scheduling.visit.offline.import_service import OfflineVisits
from services.scheduling.visit.offline.repository import OFFLINE_DAY
from services.scheduling.visit.special_reschedule.service import Specials
from shared.assistance import Assistances
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.key_turn.service import KeyTurns
from shared.key_turn.steps import TurnedKind
from shared.own_data.answers import ExportAnswers
from shared.retention.service import Retention
from shared.service import Platform

T = TypeVar("T")


class Scheduling:
    """When and where: each part is a group of use cases around one noun."""

    def __init__(
        self,
        platform: Platform,
        *,
        rules: Rules,
        codes: QueueCodes,
        templates: WeeklyTemplates,
        horizon_days: int,
        facts: FactsTable,
        four_eyes: FourEyes,
        cipher: FieldCipher,
        opening_rules: OpeningRules,
        fingerprints: Fingerprints,
        writers: SheetWriters,
        evening_at: time,
        limits_scale: int = 1,
    ) -> None:
        stored = Repositories(platform.store)
        self.repositories = stored
        self.codes = codes
        self.activity = ActivityCounters(
            stored.activity, platform.clock, platform.ids, fingerprints, scale=limits_scale
        )
        self.allowances = HoldAllowances(stored.appointments, platform.clock, scale=limits_scale)
        context = UseCaseContext(
            platform.clock, platform.ids, platform.randomness, rules, OfficeDirectory(), platform.person_keys
        )
        self.context = context
        self.audit = Audit(platform.store, platform.clock, platform.ids)
        self.audit_book = AuditBook(platform.store, platform.clock, platform.ids)
        self.assistances = Assistances(platform.store, platform.clock)
        self.seat_chains = SeatChains(platform, stored.appointments)
        self._wire_offices(context, facts, templates, horizon_days)
        self._wire_openings(context, opening_rules, cipher)
        self._wire_seats(context)
        self._wire_bookings(context)
        self._wire_visits(context)
        self.evenings = SheetsOfEvenings(
            context, stored.sessions, stored.evenings, self.day_sheets, platform.files, writers, evening_at
        )
        self._wire_quota(context, four_eyes, horizon_days)
        evidence = EvidenceVault(platform.person_keys)
        turned = (
            TurnedKind(APPOINTMENT, is_appointment_current, evidence.appointment_turned),
            TurnedKind(OFFLINE_DAY, is_offline_day_current, evidence.offline_day_turned),
            self.openings.turned_kind(),
        )
        key_ids = (platform.person_keys.master_key_id,)
        others = (platform.files, platform.person_keys)
        self.key_turns = KeyTurns(platform.store, platform.clock, key_ids, turned, others)
        self.own_parts = SchedulingParts(
            platform.store, stored.appointments, stored.waiting_list, self.specials.evidence
        )
        self.export_answers = ExportAnswers(platform.store, platform.clock, "scheduling", self.own_parts.collect)
        self._by_class: dict[type[Any], Any] = {type(part): part for part in vars(self).values()}

    def keep_retention(self, retention: Retention) -> None:
        """Take the retention of this service, which the composition root makes: it looks at what all rooms keep."""
        self.retention = retention
        self._by_class[Retention] = retention

    def find_use_case(self, kind: type[T]) -> T:
        """Return the one object of this class; see :func:`services.scheduling.http.use_case`."""
        found: T = self._by_class[kind]
        return found

    def _wire_offices(
        self, context: UseCaseContext, facts: FactsTable, templates: WeeklyTemplates, horizon_days: int
    ) -> None:
        """Offices and when they receive."""
        stored = self.repositories
        self.facts_cache = OfficeFactsCache(
            context, stored.offices, stored.office_facts, facts, templates, horizon_days
        )
        self.bookable_sessions = BookableSessions(
            context, stored.offices, stored.sessions, stored.seats, self.facts_cache, horizon_days
        )
        self.availability = ProductAvailability(context, stored.applications, self.facts_cache)

    def _wire_openings(self, context: UseCaseContext, rules: OpeningRules, cipher: FieldCipher) -> None:
        """When seats are given out, and to whom first."""
        stored = self.repositories
        cache = OpeningCache(stored.openings, context.clock)
        self.openings = Openings(context, stored.sessions, stored.openings, stored.seats, cache, rules, cipher)
        self.waiting_room = WaitingRoom(context, stored.openings, stored.applications, cache, rules)
        self.opening_notices = OpeningNotices(context, stored.notices, self.facts_cache)
        self.release_check = ReleaseCheck(stored.sessions, context.clock)

    def _wire_seats(self, context: UseCaseContext) -> None:
        """Wire seats and appointments."""
        stored, codes, activity = self.repositories, self.codes, self.activity
        applications, seats, appointments = stored.applications, stored.seats, stored.appointments
        self.inventory = SeatInventory(context, seats, appointments, self.release_check)
        self.checks = Checks(stored.sessions, seats, appointments, context.clock)
        inventory, bookable_sessions, availability = self.inventory, self.bookable_sessions, self.availability
        self.booking = BookingPath(
            context,
            applications,
            seats,
            appointments,
            activity,
            self.allowances,
            inventory,
            bookable_sessions,
            self.waiting_room,
            availability,
            PriorityGrounds(self.facts_cache),
        )
        self.holds = Holds(context, applications, appointments, activity, inventory)
        self.mover = Mover(context, seats, appointments, inventory)
        self.same_day_downgrade = SameDayDowngrade(
            context, appointments, inventory, bookable_sessions, availability, self.mover
        )
        self.payments = Payments(
            context,
            applications,
            appointments,
            codes,
            activity,
            inventory,
            bookable_sessions,
            availability,
            self.same_day_downgrade,
            self.booking,
        )
        self.relocation = Relocation(context, codes, self.mover)
        self.moves = Moves(
            context,
            appointments,
            self.relocation,
            activity,
            inventory,
            bookable_sessions,
            self.waiting_room,
            availability,
        )
        self.releases = Releases(context, appointments, inventory)
        self.paid_visits = PaidVisits(context, appointments)

    def _wire_bookings(self, context: UseCaseContext) -> None:
        """Wire the other ways to a seat and the limits against hoarding."""
        stored, activity, allowances = self.repositories, self.activity, self.allowances
        applications, seats, appointments = stored.applications, stored.seats, stored.appointments
        inventory, bookable_sessions, availability = self.inventory, self.bookable_sessions, self.availability
        self.same_day = SameDay(context, applications, bookable_sessions, self.booking)
        self.same_day_upgrades = SameDayUpgrades(context, stored.sessions, appointments, inventory, self.mover)
        self.waiting_list = WaitingList(
            context, applications, seats, appointments, stored.waiting_list, activity, inventory, availability
        )
        self.parties = Parties(
            context,
            seats,
            appointments,
            stored.parties,
            activity,
            allowances,
            applications,
            inventory,
            bookable_sessions,
            self.waiting_room,
            availability,
            self.booking,
        )
        self.flags = Flags(context, stored.activity)
        self.assisting = Assisting(context, stored.letters, self.codes, applications, appointments, self.assistances)

    def _wire_visits(self, context: UseCaseContext) -> None:
        """Wire the visit: counter, special reschedules, jobs, day sheets, offline days."""
        stored, codes, audit = self.repositories, self.codes, self.audit
        sessions, seats, appointments = stored.sessions, stored.seats, stored.appointments
        inventory, bookable_sessions, availability = self.inventory, self.bookable_sessions, self.availability
        self.counter = CounterQueue(
            context, sessions, seats, appointments, stored.counter_days, codes, inventory, audit
        )
        self.visits = Visits(context, appointments, stored.applications, codes, self.counter, audit)
        self.proofs = Proofs(context, appointments, stored.activity, inventory, self.counter)
        self.priority = PriorityDenials(context, appointments, self.counter, self.relocation, audit)
        self.day_sheets = DaySheets(context, stored.offline_quotas, appointments, codes)
        self.same_day_lists = SameDayLists(context, appointments)
        self.revocation_lists = RevocationLists(context, stored.offline_days, codes)
        self.offline_visits = OfflineVisits(
            context, stored.offline_quotas, appointments, stored.offline_days, codes, audit
        )
        self.bulk_moves = BulkMoves(
            context,
            sessions,
            appointments,
            stored.bulk_jobs,
            inventory,
            self.relocation,
            bookable_sessions,
            availability,
            audit,
        )
        self.specials = Specials(
            context, appointments, inventory, self.relocation, bookable_sessions, availability, audit
        )

    def _wire_quota(self, context: UseCaseContext, four_eyes: FourEyes, horizon_days: int) -> None:
        """Wire quota changes and the public board."""
        stored, facts_cache, bookable_sessions = self.repositories, self.facts_cache, self.bookable_sessions
        self.changes = Changes(context, stored.quota_changes, facts_cache, self.audit)
        self.office_edits = OfficeEdits(
            context,
            stored.office_facts,
            stored.offline_quotas,
            stored.quota_changes,
            facts_cache,
            bookable_sessions,
            self.changes,
            four_eyes,
        )
        self.session_edits = SessionEdits(
            context,
            stored.sessions,
            stored.seats,
            stored.appointments,
            stored.quota_changes,
            facts_cache,
            bookable_sessions,
            self.changes,
            NearestLater(context, stored.appointments, bookable_sessions, self.availability, self.relocation),
            self.bulk_moves,
            four_eyes,
        )
        self.quota_board = QuotaBoard(
            context, stored.sessions, stored.seats, facts_cache, bookable_sessions, horizon_days
        )
