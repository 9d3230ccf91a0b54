"""The privacy notice: numbered versions, the purposes of each, and what changed from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise


class Choice(StrEnum):
    """Choices that a person has about a purpose."""

    __schema_name__ = "PurposeChoice"

    NEEDED = "needed"
    """Without it the account or the application ends."""
    ON_UNTIL_WITHDRAWN = "on_until_withdrawn"
    OFF_UNTIL_GIVEN = "off_until_given"


class ChangeKind(StrEnum):
    """Kinds of change of a purpose between two versions."""

    __schema_name__ = "NoticeChange"

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class NoticeText:
    """A sentence in both languages."""

    id: str
    en: str


@dataclass(frozen=True)
class DataPurpose:
    """One purpose. ``ends`` says what ends with it, where it is needed."""

    code: str
    choice: Choice
    name: NoticeText
    text: NoticeText
    data: NoticeText
    kept: NoticeText
    recipients: NoticeText
    ground: NoticeText
    ends: NoticeText | None = None


@dataclass(frozen=True)
class Right:
    """A right of the person, and the call by which it is used; without one it is used by writing to the controller."""

    code: str
    text: NoticeText
    call: str | None = None


@dataclass(frozen=True)
class Notice:
    """One version. It is in force from ``from_at`` until the next one is."""

    number: int
    from_at: datetime
    summary: NoticeText
    purposes: tuple[DataPurpose, ...]
    rights: tuple[Right, ...]

    def purpose(self, code: str) -> DataPurpose | None:
        """Return the purpose of that code, or None."""
        return next((purpose for purpose in self.purposes if purpose.code == code), None)


@dataclass(frozen=True)
class PurposeChange:
    """A purpose that was added, changed or removed since an older version."""

    code: str
    kind: ChangeKind


@dataclass(frozen=True)
class Notices:
    """All versions, oldest first."""

    versions: tuple[Notice, ...]

    def in_force(self, at: datetime) -> Notice:
        """Return the version in force at that time; before the first one, that one."""
        begun = [notice for notice in self.versions if notice.from_at <= at]
        return begun[-1] if begun else self.versions[0]

    def numbered(self, number: int) -> Notice | None:
        """Return the version of that number, or None."""
        return next((notice for notice in self.versions if notice.number == number), None)


def changes_between(older: Notice, newer: Notice) -> tuple[PurposeChange, ...]:
    """Return what differs in the purposes of the newer version, those that it removed last."""
    found = []
    for purpose in newer.purposes:
        before = older.purpose(purpose.code)
        if before != purpose:
            found.append(PurposeChange(purpose.code, ChangeKind.ADDED if before is None else ChangeKind.CHANGED))
    gone = [purpose.code for purpose in older.purposes if newer.purpose(purpose.code) is None]
    return (*found, *(PurposeChange(code, ChangeKind.REMOVED) for code in gone))


def mistakes_in(versions: Sequence[Notice]) -> list[str]:
    """Return what keeps these versions from being notices: numbers and times that do not rise, a code twice."""
    found = [] if versions else ["there is no version"]
    for before, after in pairwise(versions):
        if after.number != before.number + 1 or after.from_at <= before.from_at:
            found.append(f"version {after.number} does not follow version {before.number}")
    for notice in versions:
        codes = [purpose.code for purpose in notice.purposes]
        found += [f"version {notice.number} names {code} twice" for code in sorted(set(codes)) if codes.count(code) > 1]
        found += [
            f"version {notice.number} does not say what ends without {purpose.code}"
            for purpose in notice.purposes
            if purpose.choice is Choice.NEEDED and purpose.ends is None
        ]
    return found
