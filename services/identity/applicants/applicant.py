"""The applicant: whom a passport is for, and the resumable job of confirming them with the civil registry.

A match that is not exact is shown back before it is fixed: the applicant keeps the data as typed, or corrects them.
Confirmed data can be corrected by the applicant until an application with them is submitted, then by officers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zlib import crc32

from services.identity.applicants.correction import Correction, CorrectionState
from services.identity.applicants.nik import NikWarning
from services.identity.applicants.registry_match import Match
from services.identity.rules import CheckRules
from shared.store.transitions import Transitions

GUARDIAN_NEEDED_BELOW_YEARS: Final = 17
"""Younger and unmarried people apply through a parent or guardian (age and marriage as in Permenkumham 18/2022, 2A)."""

DAY: Final = timedelta(days=1)

AGE_LOOK_MINUTES: Final = 28 * 24 * 60
"""Minutes of a month over which looks at the age are spread: those of February."""


class IdentityState(StrEnum):
    """States of the check."""

    PENDING = "pending"
    SHOWN_BACK = "shown_back"
    """The registry knows the person and writes something differently: the applicant says which is right."""
    PASSED = "passed"
    FAILED = "failed"
    UPSTREAM_DOWN = "upstream_down"


class Step(StrEnum):
    """Commands of the check."""

    CONFIRM = "confirm"
    SHOW_BACK = "show_back"
    KEEP = "keep"
    """The applicant keeps the data as typed."""
    REFUSE = "refuse"
    MEET_SILENCE = "meet_silence"
    CORRECT = "correct"
    ASK_AGAIN = "ask_again"
    AMEND = "amend"
    """An officer corrects, the original in hand."""


TRANSITIONS: Final[Transitions[IdentityState, Step]] = Transitions(
    {
        (IdentityState.PENDING, Step.CONFIRM): IdentityState.PASSED,
        (IdentityState.PENDING, Step.SHOW_BACK): IdentityState.SHOWN_BACK,
        (IdentityState.PENDING, Step.REFUSE): IdentityState.FAILED,
        (IdentityState.PENDING, Step.MEET_SILENCE): IdentityState.UPSTREAM_DOWN,
        (IdentityState.PENDING, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.PENDING, Step.ASK_AGAIN): IdentityState.PENDING,
        (IdentityState.UPSTREAM_DOWN, Step.CONFIRM): IdentityState.PASSED,
        (IdentityState.UPSTREAM_DOWN, Step.SHOW_BACK): IdentityState.SHOWN_BACK,
        (IdentityState.UPSTREAM_DOWN, Step.REFUSE): IdentityState.FAILED,
        (IdentityState.UPSTREAM_DOWN, Step.MEET_SILENCE): IdentityState.UPSTREAM_DOWN,
        (IdentityState.UPSTREAM_DOWN, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.UPSTREAM_DOWN, Step.ASK_AGAIN): IdentityState.PENDING,
        (IdentityState.SHOWN_BACK, Step.KEEP): IdentityState.PASSED,
        (IdentityState.SHOWN_BACK, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.SHOWN_BACK, Step.ASK_AGAIN): IdentityState.PENDING,
        (IdentityState.PASSED, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.PASSED, Step.AMEND): IdentityState.PASSED,
        (IdentityState.FAILED, Step.CORRECT): IdentityState.PENDING,
        (IdentityState.FAILED, Step.ASK_AGAIN): IdentityState.PENDING,
    }
)
"""PASSED rests: it is left only by a correction, which is refused once an application was submitted."""

MOST_REMEMBERED: Final = 20
"""Ended applications and decided corrections that an applicant remembers, so that late and repeated news is known."""


@dataclass(frozen=True)
class IdentityCheck:
    """The job. ``check_at`` is when the registry is asked next; ``silences`` counts its non-answers in a row."""

    state: IdentityState
    check_at: datetime | None
    causes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failed_at: tuple[datetime, ...] = ()
    asked_at: tuple[datetime, ...] = ()
    """When a check was asked for within a day; the repeats after a silence are one check."""
    silences: int = 0
    silence_reason: str | None = None
    asked_by: str | None = None


@dataclass(frozen=True)
class FailedTry:
    """A check that failed, and the NIK that it was about: the applicant may have another one since."""

    nik_fingerprints: tuple[str, ...]
    at: datetime


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
    by_family_card: bool = False
    """A child on the guardian's family card: counted apart from the five."""
    person_id: str | None = None
    confirmed_nik: tuple[str, ...] = ()
    """Fingerprints of the NIK that was confirmed last: a correction never leaves it."""
    local_warnings: tuple[str, ...] = field(default=())
    applications: tuple[str, ...] = ()
    """Submitted applications that have not ended: while there is one, only an officer corrects."""
    ended_applications: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    """Corrections by officers, oldest first."""
    failed_tries: tuple[FailedTry, ...] = ()
    """Of a day, whichever NIK they were about."""
    failed_niks: tuple[str, ...] = ()
    """Fingerprints of all failed tries, to find them by."""
    last_failed_at: datetime | None = None
    was_ward: bool = False
    """They had a guardian before a correction took that away; see :func:`is_ward`."""
    may_leave: bool = False
    """Somebody who was added as a child agreed, at an office, that their guardian removes them."""
    age_look_at: datetime | None = None
    """When it is looked next whether somebody who was added as a child has come of age; see :func:`next_age_look`."""
    came_of_age: bool = False
    """It was told that somebody who was added as a child is 17 or married: their guardian acts for them no more."""

    def correction(self, correction_id: str) -> Correction | None:
        """Return the correction of that id, or None."""
        return next((known for known in self.corrections if known.correction_id == correction_id), None)


