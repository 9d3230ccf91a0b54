"""An application of another account for a person at the counter: found by the person, closed by an officer."""

from __future__ import annotations

from dataclasses import replace

from services.application.applications import application as rules
from services.application.applications.application import HOLDS_PERSON, Application, Command, Status
from services.application.applications.errors import ApplicationEnded
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.drafts.errors import AnotherPersonsApplication, TooLateToWithdraw
from services.application.drafts.identities import Identities
from services.application.drafts.settlement_transitions import closed_for_person
from services.application.errors import NotYourOffice
from shared.events.application import SubmissionFreed
from shared.store.decision import Decision
from shared.store.kinds import Record


class PersonSettlement:
    """The use cases of officers who settle whose application counts."""

    def __init__(self, context: UseCaseContext, applications: Applications, identities: Identities) -> None:
        self._context = context
        self._applications = applications
        self._identities = identities

    async def find_by_person(self, person_id: str) -> list[Record[Application]]:
        """Return the live applications for a person, in whichever account."""
        return await self._applications.repository.live_applications_for(person_id)

    async def close_for_person(
        self, application_id: str, person_id: str, reason_code: str, who: Actor, command_id: str
    ) -> Seen:
        """Close an application because its person showed who they are; both sides are told. Again is no error.

        Submissions that waited for its end go on at once.

        Raises:
            NotFound: there is no such application.
            AnotherPersonsApplication: it is for somebody else.
            NotYourOffice: its visit is at another office, which closes it.
            TooLateToWithdraw: the visit has begun. ApplicationEnded: it has ended.
        """
        others = await self.find_by_person(person_id)
        now, office_id = self._context.now(), who.office_id or ""

        def decide(application: Application) -> Decision[Application] | None:
            _refuse_others(application, person_id, who)
            if application.closed_for_person:
                return None
            _refuse_unless_closable(application, who)
            decision = closed_for_person(application_id, application, office_id, reason_code, now)
            freed = tuple(
                SubmissionFreed(application_id=other.id, account_id=other.state.account_id, person_id=person_id)
                for other in others
                if other.state.account_id != application.account_id
                and other.state.status is Status.DRAFT
                and _holds(application, person_id)
            )
            line = with_line(decision, f"closed:{command_id}", now, "closed_for_person", author_of(who), reason_code)
            return replace(line, events=(*line.events, *freed))

        closed = await self._applications.change(application_id, decide, received=command_id)
        for other in others:
            if other.state.another_open:
                await self._identities.confirm(other.state.applicant_id)
        return self._applications.seen(closed, who)


def may_close(application: Application, who: Actor) -> bool:
    """Return whether this officer may close it now."""
    seat = application.visits.seat
    is_visiting = seat is not None and seat.checked_in_at is not None
    return _is_own_office(application, who) and not is_visiting and rules.allows(application, Command.WITHDRAW)


def _is_own_office(application: Application, who: Actor) -> bool:
    return application.office_id is None or application.office_id == who.office_id


def _holds(application: Application, person_id: str) -> bool:
    """Return whether no other application for the person can be submitted while this one is live."""
    return application.status in HOLDS_PERSON and application.person_id == person_id


def _refuse_others(application: Application, person_id: str, who: Actor) -> None:
    if not _is_own_office(application, who):
        raise NotYourOffice(office_id=application.office_id)
    if person_id not in (application.person_id, application.waiting_person_id):
        raise AnotherPersonsApplication(field="/person_id")


def _refuse_unless_closable(application: Application, who: Actor) -> None:
    if not application.live:
        raise ApplicationEnded(state=application.status.value)
    if not may_close(application, who):
        raise TooLateToWithdraw
