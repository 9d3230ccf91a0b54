"""From draft to submission: what the applicant does, alone or with an officer at the counter."""

from __future__ import annotations

from dataclasses import replace

from services.application.applications import application as rules
from services.application.applications.access import refuse_strangers, refuse_unassisted, refuse_uncovered
from services.application.applications.applicant import Applicant, IdentityProgress
from services.application.applications.application import Application, Command, Status, application_number
from services.application.applications.errors import ApplicationEnded, StepIsOver
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.drafts.errors import (
    AccountNotNamed,
    ApplicantCameOfAge,
    ApplicationAlreadyOpen,
    ConfirmationMissing,
    IdentityNotConfirmed,
    TooLateToWithdraw,
)
from services.application.drafts.person_facts import brought_up_to_date, load_person_facts
from services.application.drafts.transitions import answered, drafted, submitted, withdrawn
from services.application.earlier_books.service import EarlierBookQuestions
from services.application.leavings.service import Leavings
from services.application.requirements.answers import Answers
from services.application.requirements.requirement import day_at_capital
from shared.errors import NotFound, NotKnownYet, Unavailable
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

NUMBER_ATTEMPTS = 5
"""Tries for a free number; two in a row are already once in a million millions."""


class Drafting:
    """The use cases up to the submission, and the withdrawal."""

    def __init__(
        self, context: UseCaseContext, applications: Applications, leavings: Leavings, questions: EarlierBookQuestions
    ) -> None:
        self._context = context
        self._applications = applications
        self._leavings = leavings
        self._questions = questions

    async def begin(self, applicant_id: str, who: Actor, command_id: str) -> Seen:
        """Open a draft for an applicant; the same command again meets the same draft.

        Without the civil registry's confirmation, which is waited for up to a second, the draft goes on with its
        identity pending.

        Raises:
            NotKnownYet: the applicant is not known here yet.
            NotFound: the applicant belongs to another account.
            IdentityNotConfirmed: the civil registry has refused the applicant's data.
            ApplicantCameOfAge: they were added as a child, and apply themselves now.
            ApplicationAlreadyOpen: the applicant has a live application.
            ApplicantLeaving: the applicant, or the whole account, is being removed.
            AccountNotNamed: an officer did not say for whom.
            AssistanceNeeded, AssistanceOfAnother: the officer has no consent of this person.
        """
        if who.is_staff and who.on_behalf_of is None:
            raise AccountNotNamed(field="/on_behalf_of")
        confirmed = await self._applications.wait_until_known(lambda: self._confirmed(applicant_id))
        record = await self._applications.repository.applicant(applicant_id) if confirmed is None else None
        applicant = confirmed or (record.state if record is not None else None)
        if applicant is None:
            raise NotKnownYet("This applicant is not known here yet.", detail_id="Pemohon ini belum diketahui di sini.")
        if applicant.account_id not in who.for_accounts:
            raise NotFound
        if applicant.identity is IdentityProgress.FAILED:
            raise IdentityNotConfirmed(applicant_id=applicant_id)
        if applicant.came_of_age:
            raise ApplicantCameOfAge(applicant_id=applicant_id)
        await self._leavings.refuse_leaving(applicant_id)
        now = self._context.now()
        draft = Application(
            number="",
            account_id=applicant.account_id,
            applicant_id=applicant_id,
            person_id=applicant.person_id if confirmed is not None else applicant_id,
            started_at=now,
            identity_look_at=None if confirmed is not None else now,
            assisting_office_id=who.office_id if who.is_staff else None,
        )
        refuse_uncovered(draft.person_id, who)
        return self._applications.seen(await self._insert(derived_id("application", command_id), draft, who), who)

    async def answer(self, application_id: str, answers: Answers, who: Actor) -> Seen:
        """Keep the answers; the list of requirements follows from them.

        Raises:
            AnswersContradict: two answers, or an answer and our records, do not go together.
            StepIsOver: the application was submitted.
            AssistanceNeeded: an officer of the office has no consent of this person.
        """
        record = await self._own(application_id, who)
        _refuse_unless_draft(record.state)
        now = self._context.now()
        facts = await load_person_facts(self._applications, record.state, now)
        facts.refuse_contradiction(answers)
        minor = facts.is_minor(answers)

        def decide(application: Application) -> Decision[Application] | None:
            _refuse_unless_draft(application)
            facts.refuse_outdated(application)
            if application.answers == answers and application.minor == minor:
                return None
            decision = answered(application, answers, minor=minor, rules_version=self._applications.rules.version)
            decision = self._questions.follow(application_id, decision, now)
            line_id = f"answered:{len(application.timeline)}"
            return with_line(decision, line_id, now, "questionnaire_answered", author_of(who))

        return self._applications.seen(await self._applications.change(application_id, decide), who)

    async def submit(self, application_id: str, confirmed_not_refundable: bool, who: Actor, command_id: str) -> Seen:
        """Submit; again is no error. With its identity pending the application waits for the civil registry.

        Raises:
            ConfirmationMissing: the statement of what is not paid back was not confirmed.
            StepComesFirst: the questionnaire is not answered.
            ItemsMissing: compulsory items are not there; each is named. PagesMissing: an item has a gap.
            IdentityNotConfirmed: the civil registry has refused the applicant's data.
            PersonAppliesElsewhere: another account has submitted for this person.
            AssistanceNeeded: an officer of the office has no consent of this person.
        """
        record = await self._own(application_id, who)
        now = self._context.now()
        applicant = await self._applications.repository.applicant(record.state.applicant_id)
        person_id = applicant.state.person_id if applicant is not None and applicant.state.complete else None
        facts = await load_person_facts(self._applications, record.state, now, person_id=person_id)

        def decide(application: Application) -> Decision[Application] | None:
            if application.submitted_at is not None and application.live:
                return None
            if not confirmed_not_refundable:
                raise ConfirmationMissing(self._applications.rules.not_refundable)
            facts.refuse_outdated(application)
            application = brought_up_to_date(self._applications, application, facts)
            if applicant is not None and applicant.state.identity is IdentityProgress.FAILED:
                raise IdentityNotConfirmed(applicant_id=application.applicant_id)
            if person_id is not None:
                application = replace(application, person_id=person_id, identity_look_at=None)
            elif application.identity_confirmed:
                application = replace(application, identity_look_at=now)  # being corrected, and checked again
            decision = submitted(application_id, application, now, facts.age_band)
            decision = self._questions.follow(application_id, decision, now)
            return with_line(decision, f"submitted:{command_id}", now, "submitted", author_of(who))

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def withdraw(self, application_id: str, who: Actor, command_id: str) -> Seen:
        """Give the application up before the visit; again is no error.

        Raises:
            TooLateToWithdraw: the visitor has checked in.
            ApplicationEnded: it ended in another way.
            AssistanceNeeded: an officer of the office has no consent of this person.
        """
        await self._own(application_id, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            if application.status is Status.WITHDRAWN:
                return None
            if not application.live:
                raise ApplicationEnded(state=application.status.value)
            seat = application.visits.seat
            visiting = seat is not None and seat.checked_in_at is not None
            if visiting or not rules.allows(application, Command.WITHDRAW):
                raise TooLateToWithdraw
            decision = withdrawn(application_id, application, now)
            return with_line(decision, f"withdrawn:{command_id}", now, "withdrawn", author_of(who))

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def get_application(self, application_id: str, who: Actor) -> Seen:
        """The application, for its owner or its office."""
        return self._applications.seen(await self._visible(application_id, who), who)

    async def list_own(self, who: Actor) -> list[Seen]:
        """The applications of the caller's account, the newest first; of those an assistance covers, for officers."""
        records = await self._applications.repository.applications_of(*who.for_accounts)
        assistance = who.assistance
        return [
            self._applications.seen(record, who)
            for record in records
            if assistance is None or assistance.copy.covers(record.state.person_id)
        ]

    async def _confirmed(self, applicant_id: str) -> Applicant | None:
        record = await self._applications.repository.applicant(applicant_id)
        return record.state if record is not None and record.state.complete else None

    async def _visible(self, application_id: str, who: Actor) -> Record[Application]:
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        return record

    async def _own(self, application_id: str, who: Actor) -> Record[Application]:
        record = await self._applications.application(application_id)
        refuse_unassisted(record.state, who)
        return record

    async def _insert(self, application_id: str, draft: Application, who: Actor) -> Record[Application]:
        if await self._applications.repository.live_application_of(draft.applicant_id):
            return await self._existing(application_id, draft.applicant_id)
        now = self._context.now()
        for attempt in range(NUMBER_ATTEMPTS):
            number = application_number(application_id, day_at_capital(now).year, attempt)
            numbered = add_to_timeline(replace(draft, number=number), "drafted", now, "drafted", author_of(who))
            decision = drafted(application_id, numbered)
            try:
                return await self._applications.repository.insert_application(
                    application_id, decision.state, now, decision.events
                )
            except AlreadyExists as taken:
                if taken.index != "number":
                    return await self._existing(application_id, draft.applicant_id)
        raise Unavailable

    async def _existing(self, application_id: str, applicant_id: str) -> Record[Application]:
        """Return the draft of the same command. Raises ApplicationAlreadyOpen if another one is in the way."""
        earlier = await self._applications.repository.application(application_id)
        if earlier is not None:
            return earlier
        other = await self._applications.repository.live_application_of(applicant_id)
        raise ApplicationAlreadyOpen(application_id=other.id if other is not None else None)


def _refuse_unless_draft(application: Application) -> None:
    if not application.live:
        raise ApplicationEnded(state=application.status.value)
    if application.status is not Status.DRAFT:
        raise StepIsOver(state=application.status.value)
