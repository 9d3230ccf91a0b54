"""The use cases of scheduling."""

from __future__ import annotations

from datetime import time

from services.scheduling.domain.office_facts import FactsTable
from services.scheduling.domain.policies import Rules
from services.scheduling.domain.quota_changes import FourEyes
from services.scheduling.domain.sessions import WeeklyTemplates
from services.scheduling.domain.waiting_room import OpeningRules
from services.scheduling.repository import Repository
from services.scheduling.service.assisting import Assisting
from services.scheduling.service.bulk_moves import BulkMoves
from services.scheduling.service.calendar import Calendar
from services.scheduling.service.checks import Checks
from services.scheduling.service.conduct import ConductBook
from services.scheduling.service.counter import Counter
from services.scheduling.service.counter_holds import CounterHolds
from services.scheduling.service.desk import Desk, OfficeDirectory
from services.scheduling.service.evening_sheets import SheetsOfEvenings, SheetWriters
from services.scheduling.service.fallback import Fallback
from services.scheduling.service.flags import Flags
from services.scheduling.service.hold_allowances import HoldAllowances
from services.scheduling.service.holds import Holds
from services.scheduling.service.hurry import HurryDesk
from services.scheduling.service.moves import Moves
from services.scheduling.service.offering import Offering
from services.scheduling.service.office_book import OfficeBook
from services.scheduling.service.office_edits import OfficeEdits
from services.scheduling.service.offline_visits import OfflineVisits
from services.scheduling.service.opening_board import Board
from services.scheduling.service.opening_notices import OpeningNotices
from services.scheduling.service.openings import Openings
from services.scheduling.service.paid_visits import PaidVisits
from services.scheduling.service.papers import Papers
from services.scheduling.service.parties import Parties
from services.scheduling.service.payments import Payments
from services.scheduling.service.priority import PriorityDesk
from services.scheduling.service.priority_grounds import PriorityGrounds
from services.scheduling.service.proofs import Proofs
from services.scheduling.service.queue_codes import QueueCodes
from services.scheduling.service.quota_board import QuotaBoard
from services.scheduling.service.quota_changes import Changes
from services.scheduling.service.releases import Releases
from services.scheduling.service.relocation import Relocation
from services.scheduling.service.same_day import SameDay
from services.scheduling.service.seat_chains import SeatChains
from services.scheduling.service.seating import Seating
from services.scheduling.service.session_edits import NearestLater, SessionEdits
from services.scheduling.service.special import Specials
from services.scheduling.service.visits import Visits
from services.scheduling.service.waiting import WaitingList
from services.scheduling.service.waiting_room import WaitingRoom
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
