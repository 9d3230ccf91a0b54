"""The challenge: one document per address and purpose, with the code that counts now and the hashes of earlier ones.

The throttle lives in the same document, so asking for a code is one write, and asking twice at once sends one code. A
code is known by its keyed hash alone. How many tries, how long and how often: `CodeRules` in
`services/identity/rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.accounts.channel import Channel
from services.identity.rules import CodeRules

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
REMEMBERED_SUPERSEDED: Final = 4
"""Earlier codes that can still be told apart from a wrong one: all that strangers can ask for in an hour."""


CLOCK_SKEW: Final = timedelta(seconds=5)
"""How far another service's clock may be behind ours: news that seems that much too early is still of this code."""


class Purpose(StrEnum):
    """Purposes of proving an address."""

    SIGN_IN = "sign_in"
    PHONE_CHANGE = "phone_change"
    EMAIL_CHANGE = "email_change"
    ACCOUNT_JOIN = "account_join"
    """Another account of the same person is to be joined into the one that asks."""
    ACCOUNT_LEAVING = "account_leaving"
    """The account is closed, or an applicant or an address of it removed."""
    DATA_EXPORT = "data_export"
    """The account's holder asks for all their data: proven at each address of the account."""
    ASSISTANCE = "assistance"
    """A person agrees that an officer acts for them: the code is told to that officer and begins no session."""
    STAFF_EMAIL = "staff_email"
    """A member of staff proves the address that messages about their sign-ins go to: within their session."""


PROVEN_BY_ASKER_ALONE: Final = frozenset({Purpose.ASSISTANCE, Purpose.STAFF_EMAIL})
"""Their challenges are looked at, sent again and proven by the officer or member who asked, never by their id alone."""


BY_SESSION: Final = frozenset({Purpose.ACCOUNT_LEAVING, Purpose.DATA_EXPORT})
"""Purposes of which each session has a challenge of its own: a code that its owner types must never agree to what a
thief in another session asked for.
"""


class Delivery(StrEnum):
    """The delivery of a code, as far as it is known."""

    __schema_name__ = "CodeDelivery"

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Trying(StrEnum):
    """Ways in which a code is tried, each with tries of its own."""

    ASKER = "asker"
    """With the secret that was given to the one who asked for the code."""
    DEVICE = "device"
    """From a device on which the account signed in before."""
    NETWORK = "network"
    """With neither: counted by network address."""


@dataclass(frozen=True)
class Trier:
    """The sender of a try. ``name`` tells devices and network addresses apart; it is a keyed hash."""

    trying: Trying = Trying.NETWORK
    name: str = ""
    of_second: bool = False
    """Tries of the second code at a sign-in, counted apart."""

    @property
    def key(self) -> str:
        """The key under which the tries are counted."""
        return f"{'second:' if self.of_second else ''}{self.trying}:{self.name}"


UNKNOWN_TRIER: Final = Trier()


class Verdict(StrEnum):
    """Verdict on a typed code."""

    RIGHT = "right"
    WRONG = "wrong"
    SECOND_WRONG = "second_wrong"
    """The first code is right, the second one of a sign-in is not."""
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    USED = "used"
    TOO_MANY_TRIES = "too_many_tries"
    TOO_MANY_SECOND_TRIES = "too_many_second_tries"


@dataclass(frozen=True)
class FreshCode:
    """A code that is about to be sent: its hash, its way and the command that asked for it."""

    hashed: str
    channel: Channel
    asked_by: str
    old_hashed: str | None = None
    by_device: bool = False
    """Asked for from a known device: the throttle of strangers does not hold it back."""


@dataclass(frozen=True)
class Tries:
    """Tries left to a device or network address that has tried a wrong code."""

    key: str
    left: int


@dataclass(frozen=True)
class AddressProof:
    """For a change of address: who asked for it, and the address of before that has to agree.

    At a leaving or an export of an account with one address no other one has to agree; ``wish`` says what is to go at a
    leaving.
    """

    session_id: str
    channel: Channel | None
    fingerprint: str | None
    wish: str = ""


@dataclass(frozen=True)
class Code:
    """One code that was sent. ``serial`` counts the codes of this challenge from 1.

    ``sms_hashed``: a code that went by SMS beside it and counts as well. ``old_hashed``: what was sent to the address
    of before, which is asked for too. ``tries_left`` are those of the asker, ``others`` those of everybody else.
    """

    serial: int
    hashed: str
    channel: Channel
    sent_at: datetime
    expires_at: datetime
    tries_left: int
    asked_by: str
    used_by: str | None = None
    sms_hashed: str | None = None
    old_hashed: str | None = None
    others: tuple[Tries, ...] = ()
    second_channel: Channel | None = None
    """The way of the second code that a new device needs."""


