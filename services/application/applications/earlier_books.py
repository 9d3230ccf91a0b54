"""The question whether a person has an earlier passport book, and what its answer says about the questionnaire. Pure.

The issuance system is asked before money is taken: the fee of a wrong kind of application is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.application.requirements.answers import Answers, ZeroTariff
from shared.events.codes import ApplicationReason, EarlierBookFinding
from shared.store.transitions import Transitions


class QuestionState(StrEnum):
    """States of the question."""

    __schema_name__ = "EarlierBooksState"

    ASKED = "asked"
    COULD_NOT_BE_ASKED = "could_not_be_asked"
    """Asked again until the visit; nothing waits for it."""
    ANSWERED = "answered"


class QuestionCommand(StrEnum):
    """Commands of the question."""

    FAIL = "fail"
    ANSWER = "answer"


QUESTION_TRANSITIONS: Final[Transitions[QuestionState, QuestionCommand]] = Transitions(
    {
        (QuestionState.ASKED, QuestionCommand.FAIL): QuestionState.COULD_NOT_BE_ASKED,
        (QuestionState.ASKED, QuestionCommand.ANSWER): QuestionState.ANSWERED,
        (QuestionState.COULD_NOT_BE_ASKED, QuestionCommand.FAIL): QuestionState.COULD_NOT_BE_ASKED,
        (QuestionState.COULD_NOT_BE_ASKED, QuestionCommand.ANSWER): QuestionState.ANSWERED,
    }
)


class BookState(StrEnum):
    """States of an earlier book, as the issuance system tells them."""

    __schema_name__ = "EarlierBookState"

    VALID = "valid"
    EXPIRED = "expired"
    REPORTED_LOST = "reported_lost"
    DAMAGED = "damaged"
    CANCELLED = "cancelled"
    """It counts for no kind: a book that was never collected is cancelled too."""


@dataclass(frozen=True)
class EarlierBookQuestion:
    """The question about one person, and its answer in codes; dates and masked numbers are sealed."""

    person_id: str
    asked_at: datetime
    next_try_at: datetime | None
    state: QuestionState = QuestionState.ASKED
    tries: int = 0
    problem: str | None = None
    """Why it could not be asked: a code."""
    answered_at: datetime | None = None
    unclear: bool = False
    """Whether the answer contradicts itself."""
    on_record: bool = False
    """Whether our own records know a book of the person: they come first."""
    books: tuple[BookState, ...] = ()
    """States of the books that were found, the newest book first."""
    books_sealed: str | None = None
    told: EarlierBookFinding | None = None
    """The finding of the last notice."""
    kept: EarlierBookFinding | None = None
    """The finding against which the applicant keeps their answers."""


_SAID_OTHERWISE: Final[Mapping[tuple[BookState, ApplicationReason], EarlierBookFinding]] = {
    (BookState.VALID, ApplicationReason.LOST): EarlierBookFinding.LOST_BUT_VALID,
    **{
        (BookState.REPORTED_LOST, reason): EarlierBookFinding.REPORTED_LOST
        for reason in (
            ApplicationReason.EXPIRED,
            ApplicationReason.PAGES_FULL,
            ApplicationReason.DAMAGED,
            ApplicationReason.DATA_CHANGE,
        )
    },
    **{
        (BookState.DAMAGED, reason): EarlierBookFinding.NOTED_DAMAGED
        for reason in (ApplicationReason.EXPIRED, ApplicationReason.PAGES_FULL, ApplicationReason.DATA_CHANGE)
    },
}
_SUGGESTED: Final[Mapping[BookState, ApplicationReason]] = {
    BookState.EXPIRED: ApplicationReason.EXPIRED,
    BookState.REPORTED_LOST: ApplicationReason.LOST,
    BookState.DAMAGED: ApplicationReason.DAMAGED,
}
"""Of a valid book only its holder knows why it is replaced."""


def find_difference(question: EarlierBookQuestion | None, answers: Answers | None) -> EarlierBookFinding | None:
    """Return in what the answer differs from the questionnaire; None where it fits or is not there."""
    if question is None or answers is None or question.state is not QuestionState.ANSWERED:
        return None
    if question.unclear:
        return EarlierBookFinding.UNCLEAR
    return _difference(question, answers.reason)


def list_fitting_reasons(question: EarlierBookQuestion) -> tuple[ApplicationReason, ...]:
    """Return the reasons that fit the books that were found."""
    if question.unclear:
        return ()
    return tuple(reason for reason in ApplicationReason if _difference(question, reason) is None)


def suggest_reason(question: EarlierBookQuestion) -> ApplicationReason | None:
    """Return the one reason that the books suggest; None where only the applicant knows it."""
    newest = _newest_held(question)
    if newest is None:
        return None if question.books or question.on_record else ApplicationReason.NEW
    return _SUGGESTED.get(newest)


def fit_answers(answers: Answers, reason: ApplicationReason) -> Answers:
    """Return the answers with this reason, and without the zero tariff of a first passport where it is not one."""
    is_new = reason is ApplicationReason.NEW
    loses_zero = not is_new and answers.zero_tariff is ZeroTariff.MIGRANT_WORKER_FIRST
    return replace(
        answers,
        reason=reason,
        has_held_passport=not is_new,
        zero_tariff=None if loses_zero else answers.zero_tariff,
    )


def _difference(question: EarlierBookQuestion, reason: ApplicationReason) -> EarlierBookFinding | None:
    newest, is_new = _newest_held(question), reason is ApplicationReason.NEW
    if newest is None:
        may_have_held = is_new or question.books or question.on_record
        return None if may_have_held else EarlierBookFinding.REPLACEMENT_BUT_NONE
    return EarlierBookFinding.NEW_BUT_HELD if is_new else _SAID_OTHERWISE.get((newest, reason))


def _newest_held(question: EarlierBookQuestion) -> BookState | None:
    return next((state for state in question.books if state is not BookState.CANCELLED), None)
