"""The use cases of scheduling."""

from __future__ import annotations

from datetime import time

from services.scheduling.booking.abuse.activity_counters import ConductBook
from services.scheduling.booking.abuse.flags import Flags
from services.scheduling.booking.abuse.hold_allowances import HoldAllowances
from services.scheduling.booking.appointments.entitlement_check import PaidVisits
from services.scheduling.booking.appointments.holds import Holds
from services.scheduling.booking.appointments.move import Relocation
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.booking.appointments.priority_check import PriorityGrounds
from services.scheduling.booking.appointments.queue_codes import QueueCodes
from services.scheduling.booking.appointments.refund_release import Releases
from services.scheduling.booking.appointments.reschedule import Moves
from services.scheduling.booking.assistance.service import Assisting
from services.scheduling.booking.parties.service import Parties
from services.scheduling.booking.same_day.booking import SameDay
from services.scheduling.booking.same_day.downgrade import Fallback
from services.scheduling.booking.same_day.upgrade import HurryDesk
from services.scheduling.booking.seats.audit_log import SeatChains
from services.scheduling.booking.seats.invariants import Checks
from services.scheduling.booking.seats.inventory import Seating
from services.scheduling.booking.waiting_list.service import WaitingList
from services.scheduling.context import Desk, OfficeDirectory
from services.scheduling.offices.calendar import Calendar
from services.scheduling.offices.facts import FactsTable
from services.scheduling.offices.facts_cache import OfficeBook
from services.scheduling.offices.product_availability import Offering
from services.scheduling.offices.session import WeeklyTemplates
from services.scheduling.openings.announcing import Openings
from services.scheduling.openings.cache import Board
from services.scheduling.openings.notices import OpeningNotices
from services.scheduling.openings.opening import OpeningRules
from services.scheduling.openings.waiting_room import WaitingRoom
from services.scheduling.quota.change import FourEyes
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.office_edits import OfficeEdits
from services.scheduling.quota.public_board import QuotaBoard
from services.scheduling.quota.session_edits import NearestLater, SessionEdits
from services.scheduling.repository import Repository
from services.scheduling.rules import Rules
from services.scheduling.visit.bulk_jobs.service import BulkMoves
from services.scheduling.visit.counter.check_in import Visits
from services.scheduling.visit.counter.payment_proofs import Proofs
from services.scheduling.visit.counter.priority_denial import PriorityDesk
from services.scheduling.visit.counter.queue_service import Counter
from services.scheduling.visit.counter.walk_in_holds import CounterHolds
from services.scheduling.visit.day_sheets.evening_sheets import SheetsOfEvenings, SheetWriters
from services.scheduling.visit.day_sheets.lists import Papers
from services.scheduling.visit.offline.import_service import OfflineVisits
from services.scheduling.visit.special_reschedule.service import Specials
from shared.assistance import Assistances
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.service import Platform

__all__ = ["Scheduling"]


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
        repository = Repository(platform.store)
        self.conduct = ConductBook(repository, platform.clock, platform.ids, fingerprints, scale=limits_scale)
        desk = Desk(
            repository,
            platform.clock,
            platform.ids,
            platform.randomness,
            rules,
            OfficeDirectory(),
            codes,
            self.conduct,
            HoldAllowances(repository, platform.clock, scale=limits_scale),
        )
        self.desk = desk
        self.audit = Audit(platform.store, platform.clock, platform.ids)
        self.audit_book = AuditBook(platform.store, platform.clock, platform.ids)
        self.assistances = Assistances(platform.store, platform.clock)
        self.assisting = Assisting(desk, self.assistances)
        self.seat_chains = SeatChains(platform)
        self.seating = Seating(desk)
        self.book = OfficeBook(desk, facts, templates, horizon_days)
        self.calendar = Calendar(desk, self.book, horizon_days)
        board = Board(repository, platform.clock)
        self.openings = Openings(desk, board, opening_rules, cipher)
        self.waiting_room = WaitingRoom(desk, board, opening_rules)
        self.offering = Offering(desk, self.book)
        self._wire_seats(desk)
        self._wire_visits(desk, cipher)
        self.evenings = SheetsOfEvenings(desk, self.papers, platform.files, writers, evening_at)
        self.checks = Checks(repository, platform.clock)
        self._wire_offices(desk, four_eyes)
        self.quota_board = QuotaBoard(desk, self.book, self.calendar, horizon_days)
        self.opening_notices = OpeningNotices(desk, self.book)

    def _wire_seats(self, desk: Desk) -> None:
        """Who gets a seat, pays for it and moves."""
        seating, calendar, offering = self.seating, self.calendar, self.offering
        self.holds = Holds(desk, seating, calendar, self.waiting_room, offering, PriorityGrounds(self.book))
        self.counter_holds = CounterHolds(desk, calendar, self.holds)
        self.same_day = SameDay(desk, seating, calendar, offering)
        self.waiting_list = WaitingList(desk, seating, offering)
        self.parties = Parties(desk, seating, calendar, self.waiting_room, offering)
        self.flags = Flags(desk)
        self.fallback = Fallback(desk, seating, calendar, offering)
        self.payments = Payments(desk, seating, calendar, offering, self.fallback)
        self.moves = Moves(desk, seating, calendar, self.waiting_room, offering)
        self.releases = Releases(desk, seating)

    def _wire_visits(self, desk: Desk, cipher: FieldCipher) -> None:
        """What happens at the office and around it."""
        seating, calendar = self.seating, self.calendar
        self.counter = Counter(desk, seating, cipher, self.audit)
        self.visits = Visits(desk, self.counter, self.audit)
        self.proofs = Proofs(desk, seating, self.counter)
        self.hurry = HurryDesk(desk, seating)
        self.priority = PriorityDesk(desk, self.counter, Relocation(desk, seating), self.audit)
        self.papers = Papers(desk)
        self.paid_visits = PaidVisits(desk)
        self.offline_visits = OfflineVisits(desk, cipher, self.audit)
        self.bulk_moves = BulkMoves(desk, seating, calendar, self.offering, self.audit)
        self.specials = Specials(desk, seating, calendar, self.offering, cipher, self.audit)

    def _wire_offices(self, desk: Desk, four_eyes: FourEyes) -> None:
        """What offices change."""
        self.changes = Changes(desk, self.book, self.audit)
        self.office_edits = OfficeEdits(desk, self.book, self.calendar, self.changes, four_eyes)
        mover = NearestLater(desk, self.calendar, self.offering, Relocation(desk, self.seating))
        self.session_edits = SessionEdits(
            desk, self.book, self.calendar, self.changes, mover, self.bulk_moves, four_eyes
        )
