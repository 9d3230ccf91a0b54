"""Incoming events, due deadlines and chores of all rooms, joined."""

from __future__ import annotations

from collections.abc import Mapping

from services.scheduling.applications import DraftCopies
from services.scheduling.booking.abuse.handlers import abuse_chores, abuse_deadlines
from services.scheduling.booking.appointments.handlers import AppointmentHandlers
from services.scheduling.booking.parties.handlers import party_deadlines
from services.scheduling.booking.same_day.handlers import same_day_deadlines
from services.scheduling.booking.seats.handlers import seat_deadlines
from services.scheduling.booking.waiting_list.handlers import waiting_list_deadlines
from services.scheduling.offices.handlers import office_chores, office_deadlines
from services.scheduling.openings.handlers import opening_chores, opening_deadlines
from services.scheduling.quota.handlers import quota_deadlines
from services.scheduling.use_cases import Scheduling
from services.scheduling.visit.bulk_jobs.handlers import bulk_job_deadlines
from services.scheduling.visit.counter.handlers import counter_deadlines, counter_events
from services.scheduling.visit.day_sheets.handlers import day_sheet_chores, day_sheet_deadlines
from services.scheduling.visit.special_reschedule.handlers import special_deadlines
from shared.events.identity import DataExportAsked
from shared.events.message import Event
from shared.service import Chore, DeadlineHandler, MessageHandler


class Handlers:
    """Events, deadlines and chores of the service."""

    def __init__(self, service: Scheduling) -> None:
        self._service = service
        self._appointments = AppointmentHandlers(
            service.holds,
            service.payments,
            service.moves,
            service.same_day_downgrade,
            service.same_day_upgrades,
            service.releases,
            service.waiting_list,
            service.inventory,
        )

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return every event that this service is bound to."""
        service = self._service
        return {
            **DraftCopies(service.repositories.applications, service.context.clock).events(),
            **self._appointments.events(),
            **counter_events(service.visits, service.proofs),
            DataExportAsked: service.export_answers.answer,
            **service.assistances.events(),
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return every deadline that a document of this service can have."""
        service = self._service
        return {
            **office_deadlines(service.bookable_sessions),
            **opening_deadlines(service.openings, service.opening_notices),
            **self._appointments.deadlines(),
            **seat_deadlines(service.inventory, service.waiting_list),
            **same_day_deadlines(service.same_day_upgrades),
            **waiting_list_deadlines(service.waiting_list),
            **party_deadlines(service.parties),
            **abuse_deadlines(service.activity),
            **counter_deadlines(service.visits, service.counter),
            **special_deadlines(service.specials),
            **bulk_job_deadlines(service.bulk_moves),
            **day_sheet_deadlines(service.evenings),
            **quota_deadlines(service.changes),
            **service.assistances.deadlines(),
        }

    def chores(self) -> list[Chore]:
        """Return the periodic chores."""
        service = self._service
        return [
            *office_chores(service.bookable_sessions, service.facts_cache, service.opening_notices.plan),
            *opening_chores(service.openings, service.facts_cache),
            *abuse_chores(service.activity),
            *day_sheet_chores(service.evenings),
        ]