@dataclass(frozen=True)
class Challenge:
    """A code sent to an address, and its throttle. ``address`` is sealed; ``account_id`` held it when last proven.

    ``device_sent_times`` are of codes that known devices asked for. ``guesses`` counts wrong tries of all codes since
    ``guessed_since``, those of known devices apart; ``second_guesses`` those of second codes whose first one was right.
    """

    purpose: Purpose
    address: str
    address_channel: Channel
    language: str
    code: Code
    sent_times: tuple[datetime, ...]
    superseded: tuple[str, ...] = ()
    account_id: str | None = None
    delivery: Delivery = Delivery.PENDING
    delivery_reason: str | None = None
    second_channel_at: datetime | None = None
    forget_at: datetime | None = None
    proof: AddressProof | None = None
    """Of a change of address; none in a challenge of a build that did not ask for it."""
    is_registration: bool = False
    phone: str | None = None
    """Sealed: the number that was given at a registration."""
    device_sent_times: tuple[datetime, ...] = ()
    guesses: int = 0
    guessed_since: datetime | None = None
    second_guesses: int = 0
    second_guessed_since: datetime | None = None
    only_if_known: bool = False
    """The code that counts now was sent only if an account has the number; nothing of its delivery is told."""


@dataclass(frozen=True)
class MustWait:
    """No further code before ``until``; ``hourly`` tells the hourly cap from the short pause between two codes."""

    until: datetime
    hourly: bool


def open_challenge(
    purpose: Purpose,
    address: str,
    fresh: FreshCode,
    rules: CodeRules,
    now: datetime,
    *,
    language: str,
    account_id: str | None = None,
    proof: AddressProof | None = None,
) -> Challenge:
    """Return a challenge with its first code."""
    return Challenge(
        purpose=purpose,
        address=address,
        address_channel=fresh.channel,
        language=language,
        code=_code(1, fresh, rules, now),
        sent_times=() if fresh.by_device else (now,),
        device_sent_times=(now,) if fresh.by_device else (),
        account_id=account_id,
        second_channel_at=_second_channel_at(purpose, fresh.channel, rules, now),
        forget_at=now + timedelta(seconds=rules.forget_seconds),
        proof=proof,
    )


def send_again(challenge: Challenge, fresh: FreshCode, rules: CodeRules, now: datetime) -> Challenge:
    """Return the same challenge with a new code; every earlier one is superseded. Ask :func:`must_wait` first."""
    older = (challenge.code.hashed, *challenge.superseded)
    return replace(
        challenge,
        code=_code(challenge.code.serial + 1, fresh, rules, now),
        sent_times=_within_hour(challenge.sent_times, now) + (() if fresh.by_device else (now,)),
        device_sent_times=_within_hour(challenge.device_sent_times, now) + ((now,) if fresh.by_device else ()),
        superseded=older[:REMEMBERED_SUPERSEDED],
        delivery=Delivery.PENDING,
        delivery_reason=None,
        second_channel_at=_second_channel_at(challenge.purpose, fresh.channel, rules, now),
        forget_at=now + timedelta(seconds=rules.forget_seconds),
    )


def must_wait(challenge: Challenge, rules: CodeRules, now: datetime, *, by_device: bool = False) -> MustWait | None:
    """Return whether a further code has to wait; the second channel may go sooner (:func:`hourly_wait` still holds).

    What a known device asks for is throttled by what known devices asked for alone, so that strangers cannot use up its
    codes.
    """
    times = challenge.device_sent_times if by_device else challenge.sent_times
    capped = _hourly_wait(times, rules, now)
    last_sent = times[-1:] if by_device else (challenge.code.sent_at,)
    paused = [MustWait(at + timedelta(seconds=rules.resend_seconds), hourly=False) for at in last_sent]
    waits = [wait for wait in (capped, *paused) if wait is not None and now < wait.until]
    return max(waits, key=lambda wait: wait.until, default=None)


def hourly_wait(challenge: Challenge, rules: CodeRules, now: datetime) -> MustWait | None:
    """Return whether the address had as many codes as an hour allows."""
    return _hourly_wait(challenge.sent_times, rules, now)


def _hourly_wait(times: tuple[datetime, ...], rules: CodeRules, now: datetime) -> MustWait | None:
    recent = _within_hour(times, now)
    if len(recent) < rules.codes_per_hour:
        return None
    return MustWait(recent[-rules.codes_per_hour] + HOUR, hourly=True)


