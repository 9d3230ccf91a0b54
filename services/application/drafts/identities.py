"""Identities that the civil registry has not confirmed yet: their drafts go on, and are told when it has."""

from __future__ import annotations

from dataclasses import replace

from services.application.applications.applicant import IdentityProgress
from services.application.applications.application import Application, Author, Status
from services.application.applications.errors import PersonAppliesElsewhere
from services.application.applications.service import Applications
from services.application.applications.timeline import with_line
from services.application.context import UseCaseContext
from services.application.drafts.errors import ItemsMissing, PagesMissing
from services.application.drafts.person_facts import brought_up_to_date, load_person_facts
from services.application.drafts.transitions import (
    identity_awaited,
    identity_confirmed,
    other_application_awaited,
    returned_to_draft,
)
from services.application.earlier_books.service import EarlierBookQuestions
from services.application.requirements.errors import AnswersContradict
from shared.events.codes import ReturnReason
from shared.store.decision import Decision
from shared.store.kinds import Record

IDENTITY = Author("identity")


class Identities:
    """The use cases of identities that are not confirmed yet."""

    def __init__(self, context: UseCaseContext, applications: Applications, questions: EarlierBookQuestions) -> None:
        self._context = context
        self._applications = applications
        self._questions = questions

    async def confirm(self, applicant_id: str) -> None:
        """Tell the applicant's waiting application, if there is one, that identity has confirmed them."""
        waiting = await self._applications.repository.live_application_of(applicant_id)
        if waiting is not None:
            await self._confirm(waiting)

    async def return_refused(self, applicant_id: str) -> None:
        """Make the applicant's waiting submission, if there is one, a draft again if identity has refused them."""
        waiting = await self._applications.repository.live_application_of(applicant_id)
        if waiting is not None:
            await self._return_refused(waiting)

    async def look_due(self, record: Record[Application], _name: str) -> None:
        """Look whether identity has confirmed or refused, or the other application has ended; else look again later."""
        if await self._confirm(record):
            return
        await self._return_refused(record)
        now = self._context.now()

        def wait(application: Application) -> Decision[Application] | None:
            if application.identity_confirmed:
                return None
            return identity_awaited(application, now)

        await self._applications.change(record.id, wait)

    async def _return_refused(self, record: Record[Application]) -> None:
        applicant = await self._applications.repository.applicant(record.state.applicant_id)
        if applicant is None or applicant.state.identity is not IdentityProgress.FAILED:
            return
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            if application.status is not Status.IDENTITY_PENDING:
                return None
            decision = returned_to_draft(record.id, application, ReturnReason.IDENTITY_REFUSED)
            line_id = f"identity_refused:{len(application.timeline)}"
            return with_line(decision, line_id, now, "identity_refused", IDENTITY)

        await self._applications.change(record.id, decide)

    async def _confirm(self, record: Record[Application]) -> bool:
        """Confirm the application's identity; False while the confirmation has not arrived, or another one is open."""
        applicant = await self._applications.repository.applicant(record.state.applicant_id)
        if applicant is None or not applicant.state.complete:
            return False
        person_id, now = applicant.state.person_id, self._context.now()
        facts = await load_person_facts(self._applications, record.state, now, person_id=person_id)

        def decide(application: Application) -> Decision[Application] | None:
            is_other_draft = application.status is Status.DRAFT and application.person_id != person_id
            if (application.identity_confirmed and not is_other_draft) or not application.live:
                return None
            complete, checked = True, application
            if application.submitted_at is not None:
                try:
                    checked = brought_up_to_date(self._applications, application, facts)
                except (AnswersContradict, ItemsMissing, PagesMissing):
                    complete = False
            if application.answers is not None:
                checked = replace(checked, minor=facts.is_minor(application.answers))
            decision = identity_confirmed(record.id, checked, person_id, complete=complete, age_band=facts.age_band)
            decision = self._questions.follow(record.id, decision, now)
            line = "identity_confirmed" if complete else "returned_to_draft"
            return with_line(decision, "identity_confirmed", now, line, IDENTITY)

        def wait(application: Application) -> Decision[Application] | None:
            if application.status is not Status.IDENTITY_PENDING:
                return None
            decision = other_application_awaited(record.id, application, person_id, now)
            return with_line(decision, "another_application_open", now, "another_application_open", IDENTITY)

        try:
            await self._applications.change(record.id, decide)
        except PersonAppliesElsewhere:
            await self._applications.change(record.id, wait)
        return True
