"""The issuance system is asked for earlier books of a person, beside all that the applicant does.

Every try is a deadline of the application, so that a crash, a slow system or a lost answer means another try, and no
request of a citizen waits for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.application.applications import application as rules
from services.application.applications.access import refuse_strangers, refuse_unassisted
from services.application.applications.application import Application, Author
from services.application.applications.correction import Correction
from services.application.applications.earlier_book_findings import answers_bind
from services.application.applications.earlier_books import (
    EarlierBookQuestion,
    find_difference,
    list_fitting_reasons,
    suggest_reason,
)
from services.application.applications.errors import ApplicationEnded
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import author_of, with_line
from services.application.context import Actor, UseCaseContext
from services.application.earlier_books.answer import EarlierBook, contradicts_itself, sort_newest_first
from services.application.earlier_books.errors import AnswersBind, NothingDiffers, ReasonDoesNotFit
from services.application.earlier_books.ports import BooksContradict, EarlierBooks
from services.application.earlier_books.sealed_books import open_books, seal_books
from services.application.earlier_books.transitions import (
    answers_fitted,
    answers_kept,
    question_answered,
    question_failed,
    with_difference_told,
    with_question,
)
from services.application.requirements.answers import contradiction_in
from services.application.requirements.errors import AnswersContradict
from services.application.requirements.requirement import day_at_capital
from shared.errors import UpstreamDown
from shared.events.codes import ApplicationReason, EarlierBookFinding
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record

DPRI: Final = Author("dpri")
REASON_CODE: Final = "earlier_book_found"
UPSTREAM_DOWN: Final = "upstream_down"


@dataclass(frozen=True)
class FoundBooks:
    """An application with the books of its person, opened."""

    seen: Seen
    books: tuple[EarlierBook, ...]


class EarlierBookQuestions:
    """The use cases around earlier books. Without a `port` nothing is asked."""

    def __init__(self, context: UseCaseContext, applications: Applications, port: EarlierBooks | None) -> None:
        self._context = context
        self._applications = applications
        self._port = port

    def follow(self, application_id: str, decision: Decision[Application], now: datetime) -> Decision[Application]:
        """Return the decision with the question due, or with the event of what its answer differs in, in one write."""
        if self._port is None:
            return decision
        asked = Decision(with_question(decision.state, now), decision.events)
        return with_difference_told(application_id, asked)

    async def ask_due(self, record: Record[Application], _name: str) -> None:
        """Ask for the books of the application's person, and note the answer or that there is none yet."""
        question = record.state.earlier_books
        if question is None or self._port is None:
            return
        applicant_id, person_id = record.state.applicant_id, question.person_id
        card = await self._applications.card(applicant_id)
        books: tuple[EarlierBook, ...] = ()
        is_unclear = False
        try:
            books = sort_newest_first(await self._port.find_books(card.nik))
        except UpstreamDown:
            await self._note_failure(record.id, person_id)
            return
        except BooksContradict:
            is_unclear = True
        now = self._context.now()
        is_unclear = is_unclear or contradicts_itself(books, day_at_capital(now))
        sealed = await seal_books(self._applications.vault, books, record.id, applicant_id) if books else None
        on_record = await self._applications.repository.has_passport_on_record(person_id)

        def decide(application: Application) -> Decision[Application] | None:
            decision = question_answered(
                record.id,
                application,
                person_id,
                tuple(book.state for book in books),
                now,
                books_sealed=sealed,
                unclear=is_unclear,
                on_record=on_record,
            )
            return decision and with_line(decision, f"earlier_books:{person_id}", now, "earlier_books_answered", DPRI)

        await self._applications.change(record.id, decide)

    async def show(self, application_id: str, who: Actor) -> FoundBooks:
        """Return the application with the books that were found, for its owner or its office.

        Raises:
            NotFound, NotYourOffice, AssistanceNeeded, AssistanceOfAnother.
        """
        record = await self._applications.application(application_id)
        refuse_strangers(record.state, who)
        books = await open_books(self._applications.vault, record.id, record.state)
        return FoundBooks(self._applications.seen(record, who), books)

    async def change_answers(
        self, application_id: str, reason: ApplicationReason | None, who: Actor, command_id: str
    ) -> Seen:
        """Change the answers so that they fit what was found; requirements, kind and fee follow. Again is no error.

        Raises:
            NothingDiffers: the answers fit already. AnswersBind: the fee is paid, an officer corrects them.
            ReasonDoesNotFit: the reason is not among the fitting ones, or missing where only the applicant knows it.
            ApplicationEnded. AnswersContradict.
        """
        await self._refuse_others(application_id, who)
        now = self._context.now()
        correction = Correction(derived_id("correction", command_id), now, who.account_id, REASON_CODE)

        def decide(application: Application) -> Decision[Application]:
            question = _differing(application)
            if answers_bind(application):
                raise AnswersBind
            wanted = reason or suggest_reason(question)
            if wanted not in (fitting := list_fitting_reasons(question)):
                raise ReasonDoesNotFit(fitting)
            decision = answers_fitted(application_id, application, wanted, correction)
            _refuse_contradiction(decision.state, on_record=question.on_record)
            line = with_line(decision, f"answers_fitted:{command_id}", now, "answers_fitted", author_of(who))
            return with_difference_told(application_id, line)

        return await self._changed(application_id, decide, who, command_id)

    async def keep_answers(self, application_id: str, who: Actor, command_id: str) -> Seen:
        """Keep the answers although a record differs; the office sees it. Again is no error.

        Raises:
            NothingDiffers. ApplicationEnded.
        """
        await self._refuse_others(application_id, who)
        now = self._context.now()

        def decide(application: Application) -> Decision[Application] | None:
            question = _differing(application)
            if question.kept is find_difference(question, application.answers):
                return None
            decision = answers_kept(application)
            return decision and with_line(decision, f"answers_kept:{command_id}", now, "answers_kept", author_of(who))

        return await self._changed(application_id, decide, who, command_id)

    async def _note_failure(self, application_id: str, person_id: str) -> None:
        now, pace = self._context.now(), self._context.settings.pace
        await self._applications.change(
            application_id, lambda application: question_failed(application, person_id, UPSTREAM_DOWN, pace, now)
        )

    async def _refuse_others(self, application_id: str, who: Actor) -> None:
        refuse_unassisted((await self._applications.application(application_id)).state, who)

    async def _changed(self, application_id: str, decide: rules.Decide, who: Actor, command_id: str) -> Seen:
        record = await self._applications.change(application_id, decide, received=command_id)
        return self._applications.seen(record, who)


def _differing(application: Application) -> EarlierBookQuestion:
    """Return the question whose answer differs from the answers.

    Raises:
        ApplicationEnded, NothingDiffers.
    """
    if not application.live:
        raise ApplicationEnded(state=application.status.value)
    question = application.earlier_books
    found = find_difference(question, application.answers)
    if question is None or found is None or found is EarlierBookFinding.UNCLEAR:
        raise NothingDiffers
    return question


def _refuse_contradiction(application: Application, *, on_record: bool) -> None:
    answers = application.answers
    assert answers is not None  # noqa: S101 - they were just changed
    found = contradiction_in(answers, minor=application.minor, on_record=on_record)
    if found is not None:
        raise AnswersContradict(found)