def resend_after(challenge: Challenge, rules: CodeRules) -> datetime:
    """Return when the next code may be asked for."""
    wait = must_wait(challenge, rules, challenge.code.sent_at)
    return wait.until if wait else challenge.code.sent_at


def judge(
    challenge: Challenge,
    matches: Callable[[str], bool],
    command_id: str,
    rules: CodeRules,
    now: datetime,
    *,
    old_matches: Callable[[str], bool] = lambda _hashed: False,
    is_long_code: bool = False,
    trier: Trier = UNKNOWN_TRIER,
    one_is_enough: bool = False,
) -> tuple[Verdict, Challenge]:
    """Return the verdict on the typed code, and the challenge after this try.

    ``matches`` compares the typed code with a stored hash, ``old_matches`` the one of the old address. At a change of
    address one try is one try of both, and which of them was wrong is not told. At a sign-in the second code has tries
    of its own, which only the one with the right first code can use up. At the cap nothing is compared any more, so
    that the answer tells a guesser nothing.

    ``is_long_code``: what was typed is the long code of the newest message, which is not found by trying: as a first
    code it counts whatever others have tried. ``one_is_enough``: the second code is not needed. The command that used
    the code may repeat itself and meets RIGHT again, unchanged.
    """
    code = challenge.code
    second = None if one_is_enough else code.old_hashed
    if tries_left(challenge, rules, now, trier) <= 0 and not is_long_code:
        return Verdict.TOO_MANY_TRIES, challenge
    by_sms = code.sms_hashed is not None and matches(code.sms_hashed)
    is_first = matches(code.hashed) or by_sms or is_long_code
    tried = replace(trier, of_second=is_first and second is not None and code.second_channel is not None)
    if tried.of_second and tries_left(challenge, rules, now, tried) <= 0:
        return Verdict.TOO_MANY_SECOND_TRIES, challenge
    if is_first and (second is None or old_matches(second)):
        return _judge_current(challenge, command_id, rules, now, is_long_code=is_long_code)
    if any(matches(hashed) for hashed in challenge.superseded):
        return Verdict.SUPERSEDED, challenge
    if code.used_by is not None:
        return Verdict.USED, challenge
    if _is_over(code, rules, now, is_long_code=is_long_code):
        return Verdict.EXPIRED, challenge
    verdict = Verdict.SECOND_WRONG if tried.of_second else Verdict.WRONG
    return verdict, _with_wrong_try(challenge, rules, now, tried)


def tries_left(challenge: Challenge, rules: CodeRules, now: datetime, trier: Trier = UNKNOWN_TRIER) -> int:
    """Return how many wrong tries of the present code this trier has left, 0 or more.

    Wrong tries count against whoever tries, and against the address: what a stranger tries takes nothing from the asker
    or from a known device. Only known devices go on when the address had its guesses of a day. Tries of a second code
    have a count of a day of their own.
    """
    code = challenge.code
    if _is_asker_of_first(trier):
        own = code.tries_left
    else:
        own = next((tries.left for tries in code.others if tries.key == trier.key), rules.tries)
    if trier.trying is Trying.DEVICE:
        return own
    if trier.of_second:
        second_guesses = _of_a_day(challenge.second_guesses, challenge.second_guessed_since, now)
        return max(0, min(own, rules.second_guesses_per_day - second_guesses))
    guesses = _of_a_day(challenge.guesses, challenge.guessed_since, now)
    return max(0, min(own, rules.guesses_per_day - guesses))


def _with_wrong_try(challenge: Challenge, rules: CodeRules, now: datetime, trier: Trier) -> Challenge:
    code, left = challenge.code, tries_left(challenge, rules, now, trier) - 1
    if _is_asker_of_first(trier):
        tried = replace(code, tries_left=left)
    else:
        others = tuple(tries for tries in code.others if tries.key != trier.key)
        tried = replace(code, others=(*others, Tries(trier.key, left)))
    if trier.trying is Trying.DEVICE:
        return replace(challenge, code=tried)
    if trier.of_second:
        guesses = _of_a_day(challenge.second_guesses, challenge.second_guessed_since, now)
        since = challenge.second_guessed_since if guesses else now
        return replace(challenge, code=tried, second_guesses=guesses + 1, second_guessed_since=since)
    guesses = _of_a_day(challenge.guesses, challenge.guessed_since, now)
    since = challenge.guessed_since if guesses else now
    return replace(challenge, code=tried, guesses=guesses + 1, guessed_since=since)


