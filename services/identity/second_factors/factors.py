"""The second factors of a member of staff: authenticators, passkeys, recovery codes, and the steps under way with them.

A code of an authenticator counts once (its time step is remembered), a challenge is used up by the first answer, a
recovery code by its use.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.sessions.session import OfficeWord

MOST_FACTORS: Final = 10
"""Authenticators and passkeys of one member: two telephones and some security keys."""

MOST_LOGINS: Final = 10
"""Sign-ins of one member that wait for their second factor, on known devices and on others; the oldest is forgotten."""

REMEMBERED_COMMANDS: Final = 16
"""Commands of resets that are remembered while a repeat is under way."""

ELSEWHERE: Final = ""
"""The kind of place of unknown devices and networks."""

GUESS_DAY: Final = timedelta(days=1)
"""Wrong codes are counted for so long from the first one."""


class FactorKind(StrEnum):
    """Kinds of second factors."""

    TOTP = "totp"
    """Six digits of an authenticator application (RFC 6238)."""
    PASSKEY = "passkey"
    """A key of the device or a security key (WebAuthn)."""
    RECOVERY_CODE = "recovery_code"


class FactorProblem(StrEnum):
    """Why a second factor does not count, or cannot be changed."""

    NO_SUCH_FACTOR = "no_such_factor"
    TOO_MANY = "too_many"
    LAST_ONE = "last_one"
    HAS_ONE = "has_one"


@dataclass(frozen=True)
class Totp:
    """An authenticator; ``secret`` and ``name`` are sealed, ``last_step`` is the newest time step that counted."""

    id: str
    name: str
    secret: str = field(repr=False)
    added_at: datetime
    last_step: int
    used_at: datetime | None = None

    @property
    def kind(self) -> FactorKind:
        """Its kind."""
        return FactorKind.TOTP


@dataclass(frozen=True)
class Passkey:
    """A passkey; ``credential_id`` and ``public_key`` are base64url, ``name`` is sealed.

    ``sign_count`` is the authenticator's counter; passkeys that are synced between devices leave it at 0.
    """

    id: str
    name: str
    credential_id: str
    public_key: str
    sign_count: int
    added_at: datetime
    used_at: datetime | None = None

    @property
    def kind(self) -> FactorKind:
        """Its kind."""
        return FactorKind.PASSKEY


@dataclass(frozen=True)
class Offer:
    """A factor that is being enrolled until ``expires_at``; ``secret`` is a sealed TOTP secret, or a challenge."""

    id: str
    kind: FactorKind
    name: str
    secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class PendingLogin:
    """A sign-in whose password was right, or whom the office's provider vouches for (``by_office``); ``challenge`` is
    for a passkey, ``password_mark`` stands for the password.
    """

    id: str
    challenge: str = field(repr=False)
    password_mark: str
    expires_at: datetime
    by_office: OfficeWord | None = None
    on_known_device: bool = False


@dataclass(frozen=True)
class ResetRequest:
    """A reset that one person asked for and another has to agree to; ``reason`` is a code."""

    asked_by: str
    asked_at: datetime
    reason: str


@dataclass(frozen=True)
class WrongCodes:
    """Wrong codes of a day from one kind of place, as office networks or known devices; many of a kind count as one."""

    place: str
    count: int
    since: datetime


@dataclass(frozen=True)
class SecondFactors:
    """The second factors of one member of staff, named by their id.

    ``recovery_codes`` are keyed hashes of those that are left. ``wrong_codes`` are those since ``wrong_since`` from
    unknown devices and networks; their owner sees the number. ``wrong_inside`` are those from known places.
    """

    totps: tuple[Totp, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)
    recovery_made_at: datetime | None = None
    offer: Offer | None = None
    logins: tuple[PendingLogin, ...] = ()
    wrong_codes: int = 0
    wrong_since: datetime | None = None
    wrong_inside: tuple[WrongCodes, ...] = ()
    reset: ResetRequest | None = None
    reset_at: datetime | None = None
    commands: tuple[str, ...] = ()

    @property
    def enrolled(self) -> tuple[Totp | Passkey, ...]:
        """Authenticators and passkeys, in the order they were added of each kind."""
        return self.totps + self.passkeys

    @property
    def is_enrolled(self) -> bool:
        """Whether there is a factor to sign in with; recovery codes alone are none."""
        return bool(self.enrolled)

    @property
    def ways(self) -> tuple[FactorKind, ...]:
        """The kinds of factors that sign in."""
        kinds = {
            FactorKind.TOTP: self.totps,
            FactorKind.PASSKEY: self.passkeys,
            FactorKind.RECOVERY_CODE: self.is_enrolled and self.recovery_codes,
        }
        return tuple(kind for kind, some in kinds.items() if some)


# Enrolling


def enrol_problem(factors: SecondFactors, *, must_be_first: bool) -> FactorProblem | None:
    """Return why no further factor can be added; ``must_be_first`` in a session that has shown a password alone."""
    if must_be_first and factors.is_enrolled:
        return FactorProblem.HAS_ONE
    return FactorProblem.TOO_MANY if len(factors.enrolled) >= MOST_FACTORS else None


def put_offer(factors: SecondFactors, offer: Offer) -> SecondFactors:
    """Return the factors with this one being enrolled, in place of an offer that was not confirmed."""
    return replace(factors, offer=offer)


def open_offer(factors: SecondFactors, offer_id: str, kind: FactorKind, now: datetime) -> Offer | None:
    """Return the offer of this id and kind, unless it is over."""
    offer = factors.offer
    is_open = offer is not None and (offer.id, offer.kind) == (offer_id, kind) and now < offer.expires_at
    return offer if is_open else None


def has_factor(factors: SecondFactors, factor_id: str) -> bool:
    """Return whether this factor is enrolled."""
    return any(factor.id == factor_id for factor in factors.enrolled)


def add_totp(factors: SecondFactors, offer: Offer, step: int, now: datetime) -> SecondFactors:
    """Return the factors with this authenticator; ``step`` is that of the confirming code, which counts no second
    time.
    """
    totp = Totp(offer.id, offer.name, offer.secret, now, step)
    return replace(factors, totps=(*factors.totps, totp), offer=None)


def add_passkey(factors: SecondFactors, passkey: Passkey) -> SecondFactors:
    """Return the factors with this passkey."""
    return replace(factors, passkeys=(*factors.passkeys, passkey), offer=None)


def drop_offer(factors: SecondFactors) -> SecondFactors:
    """Return the factors without an offer: its challenge was answered wrongly."""
    return replace(factors, offer=None)


def set_recovery_codes(factors: SecondFactors, hashes: tuple[str, ...], now: datetime) -> SecondFactors:
    """Return the factors with new recovery codes; those of before count no more."""
    return replace(factors, recovery_codes=hashes, recovery_made_at=now)


def remove_problem(factors: SecondFactors, factor_id: str, *, is_needed: bool) -> FactorProblem | None:
    """Return why this factor cannot be removed; the last one cannot where one is needed."""
    if not has_factor(factors, factor_id):
        return FactorProblem.NO_SUCH_FACTOR
    is_last = len(factors.enrolled) == 1
    return FactorProblem.LAST_ONE if is_last and is_needed else None


def remove_factor(factors: SecondFactors, factor_id: str) -> SecondFactors:
    """Return the factors without this one; with the last one the recovery codes and every open sign-in go too."""
    left = replace(
        factors,
        totps=tuple(totp for totp in factors.totps if totp.id != factor_id),
        passkeys=tuple(passkey for passkey in factors.passkeys if passkey.id != factor_id),
    )
    return left if left.is_enrolled else replace(left, recovery_codes=(), recovery_made_at=None, logins=())


# Signing in


def open_login(factors: SecondFactors, login: PendingLogin, now: datetime) -> SecondFactors:
    """Return the factors with a sign-in that waits for one of them. Known devices and others are counted apart: whoever
    knows the password alone pushes out no sign-in of its owner.
    """
    waiting = [other for other in factors.logins if other.expires_at > now]
    apart = [other for other in waiting if other.on_known_device is not login.on_known_device]
    alike = [other for other in waiting if other.on_known_device is login.on_known_device]
    return replace(factors, logins=(*apart, *[*alike, login][-MOST_LOGINS:]))


def find_login(factors: SecondFactors, login_id: str, now: datetime) -> PendingLogin | None:
    """Return the sign-in that waits under this id, unless it is over or was answered."""
    return next((login for login in factors.logins if login.id == login_id and now < login.expires_at), None)


def close_login(factors: SecondFactors, login_id: str) -> SecondFactors:
    """Return the factors without this sign-in: it was answered, and its challenge is used up."""
    return replace(factors, logins=tuple(login for login in factors.logins if login.id != login_id))


def locked_until(factors: SecondFactors, place: str, most: int, now: datetime) -> datetime | None:
    """Return until when no code from this kind of place counts, or None."""
    wrong = _wrong_codes(factors, place, now)
    return wrong.since + GUESS_DAY if wrong.count >= most else None


def count_wrong_code(factors: SecondFactors, place: str, now: datetime) -> SecondFactors:
    """Return the factors with one wrong code more from this kind of place (:data:`ELSEWHERE` is none that is known); a
    day after the first one they are counted from one again.
    """
    known = _wrong_codes(factors, place, now)
    if place == ELSEWHERE:
        return replace(factors, wrong_codes=known.count + 1, wrong_since=known.since)
    others = tuple(wrong for wrong in factors.wrong_inside if wrong.place != place)
    return replace(factors, wrong_inside=(*others, replace(known, count=known.count + 1)))


def _wrong_codes(factors: SecondFactors, place: str, now: datetime) -> WrongCodes:
    """Return the wrong codes of the running day from this kind of place; none, from now on, where there is no such
    day.
    """
    kept = factors.wrong_inside
    if place == ELSEWHERE and factors.wrong_since is not None:
        kept = (WrongCodes(ELSEWHERE, factors.wrong_codes, factors.wrong_since),)
    running = (wrong for wrong in kept if wrong.place == place and now < wrong.since + GUESS_DAY)
    return next(running, WrongCodes(place, 0, now))


def use_totp(factors: SecondFactors, totp_id: str, step: int, now: datetime) -> SecondFactors:
    """Return the factors after a code of this authenticator; codes of this time step and before count no more."""
    used = (replace(totp, last_step=step, used_at=now) if totp.id == totp_id else totp for totp in factors.totps)
    return replace(factors, totps=tuple(used))


def use_passkey(factors: SecondFactors, passkey_id: str, sign_count: int, now: datetime) -> SecondFactors:
    """Return the factors after an answer of this passkey with this counter."""
    used = (
        replace(passkey, sign_count=sign_count, used_at=now) if passkey.id == passkey_id else passkey
        for passkey in factors.passkeys
    )
    return replace(factors, passkeys=tuple(used))


def use_recovery_code(factors: SecondFactors, hashed: str) -> SecondFactors:
    """Return the factors without this recovery code."""
    return replace(factors, recovery_codes=tuple(code for code in factors.recovery_codes if code != hashed))


# Resetting


def ask_reset(factors: SecondFactors, request: ResetRequest, command_id: str) -> SecondFactors:
    """Return the factors with a reset that somebody else has to agree to."""
    return replace(factors, reset=request, commands=_noted(factors, command_id))


def drop_reset(factors: SecondFactors, command_id: str) -> SecondFactors:
    """Return the factors with the request to reset them refused or withdrawn."""
    return replace(factors, reset=None, commands=_noted(factors, command_id))


def reset_all(factors: SecondFactors, command_id: str, now: datetime) -> SecondFactors:
    """Return no factors: every one is gone, with recovery codes, offers and open sign-ins."""
    return SecondFactors(reset_at=now, commands=_noted(factors, command_id))


def has_taken(factors: SecondFactors, command_id: str) -> bool:
    """Return whether this command took effect already."""
    return command_id in factors.commands


def _noted(factors: SecondFactors, command_id: str) -> tuple[str, ...]:
    return (*factors.commands, command_id)[-REMEMBERED_COMMANDS:]
