"""The border system, as the use cases need it: it is read, and nothing is written to it."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from services.application.crossings.crossing import Crossing


class BorderCrossings(Protocol):
    """Tells the border crossings of a person."""

    async def list_crossings(self, nik: str, birth_date: date) -> tuple[Crossing, ...]:
        """Return the crossings of the person, the newest first, at most `MOST_CROSSINGS`.

        Raises:
            UpstreamDown: it does not answer, or not about this person.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