def _is_asker_of_first(trier: Trier) -> bool:
    return trier.trying is Trying.ASKER and not trier.of_second


def _of_a_day(guesses: int, since: datetime | None, now: datetime) -> int:
    return guesses if since is not None and now - since < DAY else 0


def _judge_current(
    challenge: Challenge, command_id: str, rules: CodeRules, now: datetime, *, is_long_code: bool
) -> tuple[Verdict, Challenge]:
    code = challenge.code
    if _is_over(code, rules, now, is_long_code=is_long_code):
        return Verdict.EXPIRED if code.used_by is None else Verdict.USED, challenge
    if code.used_by is not None:
        return Verdict.RIGHT if code.used_by == command_id else Verdict.USED, challenge
    used = replace(code, used_by=command_id)
    return Verdict.RIGHT, replace(challenge, code=used, second_channel_at=None)


def with_second_code(challenge: Challenge, hashed: str, channel: Channel, rules: CodeRules, now: datetime) -> Challenge:
    """Return the challenge after its code was right on a new device: the account's other address is asked as well.

    Both codes are needed from now on, and there is time to read the second one.
    """
    expires_at = now + timedelta(seconds=rules.lifetime_seconds)
    code = replace(challenge.code, old_hashed=hashed, second_channel=channel, expires_at=expires_at)
    return replace(challenge, code=code, second_channel_at=None)


def arrived(challenge: Challenge, told_at: datetime) -> Challenge:
    """Return the challenge after its channel accepted the message. News of an earlier code changes nothing."""
    if _is_of_an_earlier_code(challenge, told_at):
        return challenge
    return replace(challenge, delivery=Delivery.SENT, delivery_reason=None, second_channel_at=None)


def did_not_arrive(challenge: Challenge, reason: str, told_at: datetime) -> Challenge:
    """Return the challenge after its channel gave up: a planned second one is due at once. Never undoes an arrival."""
    if _is_of_an_earlier_code(challenge, told_at) or challenge.delivery is Delivery.SENT:
        return challenge
    due = told_at if challenge.second_channel_at is not None else None
    return replace(challenge, delivery=Delivery.FAILED, delivery_reason=reason, second_channel_at=due)


def without_second_channel(challenge: Challenge) -> Challenge:
    """Return the challenge without a second channel for this code."""
    return replace(challenge, second_channel_at=None)


def with_sms_code(challenge: Challenge, hashed: str, now: datetime) -> Challenge:
    """Return the challenge after the second channel: a code that went by SMS counts beside the first, until its end.

    The same step is taken where there was no number to send it to, so that nothing tells the two apart.
    """
    sent = (*_within_hour(challenge.sent_times, now), now)
    return replace(challenge, code=replace(challenge.code, sms_hashed=hashed), sent_times=sent, second_channel_at=None)


def deadlines(challenge: Challenge) -> Mapping[str, datetime]:
    """Return when the second channel is tried, and when the address is forgotten."""
    named = {"second_channel": challenge.second_channel_at, "forget": challenge.forget_at}
    return {name: at for name, at in named.items() if at is not None}


def _code(serial: int, fresh: FreshCode, rules: CodeRules, now: datetime) -> Code:
    return Code(
        serial=serial,
        hashed=fresh.hashed,
        channel=fresh.channel,
        sent_at=now,
        expires_at=now + timedelta(seconds=rules.lifetime_seconds),
        tries_left=rules.tries,
        asked_by=fresh.asked_by,
        old_hashed=fresh.old_hashed,
    )


def _second_channel_at(purpose: Purpose, channel: Channel, rules: CodeRules, now: datetime) -> datetime | None:
    if purpose is not Purpose.SIGN_IN or channel is not Channel.EMAIL:
        return None
    return now + timedelta(seconds=rules.second_channel_seconds)


def _is_of_an_earlier_code(challenge: Challenge, told_at: datetime) -> bool:
    return told_at < challenge.code.sent_at - CLOCK_SKEW


def _is_over(code: Code, rules: CodeRules, now: datetime, *, is_long_code: bool = False) -> bool:
    if is_long_code:
        return now >= code.sent_at + timedelta(seconds=rules.long_code_seconds)
    return now > code.expires_at + timedelta(seconds=rules.skew_seconds)


def _within_hour(times: tuple[datetime, ...], now: datetime) -> tuple[datetime, ...]:
    return tuple(at for at in times if now - at < HOUR)
