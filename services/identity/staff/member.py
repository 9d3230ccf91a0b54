"""Staff: a password, a role, an office, and a lock after too many wrong tries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from services.identity.rules import LockRules
from services.identity.sessions.session import NewDevice, Session
from services.identity.staff.states import StaffCommand, StaffState


class StaffAct(StrEnum):
    """Acts of staff that the audit keeps for ever."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGN_IN_LOCKED = "sign_in_locked"
    FIRST_OPERATOR_MADE = "first_operator_made"
    PASSWORD_SET = "password_set"  # noqa: S105 - an act, no secret
    SIGN_IN_DISOWNED = "sign_in_disowned"


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


MOST_SOURCES: Final = 50
"""Known devices and office addresses whose wrong passwords are counted apart; the oldest are forgotten."""

ELSEWHERE: Final = ""
"""The source of a try that comes from no known device and no office network: all of these are counted together."""


MOST_NEW_DEVICES: Final = 10
"""Sign-ins on new devices that wait to be seen; as many sessions as one member can have."""


@dataclass(frozen=True)
class TryCount:
    """Wrong passwords from one source: a known device, an address of an office network, or everywhere else."""

    source: str
    tries: int = 0
    locked_until: datetime | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True)
class Stranger:
    """An unknown user name and how often it was tried: it locks like a known one."""

    kept_until: datetime
    tries: int = 0
    locked_until: datetime | None = None
    tried_at: datetime | None = None
    sources: tuple[TryCount, ...] = ()


@dataclass(frozen=True)
class OneTime:
    """A one-time password that was given: until when it counts, its salt, and the command that it answered."""

    expires_at: datetime
    salt: str = field(repr=False)
    command_id: str


@dataclass(frozen=True)
class EmailProof:
    """An address that waits for its code: sealed, the challenge of the code, and the command that asked for it."""

    email: str = field(repr=False)
    challenge_id: str
    asked_by: str


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
    """A member of staff. ``role`` is one of the token's roles; roles of headquarters and regions belong to no office.

    ``offices`` are those that a treasurer serves, or ``shared.tokens.ALL_OFFICES``; without one they serve none.
    ``region_id`` is the region that a regional officer watches.

    ``tries``, ``locked_until`` and ``tried_at`` are of tries from elsewhere, ``sources`` of known devices and office
    networks. ``name`` and ``email`` are sealed; messages go to an address alone that was proven
    (``email_proven_at``, by the command ``email_proven_by``), another one waits for its code in ``email_proof``.
    ``new_devices`` are sign-ins that their owner has not been shown; devices from before ``devices_since`` are unknown.
    ``commands`` are the last ones that took effect, so that a repeat is known.
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
    sources: tuple[TryCount, ...] = ()
    region_id: str | None = None
    password_set_at: datetime | None = None
    email: str | None = None
    new_devices: tuple[NewDevice, ...] = ()
    devices_since: datetime | None = None
    email_proven_at: datetime | None = None
    email_proven_by: str = ""
    email_proof: EmailProof | None = None

    @property
    def owes_email_proof(self) -> bool:
        """Whether they have an address that was kept before addresses were proven."""
        return self.email is not None and self.email_proven_at is None


_Tried = TypeVar("_Tried", Staff, Stranger)


def tries_from(staff: Staff | Stranger, source: str) -> TryCount:
    """Return the wrong passwords from this source."""
    if source == ELSEWHERE:
        return TryCount(ELSEWHERE, staff.tries, staff.locked_until, staff.tried_at)
    return next((count for count in staff.sources if count.source == source), TryCount(source))


def locked_until(staff: Staff | Stranger, now: datetime, source: str = ELSEWHERE) -> datetime | None:
    """Return until when the account is locked for this source, or None if it is not."""
    until = tries_from(staff, source).locked_until
    return until if until is not None and now < until else None


def count_try(staff: Staff, rules: LockRules, now: datetime, source: str = ELSEWHERE) -> Staff:
    """The account with one try used, written before the password is compared, so that parallel tries are counted too.

    The last allowed try sets the lock; a right password lifts it again.
    """
    return _with_tries(staff, _counted(tries_from(staff, source), rules, now))


def count_try_of_stranger(
    stranger: Stranger | None, rules: LockRules, now: datetime, source: str = ELSEWHERE
) -> Stranger:
    """Return an unknown user name with one try used."""
    known = stranger or Stranger(now)
    counted = _counted(tries_from(known, source), rules, now)
    kept_until = max(known.kept_until, now + TRIES_FORGOTTEN, counted.locked_until or now)
    return replace(_with_tries(known, counted), kept_until=kept_until)


def recognised(staff: Staff, source: str = ELSEWHERE) -> Staff:
    """Return the member of staff after a right password that does not sign them in: tries from there begin again."""
    return _with_tries(staff, TryCount(source, tried_at=tries_from(staff, source).tried_at))


def let_in(
    staff: Staff,
    sessions: tuple[Session, ...],
    now: datetime,
    source: str = ELSEWHERE,
    new_device: NewDevice | None = None,
) -> Staff:
    """Return the member of staff, signed in with these sessions; one on a new device is kept to be shown."""
    told = (*staff.new_devices, *([new_device] if new_device else []))[-MOST_NEW_DEVICES:]
    return replace(recognised(staff, source), sessions=sessions, signed_in_at=now, new_devices=told)


def without_try(staff: Staff, source: str = ELSEWHERE) -> Staff:
    """Return the member of staff with their last try given back: the password was right, a second factor is still due.

    The wrong tries of before stay counted, so a known password buys no guesses at the second factor.
    """
    count = tries_from(staff, source)
    return _with_tries(staff, replace(count, tries=max(0, count.tries - 1), locked_until=None))


def ask_email_proof(staff: Staff, proof: EmailProof) -> Staff:
    """Return the member of staff with an address that waits for its code; the present one stays until then."""
    return replace(staff, email_proof=proof)


def prove_email(staff: Staff, command_id: str, now: datetime) -> Staff:
    """Return the member of staff with the address that waited, which this command has proven."""
    email = staff.email_proof.email if staff.email_proof is not None else staff.email
    return replace(staff, email=email, email_proven_at=now, email_proven_by=command_id, email_proof=None)


def drop_email(staff: Staff) -> Staff:
    """Return the member of staff without an address, and without one that waits."""
    return replace(staff, email=None, email_proven_at=None, email_proof=None)


def disown(staff: Staff, now: datetime) -> Staff:
    """Return the member of staff after "this was not me": no session, and every device is a new one."""
    return replace(staff, sessions=(), new_devices=(), devices_since=now)


def has_disowned(staff: Staff, issued_at: datetime) -> bool:
    """Return whether a sign-in of this moment was disowned."""
    return staff.devices_since is not None and staff.devices_since >= issued_at


def _counted(count: TryCount, rules: LockRules, now: datetime) -> TryCount:
    """Return the tries with this one; as many as the rules allow lock."""
    is_old = count.tried_at is not None and now - count.tried_at >= TRIES_FORGOTTEN
    tries = (0 if count.locked_until is not None or is_old else count.tries) + 1
    until = now + timedelta(seconds=rules.lock_seconds) if tries >= rules.tries else None
    return TryCount(count.source, tries, until, now)


def _with_tries(staff: _Tried, count: TryCount) -> _Tried:
    if count.source == ELSEWHERE:
        return replace(staff, tries=count.tries, locked_until=count.locked_until, tried_at=count.tried_at)
    others: tuple[TryCount, ...] = tuple(other for other in staff.sources if other.source != count.source)
    return replace(staff, sources=(*others, count)[-MOST_SOURCES:])
