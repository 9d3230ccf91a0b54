"""From draft to submission: what the applicant does, alone or with an officer at the counter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from services.application.applications import application as rules
from services.application.applications.access import refuse_strangers, refuse_unassisted, refuse_uncovered
from services.application.applications.applicant import Applicant
from services.application.applications.application import Application, Command, Status, application_number
from services.application.applications.errors import ApplicationEnded, StepIsOver
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.drafts.errors import (
    AccountNotNamed,
    ApplicationAlreadyOpen,
    ConfirmationMissing,
    ItemsMissing,
    TooLateToWithdraw,
)
from services.application.drafts.transitions import answered, drafted, submitted, withdrawn
from services.application.requirements.answers import Answers, age_band, contradiction_in, is_minor
from services.application.requirements.errors import AnswersContradict
from services.application.requirements.requirement import day_at_capital, missing
from shared.errors import NotFound, NotKnownYet, Unavailable
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

NUMBER_ATTEMPTS = 5
"""Tries for a free number; two in a row are already once in a million millions."""


class Drafting:
    """The use cases up to the submission, and the withdrawal."""

    def __init__(self, context: UseCaseContext, applications: Applications) -> None:
        self._context = context
        self._applications = applications

    async def begin(self, applicant_id: str, who: Actor, command_id: str) -> Seen:
        """Open a draft for a confirmed applicant; the same command again meets the same draft.

        Raises:
            NotKnownYet: identity's confirmation has not arrived.
            NotFound: the applicant belongs to another account.
            ApplicationAlreadyOpen: the applicant has a live application.
            AccountNotNamed: an officer did not say for whom.
            AssistanceNeeded, AssistanceOfAnother: the officer has no consent of this person.
        """
        if who.is_staff and who.on_behalf_of is None:
            raise AccountNotNamed(field="/on_behalf_of")
        applicant = await self._applications.wait_until_known(lambda: self._confirmed(applicant_id))
        if applicant is None:
            raise NotKnownYet(
                "The civil registry has not confirmed this applicant yet.",
                detail_id="Pemohon ini belum dikonfirmasi oleh data kependudukan.",
            )
        if applicant.account_id != who.for_account:
            raise NotFound
        refuse_uncovered(applicant.person_id, who)
        application_id = derived_id("application", command_id)
        return self._applications.seen(await self._insert(application_id, applicant_id, applicant, who), who)

    async def answer(self, application_id: str, answers: Answers, who: Actor) -> Seen:
        """Keep the answers; the list of requirements follows from them.

        Raises:
            AnswersContradict: two answers, or an answer and our records, do not go together.
            StepIsOver: the application was submitted.
            AssistanceNeeded: an officer of the office has no consent of this person.
        """
        record = await self._own(application_id, who)
        _refuse_unless_draft(record.state)
        card = await self._applications.card(record.state.applicant_id)
        on_record = await self._applications.repository.has_passport_on_record(record.state.person_id)
        now = self._context.now()
        minor = is_minor(card.birth_date, day_at_capital(now), married=answers.married)
        contradiction = contradiction_in(answers, minor=minor, on_record=on_record)
        if contradiction is not None:
            raise AnswersContradict(contradiction)

        def decide(application: Application) -> Decision[Application] | None:
            _refuse_unless_draft(application)
            if application.answers == answers and application.minor == minor:
                return None
            decision = answered(application, answers, minor=minor, rules_version=self._applications.rules.version)
            line_id = f"answered:{len(application.timeline)}"
            return with_line(decision, line_id, now, "questionnaire_answered", author_of(who))

        return self._applications.seen(await self._applications.change(application_id, decide), who)

    async def submit(self, application_id: str, confirmed_not_refundable: bool, who: Actor, command_id: str) -> Seen:
        """Submit; again is no error.

        Raises:
            ConfirmationMissing: the statement of what is not paid back was not confirmed.
            StepComesFirst: the questionnaire is not answered.
            ItemsMissing: compulsory items are not there; each is named.
            PersonAppliesElsewhere: another account has submitted for this person.
            AssistanceNeeded: an officer of the office has no consent of this person.
        """
        record = await self._own(application_id, who)
        card = await self._applications.card(record.state.applicant_id)
        on_record = await self._applications.repository.has_passport_on_record(record.state.person_id)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            if application.submitted_at is not None and application.live:
                return None
            if not confirmed_not_refundable:
                raise ConfirmationMissing(self._applications.rules.not_refundable)
            application = self._up_to_date(application, card.birth_date, on_record, now)
            band = age_band(card.birth_date, day_at_capital(now))
            decision = submitted(application_id, application, now, band)
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
        records = await self._applications.repository.applications_of(who.for_account)
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

    async def _insert(
        self, application_id: str, applicant_id: str, applicant: Applicant, who: Actor
    ) -> Record[Application]:
        now = self._context.now()
        for attempt in range(NUMBER_ATTEMPTS):
            draft = Application(
                number=application_number(application_id, day_at_capital(now).year, attempt),
                account_id=applicant.account_id,
                applicant_id=applicant_id,
                person_id=applicant.person_id,
                started_at=now,
                assisting_office_id=who.office_id if who.is_staff else None,
            )
            decision = drafted(application_id, add_to_timeline(draft, "drafted", now, "drafted", author_of(who)))
            try:
                return await self._applications.repository.insert_application(
                    application_id, decision.state, now, decision.events
                )
            except AlreadyExists as taken:
                if taken.index != "number":
                    return await self._existing(application_id, applicant_id)
        raise Unavailable

    async def _existing(self, application_id: str, applicant_id: str) -> Record[Application]:
        earlier = await self._applications.repository.application(application_id)
        if earlier is not None:
            return earlier
        other = await self._applications.repository.live_application_of(applicant_id)
        raise ApplicationAlreadyOpen(application_id=other.id if other is not None else None)

    def _up_to_date(self, application: Application, born: date, on_record: bool, now: datetime) -> Application:
        """The draft as the rules see it today, or the refusal of its submission."""
        self._applications.refuse_early(application, Step.DOCUMENTS)
        answers = application.answers
        assert answers is not None  # noqa: S101 - the questionnaire is done, or it was refused above
        minor = is_minor(born, day_at_capital(now), married=answers.married)
        contradiction = contradiction_in(answers, minor=minor, on_record=on_record)
        if contradiction is not None:
            raise AnswersContradict(contradiction)
        application = replace(application, minor=minor, rules_version=self._applications.rules.version)
        lacking = missing(self._applications.items(application), application.present())
        if lacking:
            raise ItemsMissing(lacking)
        return application


def _refuse_unless_draft(application: Application) -> None:
    if not application.live:
        raise ApplicationEnded(state=application.status.value)
    if application.status is not Status.DRAFT:
        raise StepIsOver(state=application.status.value)
