"""Earlier books over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from services.application.applications.earlier_book_findings import is_holder_seen
from services.application.applications.earlier_book_views import EarlierBooksSummary
from services.application.applications.earlier_books import BookState
from services.application.earlier_books.answer import EarlierBook
from services.application.earlier_books.service import FoundBooks
from shared.events.codes import ApplicationReason
from shared.http.codes import OneOf
from shared.http.schema import Body, View


class EarlierBookChoice(StrEnum):
    """Choices of the applicant about a record that differs from the answers."""

    CHANGE = "change"
    KEEP = "keep"


class EarlierBookDecision(Body):
    """The applicant's decision about a record that differs from the answers."""

    decision: Annotated[EarlierBookChoice, Field(strict=False)] = Field(
        description="`change`: the answers follow the record; `keep`: they stay, and the office sees both",
        examples=["change"],
    )
    reason: Annotated[ApplicationReason, Field(strict=False)] | None = Field(
        None, description="one of `fitting_reasons`; without it the suggested one", examples=["expired"]
    )


class EarlierBookView(View):
    """An earlier book. Its number is masked here and in the store.

    Dates and number are for officers, and for the account once an officer has seen the person's originals.
    """

    kind: str
    state: Annotated[str, OneOf(BookState)]
    issued_on: date | None
    expires_on: date | None
    masked_number: str | None

    @classmethod
    def from_book(cls, book: EarlierBook, *, in_full: bool) -> Self:
        """Return the view of a book."""
        return cls(
            kind=book.kind,
            state=book.state,
            issued_on=book.issued_on if in_full else None,
            expires_on=book.expires_on if in_full else None,
            masked_number=book.masked_number if in_full else None,
        )


class EarlierBooksView(View):
    """The question about earlier books with the books that were found, the newest first."""

    application_id: str
    question: EarlierBooksSummary | None = Field(description="none before the questionnaire is answered")
    asked_at: datetime | None
    answered_at: datetime | None
    next_try_at: datetime | None = Field(description="when the issuance system is asked again")
    books: list[EarlierBookView]

    @classmethod
    def from_found(cls, found: FoundBooks) -> Self:
        """Return the view of what was found."""
        seen = found.seen
        in_full = seen.for_staff or is_holder_seen(seen.application)
        question = seen.application.earlier_books
        return cls(
            application_id=seen.application_id,
            question=EarlierBooksSummary.from_application(seen.application, for_staff=seen.for_staff),
            asked_at=question.asked_at if question else None,
            answered_at=question.answered_at if question else None,
            next_try_at=question.next_try_at if question else None,
            books=[EarlierBookView.from_book(book, in_full=in_full) for book in found.books],
        )
