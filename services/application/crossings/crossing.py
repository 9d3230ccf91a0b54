"""Border crossings as the border system tells them: shown to the traveller, kept for hours, and only with a consent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

PURPOSE: Final = "border_crossings"
"""The purpose of the privacy notice: off until the account agrees to it."""

FRESH_FOR: Final = timedelta(minutes=15)
"""The border system is not asked again within this time: a person looks at the same list several times."""

KEPT_FOR: Final = timedelta(hours=6)
"""A list is forgotten after this time: long enough to be shown while the border system is down for some hours."""

MOST_CROSSINGS: Final = 200
"""Of one answer, the newest: forty journeys a year over a passport's first years."""


class Direction(StrEnum):
    """Ways over the border."""

    __schema_name__ = "CrossingDirection"

    ARRIVAL = "arrival"
    DEPARTURE = "departure"


@dataclass(frozen=True)
class Crossing:
    """One crossing of the border."""

    direction: Direction
    at: datetime
    place: str


@dataclass(frozen=True)
class CrossingConsent:
    """An account's consent as identity told of it last; ``version`` is of that news, 0 of the registration."""

    is_given: bool = False
    version: int = -1


@dataclass(frozen=True)
class CrossingCopy:
    """The last answer about one applicant, encrypted with their key; ``sealed`` is None once it is forgotten."""

    account_id: str
    asked_at: datetime
    sealed: str | None = None

    @property
    def kept_until(self) -> datetime | None:
        """Return when the answer is forgotten; None where it is."""
        return self.asked_at + KEPT_FOR if self.sealed is not None else None


def consent_heard(consent: CrossingConsent, *, is_given: bool, version: int) -> CrossingConsent | None:
    """Return the consent after news of it; None where newer news came before."""
    return CrossingConsent(is_given, version) if version > consent.version else None


def contradicts(crossings: Sequence[Crossing], now: datetime) -> bool:
    """Return whether the list cannot be right: a crossing that is still to come, or the same way twice in a row."""
    ordered = sorted(crossings, key=lambda crossing: crossing.at)
    return any(crossing.at > now for crossing in ordered) or any(
        earlier.direction is later.direction for earlier, later in pairwise(ordered)
    )


def deadlines(copy: CrossingCopy) -> Mapping[str, datetime]:
    """Return when the answer is forgotten."""
    return {"forget": copy.kept_until} if copy.kept_until is not None else {}
