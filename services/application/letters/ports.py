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


class LetterWriter(Protocol):
    """Writes the papers of the suite as PDF.

    What fails by no fault of the paper is `shared.errors.Unavailable`; any other exception is the paper's.
    """

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter; raises `shared.typesetting.typesetter.NotTypeset`."""
        ...

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form to fill in and sign; raises as `letter` does."""
        ...
