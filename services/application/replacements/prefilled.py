"""The answers of a replacement, filled in from the book and from the application that it was printed for. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Final

from services.application.applications.book import SHORT_VALIDITY_YEARS, BookKind, years_after
from services.application.passports.passport import Passport, PassportState
from services.application.requirements.answers import LONG_VALIDITY_YEARS, Answers
from shared.events.codes import ApplicationReason, PassportKind

FEWER_PAPERS_SINCE: Final = date(2009, 1, 1)
"""Books issued in Indonesia since then are replaced with identity card and old book alone."""


class OpenReason(StrEnum):
    """Reasons that a book itself does not show."""

    __schema_name__ = "ReplacementReason"

    PAGES_FULL = "pages_full"
    DATA_CHANGE = "data_change"


def replacement_reason(passport: Passport, wanted: OpenReason | None, on: date) -> ApplicationReason | None:
    """Return the reason of a replacement on that day; None where the book shows none and none is named.

    A report about the book counts, whichever reason is named.
    """
    if passport.state is PassportState.LOST:
        return ApplicationReason.LOST
    if passport.state is PassportState.DAMAGED:
        return ApplicationReason.DAMAGED
    if wanted is not None:
        return ApplicationReason(wanted.value)
    return ApplicationReason.EXPIRED if passport.expiring(on) else None


def prefilled_answers(
    passport: Passport, earlier: Answers | None, reason: ApplicationReason, *, minor: bool
) -> Answers:
    """Return the answers: those of the earlier application where there is one, with what has changed since."""
    book = passport.book
    was_long = book.expires_on >= years_after(book.issued_on, LONG_VALIDITY_YEARS)
    is_electronic = book.kind is BookKind.ELECTRONIC
    base = earlier or Answers(
        has_held_passport=True,
        reason=reason,
        passport_kind=PassportKind.ELECTRONIC if is_electronic else PassportKind.ORDINARY,
        validity_years=SHORT_VALIDITY_YEARS,
    )
    return replace(
        base,
        has_held_passport=True,
        reason=reason,
        validity_years=LONG_VALIDITY_YEARS if was_long and not minor else SHORT_VALIDITY_YEARS,
        zero_tariff=None,
        name_changed=False,
        old_passport_since_2009=book.issued_on >= FEWER_PAPERS_SINCE,
    )
