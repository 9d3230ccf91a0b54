"""Consents of one account: every time one was given or withdrawn, with the version of the notice that was read.

The last act about a purpose counts. Where there is none, a purpose is on or off as the notice says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.accounts.account import Agreement
from services.identity.privacy_notice.notice import Choice, Notice, Notices

MOST_CHOICES_A_DAY: Final = 20
"""Choices of one account in a day: a person changes their mind a few times, and the history is kept for good."""

CHILD_DATA: Final = "child_data"
"""The purpose that a guardian agrees to when a child is added, and the grown child is asked about."""

DAY: Final = timedelta(days=1)


class How(StrEnum):
    """Ways in which a consent was given or withdrawn."""

    __schema_name__ = "ConsentWay"

    REGISTRATION = "registration"
    """With the code that opened the account."""
    ACCOUNT = "account"
    """In the account, later."""
    GROWN_CHILD = "grown_child"
    """By a child who was 17 by then, about what their guardian had agreed to."""


@dataclass(frozen=True)
class ConsentAct:
    """One consent that was given or withdrawn; ``applicant_id`` where it is about a child."""

    purpose: str
    notice_version: int
    is_given: bool
    at: datetime
    how: How
    applicant_id: str | None = None


@dataclass(frozen=True)
class ConsentRecord:
    """All acts of one account, oldest first."""

    acts: tuple[ConsentAct, ...] = ()

    def last_act(self, purpose: str, applicant_id: str | None = None) -> ConsentAct | None:
        """Return the act that counts for this purpose, or None."""
        found = [act for act in self.acts if (act.purpose, act.applicant_id) == (purpose, applicant_id)]
        return found[-1] if found else None


def at_registration(agreement: Agreement | None, notices: Notices, registered_at: datetime) -> ConsentRecord:
    """Return the record of an account that has made no choice since it was registered.

    Registering agrees to what is needed, in the version in force; free purposes were ticked or not. Earlier accounts
    and older clients ticked nothing.
    """
    agreed = agreement or Agreement(notices.in_force(registered_at).number)
    notice = notices.numbered(agreed.notice_version) or notices.versions[0]
    given = [
        purpose.code
        for purpose in notice.purposes
        if purpose.code != CHILD_DATA and (purpose.choice is Choice.NEEDED or purpose.code in agreed.purposes)
    ]
    return ConsentRecord(
        tuple(ConsentAct(code, notice.number, True, registered_at, How.REGISTRATION) for code in given)
    )


def choose(record: ConsentRecord, act: ConsentAct) -> ConsentRecord:
    """Return the record with this act; the same choice of the same version again changes nothing."""
    last = record.last_act(act.purpose, act.applicant_id)
    if last is not None and (last.is_given, last.notice_version) == (act.is_given, act.notice_version):
        return record
    return replace(record, acts=(*record.acts, act))


def is_on(record: ConsentRecord, notice: Notice, code: str) -> bool:
    """Return whether data may be used for this purpose."""
    last, purpose = record.last_act(code), notice.purpose(code)
    if last is not None:
        return last.is_given
    return purpose is not None and purpose.choice is not Choice.OFF_UNTIL_GIVEN


def stopped_purposes(record: ConsentRecord, notice: Notice) -> tuple[str, ...]:
    """Return the free purposes that data may not be used for."""
    free = [purpose.code for purpose in notice.purposes if purpose.choice is not Choice.NEEDED]
    return tuple(code for code in free if not is_on(record, notice, code))


def is_asked_again(record: ConsentRecord, notices: Notices, notice: Notice, code: str) -> bool:
    """Return whether the text of the purpose is another one than was agreed to. Until the answer the consent stands."""
    return agreed_notice(record, notices, code).purpose(code) != notice.purpose(code)


def agreed_notice(record: ConsentRecord, notices: Notices, code: str) -> Notice:
    """Return the version that the last act about a purpose names; without one that of the registration."""
    act = record.last_act(code) or record.acts[0]
    return notices.numbered(act.notice_version) or notices.versions[0]


def next_choice_at(record: ConsentRecord, now: datetime) -> datetime | None:
    """Return when the next choice can be made; None: now."""
    recent = [act.at for act in record.acts if act.how is not How.REGISTRATION and now - act.at < DAY]
    return recent[-MOST_CHOICES_A_DAY] + DAY if len(recent) >= MOST_CHOICES_A_DAY else None
