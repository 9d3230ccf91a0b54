"""The question about earlier books, as the use cases need it answered."""

from __future__ import annotations

from typing import Protocol

from services.application.earlier_books.answer import EarlierBook


class EarlierBooks(Protocol):
    """The issuance system's records of books."""

    async def find_books(self, nik: str) -> tuple[EarlierBook, ...]:
        """Return every book of the person with this NIK, in whichever state.

        Raises:
            UpstreamDown: it did not answer, or not in its own form.
            BooksContradict: its answer says two things at once.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class BooksContradict(Exception):
    """The issuance system says at once that there is a book and that there is none."""
