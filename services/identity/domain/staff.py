"""Staff: a password, a role, an office, and a lock after too many wrong tries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.identity.domain.session import Session


class StaffAct(StrEnum):
    """What staff do here that the audit keeps for ever."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_LOCKED = "sign_in_locked"
    PERSON_LOOKED_UP = "person_looked_up"


@dataclass(frozen=True)
class LockRules:
    """How many wrong passwords in a row lock the account, and for how long."""

    tries: int = 5
    lock_seconds: int = 15 * 60


@dataclass(frozen=True)
class Staff:
    """A member of staff. ``role`` is one of the token's roles; treasurer and operator belong to no office."""

    username: str
    password_hash: str
    role: str
    office_id: str | None
    tries: int = 0
    locked_until: datetime | None = None
    sessions: tuple[Session, ...] = ()


def is_locked(staff: Staff, now: datetime) -> bool:
    """Whether no password is looked at now."""
    return staff.locked_until is not None and now < staff.locked_until


def count_try(staff: Staff, rules: LockRules, now: datetime) -> Staff:
    """The account with one try used, written before the password is compared, so that nobody tries faster than that.

    The last allowed try sets the lock; a right password lifts it again.
    """
    tries = (0 if staff.locked_until is not None else staff.tries) + 1
    locked = now + timedelta(seconds=rules.lock_seconds) if tries >= rules.tries else None
    return replace(staff, tries=tries, locked_until=locked)


def let_in(staff: Staff, sessions: tuple[Session, ...]) -> Staff:
    """The account after a right password."""
    return replace(staff, tries=0, locked_until=None, sessions=sessions)
