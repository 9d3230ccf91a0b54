"""An answer about earlier books: whether it contradicts itself, and the order of its books. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.application.applications.earlier_books import BookState


@dataclass(frozen=True)
class EarlierBook:
    """A passport book of the person, as the issuance system tells it."""

    kind: str
    """A code, such as ``ordinary`` or ``electronic``."""
    state: BookState
    issued_on: date = field(repr=False)
    expires_on: date = field(repr=False)
    masked_number: str = field(repr=False)
    """All but the last three characters are hidden."""


def contradicts_itself(books: Sequence[EarlierBook], today: date) -> bool:
    """Return whether the books cannot all be as they are told: one expires before its issue, one is valid although it
    has expired or expired although it has not, or two are valid of one kind.
    """
    valid = [book.kind for book in books if book.state is BookState.VALID]
    return len(valid) != len(set(valid)) or any(_contradicts_itself(book, today) for book in books)


def sort_newest_first(books: Sequence[EarlierBook]) -> tuple[EarlierBook, ...]:
    """Return the books with the newest one first; of two of one day the one that is valid longer."""
    return tuple(sorted(books, key=lambda book: (book.issued_on, book.expires_on), reverse=True))


def _contradicts_itself(book: EarlierBook, today: date) -> bool:
    is_over = book.expires_on < today
    is_wrong = (book.state is BookState.VALID and is_over) or (book.state is BookState.EXPIRED and not is_over)
    return is_wrong or book.expires_on <= book.issued_on or book.issued_on > today
