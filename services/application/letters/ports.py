"""The writer of letters and forms, as the use cases need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class LetterContent:
    """The content of a cover letter."""

    full_name: str = field(repr=False)
    number: str
    office_name: str
    office_timezone: str
    starts_at: datetime
    ends_at: datetime | None
    queue_number: str
    queue_code: str = field(repr=False)
    bring: tuple[tuple[str, str], ...]
    """Titles of what to bring, (Indonesian, English)."""
    made_at: datetime
    office_address: str | None = None
    office_telephone: str | None = None
    office_position: tuple[float, float] | None = None
    """Latitude and longitude in degrees."""
    paid: tuple[tuple[str, str, int], ...] = ()
    """Payments for it: (Indonesian, English, rupiah); 0 where nothing is to pay."""


@dataclass(frozen=True)
class RefusalContent:
    """The content of a letter of refusal."""

    full_name: str = field(repr=False)
    number: str
    office_name: str
    office_timezone: str
    refused_at: datetime
    reason: tuple[str, str]
    """In words, (Indonesian, English)."""
    rule: str
    redress: tuple[tuple[str, str, str], ...]
    """Ways to have it looked at again, (Indonesian, English, rule)."""
    object_until: datetime
    made_at: datetime
    office_address: str | None = None
    office_telephone: str | None = None


class LetterWriter(Protocol):
    """Writes the papers of the suite as PDF.

    What fails by no fault of the paper is `shared.errors.Unavailable`; any other exception is the paper's.
    """

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter; raises `shared.typesetting.typesetter.NotTypeset`."""
        ...

    async def refusal(self, content: RefusalContent) -> bytes:
        """A letter of refusal; raises `NotTypeset`."""
        ...

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form to fill in and sign; raises as `letter` does."""
        ...
