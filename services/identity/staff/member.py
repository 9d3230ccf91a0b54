"""Staff: a password, a role, an office, and a lock after too many wrong tries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.rules import LockRules
from services.identity.sessions.session import Session
from services.identity.staff.states import StaffCommand, StaffState


class StaffAct(StrEnum):
    """Acts of staff that the audit keeps for ever."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_LOCKED = "sign_in_locked"
    PERSON_LOOKED_UP = "person_looked_up"
    FIRST_OPERATOR_MADE = "first_operator_made"
    PASSWORD_SET = "password_set"  # noqa: S105 - an act, no secret


class StaffReason(StrEnum):
    """Why something is done with a member of staff; the audit keeps the code."""

    NEW_POST = "new_post"
    REPLACEMENT = "replacement"
    TRANSFER = "transfer"
    CORRECTION = "correction"
    ABSENCE = "absence"
    RETURN = "return"
    FORGOTTEN_PASSWORD = "forgotten_password"  # noqa: S105 - a reason, no secret
    SUSPECTED_MISUSE = "suspected_misuse"
    SUSPICION_CLEARED = "suspicion_cleared"
    END_OF_SERVICE = "end_of_service"


TRIES_FORGOTTEN: Final = timedelta(days=1)
"""After so long without a try the wrong ones of before count no more: for names of staff and unknown ones alike."""


@dataclass(frozen=True)
class Stranger:
    """An unknown user name and how often it was tried: it locks like a known one."""

    kept_until: datetime
    tries: int = 0
    locked_until: datetime | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True)
class OneTime:
    """A one-time password that was given: until when it counts, its salt, and the command that it answered."""

    expires_at: datetime
    salt: str = field(repr=False)
    command_id: str


@dataclass(frozen=True)
class Pending:
    """A request that waits for a second operator; ``role`` and ``office_id`` are the wanted ones."""

    command: StaffCommand
    role: str
    office_id: str | None
    asked_by: str
    asked_at: datetime
    reason: StaffReason
    offices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Staff:
    """A member of staff. ``role`` is one of the token's roles; treasurer and operator belong to no office.

    ``offices`` are those that a treasurer serves, or ``shared.tokens.ALL_OFFICES``; without one they serve none.

    ``name`` is sealed. ``commands`` are the last ones that took effect, so that a repeat is known.
    """

    username: str
    password_hash: str = field(repr=False)
    role: str
    office_id: str | None
    tries: int = 0
    locked_until: datetime | None = None
    sessions: tuple[Session, ...] = ()
    state: StaffState = StaffState.ACTIVE
    name: str | None = None
    hired_by: str | None = None
    hired_at: datetime | None = None
    signed_in_at: datetime | None = None
    one_time: OneTime | None = None
    pending: Pending | None = None
    commands: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    tried_at: datetime | None = None


def is_locked(staff: Staff | Stranger, now: datetime) -> bool:
    """Return whether the account is locked now."""
    return staff.locked_until is not None and now < staff.locked_until


def count_try(staff: Staff, rules: LockRules, now: datetime) -> Staff:
    """The account with one try used, written before the password is compared, so that parallel tries are counted too.

    The last allowed try sets the lock; a right password lifts it again.
    """
    tries, locked_until = _counted(staff, rules, now)
    return replace(staff, tries=tries, locked_until=locked_until, tried_at=now)


def count_try_of_stranger(stranger: Stranger | None, rules: LockRules, now: datetime) -> Stranger:
    """Return an unknown user name with one try used."""
    known = stranger or Stranger(now)
    tries, locked_until = _counted(known, rules, now)
    kept_until = max(now + TRIES_FORGOTTEN, locked_until or now)
    return Stranger(kept_until, tries, locked_until, now)


def _counted(staff: Staff | Stranger, rules: LockRules, now: datetime) -> tuple[int, datetime | None]:
    """Return the number of tries with this one, and until when that locks."""
    is_old = staff.tried_at is not None and now - staff.tried_at >= TRIES_FORGOTTEN
    tries = (0 if staff.locked_until is not None or is_old else staff.tries) + 1
    return tries, now + timedelta(seconds=rules.lock_seconds) if tries >= rules.tries else None


def recognised(staff: Staff) -> Staff:
    """Return the member of staff after a right password that does not sign them in: the tries begin again."""
    return replace(staff, tries=0, locked_until=None)


def let_in(staff: Staff, sessions: tuple[Session, ...], now: datetime) -> Staff:
    """Return the member of staff, signed in with these sessions."""
    return replace(recognised(staff), sessions=sessions, signed_in_at=now)
