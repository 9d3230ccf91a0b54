"""The facts that are printed in a passport book, but for its number and its holder's particulars. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.application.requirements.answers import LONG_VALIDITY_YEARS, Answers, ZeroTariff

SHORT_VALIDITY_YEARS: Final = 5
"""For children, for migrant workers' books, and for adults who choose it (Permenkumham 18/2022 art. 2A)."""


class BookKind(StrEnum):
    """Kinds of books."""

    ORDINARY = "ordinary"
    ELECTRONIC = "electronic"
    MIGRANT_WORKER = "migrant_worker"
    """24 pages and five years, for a migrant worker's first departure (Permenkumham 9/2020)."""


@dataclass(frozen=True)
class BookFacts:
    """The kind of a book and its dates."""

    kind: BookKind
    issued_on: date
    expires_on: date


def is_too_long(issued_on: date, expires_on: date) -> bool:
    """Return whether a book would be valid for longer than any is (Permenkumham 18/2022 art. 2A: ten years)."""
    return expires_on > years_after(issued_on, LONG_VALIDITY_YEARS)


def expected_book(answers: Answers | None, *, minor: bool, printed_on: date) -> BookFacts:
    """Return the book that follows from the answers, printed on that day."""
    if answers is None:
        return BookFacts(BookKind.ORDINARY, printed_on, years_after(printed_on, SHORT_VALIDITY_YEARS))
    is_pmi = answers.zero_tariff is ZeroTariff.MIGRANT_WORKER_FIRST
    kind = BookKind.MIGRANT_WORKER if is_pmi else BookKind(answers.passport_kind.value)
    is_long = answers.validity_years >= LONG_VALIDITY_YEARS and not minor and not is_pmi
    years = LONG_VALIDITY_YEARS if is_long else SHORT_VALIDITY_YEARS
    return BookFacts(kind, printed_on, years_after(printed_on, years))


def told_book(expected: BookFacts, kind: str | None, issued_on: date | None, expires_on: date | None) -> BookFacts:
    """Return the book as the issuance system tells of it; what it does not tell, or contradicts itself in, is as
    expected.
    """
    known = kind in set(BookKind) and expected.kind is not BookKind.MIGRANT_WORKER
    book_kind = BookKind(str(kind)) if known else expected.kind
    if issued_on is None or expires_on is None or expires_on <= issued_on:
        return BookFacts(book_kind, expected.issued_on, expected.expires_on)
    return BookFacts(book_kind, issued_on, expires_on)


def years_after(day: date, years: int) -> date:
    """Return the same day so many years later; of 29 February, where there is none, 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    following_year, following_month = divmod(year * 12 + month + 1, 12)
    last = (date(following_year, following_month + 1, 1) - date(year, month + 1, 1)).days
    return date(year, month + 1, min(day.day, last))
