"""Reminders that a passport expires: when they are due, and what is told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from services.application.applications.book import months_before
from services.application.passports.passport import Passport, PassportState
from shared.calendar.working_days import JAKARTA
from shared.events.application import PassportExpiryReminderDue
from shared.store.decision import Decision

REMINDER_MONTHS: Final = (12, 9, 6)
"""Months before the expiry on which the holder is reminded: many countries ask for six at entry."""

REMINDER_HOUR: Final = 9
"""Reminders are told at this hour in Jakarta: it is morning everywhere in the country."""

LOOK_AGAIN: Final = timedelta(days=30)
"""While a replacement is under way, or a grown child has no account of their own, it is looked at again after this."""


def next_expiry_reminder_at(passport: Passport) -> datetime | None:
    """Return when the holder is reminded next; None after the last one, and for a book that is not in use."""
    if passport.state is not PassportState.COLLECTED:
        return None
    months = (months for months in REMINDER_MONTHS if _is_open(passport, months))
    at = next((_reminder_at(passport, months) for months in months), None)
    look_at = passport.expiry_look_at
    return at if at is None or look_at is None else max(at, look_at)


def deadlines(passport: Passport) -> Mapping[str, datetime]:
    """Return when the holder is reminded that the passport expires."""
    at = next_expiry_reminder_at(passport)
    return {"expiry_reminder": at} if at is not None else {}


def newest_due_months(passport: Passport, now: datetime) -> int | None:
    """Return the newest reminder that is due and was not told; older ones are skipped. None if none is."""
    due_at = next_expiry_reminder_at(passport)
    if due_at is None or now < due_at:
        return None
    due = (months for months in REMINDER_MONTHS if _is_open(passport, months) and _reminder_at(passport, months) <= now)
    return min(due, default=None)


def expiry_reminded(passport_id: str, passport: Passport, now: datetime) -> Decision[Passport] | None:
    """Remind the account of the passport, once; of one that has expired meanwhile nothing is told any more.

    None where nothing is due.
    """
    months = newest_due_months(passport, now)
    if months is None:
        return None
    state = replace(passport, expiry_reminded_months=months, expiry_look_at=None)
    if passport.expired(now.astimezone(JAKARTA).date()):
        return Decision(replace(state, expiry_reminded_months=min(REMINDER_MONTHS)))
    event = PassportExpiryReminderDue(
        passport_id=passport_id,
        account_id=passport.account_id,
        applicant_id=passport.applicant_id,
        months=months,
        expires_on=passport.book.expires_on,
    )
    return Decision(state, (event,))


def expiry_postponed(passport: Passport, now: datetime) -> Decision[Passport] | None:
    """Look again later, and tell nothing now; None where nothing is due."""
    if newest_due_months(passport, now) is None:
        return None
    return Decision(replace(passport, expiry_look_at=now + LOOK_AGAIN))


def _is_open(passport: Passport, months: int) -> bool:
    told = passport.expiry_reminded_months
    return told is None or months < told


def _reminder_at(passport: Passport, months: int) -> datetime:
    on = months_before(passport.book.expires_on, months)
    return datetime.combine(on, time(REMINDER_HOUR), JAKARTA).astimezone(UTC)
