"""The applicant: whom a passport is for, and the resumable job of confirming them with the civil registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.applicants.registry_match import Match
from services.identity.rules import CheckRules
from shared.store.transitions import Transitions

GUARDIAN_NEEDED_BELOW_YEARS: Final = 17
"""Younger and unmarried people apply through a parent or guardian (age and marriage as in Permenkumham 18/2022, 2A)."""

DAY: Final = timedelta(days=1)


class IdentityState(StrEnum):
    """States of the check."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    UPSTREAM_DOWN = "upstream_down"


class Step(StrEnum):
    """Commands of the check."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    MEET_SILENCE = "meet_silence"
    CORRECT = "correct"
    ASK_AGAIN = "ask_again"


TRANSITIONS: Final[Transitions[IdentityState, Step]] = Transitions(
    {
        (IdentityState.PENDING, Step.CONFIRM): IdentityState.PASSED,
        (IdentityState.PENDING, Step.REFUSE): IdentityState.FAILED,
        (IdentityState.PENDING, Step.MEET_SILENCE): IdentityState.UPSTREAM_DOWN,
        (IdentityState.PENDING, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.PENDING, Step.ASK_AGAIN): IdentityState.PENDING,
        (IdentityState.UPSTREAM_DOWN, Step.CONFIRM): IdentityState.PASSED,
        (IdentityState.UPSTREAM_DOWN, Step.REFUSE): IdentityState.FAILED,
        (IdentityState.UPSTREAM_DOWN, Step.MEET_SILENCE): IdentityState.UPSTREAM_DOWN,
        (IdentityState.UPSTREAM_DOWN, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.UPSTREAM_DOWN, Step.ASK_AGAIN): IdentityState.PENDING,
        (IdentityState.FAILED, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.FAILED, Step.ASK_AGAIN): IdentityState.PENDING,
    }
)
"""PASSED is final: a confirmed identity is not typed over."""


@dataclass(frozen=True)
class IdentityCheck:
    """The job. ``check_at`` is when the registry is asked next; ``silences`` counts its non-answers in a row."""

    state: IdentityState
    check_at: datetime | None
    causes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failed_at: tuple[datetime, ...] = ()
    silences: int = 0
    silence_reason: str | None = None
    asked_by: str | None = None


@dataclass(frozen=True)
class Applicant:
    """One person an account speaks for. ``particulars`` is sealed; the fingerprints find the NIK again."""

    account_id: str
    particulars: str
    nik_fingerprints: tuple[str, ...]
    identity: IdentityCheck
    added_at: datetime
    guardian_applicant_id: str | None = None
    minor: bool = False
    person_id: str | None = None
    local_warnings: tuple[str, ...] = field(default=())


def add_applicant(
    account_id: str,
    particulars: str,
    nik_fingerprints: tuple[str, ...],
    warnings: tuple[str, ...],
    now: datetime,
    *,
    guardian_applicant_id: str | None,
    minor: bool,
) -> Applicant:
    """A new applicant whose check is due now."""
    return Applicant(
        account_id=account_id,
        particulars=particulars,
        nik_fingerprints=nik_fingerprints,
        identity=IdentityCheck(IdentityState.PENDING, check_at=now, warnings=warnings),
        added_at=now,
        guardian_applicant_id=guardian_applicant_id,
        minor=minor,
        local_warnings=warnings,
    )


def confirm(applicant: Applicant, person_id: str, result: Match) -> Applicant:
    """Confirm the applicant: the registry knows this person."""
    check = replace(
        applicant.identity,
        state=TRANSITIONS.after(applicant.identity.state, Step.CONFIRM),
        check_at=None,
        causes=(),
        warnings=_warnings(applicant, result),
        silences=0,
        silence_reason=None,
    )
    return replace(applicant, identity=check, person_id=person_id)


def refuse(applicant: Applicant, result: Match, now: datetime) -> Applicant:
    """Refuse the applicant: the registry does not know this person as stated. Counts as a failed try."""
    check = replace(
        applicant.identity,
        state=TRANSITIONS.after(applicant.identity.state, Step.REFUSE),
        check_at=None,
        causes=tuple(cause.value for cause in result.causes),
        warnings=_warnings(applicant, result),
        failed_at=(*_within_day(applicant.identity.failed_at, now), now),
        silences=0,
        silence_reason=None,
    )
    return replace(applicant, identity=check)


def meet_silence(applicant: Applicant, reason: str, rules: CheckRules, now: datetime) -> Applicant:
    """Note that the registry does not answer: it is asked again after a longer pause. Never a failed try."""
    silences = applicant.identity.silences + 1
    pause_seconds = min(rules.first_pause_seconds * 2 ** min(silences - 1, 20), rules.longest_pause_seconds)
    check = replace(
        applicant.identity,
        state=TRANSITIONS.after(applicant.identity.state, Step.MEET_SILENCE),
        check_at=now + timedelta(seconds=pause_seconds),
        silences=silences,
        silence_reason=reason,
    )
    return replace(applicant, identity=check)


def correct(
    applicant: Applicant,
    particulars: str,
    nik_fingerprints: tuple[str, ...],
    warnings: tuple[str, ...],
    now: datetime,
    *,
    guardian_applicant_id: str | None,
    minor: bool,
) -> Applicant:
    """Replace the particulars; the check is due now."""
    state = TRANSITIONS.after(applicant.identity.state, Step.CORRECT)
    return replace(
        applicant,
        particulars=particulars,
        nik_fingerprints=nik_fingerprints,
        guardian_applicant_id=guardian_applicant_id,
        minor=minor,
        local_warnings=warnings,
        identity=_asked(applicant.identity, state, warnings, now, asked_by=None),
    )


def ask_again(applicant: Applicant, command_id: str, now: datetime) -> Applicant:
    """Ask for another check of the same particulars, due now. A repeat of the same command changes nothing."""
    if applicant.identity.asked_by == command_id:
        return applicant
    state = TRANSITIONS.after(applicant.identity.state, Step.ASK_AGAIN)
    asked = _asked(applicant.identity, state, applicant.local_warnings, now, asked_by=command_id)
    return replace(applicant, identity=asked)


def next_try_at(failed_at: tuple[datetime, ...], most_per_day: int, now: datetime) -> datetime | None:
    """When a further try is possible, if as many failed within a day as are allowed; else none: now."""
    recent = sorted(_within_day(failed_at, now))
    return recent[-most_per_day] + DAY if len(recent) >= most_per_day else None


def age_on(birth_date: date, day: date) -> int:
    """Whole years; somebody born on 29 February is a year older on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def needs_guardian(birth_date: date, married: bool, today: date) -> bool:
    """Whether somebody else must apply for this person."""
    return not married and age_on(birth_date, today) < GUARDIAN_NEEDED_BELOW_YEARS


def can_be_guardian(guardian: Applicant) -> bool:
    """Whether this applicant may apply for a child: confirmed by the registry and no child themselves."""
    return guardian.identity.state is IdentityState.PASSED and not guardian.minor


def deadlines(applicant: Applicant) -> Mapping[str, datetime]:
    """When the registry is to be asked."""
    return {"check": applicant.identity.check_at} if applicant.identity.check_at is not None else {}


def _asked(
    check: IdentityCheck, state: IdentityState, warnings: tuple[str, ...], now: datetime, *, asked_by: str | None
) -> IdentityCheck:
    return replace(
        check,
        state=state,
        check_at=now,
        causes=(),
        warnings=warnings,
        silences=0,
        silence_reason=None,
        asked_by=asked_by,
    )


def _warnings(applicant: Applicant, result: Match) -> tuple[str, ...]:
    return (*applicant.local_warnings, *(warning.value for warning in result.warnings))


def _within_day(times: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in times if now - at < DAY)
