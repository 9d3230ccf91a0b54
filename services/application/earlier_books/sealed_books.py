"""Books as they are stored: dates and masked numbers, encrypted with the applicant's key."""

from __future__ import annotations

import json
from datetime import date
from typing import Final

from services.application.applications.application import Application
from services.application.applications.earlier_books import BookState
from services.application.applications.vault import Vault
from services.application.earlier_books.answer import EarlierBook

KIND: Final = "kind"
STATE: Final = "state"
ISSUED: Final = "issued_on"
EXPIRES: Final = "expires_on"
NUMBER: Final = "masked_number"


async def seal_books(vault: Vault, books: tuple[EarlierBook, ...], application_id: str, applicant_id: str) -> str:
    """Return the stored form of the books.

    Raises:
        PersonErased: the applicant's key was destroyed.
    """
    plain = [
        {
            KIND: book.kind,
            STATE: book.state.value,
            ISSUED: book.issued_on.isoformat(),
            EXPIRES: book.expires_on.isoformat(),
            NUMBER: book.masked_number,
        }
        for book in books
    ]
    return await vault.seal_earlier_books(json.dumps(plain), application_id, applicant_id)


async def open_books(vault: Vault, application_id: str, application: Application) -> tuple[EarlierBook, ...]:
    """Return the application's books, opened; none where none were found or they are erased."""
    question = application.earlier_books
    if question is None or question.books_sealed is None:
        return ()
    plain = await vault.earlier_books(question.books_sealed, application_id, application.applicant_id)
    return tuple(
        EarlierBook(
            book[KIND],
            BookState(book[STATE]),
            date.fromisoformat(book[ISSUED]),
            date.fromisoformat(book[EXPIRES]),
            book[NUMBER],
        )
        for book in json.loads(plain)
    )
