"""Transitions of the question about earlier books, and of the answers that follow what was found. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Command, Status, moved
from services.application.applications.correction import Correction
from services.application.applications.correction_transitions import kind_corrected
from services.application.applications.earlier_book_findings import answers_bind, find_open_difference
from services.application.applications.earlier_books import (
    QUESTION_TRANSITIONS,
    BookState,
    EarlierBookQuestion,
    QuestionCommand,
    QuestionState,
    find_difference,
    fit_answers,
)
from services.application.rules import Pace
from shared.events.application import EarlierBookDiffers
from shared.events.codes import ApplicationReason
from shared.store.decision import Decision


def with_question(application: Application, now: datetime) -> Application:
    """Return the application with the question about its person, due now; once asked it is not asked again.

    Not before the questionnaire is answered and the civil registry has confirmed the person.
    """
    question = application.earlier_books
    is_asked = question is not None and question.person_id == application.person_id
    if is_asked or application.answers is None or not application.identity_confirmed:
        return application
    return replace(application, earlier_books=EarlierBookQuestion(application.person_id, now, next_try_at=now))


def question_failed(
    application: Application, person_id: str, problem: str, pace: Pace, now: datetime
) -> Decision[Application] | None:
    """Note that the issuance system could not be asked, for the coded reason; None where an answer came meanwhile."""
    question = _open_question(application, person_id)
    if question is None:
        return None
    tries = question.tries + 1
    failed = replace(
        question,
        state=QUESTION_TRANSITIONS.after(question.state, QuestionCommand.FAIL),
        tries=tries,
        problem=problem,
        next_try_at=now + pace.retry_after(tries),
    )
    return Decision(replace(application, earlier_books=failed))


def question_answered(
    application_id: str,
    application: Application,
    person_id: str,
    books: tuple[BookState, ...],
    now: datetime,
    *,
    books_sealed: str | None,
    unclear: bool,
    on_record: bool,
) -> Decision[Application] | None:
    """Note the answer, and tell in what it differs from the questionnaire as it is now.

    Only the first answer counts: None where one is there, where the application has ended or is another person's now.
    """
    question = _open_question(application, person_id)
    if question is None:
        return None
    done = replace(
        question,
        state=QUESTION_TRANSITIONS.after(question.state, QuestionCommand.ANSWER),
        tries=question.tries + 1,
        problem=None,
        next_try_at=None,
        answered_at=now,
        books=books,
        books_sealed=books_sealed,
        unclear=unclear,
        on_record=on_record,
    )
    return with_difference_told(application_id, Decision(replace(application, earlier_books=done)))


def with_difference_told(application_id: str, decision: Decision[Application]) -> Decision[Application]:
    """Return the decision with the event of a difference that its state leaves open, told once for each finding."""
    state = decision.state
    question, found = state.earlier_books, find_open_difference(state)
    if question is None or found is None or found is question.told:
        return decision
    event = EarlierBookDiffers(
        application_id=application_id,
        account_id=state.account_id,
        finding=found.value,
        answers_bind=answers_bind(state),
    )
    told = replace(state, earlier_books=replace(question, told=found))
    return Decision(told, (*decision.events, event))


def answers_fitted(
    application_id: str, application: Application, reason: ApplicationReason, correction: Correction
) -> Decision[Application]:
    """Change the answers so that they fit the books that were found.

    A draft is answered again. Of a submission the other services are told as of an officer's correction: a bill that
    is not asked for yet has the new price, and a difference to a bill that is out is worked out once it is paid.
    """
    before = application.answers
    assert before is not None  # noqa: S101 - a difference is found only to answers
    answers = fit_answers(before, reason)
    if application.status is Status.DRAFT:
        return Decision(replace(moved(application, Command.ANSWER), answers=answers))
    return kind_corrected(application_id, application, answers, correction, by_applicant=True)


def answers_kept(application: Application) -> Decision[Application] | None:
    """Note that the applicant keeps their answers, which officers see; None where nothing differs."""
    question = application.earlier_books
    found = find_difference(question, application.answers)
    if question is None or found is None:
        return None
    return Decision(replace(application, earlier_books=replace(question, kept=found)))


def _open_question(application: Application, person_id: str) -> EarlierBookQuestion | None:
    question = application.earlier_books
    if question is None or question.person_id != person_id or not application.live:
        return None
    return question if question.state is not QuestionState.ANSWERED else None
