"""Reads of a person's data by staff, as the person sees them, and when a member of staff reads unusually much. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.identity.rules import ReadingRules
from shared.events.data_reads import DataRead

WATCHED: Final = timedelta(hours=1)
"""The span in which the persons are counted whose data one member of staff reads."""


@dataclass(frozen=True)
class ReadEntry:
    """One read of one account's data."""

    account_id: str
    read_id: str
    reader_id: str
    """The member of staff; never shown to the person."""
    role: str
    office_id: str | None
    kind: str
    reason: str | None
    step: str | None
    by_assistance: bool
    elsewhere: bool
    """Whether the matter belongs to an office that the reader does not serve."""
    in_queue: bool
    """Whether it was one of several in a list that the reader's own step needs: such a list is no curiosity."""
    read_at: datetime


def entries_of(event: DataRead) -> tuple[ReadEntry, ...]:
    """Return the entry of each account whose data were read."""
    in_queue = event.step is not None and len(event.account_ids) > 1
    return tuple(
        ReadEntry(
            account_id=account_id,
            read_id=event.read_id,
            reader_id=event.reader_id,
            role=event.role,
            office_id=event.office_id,
            kind=event.kind,
            reason=event.reason,
            step=event.step,
            by_assistance=event.assistance_id is not None,
            elsewhere=account_id in event.elsewhere,
            in_queue=in_queue,
            read_at=event.read_at,
        )
        for account_id in event.account_ids
    )


class UnusualReading(StrEnum):
    """Things that are unusual about the reads of a member of staff."""

    MANY_PERSONS = "many_persons"
    OTHER_OFFICES = "other_offices"


@dataclass(frozen=True)
class ReadingAlert:
    """An alert about one member of staff: raised once for each hour of the clock and each thing that is unusual."""

    reader_id: str
    unusual: UnusualReading
    persons: int
    raised_at: datetime


def unusual_reading(entries: Iterable[ReadEntry], rules: ReadingRules) -> dict[UnusualReading, int]:
    """Return what is unusual about one reader's entries of an hour, each with the number of persons."""
    counted = [entry for entry in entries if not entry.in_queue]
    persons = len({entry.account_id for entry in counted})
    elsewhere = len({entry.account_id for entry in counted if entry.elsewhere})
    found = {UnusualReading.MANY_PERSONS: persons, UnusualReading.OTHER_OFFICES: elsewhere}
    most = {
        UnusualReading.MANY_PERSONS: rules.persons_per_hour,
        UnusualReading.OTHER_OFFICES: rules.persons_elsewhere_per_hour,
    }
    return {unusual: count for unusual, count in found.items() if count > most[unusual]}
