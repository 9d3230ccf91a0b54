"""The offline day: the arrivals that an office wrote down while the service was away.

The lines of a day are one document: a line counts once, however often it is sent, and lines without a booking never
exceed the quota that the office head opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

MOST_LINES: Final = 2000
"""Of one office and day, as at the counter; one document holds them."""


class LineKind(StrEnum):
    """Whether the visitor had a booking."""

    BOOKED = "booked"
    COUNTER = "counter"


class LineOutcome(StrEnum):
    """The outcomes of one line."""

    RECORDED = "recorded"
    ALREADY_RECORDED = "already_recorded"
    OVER_QUOTA = "over_quota"
    """The offline quota of the day does not hold it; it may be sent again when more was opened."""
    DAY_FULL = "day_full"
    UNKNOWN_VISIT = "unknown_visit"
    CODE_NOT_VALID = "code_not_valid"
    CODE_REPLACED = "code_replaced"
    OTHER_OFFICE = "other_office"
    OTHER_DAY = "other_day"
    NOT_PAID = "not_paid"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True)
class OfflineLine:
    """One line of the file. A booked visitor is named by code, number or appointment; others by reason and evidence."""

    line_id: str
    kind: LineKind
    arrived_at: datetime
    queue_code: str | None = None
    number: str | None = None
    appointment_id: str | None = None
    reason: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class RecordedLine:
    """A line that counts."""

    kind: LineKind
    arrived_at: datetime
    recorded_by: str
    recorded_at: datetime
    appointment_id: str | None = None
    reason: str | None = None
    evidence: str | None = None
    """Sealed."""


@dataclass(frozen=True)
class OfflineDay:
    """The imported lines of one office and day."""

    office_id: str
    day: date
    lines: Mapping[str, RecordedLine] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Return the visits without a booking: they use up the offline quota."""
        return sum(line.kind is LineKind.COUNTER for line in self.lines.values())


@dataclass(frozen=True)
class TriedLine:
    """A line as it is to be recorded, or why it cannot be."""

    line_id: str
    line: RecordedLine | None
    refused: LineOutcome | None = None
    appointment_id: str | None = None


def imported(
    day: OfflineDay, tried: Sequence[TriedLine], seats: int
) -> tuple[OfflineDay, tuple[tuple[str, LineOutcome], ...]]:
    """Return the day after an import, and the outcome of each line in the order of the file."""
    outcomes = []
    for attempt in tried:
        outcome = _outcome(day, attempt, seats)
        if outcome is LineOutcome.RECORDED and attempt.line is not None:
            day = replace(day, lines={**day.lines, attempt.line_id: attempt.line})
        outcomes.append((attempt.line_id, outcome))
    return day, tuple(outcomes)


def _outcome(day: OfflineDay, tried: TriedLine, seats: int) -> LineOutcome:
    if tried.line_id in day.lines:
        return LineOutcome.ALREADY_RECORDED
    if tried.line is None:
        return tried.refused or LineOutcome.NOT_POSSIBLE
    if len(day.lines) >= MOST_LINES:
        return LineOutcome.DAY_FULL
    if tried.line.kind is LineKind.COUNTER and day.used >= seats:
        return LineOutcome.OVER_QUOTA
    return LineOutcome.RECORDED