def add_applicant(
    account_id: str,
    particulars: str,
    nik_fingerprints: tuple[str, ...],
    warnings: tuple[str, ...],
    now: datetime,
    *,
    guardian_applicant_id: str | None,
    minor: bool,
    by_family_card: bool = False,
) -> Applicant:
    """Return a new applicant whose check is due now."""
    return Applicant(
        account_id=account_id,
        particulars=particulars,
        nik_fingerprints=nik_fingerprints,
        identity=IdentityCheck(IdentityState.PENDING, check_at=now, warnings=warnings, asked_at=(now,)),
        added_at=now,
        guardian_applicant_id=guardian_applicant_id,
        minor=minor,
        by_family_card=by_family_card,
        local_warnings=warnings,
    )


def confirm(applicant: Applicant, person_id: str, result: Match) -> Applicant:
    """Confirm the applicant: the registry knows this person."""
    return replace(
        applicant,
        identity=_answered(applicant, Step.CONFIRM, result),
        person_id=person_id,
        confirmed_nik=_nik_of(applicant),
    )


def show_back(applicant: Applicant, result: Match) -> Applicant:
    """Show back where the registry writes this person differently; the applicant keeps or corrects it."""
    return replace(applicant, identity=_answered(applicant, Step.SHOW_BACK, result))


def keep_as_typed(applicant: Applicant, person_id: str) -> Applicant:
    """Confirm the applicant with the data as typed; the differences stay as warnings."""
    state = TRANSITIONS.after(applicant.identity.state, Step.KEEP)
    check = replace(applicant.identity, state=state)
    return replace(applicant, identity=check, person_id=person_id, confirmed_nik=_nik_of(applicant))


