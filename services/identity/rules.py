"""The limits of identity: change a number here. Settings take their defaults from these; durations are in seconds.

The most and least that a deployment may set stand beside each setting in `services/identity/config.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class SessionRules:
    """How long tokens and sessions live."""

    access_seconds: int = 15 * MINUTE
    staff_access_seconds: int = 5 * MINUTE
    session_seconds: int = 90 * DAY
    staff_session_seconds: int = 12 * HOUR
    refresh_grace_seconds: int = 60
    """How long the previous refresh token is answered again."""
    device_seconds: int = 60 * DAY
    """How long a device is known after its last sign-in or refresh: operators give a number that was silent for some
    months to another person."""


@dataclass(frozen=True)
class CodeRules:
    """The limits of codes, in seconds and counts; defaults are the real ones."""

    lifetime_seconds: int = 600
    skew_seconds: int = 30
    tries: int = 5
    """Wrong tries of one code by its asker, by a known device, and by each network address."""
    guesses_per_day: int = 300
    """Wrong tries of all codes of one address in a day, known devices apart. Two such days can touch, and six digits
    are one in a million: a chance of 600 in a million at most, below 1 in 1,000."""
    second_guesses_per_day: int = 150
    """Wrong tries of second codes in a day, by those whose first code was right. With all guesses of the first one two
    such days are a chance of 900 in a million, below 1 in 1,000 also for the holder of one address."""
    long_code_seconds: int = 3600
    """How long the long code of a message counts. As long as the throttle remembers: as soon as it refuses a further
    code, a message with a long code that counts has gone to the owner."""
    resend_seconds: int = 60
    codes_per_hour: int = 5
    second_channel_seconds: int = 60
    forget_seconds: int = 24 * 3600


@dataclass(frozen=True)
class BusyNetworkRules:
    """Codes that one network address asks for before each further one needs a proof of work. A mobile carrier puts
    thousands of telephones behind one address: none of them is refused, each computes a moment."""

    per_minute: int = 30
    per_hour: int = 300
    proof_bits: int = 18
    """About 260,000 hashes: a second or two on a telephone, for each code."""
    proof_seconds: int = 300
    """How long a challenge counts: a slow telephone and its user's patience."""


@dataclass(frozen=True)
class AddressChangeRules:
    """How long a change of address can be undone, and how long a sign-in can be disowned."""

    undo_seconds: int = 7 * DAY
    recovery_seconds: int = 3 * DAY
    """How long an account with a lost address waits for that address to object, before the other one opens it alone."""


@dataclass(frozen=True)
class LeavingRules:
    """How long a leaving can be undone: a stolen mailbox is noticed within days, a holiday is over."""

    grace_seconds: int = 14 * DAY


SILENT_SECONDS: Final = 2 * 365 * DAY
"""From the last sign-in to the first reminder, after which the account begins to close. A passport is needed every five
or ten years, so an account that is silent between two is usual; it can be made again within minutes. A constant, no
setting: what is due is written with each account."""

SILENCE_REMINDER_SECONDS: Final = 30 * DAY
"""From a reminder to the next, and from the last one until the account begins to close."""

SILENCE_REMINDERS: Final = 2


@dataclass(frozen=True)
class ExportRules:
    """How often all data of an account are exported, how long parts are waited for, and the archive is kept."""

    per_day: int = 3
    """A person needs one; three leave room for a lost file. Each is work for every service."""
    partial_seconds: int = 30 * MINUTE
    """How long a missing part holds back the others."""
    kept_seconds: int = 7 * DAY
    """How long it can be downloaded: a week has a free day, and what is not kept cannot be stolen."""


@dataclass(frozen=True)
class RegistryRules:
    """Patience with the civil registry."""

    try_seconds: float = 3.0
    tries: int = 2


@dataclass(frozen=True)
class CheckRules:
    """Limits of the check: tries a day, and the pause after silence, doubling from first to longest."""

    failed_tries_per_day: int = 5
    failed_tries_per_nik_per_day: int = 20
    """Over all accounts. From then on an account has one failed try at this NIK; its first is never refused."""
    checks_per_day: int = 20
    """Of one applicant, however they end: the registry allows a number of calls a day for the whole country."""
    first_pause_seconds: float = 5.0
    longest_pause_seconds: float = 300.0


@dataclass(frozen=True)
class CorrectionRules:
    """How long a correction waits for a second officer: the paper and both officers are there on the same day."""

    open_seconds: int = 24 * HOUR


@dataclass(frozen=True)
class MatchRules:
    """How alike a name must be, in percent. Spelling differs between documents; a different person's name does more."""

    name_percent: int = 90


@dataclass(frozen=True)
class AssistanceRules:
    """How long an assistance lasts, and how many codes one office may have sent in an hour."""

    lifetime_seconds: int = 4 * HOUR
    codes_per_office_hour: int = 60


@dataclass(frozen=True)
class LockRules:
    """How many wrong passwords in a row lock the account, and for how long: for each known device of its member of
    staff, for each address of an office network, and for all others together."""

    tries: int = 5
    lock_seconds: int = 15 * 60


@dataclass(frozen=True)
class SecondFactorRules:
    """How long the steps of second factors stay open, and how often a code may be wrong."""

    step_seconds: int = 5 * MINUTE
    """From the right password to the second factor: time to find the telephone or the security key."""
    offer_seconds: int = 10 * MINUTE
    """From a new secret or challenge to its confirmation: time to install an application."""
    fresh_seconds: int = 15 * MINUTE
    """How long after a sign-in factors can be changed, and how long a session lives that can only enrol. A token that
    is stolen later in the day changes none."""
    wrong_codes_per_day: int = 30
    """Wrong codes of one member in a day from unknown devices and networks, as many from all office networks and as
    many from all known devices. Three codes of a million count at a time: a chance below 1 in 10,000 a day for each
    authenticator and kind of place, by somebody who knows the password."""


@dataclass(frozen=True)
class StaffPasswordRules:
    """How long a one-time password of staff can be used."""

    one_time_seconds: int = 72 * HOUR


@dataclass(frozen=True)
class ReadingRules:
    """When a member of staff reads unusually much, and how long a hold may delay that persons see it."""

    persons_per_hour: int = 60
    """Persons whose data one member of staff reads in an hour: one a minute. A counter serves about ten."""
    persons_elsewhere_per_hour: int = 5
    """Of them those whose matter belongs to another office: they come now and then, not one after the other."""
    longest_hold_days: int = 90
