"""The counter: what officers of the appointment's office record, and the list of their day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.application import errors
from services.application.applications import application as rules
from services.application.applications.access import OFFICE_ROLES, refuse_other_offices
from services.application.applications.appeal_texts import ground_codes
from services.application.applications.application import Application, Author, Interview, Status
from services.application.applications.collection import Collector
from services.application.applications.errors import StepComesFirst, StepIsOver
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.collection.proxies import Proxies
from services.application.context import Actor, UseCaseContext
from services.application.corrections.service import refuse_unpaid
from services.application.counter.errors import (
    DocumentsUndecided,
    MissingPapersNotNamed,
    NothingIsMissing,
    OriginalsNotSeen,
    PapersNotNeeded,
)
from services.application.counter.transitions import PAPERS_DAYS, collected, interviewed, lapsed
from services.application.requirements.errors import DocumentNotAsked
from services.application.requirements.requirement import CAPITAL_ZONE, Listed
from services.application.voided_book.service import note_voided_book, refuse_unpaid_book
from shared.events.codes import InterviewOutcome
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Role

SYSTEM: Final = Author("application")
WIDEST_ZONE: Final = timedelta(hours=14)


class Counter:
    """The use cases of officers at the visit and after it."""

    def __init__(self, context: UseCaseContext, applications: Applications, proxies: Proxies) -> None:
        self._context = context
        self._applications = applications
        self._proxies = proxies

    async def see_originals(self, application_id: str, codes: tuple[str, ...], who: Actor, command_id: str) -> Seen:
        """Record which originals were seen.

        Raises:
            NotYourOffice. StepComesFirst: the visitor has not checked in. DocumentNotAsked: no such item.
        """
        await self._present(application_id, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application]:
            self._refuse_unless_interview(application)
            self._refuse_not_asked(application, codes, "/requirements")
            originals = tuple(sorted({*application.originals, *codes}))
            state = replace(application, originals=originals, originals_by=who.account_id)
            return Decision(add_to_timeline(state, f"originals:{command_id}", now, "originals_seen", author_of(who)))

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def record_interview(
        self,
        application_id: str,
        outcome: str,
        reason_code: str | None,
        note: str | None,
        who: Actor,
        command_id: str,
        *,
        missing: tuple[str, ...] = (),
    ) -> Seen:
        """Record the outcome. An approval needs every compulsory original seen, anything else a reason, an incomplete
        interview the codes of the papers that are ``missing``. An adjudicator decides only about what an interview left
        incomplete, so that two officers have looked at it.

        Raises:
            NotYourOffice. StepComesFirst. StepIsOver: an outcome that cannot be changed is recorded.
            OriginalsNotSeen, DocumentsUndecided, ReasonCodeMissing, ReasonCodeUnknown, PriceNotKnownYet, PaymentOwed.
            MissingPapersNotNamed, NothingIsMissing. DocumentNotAsked: a missing paper is none of the list.
            PapersNotNeeded: the application needs no such paper.
        """
        await self._present(application_id, who)
        if outcome != InterviewOutcome.APPROVED and reason_code is None:
            raise errors.ReasonCodeMissing(field="/reason_code")
        if outcome == InterviewOutcome.REFUSED and reason_code not in ground_codes():
            raise errors.ReasonCodeUnknown(field="/reason_code", known=list(ground_codes()))
        _refuse_wrong_missing(outcome, missing)
        now = self._context.now()
        until = now + timedelta(days=PAPERS_DAYS) if outcome == InterviewOutcome.INCOMPLETE else None
        sealed = await self._applications.seal_note(note, application_id) if note else None
        interview = Interview(outcome, now, who.account_id, reason_code, sealed, until, tuple(dict.fromkeys(missing)))

        def decide(application: Application) -> Decision[Application]:
            self._refuse_unless_interview(application)
            if who.role is Role.ADJUDICATOR and application.status is not Status.INCOMPLETE:
                raise StepComesFirst(Step.INTERVIEW)
            self._refuse_not_asked(application, missing, "/missing")
            self._refuse_not_needed(application, missing)
            if outcome == InterviewOutcome.APPROVED:
                self._refuse_unseen(application)
                refuse_unpaid(application)
            decision = interviewed(application_id, application, interview, now)
            done = with_line(
                decision, f"interview:{command_id}", now, f"interview_{outcome}", author_of(who), reason_code
            )
            return Decision(note_voided_book(done.state, now), done.events)

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def hand_out(
        self,
        application_id: str,
        collected_by: str,
        who: Actor,
        command_id: str,
        *,
        collector: Collector | None = None,
        papers_seen: Collection[str] = (),
    ) -> Seen:
        """Record that the book was collected; the same again is no error.

        ``collector`` is the person who came in place of the holder, with the papers that the officer saw of them.

        Raises:
            NotYourOffice. StepComesFirst: it is not printed. ApplicationEnded: it ended without a book. FeeNotPaid.
            CollectorNotNeeded, CollectorsPapersNotSeen, ProxyNotAuthorised: the person may not have it.
            CollectedOtherwise: it was collected by another person.
        """
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)
        now = self._context.now()
        checked = await self._proxies.check(record, collected_by, collector, papers_seen)

        def decide(application: Application) -> Decision[Application] | None:
            if application.status is Status.COLLECTED:
                return None
            self._applications.refuse_early(application, Step.COLLECT)
            refuse_unpaid_book(application)
            checked.refuse(application)
            decision = collected(application_id, application, collected_by, checked.sealed)
            return with_line(
                decision, f"collected:{command_id}", now, "passport_collected", author_of(who), collected_by
            )

        saved = await self._applications.change(application_id, decide, received=command_id)
        await self._proxies.refuse_other_collector(saved, collected_by, collector)
        return self._applications.seen(saved, who)

    async def day(self, office_id: str, on: date | None, who: Actor) -> list[Seen]:
        """The visits of the caller's own office on a day of its own clock, today if none is named."""
        if who.role not in OFFICE_ROLES or who.office_id != office_id:
            raise errors.NotYourOffice
        now = self._context.now()
        start, end = _widest_day(on, now)
        records = await self._applications.repository.applications_at(office_id, start, end)
        return [self._applications.seen(record, who) for record in records if _is_on(record, on, now)]

    async def by_number(self, office_id: str, number: str, who: Actor) -> list[Seen]:
        """The application of that number if its visit is at the caller's own office: one, or none."""
        if who.role not in OFFICE_ROLES or who.office_id != office_id:
            raise errors.NotYourOffice
        record = await self._applications.repository.application_numbered(number)
        return (
            [self._applications.seen(record, who)] if record is not None and record.state.office_id == office_id else []
        )

    async def papers_overdue(self, record: Record[Application], _name: str) -> None:
        """The days for missing papers are over: the application is closed."""
        await self._lapse(record.id, Status.INCOMPLETE, "papers_not_completed")

    async def collection_overdue(self, record: Record[Application], _name: str) -> None:
        """The month for collecting is over: the book is cancelled and the application closed."""
        await self._lapse(record.id, Status.PRINTED, "not_collected")

    async def _lapse(self, application_id: str, status: Status, reason_code: str) -> None:
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            due = rules.deadlines(application)
            at = due.get("papers" if status is Status.INCOMPLETE else "collection")
            if application.status is not status or at is None or now < at:
                return None
            decision = lapsed(application_id, application, reason_code)
            return with_line(decision, f"closed:{reason_code}", now, "application_closed", SYSTEM, reason_code)

        await self._applications.change(application_id, decide)

    async def _present(self, application_id: str, who: Actor) -> None:
        """Wait a moment for the check-in that was just recorded elsewhere; whether it came is decided later."""
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)

        async def find_check_in() -> bool | None:
            known = (await self._applications.application(application_id)).state
            seat = known.visits.seat
            arrived = seat is not None and seat.checked_in_at is not None
            return True if arrived or known.status is not Status.SUBMITTED else None

        await self._applications.wait_until_known(find_check_in)

    def _refuse_unless_interview(self, application: Application) -> None:
        self._applications.refuse_early(application, Step.INTERVIEW)
        if application.status not in {Status.SUBMITTED, Status.INCOMPLETE}:
            raise StepIsOver(state=application.status.value)

    def _refuse_not_asked(self, application: Application, codes: tuple[str, ...], field: str) -> None:
        unknown = sorted(set(codes) - {item.code for item in self._applications.items(application)})
        if unknown:
            raise DocumentNotAsked(field=field, unknown=unknown)

    def _refuse_not_needed(self, application: Application, missing: tuple[str, ...]) -> None:
        there = application.present()
        unneeded = {item.code for item in self._applications.items(application) if not item.compulsory} - there.keys()
        named = sorted(unneeded.intersection(missing))
        if named:
            raise PapersNotNeeded(field="/missing", unneeded=named)

    def _refuse_unseen(self, application: Application) -> None:
        unseen = [item for item in self._applications.items(application) if _must_be_seen(item, application)]
        if unseen:
            raise OriginalsNotSeen(unseen)
        compulsory = [item.code for item in self._applications.items(application) if item.compulsory]
        if rules.to_hand_over(application, compulsory) is None:
            raise DocumentsUndecided


def _refuse_wrong_missing(outcome: str, missing: tuple[str, ...]) -> None:
    if outcome == InterviewOutcome.INCOMPLETE and not missing:
        raise MissingPapersNotNamed(field="/missing")
    if outcome != InterviewOutcome.INCOMPLETE and missing:
        raise NothingIsMissing(field="/missing")


def _must_be_seen(item: Listed, application: Application) -> bool:
    return item.compulsory and item.requirement.original_shown and item.code not in application.originals


def _widest_day(on: date | None, now: datetime) -> tuple[datetime, datetime]:
    """Every moment that is on this day somewhere."""
    day = on or now.astimezone(ZoneInfo(CAPITAL_ZONE)).date()
    midnight = datetime.combine(day, time(0), now.tzinfo)
    return midnight - WIDEST_ZONE, midnight + timedelta(days=1) + WIDEST_ZONE


def _is_on(record: Record[Application], on: date | None, now: datetime) -> bool:
    seat = record.state.visits.last_seat
    if seat is None or seat.starts_at is None:
        return False
    zone = ZoneInfo(seat.office_timezone or CAPITAL_ZONE)
    day = on or now.astimezone(zone).date()
    return seat.starts_at.astimezone(zone).date() == day
