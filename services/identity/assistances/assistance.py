"""Assistance: an officer acts for a person, with that person's consent, at one office and for some hours.

It is asked for by a code to the person's address, or live at once where the letter or the identity card was shown. It
ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.events.identity import Consent
from shared.store.transitions import Transitions

HOUR: Final = timedelta(hours=1)


class AssistanceState(StrEnum):
    """States of an assistance."""

    ASKED = "asked"
    """A code was sent; the person has not told it yet."""
    LIVE = "live"
    ENDED = "ended"


class AssistanceCommand(StrEnum):
    """Commands of an assistance."""

    CONSENT = "consent"
    END = "end"


ASSISTANCE_TRANSITIONS: Final[Transitions[AssistanceState, AssistanceCommand]] = Transitions(
    {
        (AssistanceState.ASKED, AssistanceCommand.CONSENT): AssistanceState.LIVE,
        (AssistanceState.ASKED, AssistanceCommand.END): AssistanceState.ENDED,
        (AssistanceState.LIVE, AssistanceCommand.END): AssistanceState.ENDED,
    }
)
"""An ended assistance is never live again: further help needs a further consent."""


class EndCause(StrEnum):
    """Why an assistance ended."""

    EXPIRED = "expired"
    """Its hours are over, or its code was never told."""
    ACCOUNT = "account"
    """The person ended it."""
    OFFICER = "officer"
    HEAD = "head"
    """The head of the office ended it."""
    OFFICER_LEFT_POST = "officer_left_post"
    """The officer was moved, locked, given a new password or has left."""


class NoTelephone(StrEnum):
    """Why an identity card stands in for a code; the audit keeps it, and the head of the office reads it each day."""

    NO_TELEPHONE = "no_telephone"
    TELEPHONE_LOST = "telephone_lost"
    NUMBER_CHANGED = "number_changed"
    NO_RECEPTION = "no_reception"
    NEEDS_HELP_WITH_TELEPHONE = "needs_help_with_telephone"


@dataclass(frozen=True)
class Officer:
    """The officer who assists, and their office."""

    officer_id: str
    office_id: str


@dataclass(frozen=True)
class Assistance:
    """One assistance. ``expires_at`` is when it ends by itself; while a code is waited for, when that is given up."""

    state: AssistanceState
    officer_id: str
    office_id: str
    consent: Consent
    asked_at: datetime
    expires_at: datetime
    challenge_id: str | None = None
    asked_by: str | None = None
    """The command that sent the code: only the code that it sent counts here."""
    account_id: str | None = None
    person_ids: tuple[str, ...] = ()
    """The persons that it covers; empty: every applicant of the account."""
    begun_at: datetime | None = None
    begun_by: str | None = None
    """The command that began it."""
    reason: NoTelephone | None = None
    appointment_id: str | None = None
    ended_at: datetime | None = None
    ended_for: EndCause | None = None


def ask_for_consent(officer: Officer, challenge_id: str, asked_by: str, wait: timedelta, now: datetime) -> Assistance:
    """Return an assistance whose code was sent; given up after ``wait``."""
    return Assistance(
        AssistanceState.ASKED,
        officer.officer_id,
        officer.office_id,
        Consent.CODE,
        now,
        now + wait,
        challenge_id=challenge_id,
        asked_by=asked_by,
    )


def consented(assistance: Assistance, account_id: str, hours: timedelta, command_id: str, now: datetime) -> Assistance:
    """Return the assistance live for everybody whom the account speaks for: its person has told the code.

    Raises:
        IllegalTransition: it is not waited for any more.
    """
    return replace(
        assistance,
        state=ASSISTANCE_TRANSITIONS.after(assistance.state, AssistanceCommand.CONSENT),
        account_id=account_id,
        begun_at=now,
        begun_by=command_id,
        expires_at=now + hours,
    )


@dataclass(frozen=True)
class Shown:
    """The paper shown in place of a code, the account, and the persons that it covers."""

    consent: Consent
    account_id: str
    person_ids: tuple[str, ...]
    command_id: str
    reason: NoTelephone | None = None
    appointment_id: str | None = None


def begin_by(shown: Shown, officer: Officer, hours: timedelta, now: datetime) -> Assistance:
    """Return an assistance that is live at once, for the persons whom the shown paper stands for."""
    return Assistance(
        AssistanceState.LIVE,
        officer.officer_id,
        officer.office_id,
        shown.consent,
        now,
        now + hours,
        account_id=shown.account_id,
        person_ids=shown.person_ids,
        begun_at=now,
        begun_by=shown.command_id,
        reason=shown.reason,
        appointment_id=shown.appointment_id,
    )


def end(assistance: Assistance, cause: EndCause, now: datetime) -> Assistance:
    """Return the assistance, ended.

    Raises:
        IllegalTransition: it has ended.
    """
    state = ASSISTANCE_TRANSITIONS.after(assistance.state, AssistanceCommand.END)
    return replace(assistance, state=state, ended_at=now, ended_for=cause)


def is_live(assistance: Assistance, now: datetime) -> bool:
    """Return whether it counts now, whether or not its end was written yet."""
    return assistance.state is AssistanceState.LIVE and now < assistance.expires_at


def deadlines(assistance: Assistance) -> Mapping[str, datetime]:
    """Return when it ends by itself."""
    return {} if assistance.state is AssistanceState.ENDED else {"expire": assistance.expires_at}


@dataclass(frozen=True)
class SentCode:
    """A code that an office had sent, and the command that asked for it."""

    command_id: str
    at: datetime


@dataclass(frozen=True)
class OfficeCodes:
    """The codes that an office had sent within an hour: one document, so that the limit holds over all replicas."""

    sent: tuple[SentCode, ...] = field(default=())


def office_wait(codes: OfficeCodes, most: int, now: datetime) -> datetime | None:
    """Return until when the office has to wait for its next code; None if it may ask now."""
    recent = _within_hour(codes, now)
    return None if len(recent) < most else recent[-most].at + HOUR


def has_counted(codes: OfficeCodes, command_id: str) -> bool:
    """Return whether this command's code was counted already."""
    return any(code.command_id == command_id for code in codes.sent)


def count_code(codes: OfficeCodes, command_id: str, now: datetime) -> OfficeCodes:
    """Return the office with one code more; ask :func:`office_wait` first."""
    return OfficeCodes((*_within_hour(codes, now), SentCode(command_id, now)))


def _within_hour(codes: OfficeCodes, now: datetime) -> tuple[SentCode, ...]:
    return tuple(code for code in codes.sent if now - code.at < HOUR)