def refuse(applicant: Applicant, result: Match, now: datetime) -> Applicant:
    """Refuse the applicant: the registry does not know this person as stated. Counts as a failed try."""
    check = _answered(applicant, Step.REFUSE, result)
    earlier = tuple(failed for failed in applicant.failed_tries if now - failed.at < DAY)
    tries = (*earlier, FailedTry(applicant.nik_fingerprints, now))
    return replace(
        applicant,
        identity=replace(check, failed_at=(*_within_day(check.failed_at, now), now)),
        failed_tries=tries,
        failed_niks=tuple(dict.fromkeys(print_ for failed in tries for print_ in failed.nik_fingerprints)),
        last_failed_at=now,
    )


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
    by_family_card: bool = False,
) -> Applicant:
    """Replace the particulars; the check is due now and no one is confirmed until it ends."""
    state = TRANSITIONS.after(applicant.identity.state, Step.CORRECT)
    return replace(
        applicant,
        particulars=particulars,
        nik_fingerprints=nik_fingerprints,
        guardian_applicant_id=guardian_applicant_id,
        was_ward=is_ward(applicant),
        minor=minor,
        by_family_card=by_family_card,
        person_id=None,
        confirmed_nik=confirmed_nik(applicant),
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


def amend(
    applicant: Applicant,
    correction: Correction,
    particulars: str,
    nik_fingerprints: tuple[str, ...],
    warnings: tuple[str, ...],
    *,
    minor: bool,
) -> Applicant:
    """Replace the particulars of a confirmed applicant by what an officer read off the original; nothing is asked."""
    check = replace(
        applicant.identity, state=TRANSITIONS.after(applicant.identity.state, Step.AMEND), warnings=warnings
    )
    amended = replace(
        applicant,
        particulars=particulars,
        nik_fingerprints=nik_fingerprints,
        minor=minor,
        local_warnings=warnings,
        identity=check,
    )
    return with_correction(replace(amended, confirmed_nik=_nik_of(amended)), correction)


def with_correction(applicant: Applicant, correction: Correction) -> Applicant:
    """Return the applicant with this correction in place of the one of its id, or added."""
    others = [known for known in applicant.corrections if known.correction_id != correction.correction_id]
    return replace(applicant, corrections=(*others, correction)[-MOST_REMEMBERED:])


def submitted(applicant: Applicant, application_id: str) -> Applicant:
    """Note an application that was submitted with these data; one that has ended is not noted again."""
    if application_id in applicant.ended_applications or application_id in applicant.applications:
        return applicant
    return replace(applicant, applications=(*applicant.applications, application_id))


def move_to(applicant: Applicant, account_id: str) -> Applicant:
    """Return the applicant as one of this account, into which theirs was joined."""
    return replace(applicant, account_id=account_id)


def application_ended(applicant: Applicant, application_id: str) -> Applicant:
    """Note that an application has ended, also before its submission was heard of."""
    if application_id in applicant.ended_applications:
        return applicant
    live = tuple(known for known in applicant.applications if known != application_id)
    ended = (*applicant.ended_applications, application_id)[-MOST_REMEMBERED:]
    return replace(applicant, applications=live, ended_applications=ended)


def confirmed_nik(applicant: Applicant) -> tuple[str, ...]:
    """Return the NIK that was confirmed last; of a record of an earlier version, the present one while confirmed."""
    is_confirmed = applicant.identity.state is IdentityState.PASSED
    return applicant.confirmed_nik or (_nik_of(applicant) if is_confirmed else ())


def _nik_of(applicant: Applicant) -> tuple[str, ...]:
    return () if NikWarning.MISSING.value in applicant.local_warnings else applicant.nik_fingerprints


def has_answer(applicant: Applicant) -> bool:
    """Return whether the registry's answer about the present data was told: a further check takes it back."""
    return applicant.identity.state not in (IdentityState.PENDING, IdentityState.UPSTREAM_DOWN)


def is_fixed(applicant: Applicant) -> bool:
    """Return whether the confirmed data went into a submitted application: only an officer corrects them."""
    return applicant.identity.state is IdentityState.PASSED and bool(applicant.applications)


def failed_at(applicants: Iterable[Applicant], nik_fingerprints: Collection[str]) -> tuple[datetime, ...]:
    """Return when checks of this NIK failed, also of applicants who have another one since."""
    failures = [failed for applicant in applicants for failed in applicant.failed_tries]
    return tuple(failed.at for failed in failures if not set(failed.nik_fingerprints).isdisjoint(nik_fingerprints))


def next_try_at(tried_at: tuple[datetime, ...], most_per_day: int, now: datetime) -> datetime | None:
    """Return when a further try is possible if as many were made within a day as are allowed; None: now."""
    recent = sorted(_within_day(tried_at, now))
    return recent[-most_per_day] + DAY if len(recent) >= most_per_day else None


def next_try_of_account(
    own_failed_at: tuple[datetime, ...], all_failed_at: tuple[datetime, ...], rules: CheckRules, now: datetime
) -> datetime | None:
    """Return when an account may try a NIK again; None: now.

    Tries count against the account that makes them. Where a NIK is tried over and over from many accounts, each of
    them has one failed try a day: an account that has not failed is never refused, since it may be the NIK's owner's.
    """
    is_probed = next_try_at(all_failed_at, rules.failed_tries_per_nik_per_day, now) is not None
    return next_try_at(own_failed_at, 1 if is_probed else rules.failed_tries_per_day, now)


def age_on(birth_date: date, day: date) -> int:
    """Return whole years; somebody born on 29 February is a year older on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def birthday_in(birth_date: date, years: int) -> date:
    """Return the day on which somebody is so many years old; somebody born on 29 February on 1 March."""
    try:
        return birth_date.replace(year=birth_date.year + years)
    except ValueError:
        return date(birth_date.year + years, 3, 1)


def needs_guardian(birth_date: date, married: bool, today: date) -> bool:
    """Return whether somebody else must apply for this person."""
    return not married and age_on(birth_date, today) < GUARDIAN_NEEDED_BELOW_YEARS


def is_ward(applicant: Applicant) -> bool:
    """Return whether the applicant has, or had, a guardian in this account: they are no one else's to give up."""
    return applicant.was_ward or applicant.guardian_applicant_id is not None


def next_age_look(applicant_id: str, now: datetime) -> datetime:
    """Return the next look at an applicant's age, once a month.

    The minute of the month follows from the id, so that looks are spread, and tells nothing of the birth date.
    """
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    of_month = timedelta(minutes=crc32(applicant_id.encode()) % AGE_LOOK_MINUTES)
    if month + of_month > now:
        return month + of_month
    return (month + timedelta(days=32)).replace(day=1) + of_month


def watch_age(applicant: Applicant, applicant_id: str, now: datetime) -> Applicant:
    """Return the applicant with the next look at their age, if they were added as a child and it is not told yet."""
    waits = is_ward(applicant) and not applicant.came_of_age
    return replace(applicant, age_look_at=next_age_look(applicant_id, now) if waits else None)


def come_of_age(applicant: Applicant) -> Applicant:
    """Return the applicant who was added as a child and decides themselves from now on."""
    return replace(applicant, minor=False, came_of_age=True, age_look_at=None)


def can_be_guardian(guardian: Applicant) -> bool:
    """Return whether this applicant may apply for a child: confirmed by the registry and no child themselves."""
    return guardian.identity.state is IdentityState.PASSED and not guardian.minor


def deadlines(applicant: Applicant) -> Mapping[str, datetime]:
    """Return when the registry is to be asked, the first open correction lapses, and the age is looked at."""
    proposals = [known.ends_at for known in applicant.corrections if known.state is CorrectionState.PROPOSED]
    correction_at = min(proposals, default=None)
    found = {"check": applicant.identity.check_at, "correction": correction_at, "age": applicant.age_look_at}
    return {name: at for name, at in found.items() if at is not None}


def _asked(
    check: IdentityCheck, state: IdentityState, warnings: tuple[str, ...], now: datetime, *, asked_by: str | None
) -> IdentityCheck:
    return replace(
        check,
        state=state,
        check_at=now,
        causes=(),
        warnings=warnings,
        asked_at=(*_within_day(check.asked_at, now), now),
        silences=0,
        silence_reason=None,
        asked_by=asked_by,
    )


def _answered(applicant: Applicant, step: Step, result: Match) -> IdentityCheck:
    return replace(
        applicant.identity,
        state=TRANSITIONS.after(applicant.identity.state, step),
        check_at=None,
        causes=tuple(cause.value for cause in result.causes),
        warnings=_warnings(applicant, result),
        silences=0,
        silence_reason=None,
    )


def _warnings(applicant: Applicant, result: Match) -> tuple[str, ...]:
    return (*applicant.local_warnings, *(warning.value for warning in result.warnings))


def _within_day(times: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in times if now - at < DAY)
