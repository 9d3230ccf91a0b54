"""The feed of an account: what has happened to its own things, numbered in order, for some days.

It holds ids and words of facts, nothing personal. A number is a time in milliseconds since 1970, or one more than the
number before it where two fall together: numbers only rise, whichever replica writes them, also once a feed that was
silent is gone and another has begun.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.notification.rules import FeedRules

ID: Final = re.compile(r"([0-9]{1,15})-([0-9a-f]{8})")

AS_LONG_AS_THE_ACCOUNT: Final = timedelta(days=36_500)
"""How long it is known into which account one was joined: others may name it at any time."""


class ThingKind(StrEnum):
    """The kind of thing that an entry is about."""

    ACCOUNT = "account"
    SESSION = "session"
    APPLICANT = "applicant"
    LEAVING = "leaving"
    DATA_EXPORT = "data_export"
    APPLICATION = "application"
    DOCUMENT = "document"
    LETTER = "letter"
    PASSPORT = "passport"
    APPOINTMENT = "appointment"
    WAITING_ENTRY = "waiting_entry"
    BILL = "bill"
    JOINT_BILL = "joint_bill"
    REFUND = "refund"


@dataclass(frozen=True)
class Told:
    """A fact that an event tells of a thing, as of this version of the record that told it."""

    kind: str
    thing_id: str
    fact: str
    version: int
    at: datetime
    application_id: str | None = None
    """The application that a document or a letter is read with."""


@dataclass(frozen=True)
class FeedEntry:
    """One thing that was told, with its number and the message that told it."""

    number: int
    message_id: str
    told: Told


@dataclass(frozen=True)
class Feed:
    """One per account; its id is the account's. Entries are in the order of their numbers, the newest last."""

    last_number: int
    lost_until: int
    """The number of the newest entry that is not kept any more: older readers have missed something."""
    kept_until: datetime
    entries: tuple[FeedEntry, ...] = ()
    joined_into: str | None = None
    """The account into which this one was joined: what is told of this one stands in the other's feed."""


class MustReadAgain(StrEnum):
    """Why a reader cannot go on from an id: everything is to be read again, then the stream goes on."""

    TOO_OLD = "too_old"
    UNKNOWN = "unknown"
    """It is no id of this account's feed."""


@dataclass(frozen=True)
class Resumed:
    """Where a reader goes on: after ``number``, and whether they must read everything again before."""

    number: int
    must_read_again: MustReadAgain | None = None


def begun(now: datetime, rules: FeedRules) -> Feed:
    """Return an empty feed. Ids of an earlier feed of this account are too old in it."""
    number = _milliseconds(now)
    return Feed(last_number=number, lost_until=number, kept_until=now + timedelta(seconds=rules.keep_seconds))


def kept_longer(feed: Feed, now: datetime, rules: FeedRules) -> Feed:
    """Return the feed, kept for the time of a new one if less than half of that is left: its reader has opened it."""
    seconds = rules.keep_seconds
    if feed.kept_until >= now + timedelta(seconds=seconds / 2):
        return feed
    return replace(feed, kept_until=now + timedelta(seconds=seconds))


def note(feed: Feed, message_id: str, told: Told, now: datetime, rules: FeedRules) -> Feed:
    """Return the feed with what a message tells, without what is too old or too much.

    A repeat changes nothing, nor does anything after the account was joined into another.
    """
    if feed.joined_into is not None or any(entry.message_id == message_id for entry in feed.entries):
        return feed
    number = max(feed.last_number + 1, _milliseconds(now))
    entries = (*feed.entries, FeedEntry(number, message_id, told))
    oldest = _milliseconds(now - timedelta(seconds=rules.keep_seconds))
    kept = tuple(entry for entry in entries[-rules.most_entries :] if entry.number >= oldest)
    lost = entries[: len(entries) - len(kept)]
    return replace(
        feed,
        last_number=number,
        lost_until=lost[-1].number if lost else feed.lost_until,
        kept_until=max(feed.kept_until, now + timedelta(seconds=rules.keep_seconds)),
        entries=kept,
    )


def join_into(feed: Feed, account_id: str, now: datetime) -> Feed:
    """Return the feed of an account that was joined into another: it names that one, and tells nothing any more."""
    if feed.joined_into is not None:
        return feed
    kept_until = now + AS_LONG_AS_THE_ACCOUNT
    return replace(feed, entries=(), lost_until=feed.last_number, joined_into=account_id, kept_until=kept_until)


def id_of(account_id: str, number: int) -> str:
    """Return the id of a number in an account's feed: the same at every replica, and known for another account's."""
    return f"{number}-{_tag(account_id)}"


def resumed(feed: Feed, account_id: str, last_event_id: str | None) -> Resumed:
    """Return where the reader of this last id goes on; without one from now on."""
    if last_event_id is None:
        return Resumed(feed.last_number)
    read = ID.fullmatch(last_event_id)
    if read is None or read[2] != _tag(account_id) or int(read[1]) > feed.last_number:
        return Resumed(feed.last_number, MustReadAgain.UNKNOWN)
    if int(read[1]) < feed.lost_until:
        return Resumed(feed.last_number, MustReadAgain.TOO_OLD)
    return Resumed(int(read[1]))


def entries_after(feed: Feed, number: int) -> tuple[FeedEntry, ...]:
    """Return what was told after this number."""
    return tuple(entry for entry in feed.entries if entry.number > number)


def session_is_over(feed: Feed, session_id: str) -> bool:
    """Return whether it was told that this session has ended."""
    return any(entry.told.kind == ThingKind.SESSION and entry.told.thing_id == session_id for entry in feed.entries)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _tag(account_id: str) -> str:
    return hashlib.sha256(account_id.encode()).hexdigest()[:8]
